// The service, and what surrounds the client, as the tests play them. What ships is tested: dist/, not src/.

import assert from "node:assert/strict";

import { PhoneProof, Problem } from "../dist/client.js";

export const SENT = { token: "t1", expiresIn: 300, resendIn: 60, codeLength: 6, attempts: 5, phone: "+•••86" };
export const problem = (slug, status, more = {}) => ({ status, body: { type: `urn:phoneproof:problem:${slug}`, title: "Refused", status, ...more } });
export const silence = { status: 0 };

/** A client whose calls are answered one after the other, on a clock that the test moves. */
export function start(...answers) {
  const clock = { now: 5_000 };
  const calls = [];
  const waits = [];
  const fetch = async (url, { method, headers, body }) => {
    calls.push({ url, method, headers, body: body && JSON.parse(body) });
    const { status = 200, body: answer = {}, headers: more = {} } = answers.shift() ?? assert.fail(`an unexpected call of ${url}`);
    if (status === 0) throw new TypeError("fetch failed");
    return new Response(typeof answer === "string" ? answer : JSON.stringify(answer), { status, headers: more });
  };
  const wait = async (milliseconds) => waits.push(milliseconds);
  const client = new PhoneProof({ issuer: "https://verify.example/", business: "login", device: "d", fetch, wait, now: () => clock.now });
  return { client, calls, waits, clock };
}

export const send = { phone: "+14152007986" };
export const keys = (calls) => calls.map(({ headers }) => headers["Idempotency-Key"]);
export const refusedWith = (kind) => (error) => error instanceof Problem && error.kind === kind;

/** A `fetch` whose answers come when the test says so: each call gives what answers it. */
export function startByHand() {
  const calls = [];
  const fetch = (url, { body, headers }) => new Promise((resolve) => {
    calls.push({ path: new URL(url).pathname, headers, ...JSON.parse(body), reply: ({ status = 200, body: answer }) => resolve(new Response(JSON.stringify(answer), { status })) });
  });
  const client = new PhoneProof({ issuer: "https://verify.example", business: "login", device: "d", fetch, wait: async () => {} });
  const next = async (index) => {
    for (let turn = 0; calls.length <= index && turn < 1000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return calls[index] ?? assert.fail(`there is no call ${index}`);
  };
  return { client, calls, next };
}

/** Plays the storage of a tab for the time of `body`. */
export async function withTab(body) {
  const before = Object.getOwnPropertyDescriptor(globalThis, "sessionStorage");
  const store = new Map();
  const value = { getItem: (name) => store.get(name) ?? null, setItem: (name, text) => store.set(name, text), removeItem: (name) => store.delete(name) };
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, value });
  try {
    await body(store);
  } finally {
    if (before) Object.defineProperty(globalThis, "sessionStorage", before);
    else delete globalThis.sessionStorage;
  }
}
