// Tests <phone-proof> on a page of another origin than the service, under a strict Content-Security-Policy. support.mjs lists
// the settings. The stack needs `--allowed-origin` for ORIGIN, http://127.0.0.1:4750 by default.
// BROWSER=firefox runs the same in Firefox, by WebDriver BiDi, without what only Chromium can emulate.

import assert from "node:assert/strict";

import { ORIGIN, enter, on, proof, refuse, sendTo, textedCode, valueOf, wrongFor } from "./component.mjs";
import { BASE, MARKUP, PROBLEM, accepted, answer, focusedId, freshNumber, inSeconds, letTimePass, shows, waitUntil } from "./support.mjs";

on("verifies a number, and gives its form the success token", { attributes: `business="login" required`, html: `<button>Log in</button>` }, async (tab) => {
  await tab.getByRole("button", { name: "Log in" }).click();
  assert.equal(new URL(tab.url()).pathname, "/", "a form with a required proof is not sent without one");
  await waitUntil(tab, async () => (await focusedId(tab)) === "phone");
  assert.equal(await focusedId(tab), "phone", "the form shows where it lacks something");
  assert.equal(await proof(tab).getAttribute("tabindex"), null);
  assert.equal(await proof(tab).evaluate((element) => element.checkValidity()), false);
  const phone = freshNumber();
  const events = await tab.evaluateHandle(() => {
    const seen = [];
    for (const type of ["phoneproof-sent", "phoneproof-verified", "phoneproof-refused", "change"]) document.addEventListener(type, (event) => seen.push(event.type));
    return seen;
  });
  await sendTo(tab, phone);
  await shows(tab, "#code-lead", /We sent 6 digits to \+1415/);
  assert.equal(await focusedId(tab), "code");
  assert.deepEqual(await tab.locator("#code").evaluate((field) => [field.getAttribute("autocomplete"), field.inputMode]), ["one-time-code", "numeric"]);
  const { code } = await textedCode(phone);
  await enter(tab, wrongFor(code));
  await shows(tab, "#code-error", /4 tries left/);
  await enter(tab, code);
  await shows(tab, "#done", /is verified/);
  assert.equal(await focusedId(tab), "done");
  assert.deepEqual(await events.jsonValue(), ["phoneproof-sent", "phoneproof-refused", "change", "phoneproof-verified"]);
  const token = await valueOf(tab);
  assert.equal(JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).phone_number, phone);
  await tab.getByRole("button", { name: "Log in" }).click();
  await tab.waitForURL(/\/sent\?proof=/);
  assert.equal(new URL(tab.url()).searchParams.get("proof"), token);
});

on("a double tap texts once and submits once", {}, async (tab) => {
  const calls = [];
  tab.on("request", (request) => request.method() === "POST" && calls.push(new URL(request.url()).pathname));
  const phone = freshNumber();
  await tab.getByLabel("Phone number").fill(phone);
  await tab.getByRole("button", { name: "Send code" }).dblclick();
  await tab.locator("#code").waitFor();
  const { code, count } = await textedCode(phone);
  assert.equal(count, 1);
  await tab.getByLabel("Code from the message").fill(code);
  await tab.getByRole("button", { name: "Verify" }).dblclick();
  await shows(tab, "#done", /is verified/);
  assert.deepEqual(calls, ["/v1/send", "/v1/verify"]);
});

on("takes a pasted number and code with invisible characters, spaces and digits of other scripts", {}, async (tab) => {
  const phone = freshNumber();
  await sendTo(tab, `\u202a${phone.slice(0, 5)}\u00a0${phone.slice(5)}\u202c`);
  await tab.locator("#code").waitFor();
  const { code } = await textedCode(phone);
  const arabic = [...code].map((digit) => String.fromCodePoint(0x660 + Number(digit))).join("");
  await enter(tab, `\u200b${arabic.slice(0, 3)}\u2212${arabic.slice(3)}\ufeff`);
  await shows(tab, "#done", /is verified/);
  assert.ok(await valueOf(tab));
});

for (const minutes of [6, -6]) {
  const init = `{ const now = Date.now; Date.now = () => now() + ${minutes * 60_000}; }`;
  on(`counts right on a device whose clock is ${minutes} minutes off`, { init }, async (tab) => {
    const phone = freshNumber();
    await sendTo(tab, phone);
    await shows(tab, "#code-expiry", /Works for (5:00|4:5\d)/);
    await shows(tab, "#resend", /in 0:(10|0\d)/);
    const { code } = await textedCode(phone);
    await tab.goto(`${ORIGIN}/elsewhere`);
    await tab.goBack();
    await shows(tab, "#code-expiry", /Works for (5:00|4:[345]\d)/);
    await enter(tab, code);
    await shows(tab, "#done", /is verified/);
  });
}

on("the back button finds the code still awaited, and no second text", {}, async (tab) => {
  const phone = freshNumber();
  await sendTo(tab, phone);
  await tab.locator("#code").waitFor();
  await tab.goto(`${ORIGIN}/elsewhere`);
  await tab.goBack();
  await shows(tab, "#code-lead", /We sent 6 digits/);
  await tab.reload();
  await shows(tab, "#resend", /Send again in/);
  const { code, count } = await textedCode(phone);
  assert.equal(count, 1);
  await enter(tab, code);
  await shows(tab, "#done", /is verified/);
  // The token is not kept: after a reload the number is asked for again.
  await tab.reload();
  await tab.locator("#phone").waitFor();
  assert.equal(await valueOf(tab), "");
  assert.deepEqual(await tab.evaluate(() => Object.keys(sessionStorage)), []);
});

on("a connection that is lost in between loses nothing and texts once", { expects: /<phone-proof>/, chromiumOnly: true }, async (tab) => {
  const phone = freshNumber();
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  await tab.context().setOffline(true);
  await sendTo(tab, phone);
  await shows(tab, "#number-notice", /You are offline/);
  await tab.context().setOffline(false);
  // The answer to the send is lost on the way: the text went out.
  const keys = [];
  let lost = 0;
  await tab.route(`${BASE}/v1/send`, async (route) => {
    keys.push(await route.request().headerValue("idempotency-key"));
    if (lost++ > 2) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await tab.getByRole("button", { name: "Send code" }).click();
  await shows(tab, "#number-notice", /does not answer/);
  await tab.getByRole("button", { name: "Send code" }).click();
  await tab.locator("#code").waitFor();
  assert.equal(new Set(keys).size, 1);
  const { code, count } = await textedCode(phone);
  assert.equal(count, 1, "one text, whatever was lost");
  await tab.context().setOffline(true);
  await enter(tab, code);
  await shows(tab, "#code-notice", /You are offline/);
  assert.equal(await tab.locator("#code").inputValue(), code);
  await tab.context().setOffline(false);
  await tab.getByRole("button", { name: "Verify" }).click();
  await shows(tab, "#done", /is verified/);
});

const listSendRefusals = () => [
  [400, "invalid-phone", { errors: [{ field: "phone", accepted: "E.164" }] }, /no such number/],
  [403, "destination-not-allowed", { rule: "country" }, /do not text this country/],
  [403, "destination-not-allowed", { rule: "number-type" }, /do not text this kind/],
  [403, "blocked", { rule: "blocked-phone" }, /number is blocked/],
  [403, "blocked", { rule: "blocked-device" }, /device is blocked/],
  [403, "blocked", { rule: "blocked-address" }, /network is blocked/],
  [403, "blocked", { rule: "blocked-range" }, /number or network is blocked/],
  [403, "locked", { rule: "phone-lock" }, /is locked/],
  [429, "limited", { rule: "phone-cooldown", retryAt: inSeconds(500) }, /asked for a moment ago[^]*try again in \d:/],
  [429, "limited", { rule: "phone-per-hour", retryAt: inSeconds(1800) }, /this hour[^]*try again in \d\d:/],
  [429, "limited", { rule: "phone-per-day", retryAt: inSeconds(40_000) }, /number has had enough codes today/],
  [429, "limited", { rule: "device-per-day", retryAt: inSeconds(40_000) }, /device has had enough codes/],
  [429, "limited", { rule: "address-per-hour", retryAt: inSeconds(600) }, /from this network/],
  [429, "limited", { rule: "business-per-hour", retryAt: inSeconds(600) }, /Too many requests[^]*try again in/],
  [429, "limited", { rule: "country-purse", retryAt: inSeconds(600) }, /No more codes to this country for now[^]*not your fault[^]*try again in \d\d?:/],
  [429, "limited", { rule: "country-purse", retryAt: inSeconds(600), challenge: "attestation" }, /No more codes to this country for now[^]*try again in/],
  [429, "limited", { rule: "number-block-purse", retryAt: inSeconds(600) }, /neighbouring[^]*share a limit/],
  [429, "limited", { rule: "money-per-day", retryAt: inSeconds(40_000) }, /No more codes to this country today[^]*try again in 1\d:/],
  [429, "limited", { rule: "newer-rule", retryAt: inSeconds(600) }, /Too many requests/],
  [502, "delivery-failed", { retryAt: inSeconds(60) }, /carrier refused/],
  [500, "internal", {}, /went wrong/],
];
on("tells every refused send in people's words", {}, async (tab) => {
  for (const [status, slug, more, words] of listSendRefusals()) {
    await tab.unrouteAll();
    await refuse(tab, "/v1/send", status, slug, more);
    await sendTo(tab, "+14152001234");
    await shows(tab, "#number-form", words).catch((error) => assert.fail(`${slug} ${more.rule}: ${error.message}`));
    assert.doesNotMatch(await tab.locator("#number-form").innerText(), /[a-z]-[a-z]+-|E\.164|undefined|\{/);
  }
});

const listVerifyRefusals = () => [
  [422, "wrong-code", { attemptsRemaining: 1 }, /1 try left/],
  [422, "wrong-code", { attemptsRemaining: 0 }, /No tries left/],
  [429, "attempts-exhausted", {}, /No tries left/],
  [429, "limited", { rule: "phone-lock", retryAt: inSeconds(3000) }, /is locked[^]*try again in/],
  [403, "locked", { rule: "phone-lock" }, /is locked/],
  [410, "expired", {}, /has expired/],
  [409, "already-used", {}, /used already/],
  [400, "invalid-token", {}, /cannot be checked/],
  [500, "internal", {}, /went wrong/],
];
on("tells every refused code in people's words", {}, async (tab) => {
  await answer(tab, "/v1/send", 202, accepted({ resendIn: 0 }));
  for (const [status, slug, more, words] of listVerifyRefusals()) {
    await sendTo(tab, "+14152001234");
    await refuse(tab, "/v1/verify", status, slug, more);
    await enter(tab, "123456");
    await shows(tab, "#code-form", words).catch((error) => assert.fail(`${slug}: ${error.message}`));
    await tab.getByRole("button", { name: "Change number" }).click();
  }
});

on("says calmly that it cannot work, and in the console that the origin is not allowed", { expects: /<phone-proof>/ }, async (tab, told) => {
  // To browsers, and to the service, this is another origin than the one that the stack admits.
  await tab.goto(`${ORIGIN.replace("127.0.0.1", "localhost")}/`);
  await shows(tab, "#number-notice", /does not work just now[^]*not your fault/);
  assert.match(told.join("\n"), /<phone-proof> http:\S+ answers, but not to pages of http:\/\/localhost:\d+\. Add this origin/);
});

on("says so when another service answers at the issuer", { issuer: ORIGIN, expects: /<phone-proof>/ }, async (tab, told) => {
  await shows(tab, "#number-notice", /does not work just now/);
  assert.match(told.join("\n"), /http:\S+ is not the root of PhoneProof \(status 200\)\. Check `issuer`/);
});

on("says so when nothing answers at the issuer", { issuer: "http://127.0.0.1:9", expects: /<phone-proof>/ }, async (tab, told) => {
  await sendTo(tab, "+14152001234");
  await shows(tab, "#number-notice", /does not answer/);
  assert.match(told.join("\n"), /nothing answers at http:\/\/127\.0\.0\.1:9\. Check `issuer`, and `connect-src`/);
});

on("says so when there is no such business", { attributes: `business="lgoin"`, expects: /<phone-proof>/ }, async (tab, told) => {
  await shows(tab, "#number-notice", /does not work just now/);
  assert.match(told.join("\n"), /does not list the business `lgoin`[^]*It lists: .*login/);
  await sendTo(tab, "+14152001234");
  await shows(tab, "#number-notice", /does not work just now/);
  assert.match(told.join("\n"), /knows no business `lgoin`/);
});

on("offers a call only where the number can be called, also after a reload", { chromiumOnly: true }, async (tab) => {
  const call = tab.getByRole("button", { name: "Call me instead" });
  await answer(tab, "/v1/send", 202, accepted({ resendIn: 0 }));
  await sendTo(tab, "+14152001234");
  await shows(tab, "#resend", /^Send again$/);
  assert.equal(await call.isVisible(), false);
  await answer(tab, "/v1/send", 202, accepted({ resendIn: 0, channels: ["sms", "voice"] }));
  await tab.getByRole("button", { name: "Send again" }).click();
  await call.waitFor();
  await tab.reload();
  const request = tab.waitForRequest(`${BASE}/v1/send`);
  await call.click();
  assert.equal((await request).postDataJSON().channel, "voice");
});

for (const [status, rule] of [[403, "calls"], [429, "call-purse"], [429, "call-money-per-day"]]) {
  on(`offers another text, and no call, after ${rule} refused the call`, { chromiumOnly: true }, async (tab) => {
    await answer(tab, "/v1/send", 202, accepted({ resendIn: 0, channels: ["sms", "voice"] }));
    await sendTo(tab, "+14152001234");
    const call = tab.getByRole("button", { name: "Call me instead" });
    // The first send must have its answer, or it gets the next one.
    await call.waitFor();
    await answer(tab, "/v1/send", status, { ...PROBLEM, type: PROBLEM.type + (status === 403 ? "destination-not-allowed" : "limited"), status, rule, ...(status === 429 && { retryAt: inSeconds(43_000) }) });
    await call.click();
    await shows(tab, "#code-notice", /We cannot call this number[^]*Ask for a text/);
    assert.equal(await tab.locator("#code-notice .timer").count(), 0, "a text need not wait");
    await call.waitFor({ state: "hidden" });
    await answer(tab, "/v1/send", 202, accepted());
    await tab.getByRole("button", { name: /^Send again$/ }).click();
    await shows(tab, "#resend", /in 1:00|in 0:5/);
  });
}

on("takes the page's words, colours and further languages", { lang: "fr" }, async (tab) => {
  await tab.evaluate(async () => {
    const { PhoneProofElement } = await import("/phone-proof.js");
    PhoneProofElement.addWords("fr", { phone: "Numéro de téléphone", send: "Envoyer le code" });
    const proof = document.querySelector("phone-proof");
    proof.words = { verify: "Continuer" };
    proof.style.setProperty("--phone-proof-accent", "rgb(1, 2, 3)");
  });
  await tab.getByLabel("Numéro de téléphone").fill("+14152001234");
  assert.equal(await tab.locator("#send").evaluate((button) => getComputedStyle(button).backgroundColor), "rgb(1, 2, 3)");
  assert.equal(await tab.locator("#verify").textContent(), "Continuer");
  assert.match(await tab.locator("#phone-hint").innerText(), /leading \+/, "what a language lacks is in English");
  // The language of the page changes under way.
  await tab.evaluate(() => (document.documentElement.lang = "zh"));
  await tab.getByRole("button", { name: "发送验证码" }).waitFor();
});

on("shows markup as text", {}, async (tab) => {
  await refuse(tab, "/v1/send", 400, "invalid-phone", { title: MARKUP, detail: MARKUP, errors: [{ field: "phone", accepted: MARKUP }] });
  await sendTo(tab, MARKUP);
  await shows(tab, "#phone-error", /no letters/);
  await tab.unrouteAll();
  await answer(tab, "/v1/send", 202, accepted({ phone: MARKUP }));
  await sendTo(tab, `+1${MARKUP}`);
  await shows(tab, "#code-lead", /<img src=x onerror=/);
  assert.equal(await tab.locator("phone-proof img, phone-proof b").count(), 0);
  assert.equal(await tab.evaluate(() => window.hacked), undefined);
});

on("a verification that has expired is asked for again", {}, async (tab) => {
  await answer(tab, "/v1/send", 202, accepted());
  await answer(tab, "/v1/verify", 200, { token: "a.b.c", tokenType: "phone-verified+jwt", expiresAt: inSeconds(300), expiresIn: 300 });
  await sendTo(tab, "+14152001234");
  await enter(tab, "123456");
  await shows(tab, "#done", /is verified/);
  assert.equal(await valueOf(tab), "a.b.c");
  await letTimePass(tab, 301);
  await shows(tab, "#number-notice", /verification has expired/);
  assert.equal(await valueOf(tab), "");
});
