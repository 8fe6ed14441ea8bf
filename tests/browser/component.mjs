// The page of the tests of <phone-proof>: of another origin than the service, under a strict Content-Security-Policy.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { BASE, PROBLEM, STEP, accepted, answer, browser, inSeconds, isFirefox, shot, shows, waitUntil } from "./support.mjs";

export const ORIGIN = process.env.ORIGIN ?? "http://127.0.0.1:4750";
export const read = (path) => readFileSync(new URL(`../../shared/web/${path}`, import.meta.url), "utf8");

/** A page whose policy allows no inline script or style, and one script that stands beside it. */
const page = ({ attributes = `business="login"`, name = "proof", html = "", form = `action="/sent" method="get"`, lang = "en", issuer = BASE }) => `<!doctype html>
<html lang="${lang}"${lang === "ar" ? ' dir="rtl"' : ""}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>A shop</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css"><script type="module" src="/phone-proof.js"></script></head>
<body><main><h1>Log in</h1><form ${form}><phone-proof name="${name}" issuer="${issuer}" ${attributes}></phone-proof>${html}</form></main></body></html>`;

const SECURITY = `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src *; form-action 'self'; base-uri 'none'`;
let server;
let content = "";
let files = {};
let app;
before(() => {
  server = createServer((request, reply) => {
    const { pathname } = new URL(request.url, ORIGIN);
    if (serveAppFile(request, reply, pathname)) return;
    const [script, style] = [pathname.endsWith(".js"), pathname.endsWith(".css")];
    const body = style ? "body { font: 1rem/1.5 sans-serif; background: light-dark(#fff, #181c1a); color: light-dark(#161b18, #eceeec) }" : script ? files[pathname] ?? read(`dist${pathname}`) : pathname === "/" ? content : "<!doctype html><html lang=en><title>Another page</title><link rel=icon href='data:,'><h1>Another page</h1>";
    reply.writeHead(200, { "Content-Type": style ? "text/css" : script ? "text/javascript" : "text/html", "Content-Security-Policy": SECURITY, "Cache-Control": "no-store" }).end(body);
  }).listen(new URL(ORIGIN).port, "127.0.0.1");
});
after(() => {
  server.close();
});

/** Changes the page that the next load gets. */
export const setPage = (what) => (content = page(what));

/** Defines a test on a page with the component. It fails on console errors but those that it `expects`. */
export function on(name, { expects = /^$/, context = {}, chromiumOnly = false, init, timeout = 300_000, ...what }, body) {
  test(name, { timeout, skip: chromiumOnly && isFirefox && "only Chromium emulates it here" }, async () => {
    content = page(what);
    files = what.files ?? {};
    const opened = await browser.newContext({ locale: "en-US", viewport: { width: 800, height: 700 }, ...context });
    const tab = await opened.newPage();
    tab.setDefaultTimeout(STEP);
    const told = [];
    tab.on("pageerror", (error) => told.push(String(error)));
    tab.on("console", (message) => message.type() === "error" && told.push(message.text()));
    if (init) await tab.addInitScript(init);
    await tab.goto(`${ORIGIN}/`);
    try {
      await body(tab, told);
      // Browsers report refused calls themselves, and what CORS keeps back. Firefox looks at the element alone, then gives the
      // focus to its field.
      const own = /Failed to load resource|has been blocked by CORS|Cross-Origin Request Blocked|invalid form control with name=\S+ is not focusable/;
      assert.deepEqual(told.filter((text) => !own.test(text) && !expects.test(text)), []);
    } catch (error) {
      await shot(tab, `failed ${name}`);
      throw error;
    } finally {
      await opened.close();
    }
  });
}

export const proof = (tab) => tab.locator("phone-proof");
export const valueOf = (tab) => proof(tab).evaluate((element) => element.value);
export const sendTo = async (tab, phone) => {
  await tab.getByLabel("Phone number").fill(phone);
  await tab.getByRole("button", { name: "Send code" }).click();
};
export const enter = async (tab, code) => {
  await tab.getByLabel("Code from the message").fill(code);
  await tab.getByRole("button", { name: "Verify" }).click();
};
export async function textedCode(phone) {
  const texts = await (await fetch(`${BASE}/inbox/messages?phone=${encodeURIComponent(phone)}`)).json();
  return { code: /\d{6}/.exec(texts[0].body)[0], count: texts.length };
}
export const wrongFor = (code, n = 1) => String((Number(code) + n) % 1_000_000).padStart(6, "0");
export const refuse = (tab, path, status, slug, more = {}) => answer(tab, path, status, { ...PROBLEM, type: PROBLEM.type + slug, status, ...more });

// What the service answers where the test plays it.
export const SUCCESS = { token: "a.b.c", tokenType: "phone-verified+jwt", expiresAt: inSeconds(300), expiresIn: 300 };
export const PHONE = "+14152001234";
export const LOGIN = { id: "login", brand: "Example", channels: ["sms"], codeLength: 6, locales: ["en"], defaultLocale: "en" };

/** Lets calls to `path` wait until the test answers them: `reply(status, body)` answers the oldest. */
export async function hold(tab, path) {
  const waiting = [];
  await tab.route(`${BASE}${path}`, (route) => (route.request().method() === "OPTIONS" ? route.continue() : waiting.push(route)));
  const reply = async (status, body) => {
    await waitUntil(tab, () => waiting.length > 0);
    const headers = { "Access-Control-Allow-Origin": "*" };
    await waiting.shift().fulfill({ status, headers, contentType: status < 400 ? "application/json" : "application/problem+json", body: JSON.stringify(body) });
  };
  return { waiting, reply };
}
export const shownOf = (tab) => proof(tab).evaluate((element) => element.shown);
export const set = (tab, attributes) => proof(tab).evaluate((element, all) => {
  for (const [name, value] of Object.entries(all)) element.setAttribute(name, value);
}, attributes);
export const kept = (tab) => tab.evaluate(() => Object.keys(sessionStorage));
export async function toCode(tab, more = {}) {
  await answer(tab, "/v1/send", 202, accepted({ resendIn: 0, ...more }));
  await sendTo(tab, PHONE);
  await tab.locator("#code").waitFor();
}
export async function toDone(tab) {
  await toCode(tab);
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await enter(tab, "123456");
  await shows(tab, "#done", /is verified/);
}
/** Answers as a gateway does in the place of the service: without a problem document. */
export const gateway = (tab, path, status) => tab.route(`${BASE}${path}`, (route) => route.fulfill({ status, headers: { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*" }, contentType: "application/json", body: `{"message":"Forbidden"}` }));

/**
 * Serves an app of shared/web/examples, by path: type and text. Returns the requests that it sends to `/login`, which are answered
 * with these statuses, then with 200, after so many milliseconds.
 */
export async function serveApp(tab, files, statuses = [], delay = 0) {
  app = { files, taken: [], statuses, delay };
  await tab.goto(`${ORIGIN}/app/`);
  return app.taken;
}

/** Serves what the app has at this path, and takes what it sends to `/login`. Returns whether it did. */
function serveAppFile(request, reply, path) {
  const file = path === "/login" ? ["text/html", "<!doctype html><title>Done</title><link rel='icon' href='data:,'>"] : app?.files[path];
  if (!file) return false;
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    if (path === "/login") app.taken.push({ body, headers: request.headers });
    const answer = () => reply.writeHead((path === "/login" && app?.statuses.shift()) || 200, { "Content-Type": file[0] }).end(file[1]);
    if (path === "/login") setTimeout(answer, app.delay);
    else answer();
  });
  return true;
}

/** Bundles React code with the component, as an app would. */
export async function buildReact(contents) {
  const { build } = await import("../../shared/web/node_modules/esbuild/lib/main.js");
  const path = (name) => fileURLToPath(new URL(name, import.meta.url));
  const built = await build({
    stdin: { contents, loader: "jsx", resolveDir: path(".") },
    bundle: true, write: false, jsx: "automatic", format: "esm", define: { "process.env.NODE_ENV": '"production"' },
    alias: { "phoneproof-web/phone-proof.js": path("../../shared/web/dist/phone-proof.js") },
    nodePaths: [path("node_modules")],
  });
  return built.outputFiles[0].text;
}
