// The account service: register, log in, use and lose a session, reset the password.

import { $, announce, button, call, clearFaults, clock, countdown, decoded, deviceId, explain, faultyField, fillTable, isInternational, make, onSubmit, plainDigits, showNotice, whileBusy } from "./common.js";
import { offerCode, showTextsOf, startDevice } from "./device.js";

const CODE_LENGTH = 6;
const STEPS = ["register", "login", "session", "reset"];

const ACCESS_CLAIMS = {
  sub: "the account",
  sid: "the session: it must be alive as well",
  aud: "the service it opens",
  iss: "who issued it: the account service, not PhoneProof",
  exp: "not good after",
  nbf: "not good before",
  iat: "issued",
  client_id: "the client it was issued to",
  jti: "its own id",
};

/** The code that is awaited: what it is for is in the step that asked. */
let challenge = null;
/** `{access, refresh, exchanged}`: the tokens of the session, and the refresh token before the last. */
let session = null;

const phone = () => $("phone").value.trim();

function showStep(current) {
  const at = STEPS.indexOf(current);
  STEPS.forEach((name, index) => {
    const step = $(`step-${name}`);
    step.dataset.state = index === at ? "current" : index < at ? "done" : "upcoming";
    step.querySelector(".step-body").hidden = index !== at;
    if (index === at) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  });
  for (const slot of document.querySelectorAll(".prove")) slot.replaceChildren();
  endChallenge();
  $("forgot").hidden = current !== "login";
  $("change-password").hidden = current !== "session";
  $("back-to-login").hidden = current !== "reset";
  $("register-summary").textContent = at > 0 ? phone() : "";
  $("login-summary").textContent = current === "session" ? "Logged in" : "";
}

/** Goes to a step and says, there, why. */
function turnTo(step, notice) {
  clearFaults();
  showStep(step);
  if (notice) showNotice(`${step}-notice`, notice);
  $(`step-${step}`).querySelector("h2").focus();
}

function refused(step, answer) {
  const why = explain(answer);
  showNotice(`${step}-notice`, { ...why, tone: why.retryAt ? "wait" : "bad" }).focus();
}

/** The number and a password, or `null` after saying what is missing. */
function entered(passwordField) {
  clearFaults("phone", "password", "login-password", "new-password");
  if (!isInternational(phone())) {
    showStep("register");
    faultyField("phone", "Enter the number with a leading + and its country code.");
    return null;
  }
  const password = passwordField ? $(passwordField).value : "";
  if (passwordField && password === "") {
    faultyField(passwordField, "Enter a password.");
    return null;
  }
  return { phone: phone(), password };
}

// ------------------------------------------------------------------------------------------- proofs

/** Texts a code for a business and, once it is right, calls `use` with the proof. */
async function prove(step, business, use) {
  const answer = await call("send", { phone: phone(), uniqueId: deviceId(), businessId: business });
  if (answer.status !== 202) return refused(step, answer);
  challenge = { phone: phone(), recipient: null, codeLength: CODE_LENGTH, messages: [], over: false };
  $(`step-${step}`).querySelector(".prove").replaceChildren(codeForm(step, answer.response.token, use));
  showTextsOf(challenge);
  $("code").focus();
}

function codeForm(step, token, use) {
  const field = make("input", { id: "code", class: "code-input", type: "text", inputmode: "numeric", autocomplete: "one-time-code", autocapitalize: "off", spellcheck: "false", maxlength: "12", required: "", "aria-describedby": "code-error" });
  const submit = make("button", { type: "submit", class: "primary", id: "verify" }, "Verify and go on");
  const form = make(
    "form",
    { class: "code-form", novalidate: "" },
    make("div", { class: "field" }, make("label", { for: "code" }, "Code from the message"), field),
    make("p", { class: "field-error", id: "code-error", role: "alert" }),
    make("div", { class: "actions" }, submit),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(submit, () => check(step, token, use));
  });
  return form;
}

async function check(step, token, use) {
  clearFaults("code");
  const code = plainDigits($("code").value);
  if (!/^\d+$/.test(code) || code.length !== CODE_LENGTH) {
    faultyField("code", `The code has ${CODE_LENGTH} digits.`);
    return;
  }
  const answer = await call("verify", { token, code });
  if (answer.status === 200) {
    closeCode(step);
    await use(answer.response.token);
  } else if (answer.status === 422 && answer.response?.attemptsRemaining > 0) {
    const why = explain(answer);
    faultyField("code", `${why.title}. ${why.text}`);
  } else {
    closeCode(step);
    refused(step, answer);
  }
}

function closeCode(step) {
  endChallenge();
  $(`step-${step}`).querySelector(".prove").replaceChildren();
}

function endChallenge() {
  if (challenge) challenge.over = true;
  offerCode();
}

function fillCode(code) {
  $("code").value = code;
  $("code").focus();
  announce("The code is filled in. Press Verify.");
}

// ---------------------------------------------------------------------------------------- the account

async function register() {
  const given = entered("password");
  if (!given) return;
  const { password } = given;
  const secondStep = $("second-step").checked;
  await prove("register", "register", (token) => finish({ token, password, secondStep }));
}

/** Registers with a proof. A password that is refused leaves the proof unspent: another one can be tried with it. */
async function finish(request) {
  const answer = await call("register", request, { path: "/account/v1/accounts" });
  if (answer.status === 201) {
    $("password").value = "";
    return turnTo("login", { tone: "good", title: "Registered", text: "The proof is spent. Registering does not log in." });
  }
  if (answer.status !== 422) return refused("register", answer);
  const accepted = explain(answer).errors[0]?.accepted ?? "";
  faultyField("password", `Accepted: ${accepted}. The proof is still good.`);
  const again = button("Try this password", "secondary", () => whileBusy(again, () => finish({ ...request, password: $("password").value, secondStep: $("second-step").checked })));
  showNotice("register-notice", { ...explain(answer), action: again });
}

async function logIn(token) {
  const given = entered("login-password");
  if (!given) return;
  const request = { ...given, device: "This page" };
  if (token) request.token = token;
  const answer = await call("log-in", request, { path: "/account/v1/sessions" });
  if (answer.status === 201) return begin(answer.response);
  if (answer.status !== 403 || !/second-step/.test(explain(answer).about)) return refused("login", answer);
  const text = button("Text a code", "secondary", () => whileBusy(text, () => prove("login", "login", logIn)));
  showNotice("login-notice", { ...explain(answer), tone: "wait", action: text }).focus();
}

async function logInWithCode() {
  if (!entered(null)) return;
  await prove("login", "login", async (token) => {
    const answer = await call("log-in", { token, device: "This page" }, { path: "/account/v1/sessions" });
    if (answer.status === 201) begin(answer.response);
    else refused("login", answer);
  });
}

async function reset() {
  const given = entered("new-password");
  if (!given) return;
  await prove("reset", "password-reset", async (token) => {
    const request = { token, password: $("new-password").value };
    const recoveryCode = $("recovery-code").value.trim();
    if (recoveryCode) request.recoveryCode = recoveryCode;
    const answer = await call("reset", request, { path: "/account/v1/password-reset" });
    if (answer.status !== 204) return refused("reset", answer);
    $("new-password").value = "";
    $("recovery-code").value = "";
    session = null;
    turnTo("login", { tone: "good", title: "The password is set", text: "Every session has ended. Log in with the new one." });
  });
}

// ---------------------------------------------------------------------------------------- the session

function begin(tokens) {
  $("login-password").value = "";
  session = null;
  takeTokens(tokens);
  turnTo("session");
  $("session-lead").replaceChildren(make("strong", {}, phone()), " has a session: an access token for ten minutes, and a refresh token to go on.");
  fillTable("session-answer", {}, {});
}

function takeTokens({ accessToken, refreshToken, expiresAt }) {
  // A repeated exchange gives the token that is at hand already.
  const exchanged = session?.refresh === refreshToken ? session.exchanged : session?.refresh;
  session = { access: accessToken, refresh: refreshToken, exchanged };
  fillTable("token-claims", decoded(accessToken)?.claims, ACCESS_CLAIMS);
  const expiry = $("access-expiry");
  countdown(expiry, expiresAt, (left) => `The access token is good for ${clock(left)}`, () => (expiry.textContent = "The access token has expired: refresh"));
  $("replay").hidden = !session.exchanged;
}

/** A call with the access token; when the session is over it leads back to the log-in. */
async function withSession(kind, method, path) {
  clearFaults();
  const answer = await call(kind, null, { method, path: `/account/v1${path}`, token: session.access });
  if (answer.status === 401) {
    session = null;
    turnTo("login", explain(answer));
    return null;
  }
  if (answer.status > 299 || answer.status === 0) {
    refused("session", answer);
    return null;
  }
  return answer;
}

async function me() {
  const answer = await withSession("me", "GET", "/me");
  if (answer) fillTable("session-answer", answer.response, {});
}

async function sessions() {
  const answer = await withSession("sessions", "GET", "/sessions");
  const row = ({ device, usedAt, current }, index) => [`${index + 1}. ${device || "no name"}`, `used ${usedAt}${current ? ", this one" : ""}`];
  if (answer) fillTable("session-answer", Object.fromEntries(answer.response.sessions.map(row)), {});
}

async function recovery() {
  const answer = await withSession("recovery", "POST", "/recovery-code");
  if (answer) fillTable("session-answer", answer.response, { recoveryCode: "write it down: it is not shown again, and counts once" });
}

async function refresh(token) {
  clearFaults();
  const answer = await call("refresh", { refreshToken: token }, { path: "/account/v1/sessions/refresh" });
  if (answer.status !== 200) {
    session = null;
    return turnTo("login", explain(answer));
  }
  const same = answer.response.refreshToken === session.refresh;
  takeTokens(answer.response);
  const text = same ? "Within half a minute an old token gives the same successor again, for a client that lost the reply. Wait, and replay it: the session ends." : "The old refresh token is worth nothing now.";
  showNotice("session-notice", { tone: "good", title: same ? "The same successor once more" : "Refreshed", text });
}

async function logOut() {
  if (await withSession("log-out", "DELETE", "/sessions/all")) turnTo("login", { tone: "good", title: "Logged out", text: "Every session of the account is over." });
}

async function deleteAccount() {
  if (await withSession("delete", "DELETE", "/me")) {
    session = null;
    turnTo("register", { tone: "good", title: "Deleted", text: "The number can be registered again." });
  }
}

// ------------------------------------------------------------------------------------------------ start

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
onClick("delete", deleteAccount);
$("have-account").addEventListener("click", () => entered(null) && turnTo("login"));
$("forgot").addEventListener("click", () => entered(null) && turnTo("reset"));
$("change-password").addEventListener("click", () => turnTo("reset"));
$("back-to-login").addEventListener("click", () => turnTo("login"));
startDevice(() => $("code") !== null, fillCode);
showStep("register");
