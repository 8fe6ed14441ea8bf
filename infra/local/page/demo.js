// The demo: send, verify, spend.

import { $, call, clearFaults, countdown, decodeToken, describePhoneFault, deviceId, explain, fillTable, formatLeft, isInternational, make, markFaulty, onSubmit, showNotice, showRawToken, whileBusy } from "./common.js";
import { began, closeCode, fillCode, isAwaited, openCode } from "./code.js";
import { offerCode, showTextsOf, startDevice } from "./device.js";
import { languageTag, onLanguage, put, spoken, startWords, t } from "./words.js";

// ----------------------------------------------------------------------------------------- state

let businesses = [];
let countries = [];
/** The language of the text that the person chose; `null` follows the page. */
let chosenLocale = null;
/** The request that the code was texted for. */
let sent = null;
/** `{token, audience}` once the code was right. */
let proof = null;

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
  $("back-to-code").hidden = !(current === "number" && isAwaited());
  $("number-summary").textContent = at > 0 ? sent.phone : "";
  put($("code-summary"), at > 1 ? "The code was right" : "");
  offerCode();
}

// ---------------------------------------------------------------------------------------- number

async function fillChoices() {
  const answer = await fetch("/demo/config");
  const config = await answer.json();
  businesses = config.businesses;
  countries = config.countries;
  nameChoices();
  $("region").value = guessCountry(countries);
}

/** Names the choices in the language of the page, and keeps what was chosen. */
function nameChoices() {
  const chosen = [$("region").value, $("business").value];
  const names = new Intl.DisplayNames(languageTag(), { type: "region" });
  const named = countries.map((code) => [code, names.of(code)]);
  named.sort((a, b) => a[1].localeCompare(b[1], languageTag()));
  $("region").replaceChildren(...named.map(([code, name]) => make("option", { value: code }, name)));
  $("business").replaceChildren(...businesses.map(({ id, brand }) => make("option", { value: id }, `${t(makeTitle(id))} (${brand})`)));
  if (chosen[0]) [$("region").value, $("business").value] = chosen;
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

/** Fills in the languages of the texts. The language of the page is chosen until the person chooses another. */
function fillLocales() {
  const business = businesses.find(({ id }) => id === $("business").value);
  const names = new Intl.DisplayNames(languageTag(), { type: "language" });
  const locales = business?.locales ?? [];
  $("locale").replaceChildren(...locales.map((tag) => make("option", { value: tag }, names.of(tag) ?? tag)));
  const own = navigator.languages.map((language) => language.split("-")[0]);
  // An English page says nothing about a person whose language it does not have.
  const page = spoken() === "en" && own[0] !== "en" ? [] : [spoken()];
  $("locale").value = [chosenLocale, ...page, ...own, locales[0]].find((tag) => locales.includes(tag)) ?? "";
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
  if (began(answer)) {
    sent = request;
    showStep("code");
    openCode($("step-code").querySelector(".prove"), { request, answer, label: "Verify", use: showProof, again: backToNumber });
  } else {
    showSendRefusal(answer);
  }
}

/** What the page calls the members of a send request. */
const FIELDS = { region: "Country", businessId: "Business action", locale: "Message language", uniqueId: "This browser" };

function showSendRefusal(answer) {
  const why = explain(answer);
  if (why.errors.some(({ field }) => field === "phone")) {
    const country = () => $("region").selectedOptions[0]?.textContent ?? "";
    markFaulty("phone", ...describePhoneFault($("phone").value, country));
    return;
  }
  const fields = () => why.errors.map(({ field }) => t(FIELDS[field] ?? "The request")).join(", ");
  const faulty = answer.status === 400 && why.errors.length > 0 ? { text: "The service could not use this: {fields}.", values: { fields } } : {};
  const box = showNotice("number-notice", { ...why, ...faulty, tone: why.retryIn ? "wait" : "bad" });
  // A refusal of the number itself is corrected in its field.
  if (/ 403 (?!.*blocked)/.test(why.about)) {
    $("phone").setAttribute("aria-invalid", "true");
    $("phone").focus();
  } else {
    box.focus();
  }
}

function backToNumber() {
  clearFaults("phone");
  showStep("number");
  $("phone").focus();
}

// ----------------------------------------------------------------------------------------- proof

function showProof({ token, expiresIn }) {
  const { header, claims } = decodeToken(token) ?? {};
  proof = { token, audience: sent.businessId };
  fillTable("token-claims", claims);
  fillTable("token-header", header);
  showRawToken(token);
  const phone = make("strong", {}, claims?.phone_number ?? sent.phone);
  const business = put(make("strong"), makeTitle(proof.audience));
  put($("token-lead"), "{phone} is proved for {business}. The business takes this token instead of checking a code itself.", { phone, business });
  put($("spend"), "Spend the proof");
  const expiry = $("token-expiry");
  countdown(expiry, expiresIn, (left) => t("Good for {time}", { time: formatLeft(left) }), () => put(expiry, "Expired"));
  showStep("token");
  $("step-token").querySelector("h2").focus();
}

async function spendProof() {
  clearFaults();
  const answer = await call("spend", { token: proof.token, audience: proof.audience });
  if (answer.status === 200) {
    put($("spend"), "Spend it again");
    showNotice("spend-notice", { tone: "good", title: "Spent", text: "The business may act on it now, once. Spend it again to see that a replay is refused." });
  } else {
    showNotice("spend-notice", { ...explain(answer), tone: answer.status === 409 ? "wait" : "bad" });
  }
}

function startOver() {
  closeCode();
  proof = null;
  $("phone").value = "";
  showTextsOf(null);
  backToNumber();
}

// ----------------------------------------------------------------------------------------- start
function startDemo() {
  onSubmit("number-form", "send", sendCode);
  $("spend").addEventListener("click", () => whileBusy($("spend"), spendProof));
  $("change-number").addEventListener("click", backToNumber);
  $("back-to-code").addEventListener("click", () => {
    clearFaults("phone");
    showStep("code");
    $("code").focus();
  });
  $("start-over").addEventListener("click", startOver);
  $("business").addEventListener("change", fillLocales);
  $("locale").addEventListener("change", () => (chosenLocale = $("locale").value));
  onLanguage(nameChoices);
  showStep("number");
  loadChoices();
  startDevice(() => $("step-code").dataset.state === "current", fillCode);
}

startWords();
startDemo();
