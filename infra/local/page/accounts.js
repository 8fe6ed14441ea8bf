// The accounts demo: register, log in, use a session, reset the password.

import { call, watchedFetch } from "./calls.js";
import { $, base, clearFaults, countdown, describePhoneFault, exactTime, formatMoment, make, makeButton, markFaulty, onSubmit, showNotice, whileBusy } from "./common.js";
import { followProof, startDevice } from "./device.js";
import { formatLeft, isInternational } from "./phone-proof.js";
import { explain, isDefinite } from "./refusals.js";
import { decodeToken, fillTable } from "./token.js";
import { onLanguage, put, startWords, t } from "./words.js";

const STEPS = ["register", "login", "session", "reset"];

const ACCESS_CLAIMS = {
  sub: "the account",
  sid: "the session, which must not have ended",
  aud: "the service that accepts it",
  iss: "who issued it: the account service, not PhoneProof",
  exp: "not valid after",
  nbf: "not valid before",
  iat: "issued",
  client_id: "the client it was issued to",
  jti: "its own id",
};

/** `{access, refresh, exchanged}`: the tokens of the session, and the refresh token that was exchanged for the last one. */
let session = null;

/** The fields for the number. They say the same, so that each form has the name that a password manager keeps. */
const PHONES = { register: "phone", login: "login-phone", reset: "reset-phone" };
const PASSWORDS = ["password", "login-password", "new-password"];

const typedPhone = () => $("phone").value.trim();
const placeOfCode = (step) => $(`step-${step}`).querySelector(".prove");

function showStep(current) {
  const at = STEPS.indexOf(current);
  STEPS.forEach((name, index) => {
    const step = $(`step-${name}`);
    step.dataset.state = index === at ? "current" : index < at ? "done" : "upcoming";
    step.querySelector(".step-body").hidden = index !== at;
    if (index === at) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  });
  closeProof();
  $("forgot").hidden = current !== "login";
  $("change-password").hidden = current !== "session";
  $("back-to-login").hidden = current !== "reset";
  $("register-summary").textContent = at > 0 ? typedPhone() : "";
  put($("login-summary"), current === "session" ? "Logged in" : "");
}

/** Goes to a step and shows a notice there that says why. */
function goTo(step, notice) {
  clearFaults();
  showStep(step);
  if (notice) showNotice(`${step}-notice`, notice);
  $(`step-${step}`).querySelector("h2").focus();
}

function showRefusal(step, answer) {
  const why = explain(answer);
  if (why.slug === "invalid-phone" || why.errors.some(({ field }) => field === "phone")) markFaulty(PHONES[step], ...describePhoneFault(typedPhone()));
  else showNotice(`${step}-notice`, { ...why, tone: why.retryIn ? "wait" : "bad" }).focus();
}

/** Reads the number and a password. If one is missing, it says so on the page and returns `null`. */
function readForm(step, passwordField) {
  clearFaults(...Object.values(PHONES), ...PASSWORDS);
  if (!isInternational(typedPhone())) {
    markFaulty(PHONES[step], ...describePhoneFault(typedPhone()));
    return null;
  }
  const password = passwordField ? $(passwordField).value : "";
  if (passwordField && password === "") {
    markFaulty(passwordField, "Enter a password.");
    return null;
  }
  return { phone: typedPhone(), password };
}

/** Reads the form with a new password. It asks for no code if the password is too short to be accepted. */
function readNewPassword(step, field, fewest) {
  const given = readForm(step, field);
  if (!given || [...given.password].length >= fewest) return given;
  markFaulty(field, "Choose a longer password: at least {fewest} characters.", { fewest });
  return null;
}

// ------------------------------------------------------------------------------------------- proofs

/** Texts a code for a business action. Once the person has entered it, calls `use` with the proof. */
async function prove(step, business, use) {
  closeProof();
  const element = make("phone-proof", { issuer: base, business, phone: typedPhone() });
  element.fetch = watchedFetch;
  nameButton(element);
  element.addEventListener("phoneproof-verified", ({ detail }) => {
    closeProof();
    use(detail.token);
  });
  element.addEventListener("phoneproof-refused", ({ detail }) => {
    if (detail.problem.kind !== "invalid-phone") return;
    closeProof();
    markFaulty(PHONES[step], ...describePhoneFault(typedPhone()));
  });
  followProof(element);
  placeOfCode(step).replaceChildren(element);
  await element.send();
}

/** Says on the button what follows the code. */
function nameButton(element) {
  if (element) element.words = { verify: t("Verify and go on") };
}

const openProof = () => document.querySelector("phone-proof");

function closeProof() {
  openProof()?.remove();
}

// ---------------------------------------------------------------------------------------- the account

async function register() {
  const secondStep = $("second-step").checked;
  const given = readNewPassword("register", "password", secondStep ? 8 : 15);
  if (!given) return;
  const { password } = given;
  await prove("register", "register", (token) => registerWith({ token, password, secondStep }));
}

/** Registers with a proof. If the password is refused, the proof stays unspent and another password can be tried. */
async function registerWith(request) {
  clearFaults(...PASSWORDS);
  const answer = await call("register", request, { path: "/account/v1/accounts" });
  if (answer.status === 201) {
    $("password").value = "";
    if (answer.response.phoneMovedAt) return goTo("login", { tone: "wait", title: "Registered, but another account was moved away from this number lately", text: "If that account was yours and you did not move it, tell the operator of this service." });
    return goTo("login", { tone: "good", title: "Registered", text: "The proof is spent. You are not logged in yet." });
  }
  if (explain(answer).slug === "phone-in-use" && !request.requestUnlink) {
    const ask = makeButton("It is not my account: ask for the number", "secondary", () => whileBusy(ask, () => registerWith({ ...request, requestUnlink: true })));
    return showNotice("register-notice", { ...explain(answer), tone: "wait", action: ask }).focus();
  }
  offerAnotherTry("register", answer, "password", (password) => registerWith({ ...request, password, secondStep: $("second-step").checked }));
}

/**
 * Shows why a request with a proof was refused. If the proof stays good, the page offers to send it again: with another
 * password or recovery code if this one was refused, and as it is if nobody knows what came of the request.
 */
function offerAnotherTry(step, answer, passwordField, use) {
  const why = explain(answer);
  const isWeak = why.slug === "password-refused";
  const staysGood = isWeak || why.slug === "recovery-code-required" || !isDefinite({ ...why, status: answer.status });
  if (!staysGood) return showRefusal(step, answer);
  const again = makeButton(isWeak ? "Try this password" : "Try again", "secondary", () => whileBusy(again, () => use($(passwordField).value)));
  if (!isWeak) return showNotice(`${step}-notice`, { ...why, tone: "wait", action: again }).focus();
  showNotice(`${step}-notice`, { tone: "wait", title: "The proof is still good", text: "Choose another password. You need no new code for it.", action: again });
  markPasswordRefused(passwordField, answer);
}

/** Why the service refused a password, by what it says about it. */
const PASSWORD_FAULTS = [
  [/short/i, "Without a code at every log-in, a password needs at least 15 characters."],
  [/phone/i, "The password contains the phone number. Choose one without it."],
  [/./, "This password is among the first that others would try. Choose words of your own, without a pattern."],
];

function markPasswordRefused(field, answer) {
  const said = String(explain(answer).problem.detail ?? "?");
  markFaulty(field, PASSWORD_FAULTS.find(([pattern]) => pattern.test(said))[1]);
}

async function logIn(token) {
  const given = readForm("login", "login-password");
  if (!given) return;
  const request = { ...given, device: t("This page") };
  if (token) request.token = token;
  const answer = await call("log-in", request, { path: "/account/v1/sessions" });
  if (answer.status === 201) return beginSession(answer.response);
  if (token) return offerAnotherTry("login", answer, "login-password", () => logIn(token));
  if (explain(answer).slug !== "second-step-required") return showRefusal("login", answer);
  const text = makeButton("Text a code", "secondary", () => whileBusy(text, () => prove("login", "login", logIn)));
  showNotice("login-notice", { ...explain(answer), tone: "wait", action: text }).focus();
}

async function logInWithCode() {
  if (!readForm("login", null)) return;
  await prove("login", "login", logInWithProof);
}

async function logInWithProof(token) {
  const answer = await call("log-in", { token, device: t("This page") }, { path: "/account/v1/sessions" });
  if (answer.status === 201) return beginSession(answer.response);
  offerAnotherTry("login", answer, "login-password", () => logInWithProof(token));
}

async function reset() {
  const given = readNewPassword("reset", "new-password", 8);
  if (!given) return;
  await prove("reset", "password-reset", (token) => resetWith(token, given.password));
}

/** Resets the password with a proof. If the password or the recovery code is refused, the proof stays unspent. */
async function resetWith(token, password) {
  clearFaults(...PASSWORDS);
  const request = { token, password };
  const recoveryCode = $("recovery-code").value.trim();
  if (recoveryCode) request.recoveryCode = recoveryCode;
  const answer = await call("reset", request, { path: "/account/v1/password-reset" });
  if (answer.status !== 204) return offerAnotherTry("reset", answer, "new-password", (another) => resetWith(token, another));
  $("new-password").value = "";
  $("recovery-code").value = "";
  session = null;
  goTo("login", { tone: "good", title: "The password is set", text: "Every session has ended. Log in with the new password." });
}

// ---------------------------------------------------------------------------------------- the session

function beginSession(tokens) {
  $("login-password").value = "";
  session = null;
  takeTokens(tokens);
  goTo("session");
  put($("session-lead"), "{phone} has a session: an access token for ten minutes, and a refresh token to get the next one.", { phone: make("strong", {}, typedPhone()) });
  fillAnswer([]);
}

function takeTokens({ accessToken, refreshToken, expiresIn }) {
  // Repeating an exchange returns the token that the page holds already.
  const exchanged = session?.refresh === refreshToken ? session.exchanged : session?.refresh;
  session = { access: accessToken, refresh: refreshToken, exchanged };
  fillTable("token-claims", decodeToken(accessToken)?.claims, ACCESS_CLAIMS);
  const expiry = $("access-expiry");
  countdown(expiry, expiresIn, (left) => t("The access token is good for {time}", { time: formatLeft(left) }), () => put(expiry, "The access token has expired: refresh"));
  $("replay").hidden = !session.exchanged;
}

/**
 * Calls the API with the access token. An expired one is exchanged first. Only when the service says that the session is
 * over, the page goes back to the log-in.
 */
async function withSession(kind, method, path) {
  clearFaults();
  const ask = () => call(kind, null, { method, path: `/account/v1${path}`, token: session.access });
  let answer = await ask();
  if (explain(answer).slug === "invalid-token") {
    if (!(await exchange(session.refresh))) return null;
    answer = await ask();
  }
  if (answer.status === 401 && isDefinite({ ...explain(answer), status: answer.status })) return endSession(answer);
  if (answer.status < 200 || answer.status > 299) {
    showRefusal("session", answer);
    return null;
  }
  return answer;
}

/** Forgets the session and says why. */
function endSession(answer) {
  session = null;
  goTo("login", { ...explain(answer), tone: "bad" });
  return null;
}

/**
 * Exchanges a refresh token. Returns whether it gave the token that the page has already, or `null`. A refusal of the service ends the session. A lost reply or a
 * service that is away does not: the same token gets the same answer for half a minute, so another try is safe.
 */
async function exchange(token) {
  const answer = await call("refresh", { refreshToken: token }, { path: "/account/v1/sessions/refresh" });
  if (answer.status === 200 && answer.response?.refreshToken) {
    const same = answer.response.refreshToken === session.refresh;
    takeTokens(answer.response);
    return { same };
  }
  if (isDefinite({ ...explain(answer), status: answer.status }) && answer.status === 401) return endSession(answer);
  showRefusal("session", answer);
  return null;
}

/** Fills the table with what the service said: rows of a name, a text, and the values of both, the text's first. */
function fillAnswer(rows) {
  const made = rows.map(([name, text, values, named]) => make("tr", {}, put(make("th", { scope: "row" }), name, named), put(make("td"), text, values)));
  $("session-answer").tBodies[0].replaceChildren(...made);
}

const formatTime = (instant) => () => exactTime.format(new Date(instant));
const yesOrNo = (is) => (is ? "Yes" : "No");

async function me() {
  const answer = await withSession("me", "GET", "/me");
  if (!answer) return;
  const { phone, secondStep, hasRecoveryCode, createdAt, unlinkRequestedAt } = answer.response;
  const asked = unlinkRequestedAt ? [["Asked for by somebody else", "{at}", { at: formatTime(unlinkRequestedAt) }]] : [];
  fillAnswer([
    ["Number", "{phone}", { phone }],
    ["Registered on", "{at}", { at: formatTime(createdAt) }],
    ["A code at every log-in", yesOrNo(secondStep)],
    ["A recovery code", yesOrNo(hasRecoveryCode)],
    ...asked,
  ]);
}

async function sessions() {
  const answer = await withSession("sessions", "GET", "/sessions");
  if (!answer) return;
  const row = ({ device, usedAt, current }) => [device ? "{device}" : "No name", current ? "Used {at}. It is this one." : "Used {at}.", { at: () => formatMoment(usedAt) }, { device }];
  fillAnswer(answer.response.sessions.map(row));
}

async function recovery() {
  const answer = await withSession("recovery", "POST", "/recovery-code");
  if (answer) fillAnswer([["Recovery code", "{code} Write it down: it is not shown again, and it works once.", { code: make("strong", {}, answer.response.recoveryCode) }]]);
}

async function refresh(token) {
  clearFaults();
  const exchanged = await exchange(token);
  if (!exchanged) return;
  const { same } = exchanged;
  const text = same ? "For half a minute the old token returns the same successor again, in case a client lost the reply. Replay it later than that, and the session ends." : "The old refresh token is no longer valid.";
  showNotice("session-notice", { tone: "good", title: same ? "The same successor once more" : "Refreshed", text });
}

async function logOut() {
  if (await withSession("log-out", "DELETE", "/sessions/all")) goTo("login", { tone: "good", title: "Logged out", text: "Every session of the account has ended." });
}

/** Asks before the account is deleted, because nothing brings it back. */
function askToDelete() {
  $("delete-dialog").returnValue = "";
  $("delete-dialog").showModal();
}

async function deleteAccount() {
  if (await withSession("delete", "DELETE", "/me")) {
    session = null;
    goTo("register", { tone: "good", title: "Deleted", text: "The number can be registered again." });
  }
}

// ------------------------------------------------------------------------------------------------ start

/** Copies a number to the other forms, which ask for the same one. */
function copyPhone(from) {
  for (const id of Object.values(PHONES)) $(id).value = $(from).value;
}

function showPassword(button, shown) {
  $(button.dataset.shows).type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
  put(button.firstElementChild, shown ? "Hide" : "Show");
}

/** Hides passwords again, so that no form leaves one in sight and password managers know the field. */
function hidePasswords() {
  for (const button of document.querySelectorAll("[data-shows]")) showPassword(button, false);
}

function onClick(id, work) {
  $(id).addEventListener("click", () => whileBusy($(id), work));
}

onSubmit("register-form", "register", register);
onSubmit("login-form", "login", () => logIn());
onSubmit("reset-form", "reset", reset);
onClick("login-code", logInWithCode);
onClick("me", me);
onClick("sessions", sessions);
onClick("recovery", recovery);
onClick("refresh", () => refresh(session.refresh));
onClick("replay", () => refresh(session.exchanged));
onClick("log-out", logOut);
onClick("delete", askToDelete);
$("delete-dialog").addEventListener("close", () => $("delete-dialog").returnValue === "delete" && whileBusy($("delete"), deleteAccount));
$("have-account").addEventListener("click", () => goTo("login"));
$("forgot").addEventListener("click", () => goTo("reset"));
$("change-password").addEventListener("click", () => goTo("reset"));
$("back-to-login").addEventListener("click", () => goTo("login"));
for (const id of Object.values(PHONES)) $(id).addEventListener("input", () => copyPhone(id));
for (const button of document.querySelectorAll("[data-shows]")) button.addEventListener("click", () => showPassword(button, $(button.dataset.shows).type === "password"));
for (const form of document.forms) form.addEventListener("submit", hidePasswords);
startWords();
startDevice();
onLanguage(() => nameButton(openProof()));
showStep("register");
