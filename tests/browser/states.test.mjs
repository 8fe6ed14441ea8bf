// Every state of <phone-proof> that a person can see, in every look: axe-core finds nothing, and nothing is cut off. The page
// is that of component.mjs; the service's answers are played.

import assert from "node:assert/strict";

import { LOGIN, ORIGIN, PHONE, SUCCESS, hold, on, proof, refuse, set, setPage } from "./component.mjs";
import { BASE, accepted, answer, assertAccessible, inSeconds, shot } from "./support.mjs";

const FIXED = `business="login" phone="${PHONE}"`;
const DISABLED = `business="login" disabled`;
const makeLimit = () => [429, "limited", { rule: "phone-per-hour", retryAt: inSeconds(1800) }];
const makeWish = () => [429, "limited", { rule: "country-purse", retryAt: inSeconds(1800), challenge: "attestation" }];
const makeLock = () => [429, "limited", { rule: "phone-lock", retryAt: inSeconds(3000) }];

// What a person does. The words are those of the language, so fields and buttons are named by their ids.
const click = (tab, id) => tab.locator(`#${id}`).click();
const isThere = (tab, selector) => tab.locator(selector).first().waitFor();
async function send(tab, phone = PHONE) {
  await tab.locator("#phone").fill(phone);
  await click(tab, "send");
}
async function enter(tab, code) {
  await tab.locator("#code").fill(code);
  await click(tab, "verify");
}
const refuseSend = (tab, [status, slug, more] = makeLimit()) => refuse(tab, "/v1/send", status, slug, more);
const refuseCode = (tab, status, slug, more) => refuse(tab, "/v1/verify", status, slug, more);

// What the states begin with.
async function toCode(tab, more = {}) {
  await answer(tab, "/v1/send", 202, accepted({ resendIn: 0, ...more }));
  await send(tab);
  await isThere(tab, "#code");
}
async function toDone(tab, more = {}) {
  await toCode(tab);
  await answer(tab, "/v1/verify", 200, { ...SUCCESS, ...more });
  await enter(tab, "123456");
}
async function toFixedCode(tab) {
  await answer(tab, "/v1/send", 202, accepted({ resendIn: 0 }));
  await click(tab, "send");
  await isThere(tab, "#code");
}
/** Has a page that is asked for an attestation, and has none. */
const haveNoAttestation = (tab) => tab.evaluate(() => document.addEventListener("phoneproof-attestation-needed", ({ detail }) => detail.respondWith(null)));
async function goOffline(tab) {
  await tab.evaluate(() => Object.defineProperty(navigator, "onLine", { get: () => false, configurable: true }));
  await tab.route(`${BASE}/v1/*`, (route) => route.abort());
}
const serve = (tab, policy) => tab.route(`${BASE}/v1/policy`, (route) => route.fulfill({ json: { countries: ["DE", "US"], resendIn: 60, businesses: [LOGIN], ...policy }, headers: { "access-control-allow-origin": "*" } }));

/** The states by name: how each is reached, what shows it, and the attributes of the element. */
const STATES = {
  "number": [() => {}, "#region"],
  "no number": [(tab) => click(tab, "send"), "#phone-error:not(:empty)"],
  "no such number": [async (tab) => {
    await refuseSend(tab, [400, "invalid-phone", { errors: [{ field: "phone", accepted: "E.164" }] }]);
    await send(tab, "12");
  }, "#phone-error:not(:empty)"],
  "sending": [async (tab) => {
    await hold(tab, "/v1/send");
    await send(tab);
  }, "#announcer:not(:empty)"],
  "limited": [async (tab) => {
    await refuseSend(tab);
    await send(tab);
  }, "#number-notice .timer"],
  "blocked": [async (tab) => {
    await refuseSend(tab, [403, "blocked", { rule: "blocked-phone" }]);
    await send(tab);
  }, "#number-notice .bad"],
  "set-up at fault": [() => {}, "#number-notice .notice", `business="lgoin"`],
  "no attestation": [async (tab) => {
    await haveNoAttestation(tab);
    await refuseSend(tab, makeWish());
    await send(tab);
  }, "#number-notice .notice"],
  "offline": [async (tab) => {
    await goOffline(tab);
    await send(tab);
  }, "#number-notice .notice"],
  "has a code already": [async (tab) => {
    await toCode(tab);
    await click(tab, "change-number");
  }, "#back-to-code"],
  "code": [toCode, "#code-expiry:not(:empty)"],
  "code, wait before another": [(tab) => toCode(tab, { resendIn: 60 }), "#resend[aria-disabled]"],
  "code, or a call": [async (tab) => {
    await toCode(tab, { channels: ["sms", "voice"] });
  }, "#call"],
  "unconfirmed": [async (tab) => {
    await refuseSend(tab, [504, "delivery-unknown", accepted({ retryAt: undefined })]);
    await send(tab);
  }, "#unconfirmed .notice"],
  "wrong code": [async (tab) => {
    await toCode(tab);
    await refuseCode(tab, 422, "wrong-code", { attemptsRemaining: 4 });
    await enter(tab, "000000");
  }, "#code-error:not(:empty)"],
  "another text refused": [async (tab) => {
    await toCode(tab);
    await refuseSend(tab);
    await click(tab, "resend");
  }, "#code-notice .timer"],
  "no attestation for another text": [async (tab) => {
    await toCode(tab);
    await haveNoAttestation(tab);
    await refuseSend(tab, makeWish());
    await click(tab, "resend");
  }, "#code-notice .notice"],
  "offline with a code": [async (tab) => {
    await toCode(tab);
    await goOffline(tab);
    await enter(tab, "123456");
  }, "#code-notice .notice"],
  "code over": [async (tab) => {
    await toCode(tab);
    await refuseCode(tab, 410, "expired");
    await enter(tab, "000001");
  }, "#code-notice button"],
  "no tries left": [async (tab) => {
    await toCode(tab, { resendIn: 60 });
    await refuseCode(tab, 429, "attempts-exhausted");
    await enter(tab, "000001");
  }, "#code-notice .timer"],
  "locked": [async (tab) => {
    await toCode(tab);
    await refuseCode(tab, ...makeLock());
    await enter(tab, "000001");
  }, "#code-notice .timer"],
  "done": [toDone, "#done:not(:empty)"],
  "proof expired": [(tab) => toDone(tab, { expiresIn: 1 }), "#number-notice .notice"],
  "number of the page": [() => {}, "#send", FIXED],
  "number of the page, limited": [async (tab) => {
    await refuseSend(tab);
    await click(tab, "send");
  }, "#number-notice .timer", FIXED],
  "number of the page, code": [toFixedCode, "#code", FIXED],
  "number of the page, locked": [async (tab) => {
    await toFixedCode(tab);
    await refuseCode(tab, ...makeLock());
    await enter(tab, "000001");
  }, "#code-notice button", FIXED],
  "number of the page, done": [async (tab) => {
    await toFixedCode(tab);
    await answer(tab, "/v1/verify", 200, SUCCESS);
    await enter(tab, "123456");
  }, "#done:not(:empty)", FIXED],
  "disabled": [() => {}, "#send:disabled", DISABLED],
  "disabled code": [async (tab) => {
    await toCode(tab);
    await set(tab, { disabled: "" });
  }, "#verify:disabled"],
  "disabled with a code that is over": [async (tab) => {
    await toCode(tab, { expiresIn: 1 });
    await set(tab, { disabled: "" });
  }, "#code-notice button:disabled"],
  "disabled when done": [async (tab) => {
    await toDone(tab);
    await isThere(tab, "#done:not(:empty)");
    await set(tab, { disabled: "" });
  }, "#change-verified:disabled"],
};

const LOOKS = [
  ["light", {}, {}],
  ["dark", { colorScheme: "dark" }, {}],
  ["right to left at 320 px", { viewport: { width: 320, height: 640 } }, { lang: "ar" }],
  ["Chinese", { locale: "zh-CN" }, { lang: "zh-CN" }],
  ["400 percent of 1280 px", { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 }, {}],
];
for (const [look, context, what] of LOOKS) {
  const html = `<button>Log in</button>`;
  on(`is accessible and fits in every state: ${look}`, { context, ...what, html, expects: /<phone-proof>/, timeout: 600_000, chromiumOnly: "deviceScaleFactor" in context || context.colorScheme === "dark" }, async (tab) => {
    const faults = [];
    for (const [name, [reach, selector, attributes = `business="login"`]] of Object.entries(STATES)) {
      // What is under way ends with its page.
      await tab.goto(`${ORIGIN}/elsewhere`);
      await tab.unrouteAll({ behavior: "ignoreErrors" });
      await tab.evaluate(() => sessionStorage.clear());
      setPage({ ...what, html, attributes });
      await serve(tab);
      await tab.goto(`${ORIGIN}/`);
      await tab.locator("#region option").first().waitFor({ state: "attached" });
      await reach(tab);
      await isThere(tab, selector).catch((error) => assert.fail(`${name}: ${error.message}`));
      await assertAccessible(tab, name).catch(({ actual }) => faults.push(name, ...actual));
      const { wide, screen } = await tab.evaluate(() => ({ wide: document.documentElement.scrollWidth, screen: innerWidth }));
      assert.ok(wide <= screen, `${name}: ${wide} px on ${screen} px`);
      await shot(tab, `component ${look} ${name}`);
    }
    assert.deepEqual(faults, []);
  });
}

on("has a state for every notice and every form that the component can show", { attributes: FIXED }, async (tab) => {
  const ids = await proof(tab).evaluate((element) => [...element.shadowRoot.querySelectorAll("[id]")].map(({ id }) => id));
  const seen = Object.values(STATES).map(([, selector]) => selector).join();
  for (const id of ["phone-error", "number-notice", "back-to-code", "code-error", "unconfirmed", "code-notice", "call", "done"]) assert.ok(ids.includes(id) && seen.includes(`#${id}`), id);
});
