// Tests <phone-proof> where a refusal asks for an attestation, the word of the operator's edge. The page is that of
// component.mjs; the service and the edge are played. tests/readme runs an edge against the service.

import assert from "node:assert/strict";

import { accepted, answer, focusedId, inSeconds, shot, shows } from "./support.mjs";
import { PHONE, SUCCESS, enter, hold, kept, on, proof, read, refuse, sendTo, shownOf, toCode } from "./component.mjs";

const RULE = "country-purse";
const makeLimit = (more = {}) => ({ rule: RULE, retryAt: inSeconds(1800), ...more });
const makeWish = () => makeLimit({ challenge: "attestation" });
const CALM = /No more codes to this country for now[^]*not your fault[^]*try again in \d\d:/;

/** Plays the service in the page: it wants an attestation, and answers a request that brings one with `withIt`. */
const playService = (tab, withIt = { status: 202, body: accepted({ resendIn: 0 }) }) => proof(tab).evaluate((element, [wanted, served]) => {
  window.asked = [];
  element.fetch = async (url, init) => {
    if (!url.endsWith("/v1/send")) return fetch(url, init);
    const { attestation, token } = JSON.parse(init.body);
    window.asked.push({ key: init.headers["Idempotency-Key"], attestation, token });
    if (attestation && served.lost-- > 0) throw new TypeError("lost");
    const { status, body } = attestation ? served : { status: 429, body: wanted };
    return new Response(JSON.stringify(body), { status, headers: { "Retry-After": "1800" } });
  };
}, [{ type: "urn:phoneproof:problem:limited", status: 429, ...makeWish() }, withIt]);
/** The texts that the service was asked for: key, attestation and token of each. */
const askedOf = (tab) => tab.evaluate(() => window.asked);

/** Answers the component as a page does, by an expression, or by `captcha()` once the page has it. */
const listen = (tab, expression) => tab.evaluate(`
  window.needed = [];
  document.addEventListener("phoneproof-attestation-needed", ({ detail }) => {
    window.needed.push(detail.problem.rule);
    detail.respondWith(window.captcha ? window.captcha() : ${expression});
  });`);
const needed = (tab) => tab.evaluate(() => window.needed);

const README = /<!-- tested: component -->\n```js\n([^]*?)```/.exec(read("README.md"))[1];
const EDGE = `
  window.vouched = [];
  const solveCaptcha = async () => "solved";
  const fetch = async (url, { body }) => (window.vouched.push([url, JSON.parse(body)]), Response.json({ attestation: "a.b.c" }));`;
const APP = { files: { "/app.js": `${EDGE}\n${README}` }, html: `<script type="module" src="/app.js"></script>` };

on("the README's worked example brings the attestation, and the person notices nothing", APP, async (tab) => {
  await playService(tab);
  const events = await tab.evaluateHandle(() => {
    const seen = [];
    for (const type of ["phoneproof-attestation-needed", "phoneproof-sent", "phoneproof-refused"]) document.addEventListener(type, (event) => seen.push(event.type));
    return seen;
  });
  await tab.locator("#region").selectOption("US");
  await sendTo(tab, "(415) 200-1234");
  await shows(tab, "#code-lead", /We sent 6 digits/);
  assert.equal(await focusedId(tab), "code");
  const vouched = () => tab.evaluate(() => window.vouched);
  assert.deepEqual(await vouched(), [["/vouch", { phone: "(415) 200-1234", region: "US", captcha: "solved" }]]);
  assert.deepEqual((await askedOf(tab)).map(({ attestation }) => attestation), [undefined, "a.b.c"]);
  assert.deepEqual(await events.jsonValue(), ["phoneproof-attestation-needed", "phoneproof-sent"]);
  // It is kept nowhere, and the next text asks anew.
  assert.ok(!(await tab.evaluate(() => JSON.stringify(sessionStorage))).includes("a.b.c"));
  await tab.getByRole("button", { name: "Send again" }).click();
  await shows(tab, "#announcer", /We sent/);
  const [, , first, second] = await askedOf(tab);
  assert.deepEqual([first.attestation, first.token, second.attestation, second.token], [undefined, "v1.test.challenge", "a.b.c", "v1.test.challenge"]);
  assert.equal(first.key, second.key);
  assert.equal((await vouched()).length, 2);
});

on("a page that does not listen leaves the refusal as it is", {}, async (tab) => {
  await playService(tab);
  await sendTo(tab, PHONE);
  await shows(tab, "#number-notice", CALM);
  assert.equal((await askedOf(tab)).length, 1);
});

on("a refusal that asks for nothing asks the page for nothing", {}, async (tab) => {
  await listen(tab, `"a.b.c"`);
  for (const more of [makeLimit(), makeLimit({ rule: "number-block-purse" }), makeLimit({ challenge: "newer" })]) {
    await refuse(tab, "/v1/send", 429, "limited", more);
    await sendTo(tab, PHONE);
    await shows(tab, "#number-notice", more.rule === RULE ? CALM : /neighbouring/);
  }
  assert.deepEqual(await needed(tab), []);
});

for (const [what, give, expects] of [
  ["the person did not solve the CAPTCHA", `null`, /^$/],
  ["the person closed it", `Promise.resolve()`, /^$/],
  ["the edge is away", `Promise.reject(new Error("edge"))`, /<phone-proof> failed: Error: edge/],
]) {
  on(`says that a check is needed, and asks again: ${what}`, { expects }, async (tab, told) => {
    await playService(tab);
    await listen(tab, give);
    await sendTo(tab, PHONE);
    await shows(tab, "#number-notice", /^One more check is needed[^]*Try again, and complete it/);
    await shot(tab, `component no attestation ${what}`);
    assert.match(told.filter((text) => text.startsWith("<phone-proof>")).join(), expects);
    await tab.evaluate(() => (window.captcha = async () => "a.b.c"));
    await tab.getByRole("button", { name: "Send code" }).click();
    await tab.locator("#code").waitFor();
    assert.equal((await needed(tab)).length, 2);
    assert.equal(new Set((await askedOf(tab)).map(({ key }) => key)).size, 1);
    // The same on the way to a second text: the button stays, and so does the code of the first.
    await tab.evaluate(() => (window.captcha = undefined));
    await tab.getByRole("button", { name: "Send again" }).click();
    await shows(tab, "#code-notice", /One more check is needed/);
    await shows(tab, "#resend", /^Send again$/);
    await answer(tab, "/v1/verify", 200, SUCCESS);
    await enter(tab, "123456");
    await shows(tab, "#done", /is verified/);
  });
}

on("what the person does meanwhile counts: nothing is texted to a number that they gave up", {}, async (tab) => {
  await playService(tab);
  await listen(tab, `new Promise((resolve) => (window.solve = resolve))`);
  await sendTo(tab, PHONE);
  await tab.waitForFunction(() => window.solve);
  assert.equal(await tab.locator("#send").getAttribute("aria-busy"), "true");
  await proof(tab).evaluate((element) => element.reset());
  await tab.evaluate(() => window.solve("a.b.c"));
  await tab.waitForTimeout(100);
  assert.deepEqual([(await askedOf(tab)).length, await shownOf(tab)], [1, "number"]);
  // No challenge is kept. The key is, so that the same number is texted once when it is asked for again.
  assert.deepEqual((await kept(tab)).map((name) => name.split(":")[0]), ["phoneproof-key"]);
  assert.equal(await tab.locator("#number-notice").innerText(), "");
});

on("an answer that comes too late is the developer's to mend", { expects: /respondWith: call it at once/ }, async (tab, told) => {
  await playService(tab);
  await tab.evaluate(() => document.addEventListener("phoneproof-attestation-needed", async ({ detail }) => {
    await null;
    detail.respondWith("a.b.c");
  }));
  await sendTo(tab, PHONE);
  await shows(tab, "#number-notice", CALM);
  assert.match(told.join(), /respondWith: call it at once/);
});

on("an attestation that does not count reads calmly, and says in the console why", { expects: /<phone-proof>/ }, async (tab, told) => {
  const refusal = { type: "urn:phoneproof:problem:invalid-attestation", status: 400, errors: [{ field: "attestation", accepted: "an attestation for this phone" }] };
  await toCode(tab);
  await tab.unrouteAll();
  await playService(tab, { status: 400, body: refusal });
  await listen(tab, `"a.b.c"`);
  await tab.getByRole("button", { name: "Send again" }).click();
  await shows(tab, "#code-notice", /does not work just now[^]*not your fault/);
  assert.match(told.join("\n"), /could not use: attestation \(an attestation for this phone\)/);
  // The code of before still counts.
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await enter(tab, "123456");
  await shows(tab, "#done", /is verified/);
});

on("an answer that is lost after the check texts once: the person asks again under the same key", { expects: /<phone-proof>/ }, async (tab) => {
  await playService(tab, { status: 202, body: accepted(), lost: 3 });
  await listen(tab, `"a.b.c"`);
  await sendTo(tab, PHONE);
  await shows(tab, "#number-notice", /does not answer/);
  await tab.getByRole("button", { name: "Send code" }).click();
  await tab.locator("#code").waitFor();
  assert.deepEqual([(await askedOf(tab)).length, new Set((await askedOf(tab)).map(({ key }) => key)).size], [6, 1]);
});

on("a refused verify asks for nothing", {}, async (tab) => {
  await listen(tab, `"a.b.c"`);
  await toCode(tab);
  const verifies = await hold(tab, "/v1/verify");
  await enter(tab, "123456");
  await verifies.reply(429, { type: "urn:phoneproof:problem:limited", status: 429, ...makeWish() });
  await tab.locator("#code-notice .notice").waitFor();
  assert.deepEqual(await needed(tab), []);
});
