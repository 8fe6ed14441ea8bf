// Tests <phone-proof> between the page's handlers, lost connections, a device that sleeps, and what people tap and paste. The
// page is that of component.mjs; the service's answers are played.

import assert from "node:assert/strict";

import { BASE, accepted, answer, focusedId, inSeconds, shows, waitUntil } from "./support.mjs";
import { LOGIN, PHONE, SUCCESS, enter, hold, on, proof, refuse, sendTo, set, shownOf, toCode, toDone, valueOf } from "./component.mjs";

const policy = (tab, body) => tab.route(`${BASE}/v1/policy`, (route) => route.fulfill({ json: body, headers: { "access-control-allow-origin": "*" } }));

// ------------------------------------------------------------------------------- what the page does when it hears

for (const [name, anew] of [["value", `value = ""`], ["action", `action = "next"`], ["reset", `reset()`]]) {
  for (const event of ["change", "phoneproof-shown", "phoneproof-verified"]) {
    const init = `addEventListener("${event}", ({ target }) => { if (target.value) { (window.taken ??= []).push(target.value); target.${anew}; } });`;
    on(`a page that takes the token and begins anew is not called back when it expires: ${event}, ${name}`, { init }, async (tab) => {
      await toCode(tab);
      await answer(tab, "/v1/verify", 200, { ...SUCCESS, expiresIn: 1 });
      await enter(tab, "123456");
      await tab.waitForFunction(() => window.taken);
      await toCode(tab);
      await tab.waitForTimeout(1500);
      assert.deepEqual([await shownOf(tab), await valueOf(tab), await tab.evaluate(() => window.taken)], ["code", "", ["a.b.c"]]);
      assert.equal(await focusedId(tab), "code");
    });
  }
}

const RESETS = `window.heard = 0; addEventListener("phoneproof-refused", ({ target }) => { window.heard += 1; target.reset(); }); addEventListener("phoneproof-sent", ({ target }) => { window.heard += 1; if (window.again) target.reset(); });`;
on("a page that begins anew at a refusal, or a text, finds an empty form", { init: RESETS }, async (tab) => {
  // What is not to come, comes soon after the answer.
  const hears = async (times) => {
    await tab.waitForFunction((count) => window.heard === count, times);
    await tab.waitForTimeout(200);
  };
  await refuse(tab, "/v1/send", 429, "limited", { rule: "phone-per-hour", retryAt: inSeconds(600) });
  await sendTo(tab, PHONE);
  await hears(1);
  assert.equal(await tab.locator("#number-notice").innerText(), "");
  await toCode(tab);
  await refuse(tab, "/v1/verify", 410, "expired");
  await enter(tab, "123456");
  await tab.locator("#phone").waitFor();
  await tab.evaluate(() => (window.again = true));
  await answer(tab, "/v1/send", 202, accepted());
  await sendTo(tab, PHONE);
  await hears(4);
  assert.deepEqual([await shownOf(tab), await tab.locator("#code").inputValue()], ["number", ""]);
});

const SEE_DONE = `addEventListener("phoneproof-shown", ({ target, detail }) => detail.shown === "done" && (window.seen = [target.value, target.checkValidity()]));`;
on("is valid when it says that it is done", { init: SEE_DONE, attributes: `business="login" required` }, async (tab) => {
  await toDone(tab);
  assert.deepEqual(await tab.evaluate(() => window.seen), ["a.b.c", true]);
});

// --------------------------------------------------------------------------------------- lost connections, and time

on("a connection that comes back is not reported as a wrong set-up", { expects: /<phone-proof>/ }, async (tab, told) => {
  let isLost = true;
  await tab.route(`${BASE}/v1/policy`, (route) => (isLost ? route.abort() : route.continue()));
  await tab.reload();
  await tab.waitForTimeout(2900);
  isLost = false;
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  assert.equal(await tab.locator("#number-notice").innerText(), "");
  // A send, and a verify, that nothing answers while the rest does.
  await tab.route(`${BASE}/v1/send`, (route) => route.abort());
  await sendTo(tab, PHONE);
  await shows(tab, "#number-notice", /does not answer/);
  await tab.unroute(`${BASE}/v1/send`);
  await toCode(tab);
  await tab.route(`${BASE}/v1/verify`, (route) => route.abort());
  await enter(tab, "123456");
  await shows(tab, "#code-notice", /does not answer/);
  await tab.waitForTimeout(300);
  assert.doesNotMatch(told.join("\n"), /AllowedOrigins/);
});

on("takes back that the person is offline, and says while it waits", { chromiumOnly: true }, async (tab) => {
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  await tab.context().setOffline(true);
  await sendTo(tab, PHONE);
  await shows(tab, "#number-notice", /You are offline/);
  await tab.context().setOffline(false);
  await tab.locator("#number-notice .notice").waitFor({ state: "detached" });
  const sends = await hold(tab, "/v1/send");
  await sendTo(tab, PHONE);
  await shows(tab, "#announcer", /^Sending…$/);
  assert.ok((await tab.locator("#announcer").boundingBox()).width > 20, "people see it");
  await sends.reply(202, accepted());
  await shows(tab, "#code-lead", /We sent/);
  assert.equal(await tab.locator("#announcer").textContent(), "");
});

on("the sleep of a device counts", { init: `{ const now = Date.now; window.slept = 0; Date.now = () => now() + window.slept; }` }, async (tab) => {
  await toDone(tab);
  await tab.evaluate(() => (window.slept = 400_000));
  await shows(tab, "#number-notice", /verification has expired/);
  assert.equal(await valueOf(tab), "");
});

on("a reload while a text is under way asks for the same text", { expects: /<phone-proof>/ }, async (tab) => {
  const keys = [];
  await tab.route(`${BASE}/v1/send`, async (route) => {
    keys.push(await route.request().headerValue("idempotency-key"));
    if (keys.length > 1) await route.fulfill({ status: 202, contentType: "application/json", headers: { "Access-Control-Allow-Origin": "*" }, body: JSON.stringify(accepted()) });
  });
  await sendTo(tab, PHONE);
  await tab.locator("#send[aria-busy]").waitFor();
  await waitUntil(tab, () => keys.length > 0);
  await tab.reload();
  await sendTo(tab, PHONE);
  await tab.locator("#code").waitFor();
  assert.deepEqual([keys.length, new Set(keys).size], [2, 1]);
});

on("promises nothing of a code that can be entered nowhere", {}, async (tab) => {
  await refuse(tab, "/v1/send", 429, "limited", { rule: "phone-cooldown", retryAt: inSeconds(59) });
  await sendTo(tab, PHONE);
  await shows(tab, "#number-notice", /asked for a moment ago/);
  assert.doesNotMatch(await tab.locator("#number-notice").innerText(), /works/);
});

on("a code that runs out in view says so, and the next is two steps away", {}, async (tab) => {
  await toCode(tab, { expiresIn: 1 });
  await shows(tab, "#code-notice", /has expired/);
  assert.deepEqual([await tab.locator("#verify").isVisible(), await tab.locator("#resend").isVisible()], [false, false]);
  await answer(tab, "/v1/send", 202, accepted());
  await tab.getByRole("button", { name: "Get a new code" }).click();
  await tab.getByRole("button", { name: "Send code" }).click();
  await shows(tab, "#code-expiry", /Works for/);
  assert.equal(await tab.locator("#code-notice").innerText(), "");
});

on("a far time has its date", {}, async (tab) => {
  await refuse(tab, "/v1/send", 429, "limited", { rule: "phone-per-day", retryAt: inSeconds(604_800) });
  await sendTo(tab, PHONE);
  await shows(tab, "#number-notice .timer", /at \w+ \d+, \d{4}, /);
});

// ------------------------------------------------------------------------------------- numbers, codes and answers

on("without the countries a number is asked for with its country code, until they are there", { chromiumOnly: true, expects: /<phone-proof>/ }, async (tab) => {
  // The page before must have its policy, or its call is the first that is held.
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  const policies = await hold(tab, "/v1/policy");
  await tab.reload();
  await refuse(tab, "/v1/send", 400, "invalid-phone", { errors: [{ field: "phone", accepted: "E.164" }] });
  await sendTo(tab, "4152001235");
  await shows(tab, "#phone-error", /^Write it with a leading \+ and the country code\.$/);
  await policies.reply(200, { countries: ["US"], resendIn: 60, businesses: [LOGIN] });
  await tab.locator("#phone-error:empty").waitFor({ state: "attached" });
  assert.equal(await tab.locator("#phone").inputValue(), "4152001235");
});

on("a page that sets an impossible number is told so on the console", { attributes: `business="login" phone="12345"`, expects: /<phone-proof>/ }, async (tab, told) => {
  await refuse(tab, "/v1/send", 400, "invalid-phone", { errors: [{ field: "phone", accepted: "E.164" }] });
  await proof(tab).evaluate((element) => element.send());
  await shows(tab, "#number-notice", /does not work just now[^]*not your fault/);
  assert.match(told.join("\n"), /could not use: phone \(E\.164\)/);
});

on("answers of another shape leave nobody without words", { expects: /<phone-proof>/ }, async (tab) => {
  await policy(tab, { countries: ["US", null, 7], resendIn: 60, businesses: [null, { id: "login" }] });
  await tab.reload();
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  for (const errors of ["phone", [null], {}]) {
    await refuse(tab, "/v1/send", 400, "malformed", { errors });
    await sendTo(tab, PHONE);
    await shows(tab, "#number-notice", /does not work just now/);
    await tab.unroute(`${BASE}/v1/send`);
  }
  await toCode(tab, { codeLength: "6", attempts: "five" });
  assert.doesNotMatch(await tab.locator("#code-form").innerText(), /NaN|undefined/);
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await enter(tab, "Your code is G-123456");
  await shows(tab, "#code-error", /digits/);
  await enter(tab, "123456");
  await shows(tab, "#done", /is verified/);
});

on("a whole message may be pasted, and an earlier code entered while another is under way", {}, async (tab) => {
  await toCode(tab);
  await tab.getByRole("button", { name: "Change number" }).click();
  const sends = await hold(tab, "/v1/send");
  await tab.getByRole("button", { name: "Send code" }).click();
  await tab.getByRole("button", { name: "I have a code already" }).click();
  // Without its line breaks, as a field of one line takes what is pasted. Typed ones would submit in Firefox.
  await tab.locator("#code").fill("Your Example code is 123456. It works for 5 minutes; never tell it to anybody. @example.com #123456");
  await sends.reply(202, accepted());
  await tab.waitForTimeout(200);
  assert.match(await tab.locator("#code").inputValue(), /123456/);
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await tab.getByRole("button", { name: "Verify" }).click();
  await shows(tab, "#done", /is verified/);
});

on("says once that the carrier did not confirm a text", {}, async (tab) => {
  await refuse(tab, "/v1/send", 504, "delivery-unknown", accepted({ retryAt: undefined }));
  await sendTo(tab, PHONE);
  await shows(tab, "#unconfirmed", /not confirmed/);
  await refuse(tab, "/v1/verify", 422, "wrong-code", { attemptsRemaining: 4 });
  await enter(tab, "111111");
  await shows(tab, "#code-error", /4 tries left/);
  assert.equal(await tab.locator("#unconfirmed").isVisible(), true);
  assert.equal(await tab.locator("[role=alert] :text('not confirmed')").count(), 0, "no alert reads it again");
});

const WEB_OTP = `window.OTPCredential = class {}; window.asked = 0; Object.defineProperty(navigator, "credentials", { value: { get: ({ signal }) => new Promise((resolve, reject) => { asked += 1; signal.addEventListener("abort", () => ((asked -= 1), reject(signal.reason))); }) } });`;
on("listens for the text wherever a code is awaited: after a reload, and where the element is moved", { init: WEB_OTP }, async (tab) => {
  const asked = () => tab.evaluate(() => window.asked);
  assert.equal(await asked(), 0);
  await toCode(tab);
  assert.equal(await asked(), 1);
  await tab.reload();
  await tab.locator("#code").waitFor();
  assert.equal(await asked(), 1);
  await tab.evaluate(() => document.querySelector("main").append(document.querySelector("phone-proof")));
  assert.equal(await asked(), 1);
  await tab.getByRole("button", { name: "Change number" }).click();
  assert.equal(await asked(), 0);
});

// -------------------------------------------------------------------------------------------------- the element

on("a tap on text moves no focus, and a label leads to the number", { attributes: `id="p" business="login" required`, html: `<label for="p">Your phone</label>` }, async (tab) => {
  await tab.locator("#phone-hint").click();
  assert.equal(await tab.evaluate(() => document.activeElement.localName), "body");
  await tab.getByText("Your phone").click();
  assert.equal(await focusedId(tab), "phone");
  await tab.evaluate(() => document.activeElement.blur());
  await proof(tab).evaluate((element) => element.focus());
  assert.equal(await focusedId(tab), "phone");
  assert.equal(await tab.locator("#phone").getAttribute("aria-required"), "true");
});

on("is a group with the name of its label", { chromiumOnly: true, attributes: `id="p" business="login"`, html: `<label for="p">Your phone</label>` }, async (tab) => {
  const session = await tab.context().newCDPSession(tab);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  const groups = nodes.filter(({ role }) => role?.value === "group").map(({ name }) => name?.value);
  assert.ok(groups.includes("Your phone"), JSON.stringify(groups));
});

on("words that a second copy of the module adds are said", { files: { "/copy.js": `import { PhoneProofElement } from "/phone-proof.js?v=2"; PhoneProofElement.addWords("en", { send: "Text me" });` }, html: `<script type="module" src="/copy.js"></script>` }, async (tab) => {
  await tab.getByRole("button", { name: "Text me" }).waitFor();
});

on("reads a business with spaces around it, and tells an issuer with the path of the calls", { attributes: `business=" login "`, expects: /<phone-proof>/ }, async (tab, told) => {
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  assert.deepEqual(told, []);
  await set(tab, { issuer: `${BASE}/v1` });
  await shows(tab, "#number-notice", /does not work just now/);
  assert.match(told.join("\n"), /Check `issuer`, which ends before `\/v1`/);
});
