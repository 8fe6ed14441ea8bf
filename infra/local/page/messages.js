// The texts and calls of the inbox, and the codes in them.

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

/** Whether a message is a call, which speaks its words. */
export const isCall = ({ channel }) => channel === "notify-voice";

/** Finds a code as it is written, as a match of its place: a call speaks the digits one by one. */
function findWritten(message, length) {
  const [least, most] = length ? [length, length] : [6, 10];
  const between = isCall(message) ? "(?:, )" : "";
  return new RegExp(`(?<!\\d)\\d(?:${between}\\d){${least - 1},${most - 1}}(?!\\d)`).exec(message.body);
}

/** Finds the code in a message: the first run of `length` digits, or of 6 to 10 if no length is given. */
export function findCode(message, length) {
  return findWritten(message, length)?.[0].replaceAll(", ", "");
}

/** Splits the words of a message so that its code stands in a `strong` of its own. */
export function markCode(message, length) {
  const { body } = message;
  const found = findWritten(message, length);
  if (!found) return [body];
  const [code] = found;
  return [body.slice(0, found.index), make("strong", {}, code), body.slice(found.index + code.length)];
}
