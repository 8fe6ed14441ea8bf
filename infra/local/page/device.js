// The phone on the page. It shows the texts and calls to the number of the current challenge, and offers the newest code.

import { $, announce, digitsOf, formatMoment, make, timeOfDay } from "./common.js";
import { fetchMessages, findCode, isCall, markCode, poll } from "./messages.js";
import { isInternational } from "./phone-proof.js";
import { put, t } from "./words.js";

/** The challenge whose texts are shown, or `null`: `{typedPhone, recipient, codeLength, messages}`. `recipient` is the number in
 * E.164 once a text has shown it. */
let challenge = null;
/** The `<phone-proof>` that asks for the code; `null` while there is none. */
let proof = null;
let askNow = () => {};

/** Starts the phone. */
export function startDevice() {
  $("use-code").addEventListener("click", () => proof.fillCode(findCode(challenge.messages[0], challenge.codeLength)));
  setInterval(runClock, 1000);
  runClock();
  askNow = poll(askForMessages);
}

function runClock() {
  $("device-clock").textContent = timeOfDay.format(new Date());
}

/** Shows the texts that `element`, a `<phone-proof>`, asks for from now on. */
export function followProof(element) {
  proof = element;
  let shown;
  element.addEventListener("phoneproof-sent", ({ detail }) => {
    const { request, codeLength = 6 } = detail.challenge;
    if (shown !== detail.challenge) showTextsOf({ typedPhone: request.phone, recipient: null, codeLength, messages: [] });
    shown = detail.challenge;
    askNow();
  });
  // After the event the component has decided what becomes of the code.
  for (const type of ["phoneproof-shown", "phoneproof-refused"]) element.addEventListener(type, () => queueMicrotask(offerCode));
}

/** Shows the texts of another challenge from now on. */
export function showTextsOf(another) {
  challenge = another;
  showMessages([]);
  askNow();
}

/** Whether a text went to the number of the challenge, which may be typed in national form. */
function belongsToChallenge(message) {
  const digits = digitsOf(challenge.typedPhone);
  if (isInternational(challenge.typedPhone)) return message.phone === `+${digits}`;
  const national = digits.replace(/^0+/, "");
  return national.length > 5 && message.phone.endsWith(national);
}

async function askForMessages() {
  if (!challenge) return true;
  const asked = challenge;
  try {
    const all = await fetchMessages(asked.recipient);
    if (asked !== challenge) return true;
    const ours = all.filter(belongsToChallenge);
    asked.recipient ??= ours[0]?.phone ?? null;
    showMessages(ours);
    return true;
  } catch {
    put($("device-empty"), "The inbox does not answer.");
    return false;
  }
}

/** Shows texts, which come newest first, as a conversation with the newest last. */
function showMessages(messages) {
  const known = new Set(challenge?.messages.map(({ id }) => id));
  const fresh = messages.filter(({ id }) => !known.has(id));
  if (challenge) challenge.messages = messages;
  $("device-empty").hidden = messages.length > 0;
  const owner = messages[0]?.phone ?? challenge?.typedPhone;
  put($("device-owner"), owner ? "{owner}" : "The phone that is being proved", { owner });
  if (fresh.length === 0 && known.size === messages.length && messages.length > 0) return;
  const list = $("bubbles");
  list.replaceChildren(...[...messages].reverse().map(makeBubble));
  list.scrollTop = list.scrollHeight;
  if (fresh.length > 0) announce(t(isCall(fresh[0]) ? "Call: {body}" : "New message: {body}", { body: fresh[0].body }));
  offerCode();
}

function makeBubble(message) {
  const words = markCode(message, challenge?.codeLength);
  const call = isCall(message) ? put(make("span", { class: "call" }), "Call") : null;
  const text = make("p", { class: "bubble" }, call, ...words);
  return make("li", {}, make("time", { datetime: message.at }, formatMoment(message.at)), text);
}

/** Offers the code of the newest text, as a phone's keyboard does, while the code can be used. */
function offerCode() {
  const newest = challenge?.messages[0];
  const code = newest && findCode(newest, challenge.codeLength);
  const usable = Boolean(code) && proof?.shown === "code" && proof.challenge !== undefined;
  $("use-code").hidden = !usable;
  if (usable) $("use-code").replaceChildren(put(make("span"), "Use this code"), make("strong", {}, code));
}
