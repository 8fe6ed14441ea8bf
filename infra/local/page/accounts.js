// The accounts demo: register, log in, use a session, reset the password.

import { $, announce, call, clearFaults, countdown, decodeToken, deviceId, explain, fillTable, formatLeft, isInternational, make, makeButton, markFaulty, normalizeDigits, onSubmit, showNotice, whileBusy } from "./common.js";
import { offerCode, showTextsOf, startDevice } from "./device.js";

const CODE_LENGTH = 6;
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

/** The challenge whose code is awaited, in the form that device.js expects; `null` before the first. */
let challenge = null;
/** `{access, refresh, exchanged}`: the tokens of the session, and the refresh token that was exchanged for the last one. */
let session = null;

const typedPhone = () => $("phone").value.trim();

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
  $("register-summary").textContent = at > 0 ? typedPhone() : "";
  $("login-summary").textContent = current === "session" ? "Logged in" : "";
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
  showNotice(`${step}-notice`, { ...why, tone: why.retryIn ? "wait" : "bad" }).focus();
}

/** Reads the number and a password. If one is missing, it says so on the page and returns `null`. */
function readForm(passwordField) {
  clearFaults("phone", "password", "login-password", "new-password");
  if (!isInternational(typedPhone())) {
    showStep("register");
    markFaulty("phone", "Enter the number with a leading + and its country code.");
    return null;
  }
  const password = passwordField ? $(passwordField).value : "";
  if (passwordField && password === "") {
    markFaulty(passwordField, "Enter a password.");
    return null;
  }
  return { phone: typedPhone(), password };
}

// ------------------------------------------------------------------------------------------- proofs

/** Texts a code for a business action. Once the person has entered it, calls `use` with the proof. */
async function prove(step, business, use) {
  const answer = await call("send", { phone: typedPhone(), uniqueId: deviceId(), businessId: business });
  if (answer.status !== 202) return showRefusal(step, answer);
  challenge = { typedPhone: typedPhone(), recipient: null, codeLength: CODE_LENGTH, messages: [], over: false };
  $(`step-${step}`).querySelector(".prove").replaceChildren(makeCodeForm(step, answer.response.token, use));
  showTextsOf(challenge);
  $("code").focus();
}

function makeCodeForm(step, token, use) {
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
  const code = normalizeDigits($("code").value);
  if (!/^\d+$/.test(code) || code.length !== CODE_LENGTH) {
    markFaulty("code", `The code has ${CODE_LENGTH} digits.`);
    return;
  }
  const answer = await call("verify", { token, code });
  if (answer.status === 200) {
    closeCode(step);
    await use(answer.response.token);
  } else if (answer.status === 422 && answer.response?.attemptsRemaining > 0) {
    const why = explain(answer);
    markFaulty("code", `${why.title}. ${why.text}`);
  } else {
    closeCode(step);
    showRefusal(step, answer);
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
  const given = readForm("password");
  if (!given) return;
  const { password } = given;
  const secondStep = $("second-step").checked;
  await prove("register", "register", (token) => registerWith({ token, password, secondStep }));
}

/** Registers with a proof. If the password is refused, the proof stays unspent and another password can be tried. */
async function registerWith(request) {
  const answer = await call("register", request, { path: "/account/v1/accounts" });
  if (answer.status === 201) {
    $("password").value = "";
    return goTo("login", { tone: "good", title: "Registered", text: "The proof is spent. You are not logged in yet." });
  }
  if (answer.status === 409 && /phone-in-use/.test(explain(answer).about) && !request.requestUnlink) {
    const ask = makeButton("It is not my account: ask for the number", "secondary", () => whileBusy(ask, () => registerWith({ ...request, requestUnlink: true })));
    return showNotice("register-notice", { ...explain(answer), tone: "wait", action: ask }).focus();
  }
  if (answer.status !== 422) return showRefusal("register", answer);
  const accepted = explain(answer).errors[0]?.accepted ?? "";
  markFaulty("password", `Accepted: ${accepted}. The proof is still good.`);
  const again = makeButton("Try this password", "secondary", () => whileBusy(again, () => registerWith({ ...request, password: $("password").value, secondStep: $("second-step").checked })));
  showNotice("register-notice", { ...explain(answer), action: again });
}

async function logIn(token) {
  const given = readForm("login-password");
  if (!given) return;
  const request = { ...given, device: "This page" };
  if (token) request.token = token;
  const answer = await call("log-in", request, { path: "/account/v1/sessions" });
  if (answer.status === 201) return beginSession(answer.response);
  if (answer.status !== 403 || !/second-step/.test(explain(answer).about)) return showRefusal("login", answer);
  const text = makeButton("Text a code", "secondary", () => whileBusy(text, () => prove("login", "login", logIn)));
  showNotice("login-notice", { ...explain(answer), tone: "wait", action: text }).focus();
}

async function logInWithCode() {
  if (!readForm(null)) return;
  await prove("login", "login", async (token) => {
    const answer = await call("log-in", { token, device: "This page" }, { path: "/account/v1/sessions" });
    if (answer.status === 201) beginSession(answer.response);
    else showRefusal("login", answer);
  });
}

async function reset() {
  const given = readForm("new-password");
  if (!given) return;
  await prove("reset", "password-reset", async (token) => {
    const request = { token, password: $("new-password").value };
    const recoveryCode = $("recovery-code").value.trim();
    if (recoveryCode) request.recoveryCode = recoveryCode;
    const answer = await call("reset", request, { path: "/account/v1/password-reset" });
    if (answer.status !== 204) return showRefusal("reset", answer);
    $("new-password").value = "";
    $("recovery-code").value = "";
    session = null;
    goTo("login", { tone: "good", title: "The password is set", text: "Every session has ended. Log in with the new password." });
  });
}

// ---------------------------------------------------------------------------------------- the session

function beginSession(tokens) {
  $("login-password").value = "";
  session = null;
  takeTokens(tokens);
  goTo("session");
  $("session-lead").replaceChildren(make("strong", {}, typedPhone()), " has a session: an access token for ten minutes, and a refresh token to get the next one.");
  fillTable("session-answer", {}, {});
}

function takeTokens({ accessToken, refreshToken, expiresIn }) {
  // Repeating an exchange returns the token that the page holds already.
  const exchanged = session?.refresh === refreshToken ? session.exchanged : session?.refresh;
  session = { access: accessToken, refresh: refreshToken, exchanged };
  fillTable("token-claims", decodeToken(accessToken)?.claims, ACCESS_CLAIMS);
  const expiry = $("access-expiry");
  countdown(expiry, expiresIn, (left) => `The access token is good for ${formatLeft(left)}`, () => (expiry.textContent = "The access token has expired: refresh"));
  $("replay").hidden = !session.exchanged;
}

/** Calls the API with the access token. If the session is over, it goes back to the log-in. */
async function withSession(kind, method, path) {
  clearFaults();
  const answer = await call(kind, null, { method, path: `/account/v1${path}`, token: session.access });
  if (answer.status === 401) {
    session = null;
    goTo("login", explain(answer));
    return null;
  }
  if (answer.status > 299 || answer.status === 0) {
    showRefusal("session", answer);
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
  if (answer) fillTable("session-answer", answer.response, { recoveryCode: "write it down: it is not shown again, and it works once" });
}

async function refresh(token) {
  clearFaults();
  const answer = await call("refresh", { refreshToken: token }, { path: "/account/v1/sessions/refresh" });
  if (answer.status !== 200) {
    session = null;
    return goTo("login", explain(answer));
  }
  const same = answer.response.refreshToken === session.refresh;
  takeTokens(answer.response);
  const text = same ? "For half a minute the old token returns the same successor again, in case a client lost the reply. Replay it later than that, and the session ends." : "The old refresh token is no longer valid.";
  showNotice("session-notice", { tone: "good", title: same ? "The same successor once more" : "Refreshed", text });
}

async function logOut() {
  if (await withSession("log-out", "DELETE", "/sessions/all")) goTo("login", { tone: "good", title: "Logged out", text: "Every session of the account has ended." });
}

async function deleteAccount() {
  if (await withSession("delete", "DELETE", "/me")) {
    session = null;
    goTo("register", { tone: "good", title: "Deleted", text: "The number can be registered again." });
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
$("have-account").addEventListener("click", () => readForm(null) && goTo("login"));
$("forgot").addEventListener("click", () => readForm(null) && goTo("reset"));
$("change-password").addEventListener("click", () => goTo("reset"));
$("back-to-login").addEventListener("click", () => goTo("login"));
startDevice(() => $("code") !== null, fillCode);
showStep("register");
