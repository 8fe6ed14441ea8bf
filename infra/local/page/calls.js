// Calls of the API, each listed on the page with what came of it.

import { $, base, copy, make, makeButton, wordsOf } from "./common.js";
import { wordsFor } from "./phone-proof.js";
import { explain } from "./refusals.js";
import { put } from "./words.js";

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
  if (kind === "send" && request.channel === "voice") {
    return [response?.token === request.token ? "A call speaks the same code" : "A call speaks a new code, because the one before was about to expire"];
  }
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
