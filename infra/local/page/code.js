// The form in which a person enters a texted code. Both pages use it, one form at a time.

import { $, LOCKED, announce, call, clearFaults, countdown, countdowns, explain, formatLeft, make, makeButton, markFaulty, normalizeDigits, showNotice, whileBusy } from "./common.js";
import { askInbox, offerCode, showTextsOf } from "./device.js";
import { put, t } from "./words.js";

/** The challenge whose code is awaited: the request, what device.js expects, and what is known of it; `null` if none. */
let challenge = null;
let smsListener = null;

/** Whether an answer to a send began a challenge. A 504 has a token, because its text may still arrive. */
export const began = ({ status, response }) => status === 202 || (status === 504 && Boolean(response?.token));

/** Whether the code of the form can still be entered. */
export const isAwaited = () => challenge !== null && !challenge.over;

/**
 * Shows the form in `place` for the challenge that `answer` began. `request` is what was sent, and `label` the words of
 * the button. `use` gets the answer with the proof once the code is right; `again` runs when the person wants a new code.
 */
export function openCode(place, { request, answer, label, use, again }) {
  challenge = { request, use, again, typedPhone: request.phone, recipient: null, codeLength: 6, messages: [], over: false };
  place.replaceChildren(...makeForm(label));
  showTextsOf(challenge);
  takeSendAnswer(answer);
  $("code").focus();
  listenForSms();
}

/** Takes the form away. */
export function closeCode() {
  if (!challenge) return;
  endChallenge();
  challenge = null;
  $("code-form")?.parentElement.replaceChildren();
}

/** Puts a code into the field. The person decides when to send it. */
export function fillCode(code) {
  clearFaults("code");
  $("code").value = code;
  $("code").focus();
  announce(t("The code is filled in. Press the button below it."));
}

function makeForm(label) {
  const field = make("input", { id: "code", class: "code-input", type: "text", inputmode: "numeric", autocomplete: "one-time-code", autocapitalize: "off", spellcheck: "false", required: "", "aria-describedby": "code-error code-facts" });
  const submit = put(make("button", { type: "submit", class: "primary", id: "verify" }), label);
  const resend = makeButton("Send again", "secondary", () => whileBusy(resend, resendCode));
  resend.id = "resend";
  const form = make(
    "form",
    { class: "code-form", id: "code-form", novalidate: "" },
    make("div", { class: "field" }, put(make("label", { for: "code" }), "Code from the message"), field),
    make("p", { class: "field-error", id: "code-error", role: "alert" }),
    make("p", { class: "hint", id: "code-facts" }, make("span", { id: "attempts-left" }), make("span", { id: "code-expiry", class: "timer" })),
    make("div", { class: "notice-slot", id: "code-notice", role: "alert" }),
    make("div", { class: "actions" }, submit, resend),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(submit, verifyCode);
  });
  return [make("p", { class: "lead", id: "code-lead" }), form];
}

/** Takes over the answer of a send or a resend. A 504 has the token only. */
function takeSendAnswer({ status, response }) {
  challenge.token = response.token;
  challenge.codeLength = response.codeLength ?? challenge.codeLength;
  challenge.left = Math.min(challenge.left ?? Infinity, response.attempts ?? Infinity);
  challenge.resendFrom = performance.now() + (response.resendIn ?? 0) * 1000;
  const values = { digits: make("strong", {}, String(challenge.codeLength)), phone: make("strong", {}, challenge.typedPhone) };
  put($("code-lead"), status === 504 ? "We tried to text {digits} digits to {phone}." : "We texted {digits} digits to {phone}.", values);
  $("code").maxLength = 64; // A pasted code may have spaces and invisible characters between its digits.
  showTriesLeft();
  waitToResend(response.resendIn);
  if (response.expiresIn) countToExpiry(response.expiresIn);
  if (status === 504) showNotice("code-notice", { ...explain({ kind: "send", status, response }), tone: "wait" });
}

function showTriesLeft() {
  const left = challenge.left;
  put($("attempts-left"), !Number.isFinite(left) ? "" : left === 1 ? "1 try left" : "{left} tries left", { left });
}

function countToExpiry(seconds) {
  const node = $("code-expiry");
  countdown(node, seconds, (left) => t("Works for {time}", { time: formatLeft(left) }), () => put(node, "Expired"));
}

/** Makes the resend button wait for so many seconds. */
function waitToResend(seconds) {
  const resend = $("resend");
  const ready = () => {
    countdowns.delete(resend);
    resend.removeAttribute("aria-disabled");
    put(resend, "Send again");
  };
  if (!(seconds > 0)) return ready();
  resend.setAttribute("aria-disabled", "true");
  countdown(resend, seconds, (left) => t("Send again in {time}", { time: formatLeft(left) }), () => {
    ready();
    announce(t("You can send the code again now."));
  });
}

async function resendCode() {
  if ($("resend").getAttribute("aria-disabled") === "true") return;
  clearFaults("code");
  const before = challenge.token;
  const answer = await call("send", { ...challenge.request, token: before });
  if (began(answer)) {
    takeSendAnswer(answer);
    announce(t(answer.response.token === before ? "The code was sent again." : "A new code was sent."));
    $("code").focus();
    askInbox();
    return;
  }
  const why = explain(answer);
  const over = [400, 409, 410].includes(answer.status) || / attempts-exhausted /.test(why.about);
  if (over) return showOver(why);
  if (why.retryIn) waitToResend(why.retryIn);
  showNotice("code-notice", { ...why, tone: why.retryIn ? "wait" : "bad" }).focus();
}

async function verifyCode() {
  clearFaults("code");
  const code = normalizeDigits($("code").value);
  if (!/^\d+$/.test(code) || code.length !== challenge.codeLength) {
    markFaulty("code", "The code has {length} digits.", { length: challenge.codeLength });
    return;
  }
  const answer = await call("verify", { token: challenge.token, code });
  if (answer.status === 200) {
    endChallenge();
    await challenge.use(answer.response);
  } else {
    showVerifyRefusal(answer);
  }
}

const WRONG = ["That is not the code. Check the latest message.", "That is not the code. Check the latest message. 1 try left.", "That is not the code. Check the latest message. {left} tries left."];

function showVerifyRefusal(answer) {
  const why = explain(answer);
  const left = why.problem.attemptsRemaining;
  if (Number.isInteger(left)) {
    challenge.left = left;
    showTriesLeft();
  }
  if (answer.status === 422 && left !== 0) {
    markFaulty("code", WRONG[Number.isInteger(left) ? Math.min(left, 2) : 0], { left });
  } else if (answer.status >= 400 && answer.status < 500) {
    showOver(answer.status === 422 ? explain({ ...answer, status: 429, response: null }) : why);
  } else {
    showNotice("code-notice", why).focus();
  }
}

const NEW_CODE = { soon: "You can get a new code in {time}, at {moment}.", now: "You can get a new code now." };

/** Says why the code works no longer, and from when on the person can get a new one. */
function showOver(why) {
  endChallenge();
  // While a number is locked, a new code would be refused too.
  if (why.retryIn || LOCKED.test(why.about)) return showNotice("code-notice", why).focus();
  const { again, resendFrom } = challenge;
  const retryIn = Math.max(0, Math.ceil((resendFrom - performance.now()) / 1000));
  const action = makeButton("Get a new code", "secondary", () => whileBusy(action, again));
  showNotice("code-notice", { ...why, retryIn, wait: NEW_CODE, action }).focus();
}

/** Ends the challenge, so that the phone offers its code no longer. */
function endChallenge() {
  challenge.over = true;
  smsListener?.abort();
  offerCode();
  if (!$("code-form")) return;
  countdowns.delete($("code-expiry"));
  put($("code-expiry"), "");
  $("verify").hidden = true;
  $("resend").hidden = true;
}

/** Fills the field by WebOTP, where the browser can read the text and the person consents. */
function listenForSms() {
  smsListener?.abort();
  if (!("OTPCredential" in window)) return;
  smsListener = new AbortController();
  navigator.credentials
    .get({ otp: { transport: ["sms"] }, signal: smsListener.signal })
    .then((credential) => credential?.code && fillCode(credential.code))
    .catch(() => {}); // Declined, aborted, or not on a phone: the person types the code.
}
