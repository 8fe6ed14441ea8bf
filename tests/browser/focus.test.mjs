// Tests where the focus is after every change of <phone-proof>: with what is to be filled in next, or where the person went
// meanwhile. It is never lost. The page is that of component.mjs; the service's answers are played.

import assert from "node:assert/strict";

import { BASE, accepted, answer, focusedId, inSeconds, letTimePass, shows, waitUntil } from "./support.mjs";
import { LOGIN, PHONE, SUCCESS, enter, hold, on, proof, refuse, sendTo, set, toCode, toDone } from "./component.mjs";

const FORM = { attributes: `business="login" required`, html: `<label>Other <input id="other"></label><button id="go">Log in</button>` };
const isOn = async (tab, id, what) => {
  await waitUntil(tab, async () => (await focusedId(tab)) === id);
  assert.equal(await focusedId(tab), id, what);
};
/** The box of a notice has the focus. */
const isOnNotice = (tab, slot) => tab.waitForFunction((id) => document.activeElement.shadowRoot?.activeElement?.parentElement.id === id, slot);
const goElsewhere = (tab) => tab.locator("#other").focus();
const limited = (tab) => refuse(tab, "/v1/send", 429, "limited", { rule: "phone-per-hour", retryAt: inSeconds(600) });

on("a form that lacks the proof leads to what is to be filled in", FORM, async (tab) => {
  for (let times = 0; times < 2; times += 1) {
    await tab.locator("#go").click();
    await tab.waitForTimeout(300);
    await isOn(tab, "phone", `time ${times}`);
    await goElsewhere(tab);
    await isOn(tab, "other");
  }
  await toCode(tab);
  await tab.locator("#go").click();
  await tab.waitForTimeout(300);
  await isOn(tab, "code");
  assert.equal(await proof(tab).getAttribute("tabindex"), null);
});

on("a form that lacks the proof leads to the button where the page names the number", { ...FORM, attributes: `business="login" required phone="${PHONE}"` }, async (tab) => {
  await tab.locator("#go").click();
  await isOn(tab, "send");
});

on("a form that lacks the proof leads to the notice of a code that is over", FORM, async (tab) => {
  await toCode(tab);
  await refuse(tab, "/v1/verify", 410, "expired");
  await enter(tab, "123456");
  await shows(tab, "#code-notice", /has expired/);
  await goElsewhere(tab);
  await tab.locator("#go").click();
  await isOnNotice(tab, "code-notice");
});

on("a form that lacks the proof leads to the notice where no country is served", { ...FORM, expects: /lists no country/ }, async (tab) => {
  await tab.route(`${BASE}/v1/policy`, (route) => route.fulfill({ json: { countries: [], resendIn: 60, businesses: [LOGIN] }, headers: { "access-control-allow-origin": "*" } }));
  await tab.reload();
  await shows(tab, "#number-notice", /does not work just now/);
  await goElsewhere(tab);
  await tab.locator("#go").click();
  await isOnNotice(tab, "number-notice");
});

on("the focus goes along with what a person does", FORM, async (tab) => {
  await tab.locator("#send").click();
  await isOn(tab, "phone", "no number");
  await limited(tab);
  await sendTo(tab, PHONE);
  await isOnNotice(tab, "number-notice");
  await toCode(tab);
  await isOn(tab, "code", "texted");
  await refuse(tab, "/v1/verify", 422, "wrong-code", { attemptsRemaining: 4 });
  await enter(tab, "111111");
  await shows(tab, "#code-error", /4 tries left/);
  await isOn(tab, "code", "a wrong code");
  await tab.locator("#resend").click();
  await isOn(tab, "code", "texted again");
  await limited(tab);
  await tab.locator("#resend").click();
  await isOnNotice(tab, "code-notice");
  await tab.locator("#change-number").click();
  await isOn(tab, "phone", "another number");
  await tab.locator("#back-to-code").click();
  await isOn(tab, "code", "has a code already");
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await enter(tab, "123456");
  await isOn(tab, "done", "verified");
  await tab.locator("#change-verified").click();
  await isOn(tab, "phone", "begun anew");
});

on("what has the focus may go without the focus", { ...FORM, expects: /<phone-proof>/ }, async (tab) => {
  // The button that leads back to a code whose time is over.
  await toCode(tab);
  await tab.locator("#change-number").click();
  await tab.locator("#back-to-code").focus();
  await letTimePass(tab, 301);
  await tab.locator("#back-to-code").waitFor({ state: "hidden" });
  await isOn(tab, "phone", "the code is over, unseen");
  // A code whose time ends in view.
  await toCode(tab);
  await tab.locator("#verify").focus();
  await letTimePass(tab, 301);
  await isOnNotice(tab, "code-notice");
  await tab.getByRole("button", { name: "Get a new code" }).click();
  // A token that expires.
  for (const id of ["done", "change-verified"]) {
    await toCode(tab);
    await answer(tab, "/v1/verify", 200, SUCCESS);
    await enter(tab, "123456");
    await shows(tab, "#done", /is verified/);
    await tab.locator(`#${id}`).focus();
    await letTimePass(tab, 301);
    await shows(tab, "#number-notice", /verification has expired/);
    await isOn(tab, "phone", `${id} is over`);
  }
  // A number that the page takes over.
  await set(tab, { phone: PHONE });
  await isOn(tab, "send", "the page names the number");
  await set(tab, { phone: "" });
});

on("a notice that is true no more takes no focus with it", { ...FORM, expects: /<phone-proof>/ }, async (tab) => {
  // The page has its policy before the connection is lost.
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  let isLost = true;
  await tab.route(`${BASE}/v1/*`, (route) => (isLost ? route.abort() : route.continue()));
  await tab.evaluate(() => Object.defineProperty(navigator, "onLine", { get: () => window.isBack === true, configurable: true }));
  await sendTo(tab, PHONE);
  await isOnNotice(tab, "number-notice");
  isLost = false;
  await tab.evaluate(() => {
    window.isBack = true;
    dispatchEvent(new Event("online"));
  });
  await isOn(tab, "phone", "online");
  await set(tab, { business: "lgoin" });
  await shows(tab, "#number-notice", /does not work just now/);
  await tab.locator("#number-notice .notice").focus();
  await set(tab, { business: "login" });
  await isOn(tab, "phone", "the set-up is right");
});

on("a person who went on meanwhile stays there, and hears what came of it", FORM, async (tab) => {
  const sends = await hold(tab, "/v1/send");
  await sendTo(tab, PHONE);
  await goElsewhere(tab);
  await sends.reply(202, accepted({ resendIn: 0 }));
  await tab.locator("#code").waitFor();
  await isOn(tab, "other", "texted");
  await shows(tab, "#announcer", /We sent 6 digits to \+14152001234\./);
  // What a page fills in for the person is another matter: they asked for it.
  const codes = await hold(tab, "/v1/verify");
  await enter(tab, "111111");
  await goElsewhere(tab);
  await codes.reply(422, { type: "urn:phoneproof:problem:wrong-code", title: "Refused", status: 422, attemptsRemaining: 4 });
  await shows(tab, "#code-error", /4 tries left/);
  await isOn(tab, "other", "a wrong code");
  await tab.locator("#resend").click();
  await goElsewhere(tab);
  await sends.reply(202, accepted({ resendIn: 0 }));
  await shows(tab, "#announcer", /We sent/);
  await isOn(tab, "other", "texted again");
  await enter(tab, "123456");
  await goElsewhere(tab);
  await codes.reply(200, SUCCESS);
  await tab.locator("#done").waitFor();
  await isOn(tab, "other", "verified");
  await shows(tab, "#announcer", /\+14152001234 is verified\./);
  await letTimePass(tab, 301);
  await shows(tab, "#number-notice", /verification has expired/);
  await isOn(tab, "other", "expired");
  await tab.locator("#send").click();
  await goElsewhere(tab);
  await sends.reply(429, { type: "urn:phoneproof:problem:limited", title: "Refused", status: 429, rule: "phone-per-hour" });
  await shows(tab, "#number-notice", /this hour/);
  await isOn(tab, "other", "refused");
});

on("a page that asks for a text, or fills in a code, leads the person to it", FORM, async (tab) => {
  await answer(tab, "/v1/send", 202, accepted());
  await tab.locator("#phone").fill(PHONE);
  await goElsewhere(tab);
  await proof(tab).evaluate((element) => element.send());
  await isOn(tab, "code", "sent");
  await goElsewhere(tab);
  await proof(tab).evaluate((element) => element.fillCode("123456"));
  await isOn(tab, "code", "filled in");
});

const TEXT_COMES = `window.OTPCredential = class {}; Object.defineProperty(navigator, "credentials", { value: { get: () => new Promise((resolve) => (window.arrive = resolve)) } });`;
on("a code that the browser reads is filled in where the person is, or quietly", { ...FORM, init: TEXT_COMES }, async (tab) => {
  await toCode(tab);
  await tab.locator("#resend").focus();
  await tab.evaluate(() => window.arrive({ code: "123456" }));
  await isOn(tab, "code");
  await tab.locator("#change-number").click();
  await toCode(tab);
  await goElsewhere(tab);
  await tab.evaluate(() => window.arrive({ code: "654321" }));
  await shows(tab, "#announcer", /filled in/);
  assert.equal(await tab.locator("#code").inputValue(), "654321");
  await isOn(tab, "other");
});

on("an element that begins anew keeps the focus, or leaves it", FORM, async (tab) => {
  await toDone(tab);
  await isOn(tab, "done");
  await proof(tab).evaluate((element) => element.reset());
  await isOn(tab, "phone");
  await toCode(tab);
  await goElsewhere(tab);
  await set(tab, { action: "pay:2" });
  await tab.locator("#phone").waitFor();
  await isOn(tab, "other");
});
