// The demo and the inbox of the local stack: plain DOM, one file, nothing from outside.
//
// Everything that a person typed or a server answered reaches the page as a text node, never as
// markup, so there is nothing to escape and nothing to forget.

const $ = (id) => document.getElementById(id);

// ---------------------------------------------------------------------------------------- elements

/** Builds an element; children are nodes or texts, `null` is skipped. */
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function button(label, className, onClick) {
  const node = make("button", { type: "button", class: className }, label);
  node.addEventListener("click", onClick);
  return node;
}

/** Tells people who listen to the page. */
function announce(text) {
  $("announcer").textContent = text;
}

async function copy(text, from) {
  const before = from.textContent;
  try {
    await navigator.clipboard.writeText(text);
    from.textContent = "Copied";
  } catch {
    from.textContent = "Copying is not allowed";
  }
  setTimeout(() => (from.textContent = before), 1500);
}

// -------------------------------------------------------------------------------------------- time

const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayAndTime = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });
const exactTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** `4:58`, or `3:04:58` from an hour on. */
function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A moment as people say it: the hour, with the day when it is another one. */
function momentText(instant) {
  const date = new Date(instant);
  const today = date.toDateString() === new Date().toDateString();
  return (today ? timeOfDay : dayAndTime).format(date);
}

const countdowns = new Map();

/**
 * Keeps `node` showing `text(seconds left)` until `instant`, then calls `done` once.
 * A node has one countdown at most; a countdown ends with its node.
 */
function countdown(node, instant, text, done = () => {}) {
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

// --------------------------------------------------------------------------------------------- API

/** Calls the API and records the exchange; `status` 0 means that nothing answered. */
async function call(kind, body) {
  const path = `/v1/${kind}`;
  const started = performance.now();
  const exchange = { kind, method: "POST", path, request: body, status: 0, response: null };
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
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
function deviceId() {
  const key = "phoneproof-device";
  try {
    const known = localStorage.getItem(key) ?? crypto.randomUUID();
    localStorage.setItem(key, known);
    return known;
  } catch {
    return (deviceId.forThisPage ??= crypto.randomUUID());
  }
}

// -------------------------------------------------------------------------------- refusals in words

const LOCKED = /(^|[ -])lock/;

// Read top-down, first match wins, against "<call> <status> <slug of the problem type> <rule>".
const EXPLANATIONS = [
  [/ 0 /, "The local stack does not answer", "It may have been stopped. Start it again, then repeat this step."],
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
function explain({ kind, status, response, retryAt }) {
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

function showNotice(slot, content) {
  const { box, start } = notice(content);
  $(slot).replaceChildren(box);
  start();
  return box;
}

/** Marks a field as faulty, says why, and takes the reader there. */
function faultyField(id, text) {
  $(id).setAttribute("aria-invalid", "true");
  $(`${id}-error`).textContent = text;
  $(id).focus();
  $(id).select();
}

function clearFaults(...ids) {
  for (const id of ids) {
    $(id).removeAttribute("aria-invalid");
    $(`${id}-error`).textContent = "";
  }
  for (const slot of ["number-notice", "code-notice", "spend-notice"]) $(slot).replaceChildren();
}

// ----------------------------------------------------------------------------- what just happened

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
  const bodies = make("div", { class: "call-bodies" }, jsonBlock("Request", request), jsonBlock("Response", response));
  return make("details", { open: "" }, summary, bodies, curl);
}

function inWords(exchange) {
  if (exchange.status < 200 || exchange.status > 299) return explain(exchange).title;
  if (exchange.kind === "verify") return "The code was right: a signed success token came back";
  if (exchange.kind === "spend") return "The proof was spent, for good";
  return exchange.request.token ? "The same code was texted once more" : "A challenge began and its code was texted";
}

function curlOf({ method, path, request }) {
  const body = JSON.stringify(request).replaceAll("'", "'\\''");
  return `curl -sS -X ${method} '${location.origin}${path}' -H 'Content-Type: application/json' -d '${body}'`;
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

// ------------------------------------------------------------------------------------------- inbox

/** Calls `ask` about once a second while the page is visible; `ask` answers whether it went well. */
function poll(ask) {
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

async function messagesTo(phone) {
  const query = phone ? `?phone=${encodeURIComponent(phone)}` : "";
  const answer = await fetch(`/inbox/messages${query}`);
  if (!answer.ok) throw new Error(`the inbox answered ${answer.status}`);
  return answer.json();
}

/** The code in a text: its run of exactly `length` digits, or of any usual length. */
function codeIn(body, length) {
  const digits = length ? `\\d{${length}}` : "\\d{6,10}";
  return new RegExp(`(?<!\\d)${digits}(?!\\d)`).exec(body)?.[0];
}

/** The text with its code set off. */
function bodyWithCode(body, code) {
  const at = code ? body.indexOf(code) : -1;
  if (at < 0) return [body];
  return [body.slice(0, at), make("strong", {}, code), body.slice(at + code.length)];
}

// -------------------------------------------------------------------------------------- success token

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
function decoded(token) {
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

function claimRow(name, value) {
  const text = typeof value === "string" ? value : Array.isArray(value) ? value.join(", ") : JSON.stringify(value);
  const shown = TIMES.has(name) ? exactTime.format(new Date(value * 1000)) : text;
  const meaning = [CLAIMS[name], TIMES.has(name) ? text : null].filter(Boolean).join(" · ");
  const cell = make("td", {}, make("span", { class: "claim-value" }, shown), meaning ? make("span", { class: "claim-meaning" }, meaning) : null);
  return make("tr", {}, make("th", { scope: "row" }, name), cell);
}

function fillTable(id, values) {
  const order = Object.keys(CLAIMS);
  const place = (name) => (order.includes(name) ? order.indexOf(name) : order.length);
  const named = Object.entries(values ?? {}).sort(([a], [b]) => place(a) - place(b));
  const rows = named.map(([name, value]) => claimRow(name, value));
  $(id).tBodies[0].replaceChildren(...rows);
}

function showRawToken(token) {
  const parts = token.split(".").map((part, index) => make("span", { class: `jwt-${index}` }, part));
  $("token-raw").replaceChildren(...parts.flatMap((part, index) => (index ? [".", part] : [part])));
}

// -------------------------------------------------------------------------------------- demo: state

let businesses = [];
/** The exchange from send to verify: what was asked, what came back, what has arrived. */
let challenge = null;
/** `{token, audience, spent}` once the code was right. */
let proof = null;
let askInbox = () => {};
let smsListener = null;

const STEPS = ["number", "code", "token"];

function showStep(current) {
  const at = STEPS.indexOf(current);
  STEPS.forEach((name, index) => {
    const step = $(`step-${name}`);
    step.dataset.state = index < at ? "done" : index === at ? "current" : "upcoming";
    step.querySelector(".step-body").hidden = index !== at;
    if (index === at) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  });
  $("change-number").hidden = current !== "code";
  $("start-over").hidden = current !== "token";
  $("back-to-code").hidden = !(current === "number" && challenge && !challenge.over);
  $("number-summary").textContent = at > 0 ? challenge.phone : "";
  $("code-summary").textContent = at > 1 ? "The code was right" : "";
  offerCode();
}

/** Runs `work` unless it is running already; the button keeps its focus meanwhile. */
async function whileBusy(control, work) {
  if (control.getAttribute("aria-busy") === "true") return;
  control.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    control.removeAttribute("aria-busy");
  }
}

// -------------------------------------------------------------------------------------- demo: number

async function fillChoices() {
  const answer = await fetch("/demo/config");
  const config = await answer.json();
  businesses = config.businesses;
  const names = new Intl.DisplayNames(undefined, { type: "region" });
  const countries = config.countries.map((code) => [code, names.of(code)]);
  countries.sort((a, b) => a[1].localeCompare(b[1]));
  $("region").replaceChildren(...countries.map(([code, name]) => make("option", { value: code }, name)));
  $("region").value = homeCountry(config.countries);
  $("business").replaceChildren(...businesses.map(({ id, brand }) => make("option", { value: id }, `${titled(id)} (${brand})`)));
  fillLocales();
}

/** Whether the choices are there; asks for them again when they could not be loaded before. */
async function haveChoices() {
  try {
    if (businesses.length === 0) await fillChoices();
    return true;
  } catch {
    showNotice("number-notice", { title: "The choices could not be loaded", text: "The local stack did not answer. Start it, then try again." });
    return false;
  }
}

/** The country of the browser's language when it is served, else the US, else the first. */
function homeCountry(countries) {
  const spoken = navigator.languages.map((language) => new Intl.Locale(language).region);
  return [...spoken, "US"].find((code) => countries.includes(code)) ?? countries[0];
}

/** `password-change` as `Password change`. */
function titled(id) {
  const words = id.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function fillLocales() {
  const business = businesses.find(({ id }) => id === $("business").value);
  const names = new Intl.DisplayNames(undefined, { type: "language" });
  const chosen = $("locale").value;
  const locales = business?.locales ?? [];
  $("locale").replaceChildren(...locales.map((tag) => make("option", { value: tag }, names.of(tag) ?? tag)));
  const spoken = navigator.languages.map((language) => language.split("-")[0]);
  $("locale").value = [chosen, ...spoken, locales[0]].find((tag) => locales.includes(tag)) ?? "";
}

/** What the form asks for; a number with a leading + needs no country. */
function sendRequest() {
  const phone = $("phone").value.trim();
  const request = { phone, uniqueId: deviceId(), businessId: $("business").value };
  if (!isInternational(phone)) request.region = $("region").value;
  if ($("locale").value) request.locale = $("locale").value;
  return request;
}

const isInternational = (phone) => /^(tel:)?\s*\+/i.test(phone.normalize("NFKC"));

async function sendCode() {
  clearFaults("phone");
  if ($("phone").value.trim() === "") {
    faultyField("phone", "Enter the number that the code should go to.");
    return;
  }
  if (!(await haveChoices())) return;
  const request = sendRequest();
  const answer = await call("send", request);
  if (answer.status === 202 || (answer.status === 504 && answer.response?.token)) {
    beginChallenge(request, answer);
  } else {
    sendRefused(answer);
  }
}

function sendRefused(answer) {
  const why = explain(answer);
  const phoneFault = why.errors.find(({ field }) => field === "phone");
  if (phoneFault) {
    faultyField("phone", `This number cannot be texted. Check its digits and the country. Accepted: ${phoneFault.accepted}`);
    return;
  }
  const others = why.errors.map(({ field, accepted }) => ` ${field}: ${accepted}.`).join("");
  const box = showNotice("number-notice", { ...why, text: why.text + others, tone: why.retryAt ? "wait" : "bad" });
  // What is wrong with the number itself is put right in its field.
  if (/ 403 (?!.*blocked)/.test(why.about)) {
    $("phone").setAttribute("aria-invalid", "true");
    $("phone").focus();
  } else {
    box.focus();
  }
}

function beginChallenge(request, answer) {
  const business = businesses.find(({ id }) => id === request.businessId);
  challenge = {
    request,
    sentAt: Date.now(),
    phone: request.phone,
    codeLength: business?.codeLength ?? 6,
    messages: [],
    recipient: null,
    over: false,
  };
  $("code").value = "";
  clearFaults("code");
  showMessages([]);
  takeSendAnswer(answer);
  showStep("code");
  $("code").focus();
  listenForSms();
  askInbox();
}

/** Takes over what a send or a resend answered; a 504 brings the token alone. */
function takeSendAnswer({ status, response }) {
  challenge.token = response.token;
  challenge.codeLength = response.codeLength ?? challenge.codeLength;
  challenge.masked = response.phone ?? challenge.masked;
  challenge.left = Math.min(challenge.left ?? Infinity, response.attempts ?? Infinity);
  $("code-lead").replaceChildren(status === 504 ? "We tried to text " : "We texted ", make("strong", {}, `${challenge.codeLength} digits`), " to ", make("strong", {}, challenge.phone), ".");
  $("code").maxLength = challenge.codeLength + 6;
  showTriesLeft();
  waitToResend(response.resendAt);
  if (response.expiresAt) untilExpiry(response.expiresAt);
  if (status === 504) showNotice("code-notice", { ...explain({ kind: "send", status, response }), retryAt: undefined, tone: "wait" });
}

// ---------------------------------------------------------------------------------------- demo: code

function showTriesLeft() {
  const left = challenge.left;
  $("attempts-left").textContent = Number.isFinite(left) ? `${left} ${left === 1 ? "try" : "tries"} left` : "";
}

function untilExpiry(expiresAt) {
  const node = $("code-expiry");
  countdown(node, expiresAt, (left) => `Works for ${clock(left)}`, () => (node.textContent = "Expired"));
}

/** Holds the resend button back until `resendAt`. */
function waitToResend(resendAt) {
  const resend = $("resend");
  const ready = () => {
    countdowns.delete(resend);
    resend.removeAttribute("aria-disabled");
    resend.textContent = "Send again";
  };
  if (!resendAt || !(Date.parse(resendAt) > Date.now())) return ready();
  resend.setAttribute("aria-disabled", "true");
  countdown(resend, resendAt, (left) => `Send again in ${clock(left)}`, () => {
    ready();
    announce("You can send the code again now.");
  });
}

async function resendCode() {
  if ($("resend").getAttribute("aria-disabled") === "true") return;
  clearFaults("code");
  const answer = await call("send", { ...challenge.request, token: challenge.token });
  if (answer.status === 202 || (answer.status === 504 && answer.response?.token)) {
    takeSendAnswer(answer);
    announce("The code was sent again.");
    $("code").focus();
    askInbox();
    return;
  }
  const why = explain(answer);
  if (why.retryAt) waitToResend(why.retryAt);
  const over = answer.status === 409 || answer.status === 410 || answer.status === 400;
  showNotice("code-notice", { ...why, tone: why.retryAt ? "wait" : "bad", action: over ? newCodeButton() : null }).focus();
}

/** Digits of any script's width, without the spaces and dashes people put between them. */
const plainDigits = (text) => text.normalize("NFKC").replace(/[\s\p{Pd}.]/gu, "");

async function verifyCode() {
  clearFaults("code");
  const code = plainDigits($("code").value);
  if (!/^\d+$/.test(code) || code.length !== challenge.codeLength) {
    faultyField("code", `The code has ${challenge.codeLength} digits.`);
    return;
  }
  const answer = await call("verify", { token: challenge.token, code });
  if (answer.status === 200) return showProof(answer.response);
  verifyRefused(answer);
}

function verifyRefused(answer) {
  const why = explain(answer);
  const left = why.problem.attemptsRemaining;
  if (Number.isInteger(left)) {
    challenge.left = left;
    showTriesLeft();
  }
  if (answer.status === 422 && left !== 0) {
    const tries = Number.isInteger(left) ? ` ${left} ${left === 1 ? "try" : "tries"} left.` : "";
    faultyField("code", `${why.title}. ${why.text}${tries}`);
    return;
  }
  const used = answer.status === 422 ? explain({ ...answer, status: 429, response: null }) : why;
  const over = answer.status >= 400 && answer.status < 500;
  if (over) endChallenge();
  // While a number is locked, a new code would be refused like the old one.
  const action = over && !why.retryAt && !LOCKED.test(why.about) ? newCodeButton() : null;
  showNotice("code-notice", { ...used, retryAt: why.retryAt, action }).focus();
}

/** The challenge is of no more use: its code is no longer offered. */
function endChallenge() {
  challenge.over = true;
  smsListener?.abort();
  offerCode();
}

function newCodeButton() {
  return button("Get a new code", "secondary", () => {
    challenge = null;
    backToNumber();
  });
}

function backToNumber() {
  clearFaults("phone", "code");
  showStep("number");
  $("phone").focus();
}

/** Puts a code into the field and leaves the decision to send it with the person. */
function fillCode(code) {
  clearFaults("code");
  $("code").value = code;
  $("code").focus();
  announce("The code is filled in. Press Verify.");
}

/** WebOTP: where the browser can read the text, with the person's consent, it fills the field. */
function listenForSms() {
  smsListener?.abort();
  if (!("OTPCredential" in window)) return;
  smsListener = new AbortController();
  navigator.credentials
    .get({ otp: { transport: ["sms"] }, signal: smsListener.signal })
    .then((credential) => credential?.code && fillCode(credential.code))
    .catch(() => {}); // Declined, aborted, or no phone at hand: the field works by hand as well.
}

// ---------------------------------------------------------------------------------- demo: the phone

/** Whether a text went to the number of this challenge, however that number was typed. */
function isOurs(message) {
  const typed = challenge.phone.normalize("NFKC");
  const digits = typed.replace(/\D/g, "");
  if (isInternational(typed)) return message.phone === `+${digits}`;
  const national = digits.replace(/^0+/, "");
  return national.length > 5 && message.phone.endsWith(national);
}

async function askForMessages() {
  if (!challenge) return true;
  const asked = challenge;
  try {
    const all = await messagesTo(asked.recipient);
    if (asked !== challenge) return true;
    const ours = all.filter(isOurs);
    asked.recipient ??= ours[0]?.phone ?? null;
    showMessages(ours);
    return true;
  } catch {
    $("device-empty").textContent = "The inbox does not answer.";
    return false;
  }
}

/** Shows texts, which come newest first, as a conversation: newest last. */
function showMessages(messages) {
  const known = new Set(challenge?.messages.map(({ id }) => id));
  const fresh = messages.filter(({ id }) => !known.has(id));
  if (challenge) challenge.messages = messages;
  $("device-empty").hidden = messages.length > 0;
  $("device-owner").textContent = messages[0]?.phone ?? challenge?.phone ?? "The phone that is being proved";
  if (fresh.length === 0 && known.size === messages.length && messages.length > 0) return;
  const list = $("bubbles");
  list.replaceChildren(...[...messages].reverse().map(bubble));
  list.scrollTop = list.scrollHeight;
  if (fresh.length > 0) announce(`New message: ${fresh[0].body}`);
  offerCode();
}

function bubble(message) {
  const code = codeIn(message.body, challenge?.codeLength);
  const text = make("p", { class: "bubble" }, ...bodyWithCode(message.body, code));
  return make("li", {}, make("time", { datetime: message.at }, momentText(message.at)), text);
}

/** Offers the code of the newest text, as a phone's keyboard would, while it can be used. */
function offerCode() {
  const newest = challenge?.messages[0];
  const code = newest && codeIn(newest.body, challenge.codeLength);
  const usable = Boolean(code) && !challenge.over && $("step-code").dataset.state === "current";
  $("use-code").hidden = !usable;
  if (usable) $("use-code").replaceChildren(make("span", {}, "Use this code"), make("strong", {}, code));
}

function runDeviceClock() {
  $("device-clock").textContent = timeOfDay.format(new Date());
}

// --------------------------------------------------------------------------------------- demo: proof

function showProof({ token, expiresAt }) {
  smsListener?.abort();
  challenge.over = true;
  const { header, claims } = decoded(token) ?? {};
  proof = { token, audience: challenge.request.businessId, spent: false };
  fillTable("token-claims", claims);
  fillTable("token-header", header);
  showRawToken(token);
  $("token-lead").replaceChildren(make("strong", {}, claims?.phone_number ?? challenge.phone), " is proved for ", make("strong", {}, titled(proof.audience)), ". The business takes this token instead of checking a code itself.");
  $("spend").textContent = "Spend the proof";
  const expiry = $("token-expiry");
  countdown(expiry, expiresAt, (left) => `Good for ${clock(left)}`, () => (expiry.textContent = "Expired"));
  showStep("token");
  $("step-token").querySelector("h2").focus();
}

async function spendProof() {
  clearFaults();
  const answer = await call("spend", { token: proof.token, audience: proof.audience });
  if (answer.status === 200) {
    $("spend").textContent = "Spend it again";
    showNotice("spend-notice", { tone: "good", title: "Spent", text: "The business may act on it now, this once. Spend it again to see a replay refused." });
  } else {
    showNotice("spend-notice", { ...explain(answer), tone: answer.status === 409 ? "wait" : "bad" });
  }
}

function startOver() {
  challenge = null;
  proof = null;
  $("phone").value = "";
  showMessages([]);
  backToNumber();
}

// --------------------------------------------------------------------------------------- demo: start

function onSubmit(form, control, work) {
  $(form).addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy($(control), work);
  });
}

function startDemo() {
  onSubmit("number-form", "send", sendCode);
  onSubmit("code-form", "verify", verifyCode);
  $("resend").addEventListener("click", () => whileBusy($("resend"), resendCode));
  $("spend").addEventListener("click", () => whileBusy($("spend"), spendProof));
  $("use-code").addEventListener("click", () => fillCode(codeIn(challenge.messages[0].body, challenge.codeLength)));
  $("change-number").addEventListener("click", backToNumber);
  $("back-to-code").addEventListener("click", () => {
    clearFaults("phone");
    showStep("code");
    $("code").focus();
  });
  $("start-over").addEventListener("click", startOver);
  $("business").addEventListener("change", fillLocales);
  setInterval(tick, 250);
  setInterval(runDeviceClock, 1000);
  runDeviceClock();
  showStep("number");
  haveChoices();
  askInbox = poll(askForMessages);
}

// ------------------------------------------------------------------------------------- inbox: start

let inboxMessages = [];

function inboxRow(message) {
  const code = codeIn(message.body);
  const copyCode = code ? button("Copy code", "quiet", () => copy(code, copyCode)) : null;
  const time = make("time", { datetime: message.at }, exactTime.format(new Date(message.at)));
  const head = make("div", { class: "row-head" }, make("strong", {}, message.phone), time);
  return make("li", { class: "row" }, head, make("p", { class: "row-body" }, ...bodyWithCode(message.body, code)), copyCode);
}

function showInbox() {
  const wanted = $("filter").value.normalize("NFKC").replace(/\D/g, "");
  const shown = inboxMessages.filter(({ phone }) => phone.includes(wanted));
  const count = `${shown.length} ${shown.length === 1 ? "message" : "messages"}`;
  $("inbox-count").textContent = inboxMessages.length === 0 ? "No messages yet. Send a code from the demo." : count;
  $("inbox-list").replaceChildren(...shown.map(inboxRow));
}

function startInbox() {
  $("filter").addEventListener("input", showInbox);
  let seen = null;
  poll(async () => {
    try {
      inboxMessages = await messagesTo();
    } catch {
      $("inbox-count").textContent = "The inbox does not answer. Is the local stack running?";
      seen = null;
      return false;
    }
    // Rebuilding the list only when it changed keeps the focus where it is.
    const now = inboxMessages.map(({ id }) => id).join(" ");
    if (now !== seen) showInbox();
    seen = now;
    return true;
  });
}

if (document.body.dataset.page === "inbox") startInbox();
else startDemo();
