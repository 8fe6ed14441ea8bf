// Tests the demo and the inbox of a running local stack. support.mjs lists the settings.

import assert from "node:assert/strict";

import { BASE, MARKUP, PROBLEM, accepted, answer, arrivedCode, assertFits, focusedId, freshNumber, inSeconds, onPage, sendTo, shot, shows } from "./support.mjs";

// -------------------------------------------------------------------------------------- the whole flow

for (const colorScheme of ["light", "dark"]) {
  for (const viewport of [{ width: 1280, height: 1000 }, { width: 360, height: 740 }]) {
    const look = `${colorScheme} at ${viewport.width} px`;
    onPage(`sends, reads, verifies and spends: ${look}`, { colorScheme, viewport }, async (page) => {
      const phone = freshNumber();
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
      assert.equal(ground[0] < 128, colorScheme === "dark", `the ground is rgb(${ground})`);
      await page.getByLabel("Business action").selectOption("login");
      await shot(page, `1 number ${look}`);

      await sendTo(page, phone);
      const code = await arrivedCode(page);
      await shows(page, "#bubbles", new RegExp(code));
      await shows(page, "#device-owner", new RegExp(`\\${phone}`));
      await shows(page, "#resend", /Send again in \d:\d\d/);
      assert.equal(await focusedId(page), "code");
      await assertFits(page);
      await shot(page, `2 code ${look}`);

      await page.locator("#use-code").click();
      assert.equal(await page.getByLabel("Code from the message").inputValue(), code);
      assert.equal(await focusedId(page), "code");
      await page.getByRole("button", { name: "Verify" }).click();
      await shows(page, "#token-claims", new RegExp(`phone_number\\s*\\${phone}`));
      await shows(page, "#token-claims", /aud\s*login/);
      await shows(page, "#token-claims", /amr\s*sms, otp/);
      await shows(page, "#token-header", /typ\s*phone-verified\+jwt/);
      await shows(page, "#token-expiry", /Good for \d+:\d\d/);
      await assertFits(page);
      await shot(page, `3 proof ${look}`);

      await page.getByRole("button", { name: "Spend the proof" }).click();
      await shows(page, "#spend-notice", /Spent/);
      await page.getByRole("button", { name: "Spend it again" }).click();
      await shows(page, "#spend-notice", /Refused, as it should be/);
      await shows(page, "#call-list li:nth-child(1)", /POST \/v1\/spend[^]*409/);
      await shows(page, "#call-list li:nth-child(4)", /POST \/v1\/send[^]*202/);
      await assertFits(page);
      await shot(page, `4 spent ${look}`);
    });
  }
}

onPage("completes the flow by keyboard alone", {}, async (page) => {
  const tabTo = async (id) => {
    for (let presses = 0; presses < 40; presses += 1) {
      if ((await focusedId(page)) === id) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`Tab never reaches #${id}`);
  };
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  await tabTo("phone");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, "none", "the focus must be visible");
  await page.keyboard.type(freshNumber());
  await page.keyboard.press("Enter");
  const code = await arrivedCode(page);
  await tabTo("use-code");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#code").inputValue(), code);
  await page.keyboard.press("Enter");
  await shows(page, "#token-claims", /jti/);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Use the proof");
  await tabTo("spend");
  await page.keyboard.press("Enter");
  await shows(page, "#spend-notice", /Spent/);
  assert.equal(await focusedId(page), "spend");
});

onPage("lists and filters the inbox", { path: "/inbox" }, async (page) => {
  const phone = freshNumber();
  const sent = await page.request.post(`${BASE}/v1/send`, { data: { phone, uniqueId: crypto.randomUUID(), businessId: "login" } });
  assert.equal(sent.status(), 202);
  await shows(page, "#inbox-list", new RegExp(`\\${phone}`));
  await page.getByLabel("Show messages to").fill(phone.slice(-7));
  await shows(page, "#inbox-count", /^1 message$/);
  await page.setViewportSize({ width: 360, height: 740 });
  await assertFits(page);
  await shot(page, "inbox");
});

// ----------------------------------------------------------------------------------------- refusals

onPage("explains a wrong code, and a second send that comes too soon", {}, async (page) => {
  // The number is in national form, so the page must find its texts without knowing the full number.
  await page.getByLabel("Country").selectOption("US");
  await sendTo(page, freshNumber().slice(2));
  const code = await arrivedCode(page);
  await page.getByLabel("Code from the message").fill("12");
  await page.keyboard.press("Enter");
  await shows(page, "#code-error", /6 digits/);
  await page.getByLabel("Code from the message").fill(code === "000000" ? "000001" : "000000");
  await page.keyboard.press("Enter");
  await shows(page, "#code-error", /not the code.*4 tries left/);
  assert.equal(await page.locator("#code").getAttribute("aria-invalid"), "true");
  assert.equal(await focusedId(page), "code");
  await shot(page, "wrong code");

  await page.getByRole("button", { name: "Change number" }).click();
  await page.getByRole("button", { name: "Send code" }).click();
  await shows(page, "#number-notice", /A code was sent a moment ago/);
  await shows(page, "#number-notice", /try again in 0:\d\d/);
  const waiting = await page.locator("#number-notice .timer").innerText();
  await page.waitForFunction((before) => document.querySelector("#number-notice .timer").textContent !== before, waiting);
  await shot(page, "cooldown");
  await page.getByRole("button", { name: "I have a code already" }).click();
  await page.getByLabel("Code from the message").fill(code);
  await page.keyboard.press("Enter");
  await shows(page, "#token-claims", /phone_number/);
});

onPage("explains a premium-rate number, a text that is not a number and an empty field", {}, async (page) => {
  await sendTo(page, "+1 900 200 1234");
  await shows(page, "#number-notice", /We do not text this kind of number/);
  assert.equal(await focusedId(page), "phone");
  await shot(page, "premium rate");
  await sendTo(page, "12");
  await shows(page, "#phone-error", /Accepted: /);
  await sendTo(page, "");
  await shows(page, "#phone-error", /Enter the number/);
  assert.equal(await page.locator("#bubbles li").count(), 0);
});

const SEND_REFUSALS = [
  ["a day's worth of codes", 429, { rule: "phone-per-day", retryAt: inSeconds(4000) }, /enough codes today[^]*try again in 1:0\d:\d\d/],
  ["a blocked number", 403, { rule: "blocked-phone" }, /This number is blocked/],
  ["a country outside the policy", 403, { rule: "country" }, /do not text this country/],
  ["a locked number", 403, { rule: "phone-lock" }, /This number is locked/],
  ["a business with a client key", 401, {}, /needs a client key/],
  ["the carrier's refusal", 502, {}, /carrier refused/],
  ["no storage", 503, {}, /not available just now/],
];

onPage("explains every refused send", {}, async (page) => {
  for (const [name, status, more, words] of SEND_REFUSALS) {
    await page.unrouteAll();
    await answer(page, "/v1/send", status, { ...PROBLEM, status, ...more });
    await sendTo(page, "+14152001234");
    await shows(page, "#number-notice", words).catch((error) => assert.fail(`${name}: ${error.message}`));
  }
  await page.unrouteAll();
  await page.route(`${BASE}/v1/send`, (route) => route.abort());
  await sendTo(page, "+14152001234");
  await shows(page, "#number-notice", /does not answer/);
});

const VERIFY_REFUSALS = [
  ["the last wrong code", 422, { attemptsRemaining: 0 }, /No tries left/],
  ["an exhausted code", 429, {}, /No tries left/],
  ["a locked number", 429, { rule: "phone-lock", retryAt: inSeconds(3000) }, /locked for now[^]*try again in 4\d:\d\d/],
  ["an expired code", 410, {}, /has expired/],
  ["a used code", 409, {}, /used already/],
];

onPage("explains every refused code and leads to a new one", {}, async (page) => {
  await answer(page, "/v1/send", 202, accepted());
  for (const [name, status, more, words] of VERIFY_REFUSALS) {
    await answer(page, "/v1/verify", status, { ...PROBLEM, status, ...more });
    await sendTo(page, "+14152001234");
    await page.getByLabel("Code from the message").fill("１２３ 456");
    await page.keyboard.press("Enter");
    await shows(page, "#code-notice", words).catch((error) => assert.fail(`${name}: ${error.message}`));
    await page.getByRole("button", { name: more.rule ? "Change number" : "Get a new code" }).click();
    assert.equal(await focusedId(page), "phone");
  }
});

onPage("asks for the code after an unconfirmed text", {}, async (page) => {
  await answer(page, "/v1/send", 504, { ...PROBLEM, status: 504, token: "v1.test.challenge" });
  await sendTo(page, "+14152001234");
  await shows(page, "#code-notice", /may still arrive/);
  assert.equal(await focusedId(page), "code");
});

onPage("allows a resend only after the wait, and sends the token with it", {}, async (page) => {
  await answer(page, "/v1/send", 202, accepted({ resendAt: inSeconds(5), resendIn: 5 }));
  await sendTo(page, "+14152001234");
  await shows(page, "#resend", /in 0:0\d/);
  await page.getByRole("button", { name: /^Send again/ }).click({ force: true });
  await shows(page, "#resend", /^Send again$/);
  assert.equal(await page.locator("#call-list li").count(), 1, "a click during the wait must send nothing");
  const request = page.waitForRequest(`${BASE}/v1/send`);
  await page.getByRole("button", { name: "Send again" }).click();
  assert.equal((await request).postDataJSON().token, "v1.test.challenge");
  await shows(page, "#call-list li:first-child", /texted once more/);
});

onPage("counts seconds on a device whose clock is an hour fast", {}, async (page) => {
  const hourAgo = { expiresAt: inSeconds(300 - 3600), resendAt: inSeconds(60 - 3600) };
  await answer(page, "/v1/send", 202, accepted(hourAgo));
  await sendTo(page, "+14152001234");
  await shows(page, "#code-expiry", /Works for (5:00|4:5\d)/);
  await shows(page, "#resend", /in (1:00|0:5\d)/);
});

// ------------------------------------------------------------------------------------- hostile text

onPage("shows markup from a person, a server or a text as text", {}, async (page) => {
  const refused = { ...PROBLEM, title: MARKUP, detail: MARKUP, status: 400, errors: [{ field: "phone", accepted: MARKUP }] };
  await sendTo(page, MARKUP);
  await shows(page, "#call-list", /<img src=x onerror=/);
  await answer(page, "/v1/send", 400, refused);
  await sendTo(page, MARKUP);
  await shows(page, "#phone-error", /<img src=x onerror=/);
  await page.unrouteAll();
  await answer(page, "/v1/send", 202, accepted());
  await answer(page, "/inbox/messages*", 200, [{ id: "1", phone: "+14152001234", body: `${MARKUP} 123456`, at: inSeconds(0) }]);
  await sendTo(page, "+14152001234");
  await shows(page, "#bubbles", /<img src=x onerror=[^]*123456/);
  await shot(page, "hostile text");
  await page.goto(`${BASE}/inbox`);
  await shows(page, "#inbox-list", /<img src=x onerror=/);
  assert.equal(await page.locator("main img, main b").count(), 0);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
});

onPage("does not ask for messages while the page is hidden", { path: "/inbox" }, async (page) => {
  await page.locator("#inbox-count").filter({ hasText: /./ }).waitFor();
  const setVisibility = (state) => page.evaluate((value) => {
    Object.defineProperty(document, "visibilityState", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
  await setVisibility("hidden");
  await page.waitForTimeout(300);
  let asked = 0;
  page.on("request", (request) => (asked += request.url().includes("/inbox/messages") ? 1 : 0));
  await page.waitForTimeout(2500);
  assert.equal(asked, 0);
  await setVisibility("visible");
  await page.waitForRequest(/inbox\/messages/);
});
