// The demo: send, verify, spend.

import { $, LOCKED, announce, call, clearFaults, countdown, countdowns, decodeToken, deviceId, explain, fillTable, formatLeft, isInternational, make, makeButton, markFaulty, normalizeDigits, onSubmit, showNotice, showRawToken, whileBusy } from "./common.js";
import { askInbox, offerCode, showTextsOf, startDevice } from "./device.js";

// ----------------------------------------------------------------------------------------- state

let businesses = [];
/** The challenge from send to verify: the request, the answer, and the texts that arrived. */
let challenge = null;
/** `{token, audience}` once the code was right. */
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
  $("number-summary").textContent = at > 0 ? challenge.typedPhone : "";
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
  $("region").value = guessCountry(config.countries);
  $("business").replaceChildren(...businesses.map(({ id, brand }) => make("option", { value: id }, `${makeTitle(id)} (${brand})`)));
  fillLocales();
}

/** Loads the choices unless they are loaded already. Returns whether they are there. */
async function loadChoices() {
  try {
    if (businesses.length === 0) await fillChoices();
    return true;
  } catch {
    showNotice("number-notice", { title: "The choices could not be loaded", text: "The local stack did not answer. Start it, then try again." });
    return false;
  }
}

/** Guesses the country from the browser's languages; if the service does not text it, the US, else the first. */
function guessCountry(countries) {
  const spoken = navigator.languages.map((language) => new Intl.Locale(language).region);
  return [...spoken, "US"].find((code) => countries.includes(code)) ?? countries[0];
}

/** Turns `password-change` into `Password change`. */
function makeTitle(id) {
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

/** Builds the request from the form. A number with a leading + needs no country. */
function buildSendRequest() {
  const typedPhone = $("phone").value.trim();
  const request = { phone: typedPhone, uniqueId: deviceId(), businessId: $("business").value };
  if (!isInternational(typedPhone)) request.region = $("region").value;
  if ($("locale").value) request.locale = $("locale").value;
  return request;
}

async function sendCode() {
  clearFaults("phone");
  if ($("phone").value.trim() === "") {
    markFaulty("phone", "Enter the number that the code should go to.");
    return;
  }
  if (!(await loadChoices())) return;
  const request = buildSendRequest();
  const answer = await call("send", request);
  if (answer.status === 202 || (answer.status === 504 && answer.response?.token)) {
    beginChallenge(request, answer);
  } else {
    showSendRefusal(answer);
  }
}

/** What the page calls the members of a send request. */
const FIELDS = { region: "Country", businessId: "Business action", locale: "Message language", uniqueId: "This browser" };

function showSendRefusal(answer) {
  const why = explain(answer);
  const phoneFault = why.errors.find(({ field }) => field === "phone");
  if (phoneFault) {
    markFaulty("phone", `This number cannot be texted. Check its digits and the country. Accepted: ${phoneFault.accepted}`);
    return;
  }
  const others = why.errors.map(({ field, accepted }) => ` ${FIELDS[field] ?? "The request"}: ${accepted}.`).join("");
  const box = showNotice("number-notice", { ...why, text: why.text + others, tone: why.retryIn ? "wait" : "bad" });
  // A refusal of the number itself is corrected in its field.
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
    typedPhone: request.phone,
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

/** Takes over the answer of a send or a resend. A 504 has the token only. */
function takeSendAnswer({ status, response }) {
  challenge.token = response.token;
  challenge.codeLength = response.codeLength ?? challenge.codeLength;
  challenge.left = Math.min(challenge.left ?? Infinity, response.attempts ?? Infinity);
  $("code-lead").replaceChildren(status === 504 ? "We tried to text " : "We texted ", make("strong", {}, `${challenge.codeLength} digits`), " to ", make("strong", {}, challenge.typedPhone), ".");
  $("code").maxLength = challenge.codeLength + 6;
  showTriesLeft();
  waitToResend(response.resendIn);
  if (response.expiresIn) countToExpiry(response.expiresIn);
  if (status === 504) showNotice("code-notice", { ...explain({ kind: "send", status, response }), tone: "wait" });
}

// ------------------------------------------------------------------------------------------ code

function showTriesLeft() {
  const left = challenge.left;
  $("attempts-left").textContent = Number.isFinite(left) ? `${left} ${left === 1 ? "try" : "tries"} left` : "";
}

function countToExpiry(seconds) {
  const node = $("code-expiry");
  countdown(node, seconds, (left) => `Works for ${formatLeft(left)}`, () => (node.textContent = "Expired"));
}

/** Makes the resend button wait for so many seconds. */
function waitToResend(seconds) {
  const resend = $("resend");
  const ready = () => {
    countdowns.delete(resend);
    resend.removeAttribute("aria-disabled");
    resend.textContent = "Send again";
  };
  if (!(seconds > 0)) return ready();
  resend.setAttribute("aria-disabled", "true");
  countdown(resend, seconds, (left) => `Send again in ${formatLeft(left)}`, () => {
    ready();
    announce("You can send the code again now.");
  });
}

async function resendCode() {
  if ($("resend").getAttribute("aria-disabled") === "true") return;
  clearFaults("code");
  const before = challenge.token;
  const answer = await call("send", { ...challenge.request, token: before });
  if (answer.status === 202 || (answer.status === 504 && answer.response?.token)) {
    takeSendAnswer(answer);
    announce(answer.response.token === before ? "The code was sent again." : "A new code was sent.");
    $("code").focus();
    askInbox();
    return;
  }
  const why = explain(answer);
  if (why.retryIn) waitToResend(why.retryIn);
  const over = answer.status === 409 || answer.status === 410 || answer.status === 400;
  showNotice("code-notice", { ...why, tone: why.retryIn ? "wait" : "bad", action: over ? makeNewCodeButton() : null }).focus();
}

async function verifyCode() {
  clearFaults("code");
  const code = normalizeDigits($("code").value);
  if (!/^\d+$/.test(code) || code.length !== challenge.codeLength) {
    markFaulty("code", `The code has ${challenge.codeLength} digits.`);
    return;
  }
  const answer = await call("verify", { token: challenge.token, code });
  if (answer.status === 200) return showProof(answer.response);
  showVerifyRefusal(answer);
}

function showVerifyRefusal(answer) {
  const why = explain(answer);
  const left = why.problem.attemptsRemaining;
  if (Number.isInteger(left)) {
    challenge.left = left;
    showTriesLeft();
  }
  if (answer.status === 422 && left !== 0) {
    const tries = Number.isInteger(left) ? ` ${left} ${left === 1 ? "try" : "tries"} left.` : "";
    markFaulty("code", `${why.title}. ${why.text}${tries}`);
    return;
  }
  const used = answer.status === 422 ? explain({ ...answer, status: 429, response: null }) : why;
  const over = answer.status >= 400 && answer.status < 500;
  if (over) endChallenge();
  // While a number is locked, a new code would be refused too.
  const action = over && !why.retryIn && !LOCKED.test(why.about) ? makeNewCodeButton() : null;
  showNotice("code-notice", { ...used, retryIn: why.retryIn, action }).focus();
}

/** Ends the challenge, so that the phone offers its code no longer. */
function endChallenge() {
  challenge.over = true;
  smsListener?.abort();
  offerCode();
}

function makeNewCodeButton() {
  return makeButton("Get a new code", "secondary", () => {
    challenge = null;
    backToNumber();
  });
}

function backToNumber() {
  clearFaults("phone", "code");
  showStep("number");
  $("phone").focus();
}

/** Puts a code into the field. The person decides when to send it. */
function fillCode(code) {
  clearFaults("code");
  $("code").value = code;
  $("code").focus();
  announce("The code is filled in. Press Verify.");
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

// ----------------------------------------------------------------------------------------- proof

function showProof({ token, expiresIn }) {
  smsListener?.abort();
  challenge.over = true;
  const { header, claims } = decodeToken(token) ?? {};
  proof = { token, audience: challenge.request.businessId };
  fillTable("token-claims", claims);
  fillTable("token-header", header);
  showRawToken(token);
  $("token-lead").replaceChildren(make("strong", {}, claims?.phone_number ?? challenge.typedPhone), " is proved for ", make("strong", {}, makeTitle(proof.audience)), ". The business takes this token instead of checking a code itself.");
  $("spend").textContent = "Spend the proof";
  const expiry = $("token-expiry");
  countdown(expiry, expiresIn, (left) => `Good for ${formatLeft(left)}`, () => (expiry.textContent = "Expired"));
  showStep("token");
  $("step-token").querySelector("h2").focus();
}

async function spendProof() {
  clearFaults();
  const answer = await call("spend", { token: proof.token, audience: proof.audience });
  if (answer.status === 200) {
    $("spend").textContent = "Spend it again";
    showNotice("spend-notice", { tone: "good", title: "Spent", text: "The business may act on it now, once. Spend it again to see that a replay is refused." });
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
  loadChoices();
  startDevice(() => $("step-code").dataset.state === "current", fillCode);
}

startDemo();
