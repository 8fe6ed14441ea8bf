// The texts of the inbox, and the codes in them.

import { base, make } from "./common.js";

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
