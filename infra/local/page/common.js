// What the pages share: elements, times, calls of the API, refusals in words, and forms. Sends and verifies, with their
// words, are the component's: phone-proof.js, built from shared/web.
//
// Everything that a person typed or a server answered reaches the page as a text node. The page parses none of it as
// markup, so nothing has to be escaped.

import { LANGUAGES, formatLeft, phoneFault, plain, wordsFor } from "./phone-proof.js";
import { explain } from "./refusals.js";
import { languageTag, put, readPut, spoken, t } from "./words.js";

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

/** The path at which the pages and the APIs are served: that of the public URL, or "" for the root. */
export const base = new URL(".", document.baseURI).pathname.replace(/\/$/, "");

/**
 * Calls the API and lists the exchange on the page. `status` 0 means that nothing answered. `kind` names the call in the
 * tables of words, here and in refusals.js. If `path` is not given, the path is `/v1/` and `kind`.
 */
export async function call(kind, request, { method = "POST", path = `/v1/${kind}`, token = null } = {}) {
  const headers = {};
  if (request) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const init = { method, headers, body: request ? JSON.stringify(request) : undefined };
  return (await exchangeWith(kind, base + path, init)).exchange;
}

/** A `fetch` for `<phone-proof>`, which lists its sends and verifies on the page. */
export async function watchedFetch(url, init) {
  const path = new URL(url, location.href).pathname;
  const kind = path.split("/").pop();
  if (kind === "policy") return fetch(url, init);
  const { answer, exchange } = await exchangeWith(kind, path, init);
  if (!answer) throw exchange.failure;
  return answer;
}

async function exchangeWith(kind, path, init) {
  const started = performance.now();
  const request = init.body ? JSON.parse(init.body) : null;
  const exchange = { kind, method: init.method, path, headers: init.headers ?? {}, request, status: 0, response: null };
  let answer;
  try {
    answer = await fetch(path, init);
    exchange.status = answer.status;
    exchange.statusText = answer.statusText;
    exchange.response = parseBody(await answer.clone().text());
    exchange.retryIn = readRetryAfter(answer.headers.get("Retry-After"));
  } catch (error) {
    answer = undefined;
    exchange.failure = error;
    exchange.status = 0;
  }
  exchange.milliseconds = Math.round(performance.now() - started);
  record(exchange);
  return { answer, exchange };
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

// ----------------------------------------------------------------------------- refusals in words

const AGAIN = { soon: "You can try again in {time}, at {moment}.", now: "You can try again now." };

/** Makes a box with a title, a text, and if given a countdown and a button. */
function makeNotice({ title, text, values, tone = "bad", retryIn, action }) {
  const box = make("div", { class: "notice", "data-tone": tone, tabindex: "-1" }, put(make("p", { class: "notice-title" }), title), put(make("p"), text, values));
  // Screen readers must not read every second aloud.
  const wait = make("p", { class: "timer", "aria-live": "off" });
  if (retryIn) box.append(wait);
  if (action) box.append(action);
  return { box, start: () => retryIn && startWait(wait, retryIn) };
}

function startWait(node, retryIn) {
  const { soon, now } = AGAIN;
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
    make("span", { class: "call-what" }, make("code", {}, `${method} ${path}`), put(make("span"), ...describeCall(exchange))),
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
  recovery: "A recovery code was made, in place of an earlier one",
};

/** Says what came of a call: a text, and its values. */
function describeCall(exchange) {
  const { kind, status, request, response } = exchange;
  if (status < 200 || status > 299) return describeRefusal(exchange);
  if (kind === "send" && request.token) {
    return [response?.token === request.token ? "The same code was texted once more" : "A new code was texted, because the one before was about to expire"];
  }
  return [SERVED[kind] ?? "Done"];
}

/** The component has the words for sends and verifies that the service refused. */
function describeRefusal(exchange) {
  const { title, slug, problem } = explain(exchange);
  const isAnswered = problem.type !== undefined;
  if (!isAnswered || (exchange.kind !== "send" && exchange.kind !== "verify")) return [title];
  return ["{refusal}", { refusal: () => wordsOf(wordsFor(exchange.kind, { status: exchange.status, kind: slug, rule: problem.rule })) }];
}

/** The first line of words of the component, in the language of the page. */
const wordsOf = (key) => LANGUAGES[spoken()][key].split("\n")[0];

function makeCurl({ method, path, headers, request }) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const parts = ["curl -sS -X", method, quoted(`${location.origin}${path}`)];
  for (const [name, value] of Object.entries(headers)) parts.push("-H", quoted(`${name}: ${value}`));
  if (request) parts.push("-d", quoted(JSON.stringify(request)));
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
  const answer = await fetch(`${base}/inbox/messages${query}`);
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

/** Says what is wrong with a number that the service could not read: a text, and its values. */
export const describePhoneFault = (typedPhone) => ["{fault}", { fault: () => wordsOf(phoneFault(typedPhone)) }];

/** The digits of a number, as typed. */
export const digitsOf = (typedPhone) => plain(typedPhone).replace(/\D/g, "");
