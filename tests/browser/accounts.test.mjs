// Tests the accounts page of a running local stack. support.mjs lists the settings. Each number gets several codes in a
// row, so the stack needs `--loose-limits`, with a cooldown of 10 s.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { API_WORDS, BASE, accepted, arrivedCode, answer, assertChinese, focusedId, freshNumber, inSeconds, inspect, letTimePass, onPage, shows, LOOKS, PROBLEM } from "./support.mjs";
import { chinese, refusals } from "./words.mjs";

const PASSWORD = "green mountains at noon";
const OTHER = "yellow rivers at night";

/** Waits for the code on the page and verifies it. */
async function proveWithCode(page) {
  await arrivedCode(page);
  await page.locator("#use-code").click();
  await page.getByRole("button", { name: "Verify and go on" }).click();
}

async function register(page, phone, password, secondStep = false) {
  await page.getByLabel("Phone number").fill(phone);
  await page.locator("#password").fill(password);
  if (secondStep) await page.getByLabel("Ask for a code at every log-in").check();
  await page.getByRole("button", { name: "Text a code" }).click();
  await proveWithCode(page);
  await shows(page, "#login-notice", /Registered/);
}

async function logIn(page, password) {
  await page.locator("#login-password").fill(password);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
}

/** Waits until the cooldown is over and the service texts the number again. */
const waitForCooldown = (page) => page.waitForTimeout(10_100);

// One waits for a cooldown in each, so not all.
for (const { colorScheme, viewport, deviceScaleFactor = 1 } of [LOOKS[0], LOOKS[3], LOOKS[4]]) {
  const look = `${colorScheme} at ${viewport.width * deviceScaleFactor} px, ${deviceScaleFactor}00 percent`;
  onPage(`registers, logs in, refreshes, replays, resets and deletes: ${look}`, { path: "/accounts", colorScheme, viewport, deviceScaleFactor }, async (page) => {
    const phone = freshNumber();
    await inspect(page, `accounts 1 register ${look}`);
    await register(page, phone, PASSWORD);
    await logIn(page, "not the password at all");
    await shows(page, "#login-notice", /Number or password is wrong/);
    await inspect(page, `accounts wrong password ${look}`);
    await logIn(page, PASSWORD);
    await shows(page, "#token-claims", /iss\s*http/);
    await shows(page, "#access-expiry", /good for \d:\d\d/);
    await inspect(page, `accounts 2 log-in ${look}`);

    await page.getByRole("button", { name: "Who am I?" }).click();
    await shows(page, "#session-answer", new RegExp(`Number\\s*\\+•+${phone.slice(-2)}[^]*Registered on[^]*A recovery code\\s*No`));
    await page.getByRole("button", { name: "My devices" }).click();
    await shows(page, "#session-answer", /This page[^]*It is this one/);
    await page.getByRole("button", { name: "Refresh", exact: true }).click();
    await shows(page, "#session-notice", /Refreshed/);
    await page.getByRole("button", { name: "Replay the old refresh token" }).click();
    await shows(page, "#session-notice", /same successor once more/);
    await inspect(page, `accounts 3 session ${look}`);

    await waitForCooldown(page);
    await page.getByRole("button", { name: "Reset the password" }).click();
    await page.getByLabel("New password").fill(OTHER);
    await page.getByRole("button", { name: "Text a code" }).click();
    await arrivedCode(page);
    await inspect(page, `accounts 4 reset ${look}`);
    await proveWithCode(page);
    await shows(page, "#login-notice", /The password is set/);
    await logIn(page, PASSWORD);
    await shows(page, "#login-notice", /Number or password is wrong/);
    await logIn(page, OTHER);
    await page.getByRole("button", { name: "Delete the account" }).click();
    await page.getByRole("button", { name: "Keep it" }).click();
    assert.equal(await focusedId(page), "delete", "the question gives the focus back");
    await page.getByRole("button", { name: "Delete the account" }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Who am I?" }).click();
    await shows(page, "#session-answer", /Registered on/);
    await page.getByRole("button", { name: "Delete the account" }).click();
    await inspect(page, `accounts 5 question ${look}`);
    await page.getByRole("button", { name: "Delete it for good" }).click();
    await shows(page, "#register-notice", /Deleted/);
    await shows(page, "#call-list li:nth-child(1)", /DELETE \/account\/v1\/me[^]*204/);
    await inspect(page, `accounts 6 deleted ${look}`);
  });
}

onPage("logs in with password and code by keyboard", { path: "/accounts" }, async (page) => {
  const tabTo = async (id) => {
    for (let presses = 0; presses < 40; presses += 1) {
      if ((await focusedId(page)) === id) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`Tab never reaches #${id}`);
  };
  await tabTo("phone");
  await page.keyboard.type(freshNumber());
  await tabTo("password");
  await page.keyboard.type("short one");
  await tabTo("second-step");
  await page.keyboard.press("Space");
  await tabTo("register");
  await page.keyboard.press("Enter");
  await arrivedCode(page);
  await tabTo("use-code");
  await page.keyboard.press("Enter");
  assert.equal(await focusedId(page), "code");
  await page.keyboard.press("Enter");
  await shows(page, "#login-notice", /Registered/);
  await tabTo("login-password");
  await page.keyboard.type("short one");
  await page.keyboard.press("Enter");
  await shows(page, "#login-notice", /asks for a code as well/);
  await waitForCooldown(page);
  await page.getByRole("button", { name: "Text a code" }).press("Enter");
  await proveWithCode(page);
  await shows(page, "#token-claims", /exp/);
  await page.getByRole("button", { name: "Make a recovery code" }).press("Enter");
  const shown = /[0-9a-f]{4}(-[0-9a-f]{4}){4}/;
  await shows(page, "#session-answer", shown);
  const [code] = (await page.locator("#session-answer").textContent()).match(shown);

  // This account needs two factors to reset its password: the number and the recovery code.
  for (const [typed, notice, words] of [["", "#reset-notice", /asks for two factors/], [code, "#login-notice", /The password is set/]]) {
    await waitForCooldown(page);
    if (typed === "") await page.getByRole("button", { name: "Reset the password" }).press("Enter");
    await page.getByLabel("New password").fill("short two");
    await page.getByLabel("Recovery code").fill(typed);
    await page.locator("#reset").press("Enter");
    await proveWithCode(page);
    await shows(page, notice, words);
  }
});

onPage("names missing fields, and keeps the proof after a refused password", { path: "/accounts" }, async (page) => {
  // In the words of the component.
  for (const [typed, words] of [["", /^Enter the number\.$/], ["415 CALL", /no letters/], ["4152001234", /^Write it with a leading \+ and the country code\.$/]]) {
    await page.getByLabel("Phone number").fill(typed);
    await page.getByRole("button", { name: "Text a code" }).click();
    await shows(page, "#phone-error", words);
  }
  await page.getByLabel("Phone number").fill(freshNumber());
  await page.getByRole("button", { name: "Text a code" }).click();
  await shows(page, "#password-error", /Enter a password/);
  await inspect(page, "accounts no password");
  await page.locator("#password").fill("passwordpassword");
  await page.getByRole("button", { name: "Text a code" }).click();
  await proveWithCode(page);
  await shows(page, "#password-error", /among the first that others would try/);
  await shows(page, "#register-notice", /The proof is still good/);
  assert.doesNotMatch(await page.locator("#step-register").innerText(), API_WORDS);
  assert.equal(await focusedId(page), "password");
  await inspect(page, "accounts refused password");
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("button", { name: "Try this password" }).click();
  await shows(page, "#login-notice", /Registered/);
});

onPage("takes a number with whatever stands around it, as both services do", { path: "/accounts", expects: /could not use: phone/ }, async (page) => {
  const { spellings } = JSON.parse(readFileSync(new URL("../../shared/domain/specimen/typed.json", import.meta.url), "utf8"));
  const number = page.locator("#phone[autocomplete=username]");
  // A click comes to nothing while the one before is under way.
  const ends = () => page.locator("#register:not([aria-busy])").waitFor();
  await answer(page, "/v1/send", 202, accepted());
  await page.locator("#password").fill(PASSWORD);
  // A field for a number takes no line breaks.
  for (const text of spellings.filter(([text, region]) => !region && !/[\r\n]/.test(text)).map(([text]) => text)) {
    await number.fill(text);
    const request = page.waitForRequest(`${BASE}/v1/send`);
    await page.getByRole("button", { name: "Text a code" }).click();
    assert.equal((await request).postDataJSON().phone, text.trim());
    await ends();
  }
  // One of them is texted, and the page shows the text.
  await page.unrouteAll();
  await number.fill(`☎ "${freshNumber()}"`);
  await page.getByRole("button", { name: "Text a code" }).click();
  await arrivedCode(page);
  await ends();
  for (const [text, words] of [["<tel:+1-415>", /no such number/], ["☎ 4152001234", /leading \+/]]) {
    await number.fill(text);
    await page.getByRole("button", { name: "Text a code" }).click();
    await shows(page, "#phone-error", words);
    await ends();
  }
});

onPage("takes codes of any length, sends them again, and says how long they work", { path: "/accounts" }, async (page) => {
  const text = { id: "1", phone: "+14152001234", body: "Your code is 12345678.", at: new Date().toISOString() };
  await answer(page, "/v1/send", 202, accepted({ codeLength: 8, attempts: 3 }));
  await answer(page, "/inbox/messages*", 200, [text]);
  await page.getByLabel("Phone number").fill(text.phone);
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("button", { name: "Text a code" }).click();
  await shows(page, "#code-lead", /We sent 8 digits to \+14152001234/);
  await shows(page, "#code-expiry", /Works for [45]:\d\d/);
  await shows(page, "#attempts-left", /3 tries left/);
  await shows(page, "#use-code", /12345678/);
  await page.getByLabel("Code from the message").fill("123456");
  await page.keyboard.press("Enter");
  await shows(page, "#code-error", /8 digits/);
  await inspect(page, "accounts code");
  await shows(page, "#resend", /in \d:\d\d/);
  await letTimePass(page, 61);
  await shows(page, "#resend", /^Send again$/);
  const request = page.waitForRequest(`${BASE}/v1/send`);
  await page.getByRole("button", { name: "Send again" }).click();
  assert.equal((await request).postDataJSON().token, "v1.test.challenge");
  await shows(page, "#resend", /in \d:\d\d/);
  await answer(page, "/v1/verify", 429, { ...PROBLEM, type: `${PROBLEM.type}attempts-exhausted`, status: 429 });
  await page.locator("#use-code").click();
  await page.keyboard.press("Enter");
  await shows(page, "#code-notice", /No tries left[^]*You can get a new code/);
  await inspect(page, "accounts no tries left");
  await letTimePass(page, 61);
  await page.getByRole("button", { name: "Get a new code" }).click();
  await shows(page, "#attempts-left", /3 tries left/);
  await shows(page, "#verify", /Verify and go on/);
});

onPage("shows a password on demand, asks for a long one before it texts, and lets a manager keep it", { path: "/accounts" }, async (page) => {
  await page.getByLabel("Phone number").fill(freshNumber());
  await page.locator("#password").fill("too short");
  await page.getByRole("button", { name: "Show the password" }).click();
  assert.equal(await page.locator("#password").getAttribute("type"), "text");
  await page.getByRole("button", { name: "Text a code" }).click();
  await shows(page, "#password-error", /at least 15 characters/);
  assert.equal(await page.locator("#password").getAttribute("type"), "password", "a form hides it again");
  assert.equal(await page.locator("#call-list li").count(), 0, "no text for a password that cannot be accepted");
  const typed = await page.getByLabel("Phone number").inputValue();
  for (const [form, password] of [["register-form", "new-password"], ["login-form", "current-password"], ["reset-form", "new-password"]]) {
    const fields = page.locator(`#${form} input[autocomplete]`);
    const names = await fields.evaluateAll((all) => all.map((field) => field.autocomplete));
    assert.deepEqual(names.slice(0, 2), ["username", password], form);
    assert.equal(await fields.first().inputValue(), typed, form);
  }
});

onPage("speaks Chinese, and texts in it", { path: "/accounts", locale: "zh-CN", viewport: { width: 320, height: 740 } }, async (page) => {
  await page.getByLabel("手机号码").fill(freshNumber());
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("button", { name: "发送验证码" }).click();
  await arrivedCode(page);
  await shows(page, "#bubbles", /【Example】您正在注册/);
  await assertChinese(page);
  await inspect(page, "accounts Chinese code");
  await page.locator("#use-code").click();
  await page.getByRole("button", { name: "验证并继续" }).click();
  await shows(page, "#login-notice", /已注册/);
  await page.locator("#login-password").fill(PASSWORD);
  await page.getByRole("button", { name: "登录", exact: true }).click();
  await page.getByRole("button", { name: "我是谁？" }).click();
  await shows(page, "#session-answer", /注册时间/);
  await inspect(page, "accounts Chinese session");
  await page.getByRole("button", { name: "删除账户" }).click();
  await assertChinese(page);
  await inspect(page, "accounts Chinese question");
  await page.getByRole("button", { name: "保留" }).click();
  await page.getByRole("button", { name: "English" }).click();
  await shows(page, "#session-answer", /Registered on/);
  await inspect(page, "accounts English at 320 px");
});

/** The calls of the page, by the names of their words. */
const CALLS = {
  register: "post /account/v1/accounts",
  "log-in": "post /account/v1/sessions",
  refresh: "post /account/v1/sessions/refresh",
  reset: "post /account/v1/password-reset",
  me: "get /account/v1/me",
  sessions: "get /account/v1/sessions",
  recovery: "post /account/v1/recovery-code",
  "log-out": "delete /account/v1/sessions/all",
  delete: "delete /account/v1/me",
};

/** The problem types that a call can answer with, each with its status: what the OpenAPI document says. */
function* listProblems(document, call) {
  const [method, path] = call.split(" ");
  for (const [status, { content }] of Object.entries(document.paths[path][method].responses)) {
    const types = content?.["application/problem+json"]?.schema.allOf[1].properties.type.enum ?? [];
    for (const type of types) yield [Number(status), type];
  }
}

test("has words for every refusal of every call", async () => {
  const document = await (await fetch(`${BASE}/account/openapi.json`)).json();
  const fallback = refusals.explain({ kind: "me", status: 418, response: null });
  let seen = 0;
  for (const [kind, call] of Object.entries(CALLS)) {
    const problems = [...listProblems(document, call), [0, undefined], [429, undefined], [502, undefined]];
    assert.ok(problems.length > 5, kind);
    for (const [status, type] of problems) {
      const response = type ? { type } : { message: "Too Many Requests" };
      const { title, text } = refusals.explain({ kind, status, response });
      assert.notEqual(title, fallback.title, `${kind} ${status} ${type} has no words`);
      for (const words of [title, text]) {
        assert.doesNotMatch(words, API_WORDS);
        assert.ok(chinese[words], words);
      }
      seen += 1;
    }
  }
  assert.ok(seen > 70, `${seen}`);
  const { title } = refusals.explain({ kind: "verify", status: 429, response: { message: "Too Many Requests" } });
  assert.match(title, /at once/, "a gateway that refuses says nothing of tries");
});

onPage("keeps the session while nobody says that it is over", { path: "/accounts" }, async (page) => {
  await register(page, freshNumber(), PASSWORD);
  await logIn(page, PASSWORD);
  await shows(page, "#token-claims", /iss\s*http/);

  // An access token that has expired is exchanged, and the call is made again.
  const expired = { ...PROBLEM, type: `${PROBLEM.type}invalid-token`, status: 401 };
  const once = { status: 401, contentType: "application/problem+json", body: JSON.stringify(expired) };
  await page.route(`${BASE}/account/v1/me`, (route) => route.fulfill(once), { times: 1 });
  await page.getByRole("button", { name: "Who am I?" }).click();
  await shows(page, "#session-answer", /Registered on/);
  await shows(page, "#call-list li:nth-child(2)", /sessions\/refresh[^]*200/);

  for (const [fail, words] of [
    [(route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ ...PROBLEM, type: `${PROBLEM.type}unavailable`, status: 503 }) }), /not available just now/],
    [(route) => route.fulfill({ status: 429, contentType: "application/json", body: `{"message":"Too Many Requests"}` }), /Too many requests at once/],
    [(route) => route.fulfill({ status: 504, contentType: "application/json", body: `{"message":"Endpoint request timed out"}` }), /The service failed/],
    [(route) => route.abort(), /does not answer/],
  ]) {
    await page.route(`${BASE}/account/v1/sessions/refresh`, fail, { times: 1 });
    await page.getByRole("button", { name: "Refresh", exact: true }).click();
    await shows(page, "#session-notice", words);
    await inspect(page, `accounts refresh: ${words}`);
  }
  await page.getByRole("button", { name: "Refresh", exact: true }).click();
  await shows(page, "#session-notice", /Refreshed/);

  // The service says that it is over: the page believes it.
  await answer(page, "/account/v1/sessions/refresh", 401, { ...PROBLEM, type: `${PROBLEM.type}session-over`, status: 401 });
  await page.getByRole("button", { name: "Refresh", exact: true }).click();
  await shows(page, "#login-notice", /The session is over[^]*Log in again/);
});

onPage("keeps the proof of a reset whose password is refused", { path: "/accounts" }, async (page) => {
  await register(page, freshNumber(), PASSWORD);
  await waitForCooldown(page);
  await page.getByRole("button", { name: "I forgot the password" }).click();
  await page.getByLabel("New password").fill("Summer2025Summer2025");
  await page.getByRole("button", { name: "Text a code" }).click();
  await proveWithCode(page);
  await shows(page, "#reset-notice", /The proof is still good/);
  await shows(page, "#new-password-error", /among the first that others would try/);
  await answer(page, "/account/v1/password-reset", 503, { ...PROBLEM, type: `${PROBLEM.type}unavailable`, status: 503 });
  await page.getByLabel("New password").fill(OTHER);
  await page.getByRole("button", { name: "Try this password" }).click();
  await shows(page, "#reset-notice", /not available just now/);
  await inspect(page, "accounts reset again");
  await page.unrouteAll();
  await page.getByRole("button", { name: "Try again" }).click();
  await shows(page, "#login-notice", /The password is set/);
  await logIn(page, OTHER);
  await shows(page, "#token-claims", /iss\s*http/);
});

const listRefusals = () => [
  [400, "invalid-token", { errors: [{ field: "token", accepted: "a live success token" }] }, /no longer good[^]*Text a new code/],
  [403, "other-phone", {}, /for another number/],
  [403, "test-number", {}, /Test numbers are not accepted/],
  [404, "no-account", {}, /Register the number first/],
  [409, "already-spent", {}, /spent already/],
  [429, "limited", { rule: "login-address-per-hour", retryAt: inSeconds(600) }, /from this network[^]*try again in/],
  [403, "locked", {}, /Too many wrong ones/],
  [429, "limited", { retryAt: inSeconds(600) }, /Too many tries[^]*try again in/],
  [503, "unavailable", {}, /not available just now/],
];

onPage("explains every refused log-in", { path: "/accounts" }, async (page) => {
  await page.getByLabel("Phone number").fill(freshNumber());
  await page.getByRole("button", { name: "I have an account" }).click();
  for (const [status, slug, more, words] of listRefusals()) {
    await page.unrouteAll();
    await answer(page, "/account/v1/sessions", status, { ...PROBLEM, type: PROBLEM.type + slug, status, ...more });
    await logIn(page, PASSWORD);
    await shows(page, "#login-notice", words);
    await inspect(page, `accounts refused: ${slug}`);
  }
  // While a log-in is under way.
  await page.unrouteAll();
  await page.route(`${BASE}/account/v1/sessions`, () => {});
  await logIn(page, PASSWORD);
  await page.locator("#login[aria-busy]").waitFor();
  await inspect(page, "accounts under way");
});
