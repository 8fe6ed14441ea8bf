// The demo: send, verify, spend.

import { $, LOCKED, announce, button, call, clearFaults, clock, countdown, countdowns, decoded, deviceId, explain, faultyField, fillTable, isInternational, make, onSubmit, plainDigits, showNotice, showRawToken, whileBusy } from "./common.js";
import { askInbox, offerCode, showTextsOf, startDevice } from "./device.js";

// ----------------------------------------------------------------------------------------- state

let businesses = [];
/** The exchange from send to verify: what was asked, what came back, what has arrived. */
let challenge = null;
/** `{token, audience, spent}` once the code was right. */
let proof = null;
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

// ---------------------------------------------------------------------------------------- number

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
  showTextsOf(challenge);
  takeSendAnswer(answer);
  showStep("code");
  $("code").focus();
  offerCode();
  listenForSms();
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

// ------------------------------------------------------------------------------------------ code

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

// ----------------------------------------------------------------------------------------- proof

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
  showTextsOf(null);
  backToNumber();
}

// ----------------------------------------------------------------------------------------- start
function startDemo() {
  onSubmit("number-form", "send", sendCode);
  onSubmit("code-form", "verify", verifyCode);
  $("resend").addEventListener("click", () => whileBusy($("resend"), resendCode));
  $("spend").addEventListener("click", () => whileBusy($("spend"), spendProof));
  $("change-number").addEventListener("click", backToNumber);
  $("back-to-code").addEventListener("click", () => {
    clearFaults("phone");
    showStep("code");
    $("code").focus();
  });
  $("start-over").addEventListener("click", startOver);
  $("business").addEventListener("change", fillLocales);
  showStep("number");
  haveChoices();
  startDevice(() => $("step-code").dataset.state === "current", fillCode);
}

startDemo();
