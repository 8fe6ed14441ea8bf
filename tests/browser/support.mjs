// The support code of the browser tests: a browser, pages that report every fault, and calls to the local stack.
//
// BASE_URL     where the stack listens (default http://127.0.0.1:3000)
// CHROMIUM     the browser to start (default: Debian's chromium-headless-shell, or its chromium)
// BROWSER      `firefox` to start Firefox instead, and FIREFOX its path (default /usr/bin/firefox-esr)
// SCREENSHOTS  1 to keep pictures in ./screenshots, which git ignores
// FROM_DISK    1 to take the scripts and styles of the pages from the working tree, so that a change needs no Rust build

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

import { chinese } from "./words.mjs";

export const BASE = (process.env.BASE_URL ?? "http://127.0.0.1:3000").replace(/\/$/, "");
const ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
// The shell is Chromium without its windows: the same pages take half the processor time.
const SHELL = "/usr/lib/chromium/chromium-headless-shell";
const CHROMIUM = process.env.CHROMIUM ?? (existsSync(SHELL) ? SHELL : "/usr/bin/chromium");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const PROBLEM = { type: "urn:phoneproof:problem:", title: "Refused", detail: "Refused.", requestId: "test" };
/** How long a step may take, in milliseconds: a machine that does much else is slow. A step that works waits no longer than it must. */
export const STEP = 30_000;
export const MARKUP = `<img src=x onerror="window.hacked=1"><b>bold</b>`;

/** Whether the browser is Firefox: Debian's, which WebDriver BiDi drives. */
export const isFirefox = process.env.BROWSER === "firefox";

/** How people look at the pages: light and dark, on a wide screen, on a phone, and at 400 percent of 1280 px. */
export const LOOKS = [
  { colorScheme: "light", viewport: { width: 1280, height: 1000 } },
  { colorScheme: "dark", viewport: { width: 1280, height: 1000 } },
  { colorScheme: "light", viewport: { width: 360, height: 740 } },
  { colorScheme: "dark", viewport: { width: 360, height: 740 } },
  { colorScheme: "light", viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 },
];

/** Starts a browser. The newest driver asks Firefox for a command that the ESR does not have, so Firefox has an older one. */
async function launch() {
  if (!isFirefox) return chromium.launch({ executablePath: CHROMIUM, args: ARGS, timeout: 120_000 });
  const { firefox } = (await import("playwright-bidi")).default;
  openTabs();
  return firefox.launch({ channel: "moz-firefox", executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr", timeout: 120_000 });
}

/** Makes the driver of Firefox open a tab for each page, which takes a quarter less processor time than a window. */
function openTabs() {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve("playwright-bidi/package.json"));
  const { BidiSession } = require(`${folder}/lib/server/bidi/bidiConnection.js`);
  const { send } = BidiSession.prototype;
  BidiSession.prototype.send = function (method, params) {
    return send.call(this, method, method === "browsingContext.create" ? { ...params, type: "tab" } : params);
  };
}

/**
 * Passes on every promise that fails unseen, but for one of the driver of Firefox. When a frame appears, the driver looks for its
 * element. It waits for no answer, so it fails when the page is closed first.
 */
function ignoreClosedSessions() {
  const listeners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (error, promise) => {
    if (/locateNodes\).*(session closed|has been closed)/.test(error?.message)) return;
    if (listeners.length === 0) throw error;
    for (const listener of listeners) listener(error, promise);
  });
}

/** The browser of all tests of this process. */
export let browser;
before(async () => {
  if (isFirefox) ignoreClosedSessions();
  browser = await launch();
});
after(() => browser?.close());

/** Returns a random valid US number of area code 415, with an exchange that is not reserved. */
export function freshNumber() {
  let exchange;
  do exchange = String(randomInt(200, 1000));
  while (exchange.endsWith("11") || exchange === "555");
  return `+1415${exchange}${String(randomInt(10_000)).padStart(4, "0")}`;
}

export const inSeconds = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();

/** Defines a test that runs `body` in a fresh browser profile. It fails on console errors but those that it `expects`, and
 * on policy violations. */
export function onPage(name, options, body) {
  test(name, { timeout: 300_000 }, async () => {
    const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 1000 }, ...options });
    if (process.env.FROM_DISK === "1") await context.route(`${BASE}/demo/*`, takeFromDisk);
    const page = await context.newPage();
    page.setDefaultTimeout(STEP);
    const faults = await collectFaults(page, options.expects);
    await page.goto(`${BASE}${options.path ?? "/"}`);
    try {
      await body(page);
      assert.deepEqual(faults, [], "console errors and policy violations");
    } catch (error) {
      await shot(page, `failed ${name}`);
      throw error;
    } finally {
      await context.close();
    }
  });
}

function takeFromDisk(route) {
  const name = new URL(route.request().url()).pathname.split("/").pop();
  const folder = name === "phone-proof.js" ? "shared/web/dist" : "infra/local/page";
  return route.fulfill({ path: fileURLToPath(new URL(`../../${folder}/${name}`, import.meta.url)) });
}

async function collectFaults(page, expects = /^$/) {
  const faults = [];
  await page.exposeFunction("reportViolation", (text) => faults.push(text));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => window.reportViolation(`${event.effectiveDirective} ${event.blockedURI}`));
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    // The browser logs every refused call as an error. The tests expect those.
    const refusedCall = message.text().startsWith("Failed to load resource") && /\/v1\/|\/operations\/run/.test(message.location().url);
    if (message.type() === "error" && !refusedCall && !expects.test(message.text())) faults.push(message.text());
  });
  return faults;
}

export async function shot(page, name) {
  if (process.env.SCREENSHOTS !== "1") return;
  const path = fileURLToPath(new URL(`screenshots/${name.replaceAll(/\W+/g, "-")}.png`, import.meta.url));
  await page.screenshot({ path, fullPage: true, animations: "disabled" });
}

/** Waits until the text of `selector` matches. */
export async function shows(page, selector, pattern) {
  const found = page.locator(selector).filter({ hasText: pattern, visible: true });
  await found.first().waitFor().catch(async () => {
    assert.match((await page.locator(selector).allInnerTexts()).join("\n"), pattern);
    throw new Error(`${selector} is not visible`);
  });
}

/** Waits until something is so, or for the time of a step. What is not so then, the next assertion says. */
export async function waitUntil(page, isSo) {
  for (const end = Date.now() + STEP; !(await isSo()) && Date.now() < end; ) await page.waitForTimeout(20);
}

/** Lets so many seconds pass at once. The component takes a jump of the time of day for the sleep of a device, which counts. */
export const letTimePass = (page, seconds) =>
  page.evaluate((milliseconds) => {
    const { now } = Date;
    Date.now = () => now() + milliseconds;
  }, seconds * 1000);

export async function sendTo(page, phone) {
  await page.getByLabel("Phone number").fill(phone);
  await page.getByRole("button", { name: "Send code" }).click();
}

/** Waits for the text and returns the code that the page offers. */
export async function arrivedCode(page) {
  await shows(page, "#use-code", /\d{6}/);
  return (await page.locator("#use-code strong").innerText()).trim();
}

/** Answers calls to `path` in the stack's place, to any origin. Like the stack, it sends `Retry-After` beside `retryAt`. */
export function answer(page, path, status, body) {
  const contentType = status < 400 ? "application/json" : "application/problem+json";
  const headers = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*", "Access-Control-Expose-Headers": "retry-after" };
  if (body.retryAt) headers["Retry-After"] = String(Math.ceil((Date.parse(body.retryAt) - Date.now()) / 1000));
  return page.route(`${BASE}${path}`, (route) => route.fulfill({ status, contentType, headers, body: JSON.stringify(body) }));
}

export const accepted = (more = {}) => ({ token: "v1.test.challenge", expiresAt: inSeconds(300), expiresIn: 300, resendAt: inSeconds(60), resendIn: 60, codeLength: 6, attempts: 5, phone: "+•••••••••00", ...more });

export async function assertFits(page) {
  const { wide, screen } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, screen: innerWidth }));
  assert.ok(wide <= screen, `the page is ${wide} px wide on a screen of ${screen} px`);
}

/** Checks with axe-core. Its script gets in by the browser's own door, which the page's policy does not guard. A colour that is
 * still changing has too little contrast, and an answer may arrive while axe looks, so nothing moves until it has looked. */
export async function assertAccessible(page, state) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(async () => {
    const still = new CSSStyleSheet();
    still.replaceSync("*, *::before, *::after { animation: none !important; transition: none !important; }");
    document.adoptedStyleSheets.push(still);
    try {
      return await window.axe.run(document, { resultTypes: ["violations"] });
    } finally {
      document.adoptedStyleSheets.splice(document.adoptedStyleSheets.indexOf(still), 1);
    }
  });
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`);
  assert.deepEqual(found, [], state);
}

/** Checks a state of a page: axe-core finds nothing, and nothing is cut off. Keeps a picture. */
export async function inspect(page, state) {
  await assertAccessible(page, state);
  await assertFits(page);
  await shot(page, state);
}

/** Words of the API, which nobody but a programmer reads. */
export const API_WORDS = /`|region|numbering plan|E\.164|uniqueId|businessId|X-Client-Key|Accepted/;

/** Checks that nothing on the page stayed English which has a Chinese text. */
export async function assertChinese(page) {
  const shown = await page.locator("body").innerText();
  const left = Object.keys(chinese).filter((text) => / .* /.test(text) && !text.includes("{") && shown.includes(text));
  assert.deepEqual(left, []);
}

/** The id of the element that has the focus, also within a component. */
export const focusedId = (page) =>
  page.evaluate(() => {
    let focused = document.activeElement;
    while (focused.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    return focused.id;
  });
