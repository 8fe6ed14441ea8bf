// Tests the worked apps of shared/web/examples, and forms with <phone-proof> that are sent: a token counts once.

import assert from "node:assert/strict";

import { ORIGIN, buildReact, enter, on, proof, read, sendTo, serveApp, textedCode, valueOf } from "./component.mjs";
import { BASE, accepted, answer, assertAccessible, freshNumber, inSeconds, shows } from "./support.mjs";

async function verifyAsPerson(tab) {
  const phone = freshNumber();
  await sendTo(tab, phone);
  await tab.locator("#code").waitFor();
  await enter(tab, (await textedCode(phone)).code);
  await shows(tab, "#done", /is verified/);
}

/** What the backend does, of which tests/readme runs the whole: the token counts once. */
async function assertSpendable(token) {
  const spend = () => fetch(`${BASE}/v1/spend`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token, audience: "login" }) });
  assert.deepEqual([(await spend()).status, (await spend()).status], [200, 409]);
}

const atStack = (text) => text.replaceAll("http://127.0.0.1:3000", BASE);

on("the plain page sends its form with a token that counts once", { expects: /favicon/ }, async (tab) => {
  const taken = await serveApp(tab, plainApp());
  await verifyAsPerson(tab);
  for (const colorScheme of ["light", "dark"]) {
    await tab.emulateMedia({ colorScheme });
    await assertAccessible(tab, colorScheme);
  }
  await tab.getByRole("button", { name: "Log in" }).click();
  await tab.waitForURL(/login/);
  const token = new URLSearchParams(taken[0].body).get("proof");
  // It is for a log-in, so what checks for no action takes it.
  assert.equal(JSON.parse(Buffer.from(token.split(".")[1], "base64url")).action, undefined);
  await assertSpendable(token);
});

const plainApp = () => ({ "/app/": ["text/html", atStack(read("examples/plain.html"))], "/app/phone-proof.js": ["text/javascript", read("dist/phone-proof.js")] });

// As people do it: the first request is under way when the second click comes.
for (const [how, once] of [
  ["a double click", (tab, { x, y, width, height }) => tab.mouse.click(x + width / 2, y + height / 2)],
  ["Enter twice", (tab) => tab.keyboard.press("Enter")],
]) {
  on(`the plain page sends its form once, and texts and verifies once: ${how}`, { expects: /favicon/ }, async (tab) => {
    const calls = [];
    tab.on("request", (request) => request.method() === "POST" && calls.push(new URL(request.url()).pathname));
    const taken = await serveApp(tab, plainApp(), [], 1000);
    const phone = freshNumber();
    const number = tab.getByLabel("Phone number");
    await number.fill(phone);
    await Promise.all([number.press("Enter"), number.press("Enter")]);
    await tab.locator("#code").waitFor();
    const code = tab.getByLabel("Code from the message");
    await code.fill((await textedCode(phone)).code);
    await Promise.all([code.press("Enter"), code.press("Enter")]);
    await shows(tab, "#done", /is verified/);
    const logIn = tab.getByRole("button", { name: "Log in" });
    const box = await logIn.boundingBox();
    await logIn.focus();
    await once(tab, box);
    await tab.waitForTimeout(200);
    await once(tab, box);
    await tab.waitForURL(/login/);
    assert.deepEqual([taken.length, calls.filter((path) => path.startsWith("/v1/"))], [1, ["/v1/send", "/v1/verify"]]);
  });
}

on("a form that was sent is fresh when the person comes back to it", { html: `<button>Log in</button>`, attributes: `business="login" required` }, async (tab) => {
  await answer(tab, "/v1/send", 202, accepted());
  await answer(tab, "/v1/verify", 200, { token: "a.b.c", tokenType: "phone-verified+jwt", expiresAt: inSeconds(300), expiresIn: 300 });
  const come = () => tab.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  await sendTo(tab, "+14152001234");
  await enter(tab, "123456");
  await shows(tab, "#done", /is verified/);
  await come();
  assert.equal(await valueOf(tab), "a.b.c", "it was not sent");
  // The page stays, as one that the browser has kept for the back button.
  await tab.evaluate(() => document.querySelector("form").setAttribute("target", "elsewhere"));
  await tab.getByRole("button", { name: "Log in" }).click();
  await come();
  await shows(tab, "#number-form", /Send code/);
  assert.deepEqual([await valueOf(tab), await tab.locator("#phone").inputValue()], ["", "+14152001234"]);
});

on("a form that a script sends may be sent again", { html: `<button>Log in</button>`, attributes: `business="login" required` }, async (tab) => {
  await answer(tab, "/v1/send", 202, accepted());
  await answer(tab, "/v1/verify", 200, { token: "a.b.c", tokenType: "phone-verified+jwt", expiresAt: inSeconds(300), expiresIn: 300 });
  await tab.evaluate(() => document.addEventListener("submit", (event) => {
    event.preventDefault();
    window.sent = (window.sent ?? 0) + 1;
  }));
  await sendTo(tab, "+14152001234");
  await enter(tab, "123456");
  await shows(tab, "#done", /is verified/);
  for (let times = 0; times < 2; times += 1) await tab.getByRole("button", { name: "Log in" }).click();
  assert.equal(await tab.evaluate(() => window.sent), 2);
});

on("the React app sends a token that counts once", {}, async (tab) => {
  const script = atStack(await buildReact(read("examples/react.jsx")));
  const shell = `<!doctype html><html lang="en"><title>Log in</title><link rel="icon" href="data:,"><div id="app"></div><script type="module" src="app.js"></script>`;
  const taken = await serveApp(tab, { "/app/": ["text/html", shell], "/app/app.js": ["text/javascript", script] });
  assert.equal(await tab.getByRole("button", { name: "Log in" }).isDisabled(), true);
  await verifyAsPerson(tab);
  await tab.getByRole("button", { name: "Log in" }).dblclick();
  await tab.getByText("You are logged in.").waitFor();
  assert.equal(taken.length, 1, "a double click logs in once");
  await assertSpendable(taken[0].headers.authorization.slice("Bearer ".length));
});

on("the React app tells an outage from a token that does not count, and asks for another", {}, async (tab) => {
  const script = atStack(await buildReact(read("examples/react.jsx")));
  const shell = `<!doctype html><html lang="en"><title>Log in</title><link rel="icon" href="data:,"><div id="app"></div><script type="module" src="app.js"></script>`;
  const taken = await serveApp(tab, { "/app/": ["text/html", shell], "/app/app.js": ["text/javascript", script] }, [503, 409]);
  await verifyAsPerson(tab);
  const logIn = tab.getByRole("button", { name: "Log in" });
  await logIn.click();
  await tab.getByText("does not work just now").waitFor();
  await tab.route(`${ORIGIN}/login`, (route) => route.abort());
  await logIn.click();
  await tab.getByText("Nothing answers").waitFor();
  await tab.unrouteAll();
  await logIn.click();
  await tab.getByText("verify your number again").waitFor();
  assert.deepEqual([taken.length, await valueOf(tab), await logIn.isDisabled()], [2, "", true]);
});
