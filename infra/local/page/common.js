// What the pages share: plain DOM, nothing from outside.
//
// Everything that a person typed or a server answered reaches the page as a text node, never as
// markup, so there is nothing to escape and nothing to forget.

export const $ = (id) => document.getElementById(id);

// -------------------------------------------------------------------------------------- elements

/** Builds an element; children are nodes or texts, `null` is skipped. */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function button(label, className, onClick) {
  const node = make("button", { type: "button", class: className }, label);
  node.addEventListener("click", onClick);
  return node;
}

/** Tells people who listen to the page. */
export function announce(text) {
  $("announcer").textContent = text;
}

export async function copy(text, from) {
  const before = from.textContent;
  try {
    await navigator.clipboard.writeText(text);
    from.textContent = "Copied";
  } catch {
    from.textContent = "Copying is not allowed";
  }
  setTimeout(() => (from.textContent = before), 1500);
}

// ------------------------------------------------------------------------------------------ time

export const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayAndTime = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });
export const exactTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** `4:58`, or `3:04:58` from an hour on. */
export function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A moment as people say it: the hour, with the day when it is another one. */
export function momentText(instant) {
  const date = new Date(instant);
  const today = date.toDateString() === new Date().toDateString();
  return (today ? timeOfDay : dayAndTime).format(date);
}

export const countdowns = new Map();

/**
 * Keeps `node` showing `text(seconds left)` until `instant`, then calls `done` once.
 * A node has one countdown at most; a countdown ends with its node.
 */
export function countdown(node, instant, text, done = () => {}) {
  countdowns.set(node, { until: Date.parse(instant), text, done });
  tick();
}

function tick() {
  for (const [node, { until, text, done }] of countdowns) {
    const left = Math.ceil((until - Date.now()) / 1000);
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
 * Calls the API and records the exchange; `status` 0 means that nothing answered. `kind` names the call in
 * the tables of words below; without a `path` it is the last part of one.
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
    exchange.response = parsed(await answer.text());
    exchange.retryAt = afterSeconds(answer.headers.get("Retry-After"));
  } catch {
    exchange.status = 0;
  }
  exchange.milliseconds = Math.round(performance.now() - started);
  record(exchange);
  return exchange;
}

/** The instant of a `Retry-After` in seconds, for the answers whose body names none. */
function afterSeconds(header) {
  return /^\d+$/.test(header ?? "") ? new Date(Date.now() + Number(header) * 1000).toISOString() : undefined;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The random id of this browser; the service counts sends per device by it. */
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

// Read top-down, first match wins, against "<call> <status> <slug of the problem type> <rule>".
const EXPLANATIONS = [
  [/ 0 /, "The local stack does not answer", "It may have been stopped. Start it again, then repeat this step."],
  [/ password-refused /, "Choose another password", "It is too short, too common, or part of the number."],
  [/ wrong-credentials /, "Number or password is wrong", "A number without an account is refused in the same words."],
  [/^log-in 403 locked/, "The password is locked", "Too many wrong ones in a row. Reset it, or log in with a code."],
  [/^log-in 429/, "Too many tries", "After a few wrong passwords each further try waits, longer every time. A code still works at once."],
  [/ recovery-code-required /, "This account asks for two factors", "The number alone resets no password. Add the recovery code; it counts once."],
  [/ second-step-required /, "This account asks for a code as well", "The password was right. Text a code, and log in with both."],
  [/ phone-in-use /, "This number has an account", "It is never taken over. If nobody uses that account for a week, the number can be registered anew."],
  [/ no-account /, "No account has this number", "Register it first."],
  [/^refresh 401 invalid-refresh-token/, "Refused, and the session is over", "This token was exchanged before. Somebody may have copied it, so the session ended for both."],
  [/ session-over /, "The session is over", "Log in again."],
  [/cooldown/, "A code was sent a moment ago", "A number gets one text at a time, so nobody can flood it. The code from the last text still works until it expires."],
  [/phone-per-hour/, "This number has had enough codes this hour", "A number may get a few codes an hour. Wait, or use the last code you got."],
  [/phone-per-day/, "This number has had enough codes today", "A number may get only so many codes a day."],
  [/device-per-day/, "This device has asked for enough codes today", "Each browser or app has a daily limit, whichever numbers it asks for."],
  [/address-per-hour/, "Too many codes from this network", "Everyone behind one network address shares an hourly limit."],
  [/number-block/, "Too many codes to neighbouring numbers", "Numbers that differ only in the last four digits share an hourly limit. It stops fraud that texts whole blocks of numbers for a share of the fee."],
  [/blocked-phone/, "This number is blocked", "The operator of this service has blocked it. No text was sent."],
  [/blocked-device/, "This device is blocked", "The operator of this service has blocked it. No text was sent."],
  [/blocked-address/, "This network is blocked", "The operator of this service has blocked it. No text was sent."],
  [/country/, "We do not text this country", "The service texts only the countries its policy lists. No text was sent."],
  [/number-type|premium/, "We do not text this kind of number", "Only kinds of number that people carry are texted: no premium-rate, shared-cost or pager numbers. No text was sent."],
  [LOCKED, "This number is locked for now", "Too many wrong codes were tried for it. Guessing stops here, whichever code or device is used."],
  [/^verify 409/, "This code was used already", "A code works once. Get a new one if you need another proof."],
  [/^verify 410/, "This code has expired", "Codes live for a few minutes only. Get a new one."],
  [/^verify 422/, "That is not the code", "Check the latest message."],
  [/^verify 429/, "No tries left for this code", "After too many wrong tries a code is worth nothing, even the right one. Get a new one."],
  [/^verify 400/, "This code cannot be checked", "The service did not accept what it was given. Get a new code."],
  [/^spend 409/, "Refused, as it should be", "This proof was spent already. A copied or replayed token is worth nothing."],
  [/ already-spent /, "This proof was spent already", "Text a new code."],
  [/^spend 4(00|01|03|10)/, "This proof is no longer good", "It may have expired, or be meant for another business. Verify the number again."],
  [/ 401 /, "This action needs a client key", "Only callers that hold its key may use it, and this page holds none. Choose another business action."],
  [/ 429 /, "Too many requests", "A limit was reached. Wait a little."],
  [/^send 409/, "This code was used already", "Start again to get a new code."],
  [/^send 410/, "This code has expired", "Start again to get a new code."],
  [/ 403 /, "Not allowed", "The policy of this service does not allow this. No text was sent."],
  [/ 4(00|13|15) /, "The service could not read this", "Check what you entered."],
  [/ 502 /, "The carrier refused the text", "It was not delivered, and does not count against your limits. Check the number, or try again."],
  [/ 504 /, "The carrier has not confirmed the text", "It may still arrive: if it does, its code works."],
  [/ 503 /, "The service is not available just now", "Nothing was lost and no text was sent. Try again in a moment."],
  [/./, "Something went wrong", "Try again. The panel below has the details."],
];

/** What a refusal means: `{title, text, about, retryAt}`; `about` is what the table matched on. */
export function explain({ kind, status, response, retryAt }) {
  const problem = response !== null && typeof response === "object" ? response : {};
  const slug = String(problem.type ?? "").split(":").pop();
  const about = `${kind} ${status} ${slug} ${problem.rule ?? ""}`;
  const [, title, text] = EXPLANATIONS.find(([pattern]) => pattern.test(about));
  return { title, text, about, retryAt: problem.retryAt ?? retryAt, errors: problem.errors ?? [], problem };
}

/** A box with a title, a text, an optional countdown and an optional button. */
function notice({ title, text, tone = "bad", retryAt, action }) {
  const box = make("div", { class: "notice", "data-tone": tone, tabindex: "-1" }, make("p", { class: "notice-title" }, title), make("p", {}, text));
  // The seconds must not be read aloud one by one.
  const wait = make("p", { class: "timer", "aria-live": "off" });
  if (retryAt) box.append(wait);
  if (action) box.append(action);
  return { box, start: () => retryAt && startWait(wait, retryAt) };
}

function startWait(node, retryAt) {
  const over = () => {
    node.textContent = "You can try again now.";
    announce("You can try again now.");
  };
  if (Date.parse(retryAt) <= Date.now()) node.textContent = "You can try again now.";
  else countdown(node, retryAt, (left) => `You can try again in ${clock(left)}, at ${momentText(retryAt)}.`, over);
}

export function showNotice(slot, content) {
  const { box, start } = notice(content);
  $(slot).replaceChildren(box);
  start();
  return box;
}

/** Marks a field as faulty, says why, and takes the reader there. */
export function faultyField(id, text) {
  $(id).setAttribute("aria-invalid", "true");
  $(`${id}-error`).textContent = text;
  $(id).focus();
  $(id).select();
}

export function clearFaults(...ids) {
  for (const id of ids) {
    $(id).removeAttribute("aria-invalid");
    $(`${id}-error`).textContent = "";
  }
  for (const slot of document.querySelectorAll(".notice-slot")) slot.replaceChildren();
}

// ---------------------------------------------------------------------------- what just happened

function record(exchange) {
  $("call-empty").hidden = true;
  for (const old of $("call-list").querySelectorAll("details")) old.open = false;
  $("call-list").prepend(make("li", {}, callDetails(exchange)));
  while ($("call-list").children.length > 20) $("call-list").lastChild.remove();
}

function callDetails(exchange) {
  const { method, path, status, statusText, milliseconds, request, response } = exchange;
  const good = status >= 200 && status < 300;
  const summary = make(
    "summary",
    {},
    make("span", { class: "call-what" }, make("code", {}, `${method} ${path}`), make("span", {}, inWords(exchange))),
    make("span", { class: "call-result" }, make("span", { class: "status", "data-good": good }, status ? `${status} ${statusText}`.trim() : "no answer"), make("span", { class: "call-time" }, `${milliseconds} ms`)),
  );
  const curl = button("Copy as curl", "quiet", () => copy(curlOf(exchange), curl));
  const bodies = make("div", { class: "call-bodies" }, request ? jsonBlock("Request", request) : null, jsonBlock("Response", response ?? ""));
  return make("details", { open: "" }, summary, bodies, curl);
}

const SERVED = {
  send: "A challenge began and its code was texted",
  verify: "The code was right: a signed success token came back",
  spend: "The proof was spent, for good",
  register: "The proof was spent and the account made, in one write",
  "log-in": "A session began: an access token and a refresh token came back",
  refresh: "The refresh token was exchanged for its successor",
  me: "The access token opened a protected route",
  sessions: "Every device with a session, the last used first",
  "log-out": "Every session of the account is over",
  reset: "Password set, proof spent, every session ended, in one write",
  delete: "The account is gone, and its phone is free",
};

function inWords(exchange) {
  if (exchange.status < 200 || exchange.status > 299) return explain(exchange).title;
  if (exchange.kind === "send" && exchange.request.token) return "The same code was texted once more";
  return SERVED[exchange.kind] ?? "Done";
}

function curlOf({ method, path, token, request }) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const parts = ["curl -sS -X", method, quoted(`${location.origin}${path}`)];
  if (token) parts.push("-H", quoted(`Authorization: Bearer ${token}`));
  if (request) parts.push("-H 'Content-Type: application/json' -d", quoted(JSON.stringify(request)));
  return parts.join(" ");
}

function jsonBlock(title, value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return make("div", { class: "json" }, make("h3", {}, title), make("pre", {}, make("code", {}, ...coloured(text))));
}

/** JSON as text nodes and spans that name what each piece is. */
function* coloured(text) {
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

/** Calls `ask` about once a second while the page is visible; `ask` answers whether it went well. */
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

export async function messagesTo(phone) {
  const query = phone ? `?phone=${encodeURIComponent(phone)}` : "";
  const answer = await fetch(`/inbox/messages${query}`);
  if (!answer.ok) throw new Error(`the inbox answered ${answer.status}`);
  return answer.json();
}

/** The code in a text: its run of exactly `length` digits, or of any usual length. */
export function codeIn(body, length) {
  const digits = length ? `\\d{${length}}` : "\\d{6,10}";
  return new RegExp(`(?<!\\d)${digits}(?!\\d)`).exec(body)?.[0];
}

/** The text with its code set off. */
export function bodyWithCode(body, code) {
  const at = code ? body.indexOf(code) : -1;
  if (at < 0) return [body];
  return [body.slice(0, at), make("strong", {}, code), body.slice(at + code.length)];
}

// --------------------------------------------------------------------------------- success token

// What each claim means to a person, what matters most first.
const CLAIMS = {
  phone_number: "the number that was proved",
  phone_number_verified: "the person could read a text sent to it",
  aud: "the business action it is good for",
  action: "digest of the one action it may be used for",
  test: "from a test number: businesses may refuse it",
  exp: "not good after",
  nbf: "not good before",
  iat: "issued",
  amr: "how: a text message, a one-time code",
  device_id: "the device that asked",
  jti: "its own id, so that it can be spent once",
  sub: "the phone as a keyed index, the same in every proof of this number",
  iss: "who issued it",
  typ: "the kind of token",
  alg: "the signature algorithm",
  kid: "the key to check it with",
};
const TIMES = new Set(["iat", "nbf", "exp"]);

/** Header and claims of a JWT, or `null` when it is none. */
export function decoded(token) {
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

function claimRow(name, value, meanings) {
  const text = typeof value === "string" ? value : Array.isArray(value) ? value.join(", ") : JSON.stringify(value);
  const shown = TIMES.has(name) ? exactTime.format(new Date(value * 1000)) : text;
  const meaning = [meanings[name], TIMES.has(name) ? text : null].filter(Boolean).join(" · ");
  const cell = make("td", {}, make("span", { class: "claim-value" }, shown), meaning ? make("span", { class: "claim-meaning" }, meaning) : null);
  return make("tr", {}, make("th", { scope: "row" }, name), cell);
}

export function fillTable(id, values, meanings = CLAIMS) {
  const order = Object.keys(meanings);
  const place = (name) => (order.includes(name) ? order.indexOf(name) : order.length);
  const named = Object.entries(values ?? {}).sort(([a], [b]) => place(a) - place(b));
  const rows = named.map(([name, value]) => claimRow(name, value, meanings));
  $(id).tBodies[0].replaceChildren(...rows);
}

export function showRawToken(token) {
  const parts = token.split(".").map((part, index) => make("span", { class: `jwt-${index}` }, part));
  $("token-raw").replaceChildren(...parts.flatMap((part, index) => (index ? [".", part] : [part])));
}

// ----------------------------------------------------------------------------------------- forms

/** Runs `work` unless it is running already; the button keeps its focus meanwhile. */
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

/** Digits of any script's width, without the spaces and dashes people put between them. */
export const plainDigits = (text) => text.normalize("NFKC").replace(/[\s\p{Pd}.]/gu, "");

/** A number that needs no country. */
export const isInternational = (phone) => /^(tel:)?\s*\+/i.test(phone.normalize("NFKC"));
