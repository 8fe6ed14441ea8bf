// Calls a provider over HTTP, and tells whether it was reached.

import http from "node:http";
import https from "node:https";
import { NotAsked, Unknown } from "./receiver.mjs";

// PhoneProof waits three seconds, and then asks again under the same id.
const TIMEOUT_MS = 8000;

/** Posts `body`. Returns the status and the object of the answer, which is empty if the answer is not a JSON object.
 *
 * `NotAsked` when there was no connection, so that nothing was sent; `Unknown` when there was one and no answer. */
export function post(url, headers, body) {
  const { request } = url.startsWith("https:") ? https : http;
  return new Promise((resolve, reject) => {
    let connected = false;
    const fail = () => reject(connected ? new Unknown() : new NotAsked());
    const call = request(url, { method: "POST", headers, agent: false, timeout: TIMEOUT_MS }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("error", fail);
      answer.on("end", () => {
        let reply;
        try {
          reply = JSON.parse(Buffer.concat(parts));
        } catch {
          // The status alone has to do.
        }
        resolve([answer.statusCode, typeof reply === "object" && reply && !Array.isArray(reply) ? reply : {}]);
      });
    });
    call.on("socket", (socket) => {
      socket.once(url.startsWith("https:") ? "secureConnect" : "connect", () => { connected = true; });
    });
    call.on("timeout", () => call.destroy(new Error("timeout")));
    call.on("error", fail);
    call.end(body);
  });
}
