// Tests the demo and the inbox of a running local stack. support.mjs lists the settings.

import assert from "node:assert/strict";
import { test } from "node:test";

import { chinese, listTexts } from "./words.mjs";
import { API_WORDS, BASE, LOOKS, MARKUP, PROBLEM, accepted, answer, arrivedCode, assertChinese, focusedId, freshNumber, inSeconds, inspect, letTimePass, onPage, sendTo, shows } from "./support.mjs";

// -------------------------------------------------------------------------------------- the whole flow

for (const { colorScheme, viewport, deviceScaleFactor = 1 } of LOOKS) {
  const look = `${colorScheme} at ${viewport.width * deviceScaleFactor} px, ${deviceScaleFactor}00 percent`;
  onPage(`sends, reads, verifies and spends: ${look}`, { colorScheme, viewport, deviceScaleFactor }, async (page) => {
    const phone = freshNumber();
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
    assert.equal(ground[0] < 128, colorScheme === "dark", `the ground is rgb(${ground})`);
    await page.getByLabel("Business action").selectOption("login");
    await inspect(page, `1 number ${look}`);

    await sendTo(page, phone);
    const code = await arrivedCode(page);
    await shows(page, "#bubbles", new RegExp(code));
    await shows(page, "#device-owner", new RegExp(`\\${phone}`));
    await shows(page, "#resend", /Send again in \d:\d\d/);
    assert.equal(await focusedId(page), "code");
    await inspect(page, `2 code ${look}`);

    await page.locator("#use-code").click();
    assert.equal(await page.getByLabel("Code from the message").inputValue(), code);
    assert.equal(await focusedId(page), "code");
    await page.getByRole("button", { name: "Verify" }).click();
    await shows(page, "#token-claims", new RegExp(`phone_number\\s*\\${phone}`));
    await shows(page, "#token-claims", /aud\s*login/);
    await shows(page, "#token-claims", /amr\s*sms, otp/);
    await shows(page, "#token-header", /typ\s*phone-verified\+jwt/);
    await shows(page, "#token-expiry", /Good for \d+:\d\d/);
    await inspect(page, `3 proof ${look}`);

    await page.getByRole("button", { name: "Spend the proof" }).click();
    await shows(page, "#spend-notice", /Spent/);
    await page.getByRole("button", { name: "Spend it again" }).click();
    await shows(page, "#spend-notice", /Refused, as it should be/);
    await shows(page, "#call-list li:nth-child(1)", /POST \/v1\/spend[^]*409/);
    await shows(page, "#call-list li:nth-child(4)", /POST \/v1\/send[^]*202/);
    await inspect(page, `4 spent ${look}`);
  });
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
  const outline = await page.locator("#phone").evaluate((field) => getComputedStyle(field).outlineStyle);
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
  await inspect(page, "inbox");
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
  await inspect(page, "wrong code");

  await page.getByRole("button", { name: "Change number" }).click();
  await page.getByRole("button", { name: "Send code" }).click();
  await shows(page, "#number-notice", /A code was asked for a moment ago/);
  await shows(page, "#number-notice", /try again in 0:\d\d/);
  const waiting = await page.locator("#number-notice .timer").innerText();
  await page.waitForFunction((before) => document.querySelector("phone-proof").shadowRoot.querySelector("#number-notice .timer").textContent !== before, waiting);
  await inspect(page, "cooldown");
  await page.getByRole("button", { name: "I have a code already" }).click();
  await page.getByLabel("Code from the message").fill(code);
  await page.keyboard.press("Enter");
  await shows(page, "#token-claims", /phone_number/);
});

onPage("explains a landline, a premium-rate number, texts that are not numbers and an empty field", {}, async (page) => {
  for (const phone of ["+44 20 7031 3000", "+1 900 200 1234"]) {
    await sendTo(page, phone);
    await shows(page, "#number-notice", /We do not text this kind of number[^]*a landline or special number/);
    await inspect(page, `refused ${phone}`);
    assert.doesNotMatch(await page.locator("#number-notice").innerText(), /premium/);
    assert.equal(await focusedId(page), "phone");
  }
  await page.getByLabel("Country").selectOption("GB");
  for (const [phone, words] of [
    ["12", /no such number in this country: United Kingdom/],
    ["+44 1", /no such number\. Check its digits and the country code/],
    ["1-800-FLOWERS", /no letters/],
    ["07911 123456 ext. 5", /no letters or extension/],
    ["+", /Enter the digits/],
  ]) {
    await sendTo(page, phone);
    await shows(page, "#phone-error", words);
    assert.doesNotMatch(await page.locator("#phone-error").innerText(), API_WORDS);
  }
  await inspect(page, "no digits");
  await sendTo(page, "");
  await shows(page, "#phone-error", /Enter the number/);
  assert.equal(await page.locator("#bubbles li").count(), 0);
});

const listSendRefusals = () => [
  ["a day's worth of codes", 429, { rule: "phone-per-day", retryAt: inSeconds(4000) }, /enough codes today[^]*try again in 1:0\d:\d\d/],
  ["a country's empty purse", 429, { rule: "country-purse", retryAt: inSeconds(1800) }, /No more codes to this country for now[^]*not your fault/],
  ["a number block's empty purse", 429, { rule: "number-block-purse", retryAt: inSeconds(1800) }, /neighbouring numbers/],
  ["a country's money of the day", 429, { rule: "money-per-day", retryAt: inSeconds(4000) }, /No more codes to this country today/],
  ["a blocked number", 403, { rule: "blocked-phone" }, /This number is blocked/],
  ["a country outside the policy", 403, { rule: "country" }, /do not text this country/],
  ["a locked number", 403, { rule: "phone-lock" }, /This number is locked/],
  ["a business with a client key", 401, {}, /does not work just now[^]*not your fault/],
  ["the carrier's refusal", 502, {}, /carrier refused/],
  ["no storage", 503, {}, /not available just now/],
];

onPage("explains every refused send", { expects: /<phone-proof> (nothing answers|\S+ could not use)/ }, async (page) => {
  for (const [name, status, more, words] of listSendRefusals()) {
    await page.unrouteAll();
    await answer(page, "/v1/send", status, { ...PROBLEM, status, ...more });
    await sendTo(page, "+14152001234");
    await shows(page, "#number-notice", words).catch((error) => assert.fail(`${name}: ${error.message}`));
    await inspect(page, `refused: ${name}`);
  }
  await page.unrouteAll();
  await page.route(`${BASE}/v1/send`, (route) => route.abort());
  await sendTo(page, "+14152001234");
  await shows(page, "#number-notice", /does not answer/);
  await inspect(page, "no answer");
});

onPage("says in people's words that a request was refused, and in the console for what", { expects: /<phone-proof> .*could not use: region \(/ }, async (page) => {
  const errors = ["region", "businessId", "locale", "uniqueId", "X-Client-Key"].map((field) => ({ field, accepted: `with \`${field}\`` }));
  await answer(page, "/v1/send", 400, { ...PROBLEM, type: `${PROBLEM.type}malformed`, status: 400, errors });
  await sendTo(page, "+14152001234");
  await shows(page, "#number-notice", /does not work just now[^]*not your fault/);
  assert.doesNotMatch(await page.locator("#number-notice").innerText(), API_WORDS);
});

onPage("counts down to the next code when no tries are left", {}, async (page) => {
  await sendTo(page, freshNumber());
  const code = await arrivedCode(page);
  // The component does not submit a code that was wrong before, so each is another.
  for (let tries = 5; tries > 0; tries -= 1) {
    await shows(page, "#attempts-left", tries === 1 ? /^1 try left/ : new RegExp(`^${tries} tries left`));
    await page.getByLabel("Code from the message").fill(String((Number(code) + tries) % 1_000_000).padStart(6, "0"));
    await page.keyboard.press("Enter");
  }
  await shows(page, "#code-notice", /No tries left[^]*You can get a new code in 0:\d\d/);
  await shows(page, "#attempts-left", /^0 tries left/);
  assert.equal(await page.locator("#code-expiry").innerText(), "", "a code that is over works for no time");
  assert.equal(await page.locator("#use-code").isVisible(), false);
  await inspect(page, "no tries left");
});

// ------------------------------------------------------------------------------------------ language

const ZH = { locale: "zh-CN", viewport: { width: 320, height: 740 } };

onPage("speaks Chinese to a browser that does, texts in Chinese, and English after the switch", ZH, async (page) => {
  assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
  await shows(page, "h1", /验证一个手机号码/);
  await page.getByLabel("手机号码").fill(freshNumber());
  await page.getByRole("button", { name: "发送验证码" }).click();
  await arrivedCode(page);
  await shows(page, "#bubbles", /【Example】/);
  await page.getByLabel("短信中的验证码").fill("12");
  await page.keyboard.press("Enter");
  await shows(page, "#code-error", /6 位数字/);
  await assertChinese(page);
  await inspect(page, "Chinese at 320 px");

  // The switch changes what is shown, and loses nothing of the challenge.
  await page.getByRole("button", { name: "English" }).click();
  await shows(page, "#code-error", /The code has 6 digits/);
  await shows(page, "#code-lead", /We sent 6 digits to \+1415/);
  await shows(page, "#resend", /Send again in/);
  await inspect(page, "English at 320 px");
  await page.locator("#use-code").click();
  await page.getByRole("button", { name: "Verify" }).click();
  await shows(page, "#token-lead", /is proved for/);
  await page.getByRole("button", { name: "中文" }).click();
  await shows(page, "#token-lead", /已通过验证/);
  await assertChinese(page);
  await inspect(page, "Chinese proof");
  await page.reload();
  await shows(page, "h1", /验证一个手机号码/);
});

onPage("explains every refusal in Chinese", { ...ZH, expects: /<phone-proof> \S+ could not use/ }, async (page) => {
  for (const [name, status, more] of [...listSendRefusals(), ["a landline", 403, { rule: "number-type" }], ["a limit", 429, { rule: "phone-cooldown", retryAt: inSeconds(600) }]]) {
    await page.unrouteAll();
    await answer(page, "/v1/send", status, { ...PROBLEM, status, ...more });
    await page.getByLabel("手机号码").fill("+14152001234");
    await page.getByRole("button", { name: "发送验证码" }).click();
    await shows(page, "#number-notice", /\p{Script=Han}/u);
    await assertChinese(page).catch((error) => assert.fail(`${name}: ${error.message}`));
    await inspect(page, `refused in Chinese: ${name}`);
  }
});

test("every text of the pages has a Chinese one, with the same values", () => {
  const names = new Set(["PhoneProof", "OpenAPI", "/inbox/messages", "Luma", "Healthchecks", "phoneproof-admin simulate"]);
  assert.deepEqual(listTexts().filter((text) => !names.has(text) && !Object.hasOwn(chinese, text)), []);
  const values = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const [english, translated] of Object.entries(chinese)) assert.deepEqual(values(translated), values(english), english);
});

const listVerifyRefusals = () => [
  ["the last wrong code", 422, { attemptsRemaining: 0 }, /No tries left/],
  ["an exhausted code", 429, { type: `${PROBLEM.type}attempts-exhausted` }, /No tries left/],
  ["a locked number", 429, { rule: "phone-lock", retryAt: inSeconds(3000) }, /locked for now[^]*try again in 4\d:\d\d/],
  ["an expired code", 410, {}, /has expired/],
  ["a used code", 409, {}, /used already/],
];

onPage("explains every refused code and leads to a new one", {}, async (page) => {
  await answer(page, "/v1/send", 202, accepted());
  for (const [name, status, more, words] of listVerifyRefusals()) {
    await answer(page, "/v1/verify", status, { ...PROBLEM, status, ...more });
    await sendTo(page, "+14152001234");
    await page.getByLabel("Code from the message").fill("１２３ 456");
    await page.keyboard.press("Enter");
    await shows(page, "#code-notice", words).catch((error) => assert.fail(`${name}: ${error.message}`));
    await inspect(page, `refused: ${name}`);
    await page.getByRole("button", { name: more.rule ? "Change number" : "Get a new code" }).click();
    assert.equal(await focusedId(page), "phone");
  }
});

onPage("asks for the code after an unconfirmed text", {}, async (page) => {
  await answer(page, "/v1/send", 504, { ...PROBLEM, status: 504, token: "v1.test.challenge" });
  await sendTo(page, "+14152001234");
  await shows(page, "#unconfirmed", /may still arrive/);
  await inspect(page, "unconfirmed");
  assert.equal(await focusedId(page), "code");
});

onPage("allows a resend only after the wait, and sends the token with it", {}, async (page) => {
  await answer(page, "/v1/send", 202, accepted());
  await sendTo(page, "+14152001234");
  await shows(page, "#resend", /in \d:\d\d/);
  await page.getByRole("button", { name: /^Send again/ }).click({ force: true });
  // What that click would send is listed by then.
  await page.waitForTimeout(2000);
  await letTimePass(page, 61);
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

// -------------------------------------------------------------------------------------------- calls

onPage("shows a call with the code that it speaks, and fills it in", {}, async (page) => {
  const phone = freshNumber();
  await sendTo(page, phone);
  const code = await arrivedCode(page);
  const spoken = [...code].join(", ");
  const call = { id: "call", channel: "notify-voice", phone, body: `Your verification code is: ${spoken}.`, at: inSeconds(0), attributes: {} };
  await answer(page, "/inbox/messages*", 200, [call]);
  await shows(page, "#bubbles", new RegExp(`^[^]*Call[^]*code is: ${spoken}`));
  assert.equal(await page.locator("#bubbles strong").textContent(), spoken);
  await shows(page, "#use-code", new RegExp(code));
  await inspect(page, "a call");
  await page.locator("#use-code").click();
  assert.equal(await page.getByLabel("Code from the message").inputValue(), code);
  await page.getByRole("button", { name: "Verify" }).click();
  await shows(page, "#token-claims", new RegExp(`phone_number\\s*\\${phone}`));
  await page.goto(`${BASE}/inbox`);
  await shows(page, "#inbox-list", /notify-voice/);
  assert.equal(await page.locator("#inbox-list strong", { hasText: spoken }).count(), 1);
});

onPage("the inbox shows who sent a text, and its ids, whatever channel it took", {}, async (page) => {
  const phone = freshNumber();
  const kept = { id: "1", phone, body: "123456", at: inSeconds(0) };
  for (const [channel, attributes, shown] of [
    ["sns", { "AWS.SNS.SMS.SenderID": "ACMEIN", "AWS.MM.SMS.EntityId": "11", "AWS.MM.SMS.TemplateId": "22" }, "Sender id: ACMEIN|Entity id: 11|Template id: 22"],
    ["end-user-messaging", { OriginationIdentity: "ACMEIN", IN_ENTITY_ID: "11", IN_TEMPLATE_ID: "22" }, "From ACMEIN|Entity id: 11|Template id: 22"],
    ["hook", { sender: "ACMEIN", entityId: "11", templateId: "22", attempt: "1" }, "From ACMEIN|Entity id: 11|Template id: 22"],
  ]) {
    await answer(page, "/inbox/messages*", 200, [{ ...kept, channel, attributes }]);
    await page.goto(`${BASE}/inbox`);
    await shows(page, "#inbox-list", new RegExp(channel));
    const items = await page.locator("#inbox-list .row-sent li").allTextContents();
    assert.deepEqual(items, shown.split("|"), channel);
    await page.unrouteAll();
  }
});

// ------------------------------------------------------------------------------------- hostile text

onPage("shows markup from a person, a server or a text as text", {}, async (page) => {
  const refused = { ...PROBLEM, title: MARKUP, detail: MARKUP, status: 400, errors: [{ field: "phone", accepted: MARKUP }] };
  await sendTo(page, MARKUP);
  await shows(page, "#call-list", /<img src=x onerror=/);
  await answer(page, "/v1/send", 400, refused);
  await sendTo(page, MARKUP);
  await shows(page, "#phone-error", /no letters/);
  await page.unrouteAll();
  await answer(page, "/v1/send", 202, accepted());
  await answer(page, "/inbox/messages*", 200, [{ id: "1", phone: "+14152001234", body: `${MARKUP} 123456`, at: inSeconds(0), attributes: { "AWS.SNS.SMS.SenderID": MARKUP } }]);
  await sendTo(page, "+14152001234");
  await shows(page, "#bubbles", /<img src=x onerror=[^]*123456/);
  await inspect(page, "hostile text");
  await page.goto(`${BASE}/inbox`);
  await shows(page, "#inbox-list", /<img src=x onerror=/);
  await shows(page, "#inbox-list", /Sender id: <img src=x onerror=/);
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
