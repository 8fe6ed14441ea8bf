// The demo: send, verify, spend.

import { call, watchedFetch } from "./calls.js";
import { $, base, clearFaults, countdown, make, showNotice, whileBusy } from "./common.js";
import { followProof, showTextsOf, startDevice } from "./device.js";
import { formatLeft } from "./phone-proof.js";
import { explain } from "./refusals.js";
import { decodeToken, fillTable, showRawToken } from "./token.js";
import { languageTag, onLanguage, put, spoken, startWords, t } from "./words.js";

// ----------------------------------------------------------------------------------------- state

let businesses = [];
/** The `<phone-proof>`, once the choices are loaded. */
let element = null;
/** The language of the text that the person chose; `null` follows the page. */
let chosenLocale = null;
/** `{phone, businessId}` of the code that was texted. */
let sent = null;
/** `{token, audience}` once the code was right. */
let proof = null;

const STEPS = ["number", "token"];

function showStep(current) {
  const at = STEPS.indexOf(current);
  STEPS.forEach((name, index) => {
    const step = $(`step-${name}`);
    step.dataset.state = index < at ? "done" : index === at ? "current" : "upcoming";
    step.querySelector(".step-body").hidden = index !== at;
    if (index === at) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  });
  $("start-over").hidden = current !== "token";
  $("number-summary").textContent = at > 0 ? sent.phone : "";
}

// ---------------------------------------------------------------------------------------- number

async function fillChoices() {
  const answer = await fetch(`${base}/v1/policy`);
  businesses = (await answer.json()).businesses;
  nameChoices();
  openProof();
}

/** Names the choices in the language of the page, and keeps what was chosen. */
function nameChoices() {
  const chosen = $("business").value;
  $("business").replaceChildren(...businesses.map(({ id, brand }) => make("option", { value: id }, `${t(makeTitle(id))} (${brand})`)));
  if (chosen) $("business").value = chosen;
  fillLocales();
}

async function loadChoices() {
  try {
    await fillChoices();
  } catch {
    showNotice("choices-notice", { title: "The choices could not be loaded", text: "The local stack did not answer. Start it, then load this page again." });
  }
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
  setChoices();
}

/** Puts the component on the page. It asks for the number and the code. */
function openProof() {
  element = document.createElement("phone-proof");
  element.fetch = watchedFetch;
  setChoices();
  element.addEventListener("phoneproof-sent", ({ detail }) => (sent = { phone: detail.challenge.request.phone, businessId: $("business").value }));
  element.addEventListener("phoneproof-shown", ({ detail }) => ($("choices").hidden = detail.shown !== "number"));
  element.addEventListener("phoneproof-verified", ({ detail }) => showProof(detail));
  followProof(element);
  $("step-number").querySelector(".prove").replaceChildren(element);
}

/** Tells the component what was chosen. */
function setChoices() {
  if (!element) return;
  element.setAttribute("issuer", base);
  element.setAttribute("business", $("business").value);
  element.setAttribute("locale", $("locale").value);
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
  clearFaults();
  proof = null;
  showTextsOf(null);
  showStep("number");
  element.reset();
}

// ----------------------------------------------------------------------------------------- start
function startDemo() {
  $("spend").addEventListener("click", () => whileBusy($("spend"), spendProof));
  $("start-over").addEventListener("click", startOver);
  $("business").addEventListener("change", fillLocales);
  $("locale").addEventListener("change", () => {
    chosenLocale = $("locale").value;
    setChoices();
  });
  onLanguage(nameChoices);
  showStep("number");
  startDevice();
  loadChoices();
}

startWords();
startDemo();
