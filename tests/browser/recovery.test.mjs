// Tests that <phone-proof> leaves nobody without a way on: codes that are over, refusals in every view, gateways that answer
// in the service's place, pages that are left. The page is that of component.mjs; the service's answers are played.

import assert from "node:assert/strict";

import { BASE, accepted, answer, focusedId, inSeconds, shows } from "./support.mjs";
import { LOGIN, PHONE, SUCCESS, enter, gateway, hold, kept, on, proof, refuse, sendTo, set, shownOf, toCode, toDone, valueOf } from "./component.mjs";

const FIXED = { attributes: `business="login" phone="${PHONE}"` };
/** Lets the page ask for the code, as it does where it knows the number. */
async function toFixedCode(tab) {
  await answer(tab, "/v1/send", 202, accepted({ resendIn: 0 }));
  await proof(tab).evaluate((element) => element.send());
  await tab.locator("#code").waitFor();
}
const limited = (tab) => refuse(tab, "/v1/send", 429, "limited", { rule: "phone-per-hour", retryAt: inSeconds(1800) });
const countries = (tab, ...codes) => tab.route(`${BASE}/v1/policy`, (route) => route.fulfill({ json: { countries: codes, resendIn: 60, businesses: [LOGIN] }, headers: { "access-control-allow-origin": "*" } }));

// ----------------------------------------------------------------------------------- a code that is over

for (const [status, slug] of [[410, "expired"], [429, "attempts-exhausted"], [409, "already-used"], [400, "invalid-token"]]) {
  for (const isUnconfirmed of [false, true]) {
    on(`a code that is over keeps its way on: ${slug}${isUnconfirmed ? " of a text without confirmation" : ""}`, {}, async (tab) => {
      if (isUnconfirmed) await refuse(tab, "/v1/send", 504, "delivery-unknown", accepted({ resendIn: 0, retryAt: undefined }));
      else await answer(tab, "/v1/send", 202, accepted({ resendIn: 0 }));
      await sendTo(tab, PHONE);
      await refuse(tab, "/v1/verify", status, slug);
      await enter(tab, "123456");
      const isThere = async () => assert.equal(await tab.getByRole("button", { name: "Get a new code" }).isVisible(), true);
      await tab.getByRole("button", { name: "Get a new code" }).waitFor();
      await tab.locator("#code").press("Enter");
      await isThere();
      await proof(tab).evaluate((element) => element.fillCode("123457"));
      await isThere();
      await tab.evaluate(() => dispatchEvent(new Event("online")));
      await tab.waitForTimeout(100);
      await isThere();
      await tab.getByRole("button", { name: "Get a new code" }).click();
      assert.equal(await focusedId(tab), "phone");
    });
  }
}

on("a refused new code of a number that the page names is told, with a button", FIXED, async (tab) => {
  await toFixedCode(tab);
  await refuse(tab, "/v1/verify", 410, "expired");
  await enter(tab, "123456");
  await limited(tab);
  await tab.getByRole("button", { name: "Get a new code" }).click();
  await shows(tab, "#number-notice", /enough codes this hour/);
  await answer(tab, "/v1/send", 202, accepted());
  await tab.getByRole("button", { name: "Send code" }).click();
  await tab.locator("#code").waitFor();
});

on("a number that is locked can be tried again where the page names it", FIXED, async (tab) => {
  await toFixedCode(tab);
  await refuse(tab, "/v1/verify", 429, "limited", { rule: "phone-lock", retryAt: inSeconds(2) });
  await enter(tab, "123456");
  await shows(tab, "#code-notice", /is locked/);
  await tab.getByRole("button", { name: "Get a new code" }).click();
  await tab.locator("#code-lead").waitFor();
});

for (const what of [FIXED, {}]) {
  on(`a send of the page that is refused is told, wherever the person is: ${what.attributes ?? "a number of theirs"}`, what, async (tab) => {
    await (what.attributes ? toFixedCode(tab) : toCode(tab));
    const send = () => proof(tab).evaluate((element) => element.send());
    await limited(tab);
    await send();
    await shows(tab, "#number-notice", /enough codes this hour/);
    // The code of before still counts.
    await tab.getByRole("button", { name: "I have a code already" }).click();
    await answer(tab, "/v1/verify", 200, SUCCESS);
    await enter(tab, "123456");
    await shows(tab, "#done", /is verified/);
    await send();
    await shows(tab, "#number-notice", /enough codes this hour/);
    assert.equal(await valueOf(tab), "");
    await answer(tab, "/v1/send", 202, accepted());
    await send();
    assert.deepEqual([await shownOf(tab), await valueOf(tab)], ["code", ""]);
  });
}

// -------------------------------------------------------------------- a gateway in the place of the service

for (const status of [500, 502, 503, 504]) {
  on(`a gateway's ${status} reads as an outage, and ends nothing`, {}, async (tab) => {
    await gateway(tab, "/v1/send", status);
    await sendTo(tab, PHONE);
    await shows(tab, "#number-notice", /not available just now/);
    await tab.unrouteAll();
    await toCode(tab);
    let guesses = 0;
    tab.on("request", (request) => (guesses += request.method() === "POST" && request.url().endsWith("/v1/verify") ? 1 : 0));
    await gateway(tab, "/v1/verify", status);
    await enter(tab, "123456");
    await shows(tab, "#code-notice", /not available just now/);
    assert.equal(guesses, 2);
    await answer(tab, "/v1/verify", 200, SUCCESS);
    await tab.getByRole("button", { name: "Verify" }).click();
    await shows(tab, "#done", /is verified/);
  });
}

for (const status of [400, 401, 403, 404, 409, 410]) {
  on(`a gateway's ${status} ends no challenge`, { expects: /<phone-proof>/ }, async (tab) => {
    await toCode(tab);
    await gateway(tab, "/v1/verify", status);
    await enter(tab, "123456");
    await shows(tab, "#code-notice", /just now/);
    assert.equal((await kept(tab)).length, 1);
    await tab.unrouteAll();
    await gateway(tab, "/v1/send", status);
    await tab.getByRole("button", { name: "Send again" }).click();
    await shows(tab, "#code-notice", /just now/);
    await answer(tab, "/v1/verify", 200, SUCCESS);
    await tab.getByRole("button", { name: "Verify" }).click();
    await shows(tab, "#done", /is verified/);
  });
}

on("a time that nobody can wait for breaks no notice", {}, async (tab) => {
  const headers = { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "retry-after", "Retry-After": "1e14" };
  await tab.route(`${BASE}/v1/send`, (route) => route.fulfill({ status: 429, headers, contentType: "application/problem+json", body: `{"type":"urn:phoneproof:problem:limited","rule":"phone-per-hour"}` }));
  await sendTo(tab, PHONE);
  await shows(tab, "#number-notice", /enough codes this hour/);
  // The time of a challenge is the service's word, too.
  await tab.unrouteAll();
  await toCode(tab, { resendIn: 1e14 });
  await refuse(tab, "/v1/verify", 410, "expired");
  await enter(tab, "123456");
  await shows(tab, "#code-notice", /has expired/);
});

// ------------------------------------------------------------------------------------ pages that are left

on("a reload finds the code of a number that the page names, and of no other", FIXED, async (tab) => {
  await toFixedCode(tab);
  await tab.reload();
  await tab.locator("#code").waitFor();
  await set(tab, { phone: "+14152001299" });
  assert.equal(await shownOf(tab), "number");
  await set(tab, { phone: PHONE });
  assert.equal(await shownOf(tab), "code");
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await enter(tab, "123456");
  await shows(tab, "#done", /is verified/);
  assert.deepEqual(await kept(tab), []);
  assert.equal(await tab.getByRole("button", { name: "Change number" }).count(), 0, "the number is the page's");
});

on("what is read aloud of a resend is what came of it", {}, async (tab) => {
  await toCode(tab);
  await tab.locator("#resend").click();
  await shows(tab, "#announcer", /^We sent 6 digits to /);
  await refuse(tab, "/v1/send", 504, "delivery-unknown", accepted({ resendIn: 0, retryAt: undefined }));
  await tab.locator("#resend").click();
  await shows(tab, "#announcer", /^We tried to send 6 digits to /);
});

on("a reload knows that the carrier did not confirm the text", {}, async (tab) => {
  await refuse(tab, "/v1/send", 504, "delivery-unknown", accepted({ retryAt: undefined }));
  await sendTo(tab, PHONE);
  await shows(tab, "#code-lead", /We tried to send/);
  await tab.reload();
  await shows(tab, "#code-lead", /We tried to send/);
  await shows(tab, "#unconfirmed", /not confirmed/);
});

on("a reload keeps the country of a number, and a reset takes it away", {}, async (tab) => {
  await countries(tab, "DE", "GB", "US");
  await tab.reload();
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  await tab.locator("#region").selectOption("GB");
  await answer(tab, "/v1/send", 202, accepted());
  await sendTo(tab, "07400 123456");
  await tab.locator("#code").waitFor();
  await tab.reload();
  await tab.getByRole("button", { name: "Change number" }).click();
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  assert.equal(await tab.locator("#region").inputValue(), "GB");
  await tab.evaluate(() => document.querySelector("form").reset());
  assert.equal(await tab.locator("#region").inputValue(), "US");
});

const remove = (tab) => tab.evaluate(() => {
  window.element = document.querySelector("phone-proof");
  window.place = element.parentNode;
  element.remove();
});
on("an element that is taken away while it texts keeps the code, and while it checks one forgets it", {}, async (tab) => {
  const sends = await hold(tab, "/v1/send");
  await sendTo(tab, PHONE);
  await remove(tab);
  await sends.reply(202, accepted());
  await tab.waitForFunction(() => window.element.shown === "code");
  await tab.reload();
  await tab.locator("#code").waitFor();
  const verifies = await hold(tab, "/v1/verify");
  await enter(tab, "123456");
  await remove(tab);
  await verifies.reply(200, SUCCESS);
  await tab.waitForFunction(() => window.element.shown === "done");
  assert.deepEqual(await kept(tab), []);
  await tab.reload();
  await tab.locator("#phone").waitFor();
});

// ------------------------------------------------------------------------------------- the page's own ways

const SEE_SHOWN = `window.seen = []; addEventListener("phoneproof-shown", ({ detail }) => seen.push(detail.shown));`;
on("asks for the policy once, and says once what it shows", { init: SEE_SHOWN, attributes: `business="login" action="pay:1" phone="" country="US"` }, async (tab) => {
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  let policies = 0;
  tab.on("request", (request) => (policies += request.method() === "GET" && request.url().endsWith("/v1/policy") ? 1 : 0));
  await tab.reload();
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  await tab.waitForTimeout(100);
  assert.deepEqual([policies, await tab.evaluate(() => window.seen)], [1, ["number"]]);
});

on("a fetch that is set at each rendering loses no key", { expects: /<phone-proof>/ }, async (tab) => {
  const keys = [];
  await tab.route(`${BASE}/v1/send`, async (route) => {
    keys.push(await route.request().headerValue("idempotency-key"));
    if (keys.length <= 3) return route.abort();
    return route.fulfill({ status: 202, contentType: "application/json", headers: { "Access-Control-Allow-Origin": "*" }, body: JSON.stringify(accepted()) });
  });
  const setFetch = () => proof(tab).evaluate((element) => (element.fetch = (url, init) => ((window.calls = (window.calls ?? 0) + 1), fetch(url, init))));
  await setFetch();
  await sendTo(tab, PHONE);
  await shows(tab, "#number-notice", /does not answer/);
  await setFetch();
  await tab.getByRole("button", { name: "Send code" }).click();
  await tab.locator("#code").waitFor();
  assert.deepEqual([keys.length, new Set(keys).size, await tab.evaluate(() => window.calls >= 4)], [4, 1, true]);
});

on("a disabled element texts nothing, and offers nothing", { html: `<fieldset></fieldset>` }, async (tab) => {
  let sends = 0;
  tab.on("request", (request) => (sends += request.method() === "POST" && request.url().endsWith("/v1/send") ? 1 : 0));
  await toCode(tab);
  const verifies = await hold(tab, "/v1/verify");
  await enter(tab, "123456");
  await set(tab, { disabled: "" });
  await verifies.reply(410, { type: "urn:phoneproof:problem:expired", status: 410 });
  await shows(tab, "#code-notice", /has expired/);
  assert.equal(await tab.getByRole("button", { name: "Get a new code" }).isDisabled(), true);
  await proof(tab).evaluate((element) => element.send());
  assert.equal(sends, 1);
  await proof(tab).evaluate((element) => (element.disabled = false));
  await tab.getByRole("button", { name: "Get a new code" }).click();
});

on("a country of the page is found in every spelling, and an unknown one is reported", { attributes: `business="login" country=" gb "`, expects: /<phone-proof>/ }, async (tab, told) => {
  await countries(tab, "DE", "GB", "US");
  await tab.reload();
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  assert.equal(await tab.locator("#region").inputValue(), "GB");
  assert.doesNotMatch(told.join("\n"), /country/);
  await proof(tab).evaluate((element) => (element.country = "ZZ") && (element.action = "pay:2"));
  assert.equal(await tab.locator("#region").inputValue(), "US");
  await tab.evaluate(() => document.body.append(document.querySelector("phone-proof").cloneNode()));
  await tab.locator("phone-proof").last().locator("#region option").first().waitFor({ state: "attached" });
  assert.match(told.join("\n"), /does not list the country `ZZ`/);
});

on("what was read aloud is gone when it is true no more", {}, async (tab) => {
  await toCode(tab);
  await proof(tab).evaluate((element) => element.fillCode("123456"));
  await shows(tab, "#announcer", /filled in/);
  await refuse(tab, "/v1/verify", 422, "wrong-code", { attemptsRemaining: 4 });
  await tab.getByRole("button", { name: "Verify" }).click();
  await shows(tab, "#code-error", /4 tries left/);
  assert.equal(await tab.locator("#announcer").textContent(), "");
  // A code for nobody is not filled in.
  await tab.getByRole("button", { name: "Change number" }).click();
  await proof(tab).evaluate((element) => element.fillCode("123456"));
  assert.equal(await tab.locator("#announcer").textContent(), "");
});

on("has what a form asks of any field", { attributes: `id="p" business="login" required`, html: `<label for="p">Proof</label>` }, async (tab) => {
  const read = () => proof(tab).evaluate((element) => {
    Object.assign(element, { type: "x", willValidate: 1, validationMessage: 2, labels: 3, validity: 4 });
    return [element.type, element.willValidate, element.validationMessage, element.labels.length, element.validity.valid];
  });
  assert.deepEqual(await read(), ["phone-proof", true, "Verify your phone number.", 1, false]);
  await toDone(tab);
  assert.deepEqual(await read(), ["phone-proof", true, "", 1, true]);
});

on("marks what is in English on a page of another language", { lang: "fr", context: { locale: "fr-CA" } }, async (tab) => {
  await countries(tab, "DE", "US");
  await tab.reload();
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  const marks = (...ids) => Promise.all(ids.map((id) => tab.locator(id).evaluate((node) => `${node.lang}/${node.dir}`)));
  assert.deepEqual(await marks("#send", "label[for=phone]", "#phone-hint", "#region"), Array(4).fill("en/ltr"));
  assert.deepEqual(await tab.locator("#region option").allInnerTexts(), ["Germany", "United States"]);
  await tab.evaluate(async () => {
    (await import("/phone-proof.js")).PhoneProofElement.addWords("fr", { send: "Envoyer", country: "Pays" });
    document.querySelector("phone-proof").words = { verify: "Continuer" };
  });
  assert.deepEqual(await marks("#send", "#verify", "label[for=phone]", "#region"), ["/", "/", "en/ltr", "/"]);
  assert.deepEqual(await tab.locator("#region option").allInnerTexts(), ["Allemagne", "États-Unis"]);
  for (const lang of ["en-GB", "zh-TW", "EN"]) {
    await set(tab, { lang });
    assert.deepEqual(await marks("#send", "label[for=phone]", "#phone-hint"), Array(3).fill("/"), lang);
  }
});

on("a code that is over shows no tries", {}, async (tab) => {
  await toCode(tab, { attempts: 3 });
  await shows(tab, "#attempts-left", /3 tries left/);
  await refuse(tab, "/v1/verify", 429, "limited", { rule: "phone-lock", retryAt: inSeconds(3000) });
  await enter(tab, "123456");
  await shows(tab, "#code-notice", /is locked/);
  assert.equal(await tab.locator("#attempts-left").innerText(), "");
});

for (const rule of ["country-purse", "number-block-purse", "money-per-day"]) {
  on(`a call can be asked for when a purse of texts is empty: ${rule}`, { chromiumOnly: true }, async (tab) => {
    await toCode(tab, { channels: ["sms", "voice"] });
    await refuse(tab, "/v1/send", 429, "limited", { rule, retryAt: inSeconds(40_000) });
    await tab.getByRole("button", { name: "Send again" }).click();
    await shows(tab, "#code-notice", /No more codes|neighbouring/);
    const request = tab.waitForRequest(`${BASE}/v1/send`);
    await tab.getByRole("button", { name: "Call me instead" }).click();
    assert.equal((await request).postDataJSON().channel, "voice");
  });
}

on("keeps its style in another document", {}, async (tab) => {
  await tab.locator("#region option").first().waitFor({ state: "attached" });
  const styles = await proof(tab).evaluate((element) => {
    const styleOf = () => element.ownerDocument.defaultView.getComputedStyle(element).display;
    const before = styleOf();
    const frame = document.createElement("iframe");
    document.body.append(frame);
    frame.contentDocument.body.append(element);
    const moved = styleOf();
    document.querySelector("form").append(element);
    return [before, moved, styleOf()];
  });
  assert.deepEqual(styles, ["block", "block", "block"]);
});

on("a dialog that is closed with a token can be opened and closed again", { form: `method="dialog"`, html: `<button id="ok">OK</button>` }, async (tab) => {
  await toDone(tab);
  await tab.evaluate(() => {
    const dialog = document.createElement("dialog");
    document.body.append(dialog);
    dialog.append(document.querySelector("form"));
  });
  await answer(tab, "/v1/verify", 200, SUCCESS);
  for (let times = 0; times < 2; times += 1) {
    await tab.evaluate(() => document.querySelector("dialog").showModal());
    await tab.locator("#ok").click();
    assert.equal(await tab.evaluate(() => document.querySelector("dialog").open), false, `time ${times}`);
  }
});

on("a button that waits is grey in forced colours", { context: { forcedColors: "active" }, chromiumOnly: true }, async (tab) => {
  await toCode(tab, { resendIn: 60 });
  const [waiting, grey, ready] = await tab.evaluate(() => {
    const colourOf = (node) => getComputedStyle(node).color;
    const sample = document.body.appendChild(document.createElement("p"));
    sample.style.color = "GrayText";
    const root = document.querySelector("phone-proof").shadowRoot;
    return [colourOf(root.getElementById("resend")), colourOf(sample), colourOf(root.getElementById("change-number"))];
  });
  assert.equal(waiting, grey);
  assert.notEqual(ready, grey);
});
