// Tests <phone-proof> as an element: properties, attributes that change, resets, languages, and several on a page. The page
// is that of component.mjs; the service's answers are mostly played.

import assert from "node:assert/strict";

import { BASE, accepted, answer, inSeconds, letTimePass, shows, waitUntil } from "./support.mjs";
import { LOGIN, ORIGIN, PHONE, SUCCESS, buildReact, enter, hold, kept, on, proof, refuse, sendTo, serveApp, set, setPage, shownOf, toCode, toDone, valueOf } from "./component.mjs";

on("React 19 sets every property that it finds, and takes it away again", {}, async (tab) => {
  const code = await buildReact(`
    import { useState } from "react";
    import { createRoot } from "react-dom/client";
    import { flushSync } from "react-dom";
    import "phoneproof-web/phone-proof.js";
    function App() {
      const [props, setProps] = useState({ name: "proof", form: "f", value: "", required: true, issuer: ${JSON.stringify(BASE)}, business: "login", action: "pay:1", country: "GB", locale: "en", phone: "", disabled: false, words: { send: "Text me" } });
      const [seen, setSeen] = useState("");
      window.setProps = (more) => flushSync(() => setProps((before) => ({ ...before, ...more })));
      return <><form id="f" /><phone-proof {...props} validity={null} shown="code" challenge={undefined} onchange={(event) => setSeen(event.target.value)} /><p id="seen">{seen}</p></>;
    }
    createRoot(document.getElementById("app")).render(<App />);`);
  const shell = `<!doctype html><html lang="en"><title>Log in</title><link rel="icon" href="data:,"><div id="app"></div><script type="module" src="app.js"></script>`;
  await serveApp(tab, { "/app/": ["text/html", shell], "/app/app.js": ["text/javascript", code] });
  await tab.getByRole("button", { name: "Text me" }).waitFor();
  const read = () => proof(tab).evaluate((element) => ({ name: element.name, form: element.form?.id, required: element.required, disabled: element.disabled, action: element.getAttribute("action"), country: element.getAttribute("country"), valid: element.validity.valid, shown: element.shown }));
  assert.deepEqual(await read(), { name: "proof", form: "f", required: true, disabled: false, action: "pay:1", country: "GB", valid: false, shown: "number" });
  await answer(tab, "/v1/send", 202, accepted());
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await tab.getByLabel("Phone number").fill(PHONE);
  await tab.getByRole("button", { name: "Text me" }).click();
  await enter(tab, "123456");
  await shows(tab, "#seen", /^a\.b\.c$/);
  // What the app hears, it may give back; an empty text begins anew.
  await tab.evaluate(() => window.setProps({ value: "a.b.c" }));
  assert.equal(await valueOf(tab), "a.b.c");
  await tab.evaluate(() => window.setProps({ value: "", required: false, action: undefined, country: null, name: undefined, words: undefined }));
  assert.equal(await valueOf(tab), "");
  await tab.getByRole("button", { name: "Send code" }).waitFor();
  assert.deepEqual(await read(), { name: "", form: "f", required: false, disabled: false, action: null, country: null, valid: true, shown: "number" });
});

on("takes what a page sets before the element is defined", { html: `<script src="/early.js"></script>`, files: { "/early.js": `Object.assign(document.querySelector("phone-proof"), { words: { send: "Text me" }, required: true, business: "register" })` } }, async (tab) => {
  await tab.getByRole("button", { name: "Text me" }).waitFor();
  assert.deepEqual(await proof(tab).evaluate((element) => [element.getAttribute("business"), element.validity.valid]), ["register", false]);
});

// ------------------------------------------------------------------------------------------------- languages

const LANGUAGES = { "en_US": "Send code", "zh_CN": "发送验证码", "zh_CN.UTF-8": "发送验证码", "not a language!": "Send code", "x": "Send code", "中文": "Send code", "C": "Send code", "-": "Send code", "zh-": "Send code" };
on("reads a language in every spelling, and otherwise takes that of the browser", {}, async (tab, told) => {
  await answer(tab, "/v1/send", 429, { type: "urn:phoneproof:problem:limited", title: "Refused", status: 429, rule: "phone-per-day", retryAt: inSeconds(50_000) });
  for (const [lang, words] of Object.entries(LANGUAGES)) {
    await set(tab, { lang });
    assert.equal(await tab.locator("#send").innerText(), words, lang);
    await tab.locator("#phone").fill(PHONE);
    await tab.locator("#send").click();
    await tab.locator("#number-notice .timer").filter({ hasText: /\d:\d\d/ }).waitFor();
    assert.ok((await tab.locator("#region option").allInnerTexts()).every((name) => !/^[A-Z]{2}$/.test(name)), lang);
  }
  assert.deepEqual(told.filter((text) => /Error/.test(text)), []);
});

const ODD_BROWSER = `for (const [name, value] of [["language", "en-US@posix"], ["languages", ["en-US@posix", "", "C", "de_AT"]]]) Object.defineProperty(navigator, name, { get: () => value });`;
on("works in a browser that names no language", { init: ODD_BROWSER, lang: "" }, async (tab) => {
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  assert.equal(await tab.locator("#send").innerText(), "Send code");
});

on("follows the language of what it stands in, also across a shadow tree, and words that come later", {}, async (tab) => {
  await tab.evaluate(() => {
    const [section, host] = [document.createElement("section"), document.createElement("div")];
    const element = document.querySelector("phone-proof");
    document.body.append(section);
    section.append(host);
    host.attachShadow({ mode: "open" }).append(element);
    section.lang = "zh";
  });
  await tab.getByRole("button", { name: "发送验证码" }).waitFor();
  await tab.evaluate(() => (document.querySelector("section").lang = "fr"));
  await tab.getByRole("button", { name: "Send code" }).waitFor();
  await tab.evaluate(async () => (await import("/phone-proof.js")).PhoneProofElement.addWords("fr_FR", { send: "Jamais" }));
  await tab.evaluate(async () => (await import("/phone-proof.js")).PhoneProofElement.addWords("fr", { send: "Envoyer" }));
  await tab.getByRole("button", { name: "Envoyer" }).waitFor();
  await tab.evaluate(() => (document.querySelector("section").firstChild.shadowRoot.firstChild.lang = "en"));
  await tab.getByRole("button", { name: "Send code" }).waitFor();
});

// ----------------------------------------------------------------------------------------------- the set-up

for (const issuer of ["https://", "http://127.0.0.1:99999", "verify.example.com", "https://user:secret@verify.example.com", "//verify.example.com", "ftp://verify.example.com"]) {
  on(`says so when the issuer is ${issuer}`, { issuer, expects: /<phone-proof>/ }, async (tab, told) => {
    await shows(tab, "#number-notice", /does not work just now[^]*not your fault/);
    await sendTo(tab, PHONE);
    await shows(tab, "#number-notice", /does not work just now/);
    assert.match(told.join("\n"), /<phone-proof> cannot work: issuer: "\S+" is no URL such as https:/);
    // The page mends it.
    await set(tab, { issuer: BASE });
    await tab.locator("#region option").first().waitFor({ state: "attached" });
    assert.equal(await tab.locator("#number-notice").innerText(), "");
    await toCode(tab);
  });
}

on("takes back that it cannot work, once it can", { expects: /<phone-proof>/ }, async (tab) => {
  await tab.route(`${BASE}/v1/policy`, (route) => route.fulfill({ status: 404, body: "", headers: { "access-control-allow-origin": "*" } }));
  await tab.reload();
  await shows(tab, "#number-notice", /does not work just now/);
  await tab.unrouteAll();
  await tab.evaluate(() => dispatchEvent(new Event("online")));
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  assert.equal(await tab.locator("#number-notice").innerText(), "");
});

on("sends without a policy that does not come", { chromiumOnly: true, expects: /<phone-proof>/ }, async (tab) => {
  await hold(tab, "/v1/policy");
  await tab.reload();
  const bodies = [];
  tab.on("request", (request) => request.method() === "POST" && bodies.push(request.postDataJSON()));
  await toCode(tab);
  await tab.getByRole("button", { name: "Change number" }).click();
  await set(tab, { country: "US" });
  await sendTo(tab, "4152001234");
  await tab.locator("#code").waitFor();
  // Nobody knows the country, so the service is asked after a while, and the person for the country code.
  await set(tab, { country: "" });
  await tab.getByRole("button", { name: "Change number" }).click();
  await refuse(tab, "/v1/send", 400, "invalid-phone", { errors: [{ field: "phone", accepted: "E.164" }] });
  await sendTo(tab, "4152001235");
  await shows(tab, "#phone-error", /^Write it with a leading \+ and the country code\.$/);
  assert.deepEqual(bodies.map(({ phone, region }) => [phone, region]), [[PHONE, undefined], ["4152001234", "US"], ["4152001235", undefined]]);
});

// --------------------------------------------------------------------------------- resets, and what is under way

on("a reset lets go of a send that is under way, and of a verify", {}, async (tab) => {
  const events = await tab.evaluateHandle(() => {
    const seen = [];
    for (const type of ["phoneproof-sent", "phoneproof-verified", "phoneproof-refused", "change"]) document.addEventListener(type, ({ type }) => seen.push(type));
    return seen;
  });
  const sends = await hold(tab, "/v1/send");
  await sendTo(tab, PHONE);
  await tab.locator("#send[aria-busy]").waitFor();
  await proof(tab).evaluate((element) => element.reset());
  assert.equal(await tab.locator("#send[aria-busy]").count(), 0);
  // Another number does not wait for the first one's answer.
  await sendTo(tab, "+14152001235");
  await sends.reply(202, accepted({ token: "v1.test.late" }));
  await tab.waitForTimeout(100);
  assert.equal(await shownOf(tab), "number");
  assert.deepEqual(await events.jsonValue(), []);
  await sends.reply(202, accepted());
  await shows(tab, "#code-lead", /\+14152001235/);
  const verifies = await hold(tab, "/v1/verify");
  await enter(tab, "123456");
  await proof(tab).evaluate((element) => element.reset());
  await verifies.reply(200, SUCCESS);
  await tab.waitForTimeout(100);
  assert.deepEqual([await valueOf(tab), await shownOf(tab)], ["", "number"]);
  assert.deepEqual(await events.jsonValue(), ["phoneproof-sent"]);
  assert.deepEqual(await kept(tab), []);
  assert.equal(await tab.locator("#code").inputValue(), "");
});

on("a code that is verified after the person turned to another number does not count until they come back", {}, async (tab) => {
  await toCode(tab);
  const verifies = await hold(tab, "/v1/verify");
  await enter(tab, "123456");
  await tab.getByRole("button", { name: "Change number" }).click();
  await verifies.reply(200, SUCCESS);
  await tab.waitForTimeout(100);
  assert.deepEqual([await valueOf(tab), await shownOf(tab)], ["", "number"]);
  await tab.getByRole("button", { name: "I have a code already" }).click();
  await enter(tab, "123456");
  await shows(tab, "#done", /is verified/);
  assert.equal(verifies.waiting.length, 0, "it was submitted once");
});

on("a code can be entered while another text is under way", {}, async (tab) => {
  await toCode(tab);
  await tab.unrouteAll();
  const sends = await hold(tab, "/v1/send");
  await tab.getByRole("button", { name: "Send again" }).click();
  await tab.locator("#resend[aria-busy]").waitFor();
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await enter(tab, "123456");
  await shows(tab, "#done", /is verified/);
  await sends.reply(202, accepted());
  await tab.waitForTimeout(100);
  assert.deepEqual([await shownOf(tab), await valueOf(tab), await kept(tab)], ["done", "a.b.c", []]);
});

on("a resend that is asked for again after a lost answer has the key of the first", { expects: /<phone-proof>/ }, async (tab) => {
  await toCode(tab);
  const keys = [];
  await tab.unrouteAll();
  await tab.route(`${BASE}/v1/send`, async (route) => {
    keys.push(await route.request().headerValue("idempotency-key"));
    if (keys.length <= 3) return route.abort();
    return route.fulfill({ status: 202, contentType: "application/json", headers: { "Access-Control-Allow-Origin": "*" }, body: JSON.stringify(accepted({ resendIn: 0 })) });
  });
  await tab.getByRole("button", { name: "Send again" }).click();
  await shows(tab, "#code-notice", /does not answer/);
  await tab.getByRole("button", { name: "Send again" }).click();
  await shows(tab, "#announcer", /We sent/);
  assert.equal(keys.length, 4);
  assert.equal(new Set(keys).size, 1);
  await tab.getByRole("button", { name: "Send again" }).click();
  await waitUntil(tab, () => keys.length === 5);
  assert.equal(new Set(keys).size, 2);
});

on("a form that is reset takes the number away, and not the focus", { html: `<input id="other"><button type="reset">Clear</button>` }, async (tab) => {
  await toDone(tab);
  await tab.locator("#other").focus();
  await tab.evaluate(() => document.querySelector("form").reset());
  assert.deepEqual(await tab.evaluate(() => [document.activeElement.id, document.querySelector("phone-proof").value]), ["other", ""]);
  assert.equal(await tab.locator("#phone").inputValue(), "");
  // A focus that the element has, it keeps.
  await toDone(tab);
  await proof(tab).evaluate((element) => element.reset());
  assert.equal(await tab.evaluate(() => document.activeElement.shadowRoot.activeElement.id), "phone");
});

// ---------------------------------------------------------------------------- attributes that change, and several

for (const change of [{ business: "shop" }, { action: "pay:2" }, { issuer: ORIGIN.replace("127.0.0.1", "localhost") }, { phone: "+14152001299" }]) {
  on(`what was verified for something else is worth nothing: ${Object.keys(change)}`, { attributes: `business="login" action="pay:1"`, expects: /<phone-proof>/ }, async (tab) => {
    await toCode(tab);
    await set(tab, change);
    assert.deepEqual(await proof(tab).evaluate((element) => [element.shown, element.challenge, element.value]), ["number", undefined, ""]);
    // What it was before is still awaited.
    const [name] = Object.keys(change);
    await proof(tab).evaluate((element, back) => (back ? Object.assign(element, back) : element.removeAttribute("phone")), name === "phone" ? null : { [name]: { business: "login", action: "pay:1", issuer: BASE }[name] });
    assert.equal(await shownOf(tab), "code");
    await answer(tab, "/v1/verify", 200, SUCCESS);
    await enter(tab, "123456");
    await shows(tab, "#done", /is verified/);
    assert.equal(await valueOf(tab), "a.b.c");
    await set(tab, change);
    assert.deepEqual([await valueOf(tab), await shownOf(tab)], ["", "number"]);
    // The same again changes nothing.
    await set(tab, change);
  });
}

on("an answer for what was asked before comes to nothing", { attributes: `business="login" action="pay:1"` }, async (tab) => {
  const sends = await hold(tab, "/v1/send");
  await sendTo(tab, PHONE);
  await tab.locator("#send[aria-busy]").waitFor();
  await set(tab, { action: "pay:2" });
  await sends.reply(202, accepted());
  await tab.waitForTimeout(100);
  assert.deepEqual([await shownOf(tab), await kept(tab)], ["number", []]);
});

on("a country that the page chooses later is chosen", {}, async (tab) => {
  await tab.route(`${BASE}/v1/policy`, (route) => route.fulfill({ json: { countries: ["DE", "GB", "US"], resendIn: 60, businesses: [LOGIN] }, headers: { "access-control-allow-origin": "*" } }));
  await tab.reload();
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  await set(tab, { country: "GB" });
  assert.equal(await tab.locator("#region").inputValue(), "GB");
});

for (const names of [["one", "two"], ["same", "same"]]) {
  on(`two elements do not mix up their challenges: ${names}`, {}, async (tab) => {
    setPage({ html: `<phone-proof id="second" name="${names[1]}" issuer="${BASE}" business="login"></phone-proof>`, name: names[0] });
    await tab.reload();
    await tab.locator("#second #region option").first().waitFor({ state: "attached" });
    await answer(tab, "/v1/send", 202, accepted());
    const second = tab.locator("#second");
    await second.getByLabel("Phone number").fill(PHONE);
    await second.getByRole("button", { name: "Send code" }).click();
    await second.locator("#code").waitFor();
    await tab.reload();
    await second.locator("#code").waitFor();
    assert.deepEqual(await tab.evaluate(() => [...document.querySelectorAll("phone-proof")].map(({ shown }) => shown)), ["number", "code"]);
    assert.equal((await kept(tab)).length, 1);
  });
}

const COUNT_TIMERS = `{
  const [start, stop] = [setInterval, clearInterval];
  window.timers = new Set();
  window.setInterval = (...given) => { const id = start(...given); timers.add(id); return id; };
  window.clearInterval = (id) => { timers.delete(id); stop(id); };
}`;
on("runs no clock while it is on no page", { init: COUNT_TIMERS }, async (tab) => {
  const count = () => tab.evaluate(() => window.timers.size);
  const sends = await hold(tab, "/v1/send");
  await sendTo(tab, PHONE);
  await tab.evaluate(() => {
    window.element = document.querySelector("phone-proof");
    window.place = element.parentNode;
    element.remove();
  });
  await sends.reply(202, accepted({ expiresIn: 40 }));
  await tab.waitForFunction(() => window.element.shown === "code");
  assert.equal(await count(), 0);
  await tab.evaluate(() => window.place.append(window.element));
  assert.equal(await count(), 1);
  // The code is over, and the wait for another text is not.
  await letTimePass(tab, 41);
  await shows(tab, "#code-notice", /has expired/);
  await tab.evaluate(() => window.element.remove());
  assert.equal(await count(), 0);
});

// ------------------------------------------------------------------------------------------------ the code

on("a code that the service cannot read is corrected, and ends nothing", {}, async (tab) => {
  await toCode(tab, { codeLength: undefined });
  await refuse(tab, "/v1/verify", 400, "malformed", { errors: [{ field: "code", accepted: "6 digits" }] });
  await enter(tab, "123456");
  await shows(tab, "#code-error", /The code has 6 digits/);
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await enter(tab, "123457");
  await shows(tab, "#done", /is verified/);
});

for (const replace of ["old.before(fresh); old.remove()", "old.replaceWith(fresh)", "old.outerHTML = old.outerHTML", "old.form.innerHTML = old.form.innerHTML"]) {
  on(`an element in the place of another awaits its code: ${replace}`, {}, async (tab) => {
    await toCode(tab);
    await proof(tab).evaluate(new Function("old", `const fresh = old.cloneNode(); ${replace};`));
    await tab.locator("#code").waitFor();
    assert.equal(await shownOf(tab), "code");
  });
}

on("a code that was wrong costs no second guess after a reload", {}, async (tab) => {
  await toCode(tab);
  let guesses = 0;
  await refuse(tab, "/v1/verify", 422, "wrong-code", { attemptsRemaining: 4 });
  tab.on("request", (request) => (guesses += request.method() === "POST" && request.url().endsWith("/v1/verify") ? 1 : 0));
  for (let times = 0; times < 2; times += 1) {
    await enter(tab, "111111");
    await shows(tab, "#code-error", /4 tries left/);
    await tab.reload();
    await tab.locator("#code").waitFor();
  }
  assert.equal(guesses, 1);
});

on("a form with two buttons is sent once, whichever is clicked", { html: `<button name="by" value="a">A</button><button name="by" value="b">B</button>`, attributes: `business="login" required`, form: `action="/login" method="post"` }, async (tab) => {
  await toDone(tab);
  let posts = 0;
  await tab.route(`${ORIGIN}/login`, () => (posts += 1));
  // The page waits for the answer meanwhile.
  const [a, b] = await Promise.all(["A", "B"].map((name) => tab.getByRole("button", { name, exact: true }).boundingBox()));
  const clickAt = ({ x, y, width, height }) => tab.mouse.click(x + width / 2, y + height / 2);
  await clickAt(a);
  await tab.waitForTimeout(300);
  await clickAt(b);
  await tab.waitForTimeout(500);
  assert.equal(posts, 1);
});

on("English words on an Arabic page stand at the right", { lang: "ar" }, async (tab) => {
  await tab.locator("#send").click();
  await shows(tab, "#phone-error", /Enter the number/);
  const aligned = await proof(tab).evaluate((element) => [...element.shadowRoot.querySelectorAll("p[lang=en],label[lang=en]")].map((node) => getComputedStyle(node).textAlign));
  assert.ok(aligned.length > 2);
  assert.deepEqual([...new Set(aligned)], ["right"]);
});

on("words that are not strings throw nothing, and a long word breaks", { context: { viewport: { width: 320, height: 600 } } }, async (tab) => {
  await proof(tab).evaluate((element) => (element.words = { verify: 5, send: "Verifizierungscode".repeat(6) }));
  assert.equal(await tab.locator("#verify").textContent(), "5");
  assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  assert.ok(await tab.locator("#send").evaluate((button) => button.scrollWidth <= button.clientWidth));
});

for (const [status, slug, more] of [[405, "method-not-allowed", {}], [415, "media-type", {}], [403, "blocked", { rule: "blocked-moon" }], [403, "destination-not-allowed", {}]]) {
  on(`says calmly, and in the console, what no person can mend: ${slug}`, { expects: /<phone-proof>/ }, async (tab, told) => {
    await refuse(tab, "/v1/send", status, slug, more);
    await sendTo(tab, PHONE);
    await shows(tab, "#number-notice", /not your fault/);
    assert.match(told.join("\n"), new RegExp(`could not use: ${slug} \\(${status}\\)`));
  });
}
