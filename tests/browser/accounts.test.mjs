// Tests the accounts page of a running local stack. support.mjs lists the settings. Each number gets several codes in a
// row, so the stack needs a policy with the shortest cooldown, 10 s.

import assert from "node:assert/strict";

import { arrivedCode, answer, assertFits, focusedId, freshNumber, onPage, shot, shows, PROBLEM } from "./support.mjs";

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

for (const [colorScheme, viewport] of [["light", { width: 1280, height: 1000 }], ["dark", { width: 360, height: 740 }]]) {
  const look = `${colorScheme} at ${viewport.width} px`;
  onPage(`registers, logs in, refreshes, replays, resets and deletes: ${look}`, { path: "/accounts", colorScheme, viewport }, async (page) => {
    const phone = freshNumber();
    await shot(page, `accounts 1 register ${look}`);
    await register(page, phone, PASSWORD);
    await logIn(page, "not the password at all");
    await shows(page, "#login-notice", /Number or password is wrong/);
    await logIn(page, PASSWORD);
    await shows(page, "#token-claims", /iss\s*http/);
    await shows(page, "#access-expiry", /good for \d:\d\d/);
    await assertFits(page);

    await page.getByRole("button", { name: "Who am I?" }).click();
    await shows(page, "#session-answer", new RegExp(`phone\\s*\\+•+${phone.slice(-2)}`));
    await page.getByRole("button", { name: "My devices" }).click();
    await shows(page, "#session-answer", /1\. This page[^]*this one/);
    await page.getByRole("button", { name: "Refresh", exact: true }).click();
    await shows(page, "#session-notice", /Refreshed/);
    await page.getByRole("button", { name: "Replay the old refresh token" }).click();
    await shows(page, "#session-notice", /same successor once more/);
    await assertFits(page);
    await shot(page, `accounts 2 session ${look}`);

    await waitForCooldown(page);
    await page.getByRole("button", { name: "Reset the password" }).click();
    await page.getByLabel("New password").fill(OTHER);
    await page.getByRole("button", { name: "Text a code" }).click();
    await shot(page, `accounts 3 reset ${look}`);
    await proveWithCode(page);
    await shows(page, "#login-notice", /The password is set/);
    await logIn(page, PASSWORD);
    await shows(page, "#login-notice", /Number or password is wrong/);
    await logIn(page, OTHER);
    await page.getByRole("button", { name: "Delete the account" }).click();
    await shows(page, "#register-notice", /Deleted/);
    await shows(page, "#call-list li:nth-child(1)", /DELETE \/account\/v1\/me[^]*204/);
    await assertFits(page);
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
  await page.getByLabel("Phone number").fill("4152001234");
  await page.getByRole("button", { name: "Text a code" }).click();
  await shows(page, "#phone-error", /leading \+/);
  await page.getByLabel("Phone number").fill(freshNumber());
  await page.getByRole("button", { name: "Text a code" }).click();
  await shows(page, "#password-error", /Enter a password/);
  await page.locator("#password").fill("passwordpassword");
  await page.getByRole("button", { name: "Text a code" }).click();
  await proveWithCode(page);
  await shows(page, "#password-error", /Accepted: .*The proof is still good/);
  assert.equal(await focusedId(page), "password");
  await shot(page, "accounts refused password");
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("button", { name: "Try this password" }).click();
  await shows(page, "#login-notice", /Registered/);
});

const REFUSALS = [
  [409, "phone-in-use", { retryAt: new Date(Date.now() + 7 * 86_400_000).toISOString() }, /never taken over[^]*try again/],
  [403, "locked", {}, /Too many wrong ones/],
  [429, "limited", { retryAt: new Date(Date.now() + 600_000).toISOString() }, /Too many tries[^]*try again in/],
  [503, "unavailable", {}, /not available just now/],
];

onPage("explains every refused log-in", { path: "/accounts" }, async (page) => {
  await page.getByLabel("Phone number").fill(freshNumber());
  await page.getByRole("button", { name: "I have an account" }).click();
  for (const [status, slug, more, words] of REFUSALS) {
    await page.unrouteAll();
    await answer(page, "/account/v1/sessions", status, { ...PROBLEM, type: PROBLEM.type + slug, status, ...more });
    await logIn(page, PASSWORD);
    await shows(page, "#login-notice", words);
  }
});
