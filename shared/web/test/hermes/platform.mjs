// What React Native gives an app beside the language, as far as the client and its tests use it. It has no `crypto`
// and no storage. The answers of `fetch` are of the package that React Native ships.

import { Headers, Response } from "whatwg-fetch";

// Hermes' own timers do not wait. The earliest comes first, when nothing else is to be done.
const timers = [];
let time = 0;
const host = globalThis.setTimeout;
const pump = () => {
  const next = timers.reduce((first, timer) => (first === undefined || timer.at < first.at ? timer : first), undefined);
  if (next === undefined) return;
  timers.splice(timers.indexOf(next), 1);
  time = next.at;
  next.call();
};
globalThis.setTimeout = (call, milliseconds = 0) => {
  const timer = { call, at: time + Math.max(0, milliseconds) };
  timers.push(timer);
  host(pump);
  return timer;
};
globalThis.clearTimeout = (timer) => timers.includes(timer) && timers.splice(timers.indexOf(timer), 1);
globalThis.setImmediate = (call) => globalThis.setTimeout(call, 0);

globalThis.self = globalThis;
Object.assign(globalThis, { Headers, Response });
const { now } = Date;
globalThis.performance = { now: () => now() };
Response.json ??= (value, options) => new Response(JSON.stringify(value), options);
Promise.allSettled ??= (promises) =>
  Promise.all(promises.map((promise) => promise.then((value) => ({ status: "fulfilled", value }), (reason) => ({ status: "rejected", reason }))));
// As in the package that React Native ships, a signal has no `reason`.
globalThis.AbortController = class {
  constructor() {
    const listeners = [];
    this.signal = { aborted: false, addEventListener: (_, listener) => listeners.push(listener) };
    this.abort = () => {
      this.signal.aborted = true;
      for (const listener of listeners.splice(0)) listener({ type: "abort" });
    };
  }
};
// React Native's own reads no address: it takes any.
globalThis.URL = class {
  constructor(href) {
    this.href = String(href);
  }

  get pathname() {
    return this.href.replace(/^[a-z]+:\/\/[^/]*/i, "") || "/";
  }
};
