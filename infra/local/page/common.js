// What the pages share: elements, times, calls of the API, refusals in words, and forms. It uses no library.
//
// Everything that a person typed or a server answered reaches the page as a text node. The page parses none of it as
// markup, so nothing has to be escaped.

import { languageTag, put, readPut, t } from "./words.js";

export const $ = (id) => document.getElementById(id);

// -------------------------------------------------------------------------------------- elements

/** Makes an element. Children are nodes or texts; `null` is skipped. */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function makeButton(label, className, onClick) {
  const node = put(make("button", { type: "button", class: className }), label);
  node.addEventListener("click", onClick);
  return node;
}

/** Has screen readers read a text aloud. */
export function announce(text) {
  $("announcer").textContent = text;
}

/** Copies a text, and says so on the button `from` for a moment. */
export async function copy(text, from) {
  const { text: before } = readPut(from);
  try {
    await navigator.clipboard.writeText(text);
    put(from, "Copied");
  } catch {
    put(from, "Copying is not allowed");
  }
  setTimeout(() => put(from, before), 1500);
}

// ------------------------------------------------------------------------------------------ time

const makeFormat = (options) => ({ format: (date) => new Intl.DateTimeFormat(languageTag(), options).format(date) });

export const timeOfDay = makeFormat({ hour: "2-digit", minute: "2-digit" });
const dayAndTime = makeFormat({ weekday: "short", hour: "2-digit", minute: "2-digit" });
export const exactTime = makeFormat({ dateStyle: "medium", timeStyle: "medium" });

/** Formats seconds as `4:58`, or as `3:04:58` from an hour on. */
export function formatLeft(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Formats the moment in so many seconds by the clock of this device, which is the one that the person sees. */
export const formatMomentIn = (seconds) => formatMoment(Date.now() + seconds * 1000);

/** Formats an instant as the time of day, with the weekday if it is not today. */
export function formatMoment(instant) {
  const date = new Date(instant);
  const today = date.toDateString() === new Date().toDateString();
  return (today ? timeOfDay : dayAndTime).format(date);
}

/** The countdown of each node that has one. */
export const countdowns = new Map();

/**
 * Shows `text(seconds left)` in `node` for so many seconds, then calls `done` once. A new countdown of a node replaces the
 * one before; a countdown ends when its node leaves the page. The clock of the device may be wrong, so nothing reads it.
 */
export function countdown(node, seconds, text, done = () => {}) {
  put(node, "");
  countdowns.set(node, { until: performance.now() + seconds * 1000, text, done });
  tick();
}

function tick() {
  for (const [node, { until, text, done }] of countdowns) {
    const left = Math.ceil((until - performance.now()) / 1000);
    if (!node.isConnected || Number.isNaN(left)) {
      countdowns.delete(node);
    } else if (left > 0) {
      const shown = text(left);
      if (node.textContent !== shown) node.textContent = shown;
    } else {
      countdowns.delete(node);
      done();
    }
  }
}

setInterval(tick, 250);

// ------------------------------------------------------------------------------------------- API

/**
 * Calls the API and lists the exchange on the page. `status` 0 means that nothing answered. `kind` names the call in the
 * tables of words below. If `path` is not given, the path is `/v1/` and `kind`.
 */
export async function call(kind, request, { method = "POST", path = `/v1/${kind}`, token = null } = {}) {
  const started = performance.now();
  const exchange = { kind, method, path, token, request, status: 0, response: null };
  const headers = {};
  if (request) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  try {
    const answer = await fetch(path, { method, headers, body: request ? JSON.stringify(request) : undefined });
    exchange.status = answer.status;
    exchange.statusText = answer.statusText;
    exchange.response = parseBody(await answer.text());
    exchange.retryIn = readRetryAfter(answer.headers.get("Retry-After"));
  } catch {
    exchange.status = 0;
  }
  exchange.milliseconds = Math.round(performance.now() - started);
  record(exchange);
  return exchange;
}

/** Reads a `Retry-After` in seconds; `undefined` if there is none. */
function readRetryAfter(header) {
  return /^\d+$/.test(header ?? "") ? Number(header) : undefined;
}

function parseBody(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The random id of this browser, by which the service counts texts per device. */
export function deviceId() {
  const key = "phoneproof-device";
  try {
    const known = localStorage.getItem(key) ?? crypto.randomUUID();
    localStorage.setItem(key, known);
    return known;
  } catch {
    return (deviceId.forThisPage ??= crypto.randomUUID());
  }
}

// ----------------------------------------------------------------------------- refusals in words

export const LOCKED = /(^|[ -])lock/;

// Each pattern is matched against "<kind of call> <status> <slug of the problem type> <rule>". The first match wins.
const EXPLANATIONS = [
  [/ 0 /, "The local stack does not answer", "Perhaps it was stopped. Start it again, then repeat this step."],
  [/ password-refused /, "Choose another password", "It is too short, too common, or part of the number."],
  [/ wrong-credentials /, "Number or password is wrong", "A number without an account gets the same answer."],
  [/^log-in 403 locked/, "The password is locked", "Too many wrong ones were entered in a row. Reset the password, or log in with a code."],
  [/^log-in 429/, "Too many tries", "After a few wrong passwords you must wait before each further try, longer every time. You can log in with a code at once."],
  [/ recovery-code-required /, "This account asks for two factors", "The number alone cannot reset its password. Add the recovery code. It works once."],
  [/ second-step-required /, "This account asks for a code as well", "The password was right. Text a code, and log in with both."],
  [/ phone-in-use /, "This number has an account", "If it is yours, log in or reset the password. It is never taken over. If nobody uses it for a week after you asked for the number, you can register the number."],
  [/ no-account /, "No account has this number", "Register the number first."],
  [/^refresh 401 invalid-refresh-token/, "Refused, and the session is over", "This token was exchanged before. Somebody may have copied it, so the service ended the session for everyone who holds a token of it."],
  [/ session-over /, "The session is over", "Log in again."],
  [/cooldown/, "A code was asked for a moment ago", "There is a pause between two texts to a number, so that nobody can flood it. If a text arrived, its code works until it expires."],
  [/phone-per-hour/, "This number has had enough codes this hour", "A number gets only a few codes an hour. Wait, or use the last code you got."],
  [/phone-per-day/, "This number has had enough codes today", "A number gets only a few codes a day."],
  [/device-per-day/, "This device has asked for enough codes today", "Each browser or app has a daily limit, over all the numbers it asks for."],
  [/address-per-hour/, "Too many codes from this network", "Everyone behind one network address shares an hourly limit."],
  [/number-block/, "Too many codes to neighbouring numbers", "Numbers that differ only in the last four digits share an hourly limit. It stops fraudsters who have whole blocks of numbers texted and take a share of the fee."],
  [/blocked-phone/, "This number is blocked", "The operator of this service has blocked it. No text was sent."],
  [/blocked-device/, "This device is blocked", "The operator of this service has blocked it. No text was sent."],
  [/blocked-range/, "This number or network is blocked", "The operator of this service has blocked a group of numbers or networks that it belongs to. No text was sent."],
  [/blocked-address/, "This network is blocked", "The operator of this service has blocked it. No text was sent."],
  [/country/, "We do not text this country", "The service texts only the countries its policy lists. No text was sent."],
  [/number-type|premium/, "We do not text this kind of number", "A code can be texted to a mobile phone only. This is the number of a landline, or a special number. No text was sent."],
  [LOCKED, "This number is locked for now", "Too many wrong codes were entered for it. Until the lock ends, no code for it is accepted, from any device."],
  [/^verify 409/, "This code was used already", "A code works once. If you need another proof, get a new code."],
  [/^verify 410/, "This code has expired", "A code works for a few minutes only. Get a new one."],
  [/^verify 422/, "That is not the code", "Check the latest message."],
  [/^verify 429/, "No tries left for this code", "After too many wrong tries even the right code is refused. Get a new one."],
  [/^verify 400/, "This code cannot be checked", "The service did not accept the request. Get a new code."],
  [/^spend 409/, "Refused, as it should be", "This proof was spent already, so a copied or replayed token is refused."],
  [/ already-spent /, "This proof was spent already", "Text a new code."],
  [/^spend 4(00|01|03|10)/, "This proof is no longer good", "It has expired, or it was made for another business. Verify the number again."],
  [/ 401 /, "This action needs a client key", "Only callers with the key of this action may use it, and this page has no key. Choose another business action."],
  [/ 429 /, "Too many requests", "A limit was reached. Wait a little."],
  [/^send 409/, "This code was used already", "Start again to get a new code."],
  [/^send 410/, "This code has expired", "Start again to get a new code."],
  [/ 403 /, "Not allowed", "The policy of this service does not allow this. No text was sent."],
  [/ 4(00|13|15) /, "The service could not read this", "Check what you entered. The details are under What just happened."],
  [/ 502 /, "The carrier refused the text", "No text was sent. Check the number, or try again after a pause."],
  [/ 504 /, "The carrier has not confirmed the text", "It may still arrive. If it does, its code works."],
  [/ 503 /, "The service is not available just now", "Nothing was lost and no text was sent. Try again in a moment."],
  [/./, "Something went wrong", "Try again. The details are under What just happened."],
];

/**
 * Explains a refusal: `{title, text, about, retryIn, errors, problem}`. `title` and `text` are in English, for `put`.
 * `about` is what the table was matched against, and `retryIn` the seconds until another try can succeed.
 */
export function explain({ kind, status, response, retryIn }) {
  const problem = response !== null && typeof response === "object" ? response : {};
  const slug = String(problem.type ?? "").split(":").pop();
  const about = `${kind} ${status} ${slug} ${problem.rule ?? ""}`;
  const [, title, text] = EXPLANATIONS.find(([pattern]) => pattern.test(about));
  return { title, text, about, retryIn, errors: problem.errors ?? [], problem };
}

const AGAIN = { soon: "You can try again in {time}, at {moment}.", now: "You can try again now." };

/** Makes a box with a title, a text, and if given a countdown, with the words of `wait`, and a button. */
function makeNotice({ title, text, values, tone = "bad", retryIn, wait: words = AGAIN, action }) {
  const box = make("div", { class: "notice", "data-tone": tone, tabindex: "-1" }, put(make("p", { class: "notice-title" }), title), put(make("p"), text, values));
  // Screen readers must not read every second aloud.
  const wait = make("p", { class: "timer", "aria-live": "off" });
  if (retryIn) box.append(wait);
  if (action) box.append(action);
  return { box, start: () => retryIn && startWait(wait, retryIn, words) };
}

function startWait(node, retryIn, { soon, now }) {
  const moment = formatMomentIn(retryIn);
  const over = () => {
    put(node, now);
    announce(t(now));
  };
  countdown(node, retryIn, (left) => t(soon, { time: formatLeft(left), moment }), over);
}

export function showNotice(slot, content) {
  const { box, start } = makeNotice(content);
  $(slot).replaceChildren(box);
  start();
  return box;
}

/** Marks a field as faulty, says why, and moves the focus there. */
export function markFaulty(id, text, values) {
  $(id).setAttribute("aria-invalid", "true");
  put($(`${id}-error`), text, values);
  $(id).focus();
  $(id).select();
}

export function clearFaults(...ids) {
  for (const id of ids) {
    $(id).removeAttribute("aria-invalid");
    put($(`${id}-error`), "");
  }
  for (const slot of document.querySelectorAll(".notice-slot")) slot.replaceChildren();
}

// ---------------------------------------------------------------------------- what just happened

function record(exchange) {
  $("call-empty").hidden = true;
  for (const old of $("call-list").querySelectorAll("details")) old.open = false;
  $("call-list").prepend(make("li", {}, makeCallDetails(exchange)));
  while ($("call-list").children.length > 20) $("call-list").lastChild.remove();
}

function makeCallDetails(exchange) {
  const { method, path, status, statusText, milliseconds, request, response } = exchange;
  const good = status >= 200 && status < 300;
  const summary = make(
    "summary",
    {},
    make("span", { class: "call-what" }, make("code", {}, `${method} ${path}`), put(make("span"), describeCall(exchange))),
    make("span", { class: "call-result" }, put(make("span", { class: "status", "data-good": good }), status ? `${status} ${statusText}`.trim() : "no answer"), make("span", { class: "call-time" }, `${milliseconds} ms`)),
  );
  const curl = makeButton("Copy as curl", "quiet", () => copy(makeCurl(exchange), curl));
  const bodies = make("div", { class: "call-bodies" }, request ? makeJsonBlock("Request", request) : null, makeJsonBlock("Response", response ?? ""));
  return make("details", { open: "" }, summary, bodies, curl);
}

const SERVED = {
  send: "A challenge began, and its code was texted",
  verify: "The code was right: a signed success token came back",
  spend: "The proof was spent, and cannot be spent again",
  register: "The proof was spent and the account was made, in one write",
  "log-in": "A session began: an access token and a refresh token came back",
  refresh: "The refresh token was exchanged for its successor",
  me: "The access token opened a protected route",
  sessions: "The devices with a session came back, the last used first",
  "log-out": "Every session of the account is over",
  reset: "The proof was spent, the password was set and every session ended, in one write",
  delete: "The account is deleted, and its number is free",
};

function describeCall(exchange) {
  if (exchange.status < 200 || exchange.status > 299) return explain(exchange).title;
  if (exchange.kind === "send" && exchange.request.token) {
    return exchange.response?.token === exchange.request.token ? "The same code was texted once more" : "A new code was texted, because the one before was about to expire";
  }
  return SERVED[exchange.kind] ?? "Done";
}

function makeCurl({ method, path, token, request }) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const parts = ["curl -sS -X", method, quoted(`${location.origin}${path}`)];
  if (token) parts.push("-H", quoted(`Authorization: Bearer ${token}`));
  if (request) parts.push("-H 'Content-Type: application/json' -d", quoted(JSON.stringify(request)));
  return parts.join(" ");
}

function makeJsonBlock(title, value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return make("div", { class: "json" }, put(make("h3"), title), make("pre", {}, make("code", {}, ...highlight(text))));
}

/** Yields JSON as text nodes and as spans whose class names the kind of each piece. */
function* highlight(text) {
  const pieces = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?/g;
  let end = 0;
  for (const found of text.matchAll(pieces)) {
    yield text.slice(end, found.index);
    const [all, string, colon] = found;
    yield make("span", { class: colon ? "json-key" : string ? "json-string" : "json-other" }, string ?? all);
    if (colon) yield colon;
    end = found.index + all.length;
  }
  yield text.slice(end);
}

// ----------------------------------------------------------------------------------------- inbox

/** Calls `ask` about once a second while the page is visible, and every three seconds while it returns `false`. Returns a
 * function that asks at once. */
export function poll(ask) {
  let timer;
  let asking = false;
  const run = async () => {
    clearTimeout(timer);
    if (asking || document.visibilityState !== "visible") return;
    asking = true;
    const well = await ask().catch(() => false);
    asking = false;
    timer = setTimeout(run, well ? 1000 : 3000);
  };
  document.addEventListener("visibilitychange", run);
  run();
  return run;
}

/** Fetches the texts, newest first; only those to `phone`, in E.164, if it is given. */
export async function fetchMessages(phone) {
  const query = phone ? `?phone=${encodeURIComponent(phone)}` : "";
  const answer = await fetch(`/inbox/messages${query}`);
  if (!answer.ok) throw new Error(`the inbox answered ${answer.status}`);
  return answer.json();
}

/** Finds the code in a text: the first run of `length` digits, or of 6 to 10 if no length is given. */
export function findCode(body, length) {
  const digits = length ? `\\d{${length}}` : "\\d{6,10}";
  return new RegExp(`(?<!\\d)${digits}(?!\\d)`).exec(body)?.[0];
}

/** Splits a text so that its code stands in a `strong` of its own. */
export function markCode(body, code) {
  const at = code ? body.indexOf(code) : -1;
  if (at < 0) return [body];
  return [body.slice(0, at), make("strong", {}, code), body.slice(at + code.length)];
}

// --------------------------------------------------------------------------------- success token

// What each claim means, the most important first.
const CLAIMS = {
  phone_number: "the number that was proved",
  phone_number_verified: "the person could read a text sent to it",
  aud: "the business action it may be used for",
  action: "digest of the one operation it may be used for",
  test: "from a test number: businesses may refuse it",
  exp: "not valid after",
  nbf: "not valid before",
  iat: "issued",
  amr: "how it was proved: a text message with a one-time code",
  device_id: "the device that asked",
  jti: "its own id, so that it can be spent once",
  sub: "keyed index of the number, the same in every proof of it",
  iss: "who issued it",
  typ: "the kind of token",
  alg: "the signature algorithm",
  kid: "the key to check it with",
};
const TIMES = new Set(["iat", "nbf", "exp"]);

/** Decodes header and claims of a JWT without checking it; `null` if it is not a JWT. */
export function decodeToken(token) {
  try {
    const [header, claims] = token.split(".").slice(0, 2).map((part) => {
      const bytes = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
      return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0))));
    });
    return { header, claims };
  } catch {
    return null;
  }
}

function makeClaimRow(name, value, meanings) {
  const text = typeof value === "string" ? value : Array.isArray(value) ? value.join(", ") : JSON.stringify(value);
  const shown = TIMES.has(name) ? exactTime.format(new Date(value * 1000)) : text;
  const meaning = meanings[name] ? put(make("span"), meanings[name]) : null;
  const also = TIMES.has(name) ? `${meaning ? " · " : ""}${text}` : null;
  const explained = meaning || also ? make("span", { class: "claim-meaning" }, meaning, also) : null;
  const cell = make("td", {}, make("span", { class: "claim-value" }, shown), explained);
  return make("tr", {}, make("th", { scope: "row" }, name), cell);
}

/** Fills a table with names, values and their meanings, in the order of `meanings`. */
export function fillTable(id, values, meanings = CLAIMS) {
  const order = Object.keys(meanings);
  const rank = (name) => (order.includes(name) ? order.indexOf(name) : order.length);
  const named = Object.entries(values ?? {}).sort(([a], [b]) => rank(a) - rank(b));
  const rows = named.map(([name, value]) => makeClaimRow(name, value, meanings));
  $(id).tBodies[0].replaceChildren(...rows);
}

export function showRawToken(token) {
  const parts = token.split(".").map((part, index) => make("span", { class: `jwt-${index}` }, part));
  $("token-raw").replaceChildren(...parts.flatMap((part, index) => (index ? [".", part] : [part])));
}

// ----------------------------------------------------------------------------------------- forms

/** Runs `work` unless it runs already. The button is not disabled, because it would lose the focus. */
export async function whileBusy(control, work) {
  if (control.getAttribute("aria-busy") === "true") return;
  control.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    control.removeAttribute("aria-busy");
  }
}

export function onSubmit(form, control, work) {
  $(form).addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy($(control), work);
  });
}

const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** The value of a decimal digit of any script. In Unicode the ten digits of a script follow each other. */
function digitValue(digit) {
  let zero = digit.codePointAt(0);
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return (digit.codePointAt(0) - zero) % 10;
}

/** Turns the digits of every script into plain ones, and drops what nobody sees. The service reads numbers and codes so, too. */
const readDigits = (text) => text.replace(INVISIBLE, "").normalize("NFKC").replace(/\p{Nd}/gu, digitValue);

/** Reads a code: plain digits, without the spaces, dashes, dots and brackets that people put between them. */
export const normalizeDigits = (text) => readDigits(text).replace(/[\s\p{Pd}.·•/()[\]]/gu, "");

/** Says what is wrong with a number that the service could not read: a text, and its values. `country` is its name. */
export function describePhoneFault(typedPhone, country) {
  const plain = typedPhone.normalize("NFKC").replace(/^\s*tel:/i, "");
  if (/\p{L}/u.test(plain)) return ["A number has no letters and no extension. Enter its digits."];
  if (!/\p{Nd}/u.test(plain)) return ["Enter the digits of the number."];
  if (isInternational(typedPhone)) return ["There is no such number. Check its digits and the country code."];
  return ["There is no such number in this country: {country}. Check its digits and the country.", { country }];
}

/** Whether a number, as typed, has a leading + and needs no country. */
export const isInternational = (typedPhone) => /^\s*(tel:)?[\s([]*\+/i.test(readDigits(typedPhone));

/** The digits of a number, as typed. */
export const digitsOf = (typedPhone) => readDigits(typedPhone).replace(/\D/g, "");
