// Tests what <phone-proof> says when it cannot work, to the developer and to the person, with and without a network; and which
// country it begins with. The page is that of component.mjs.

import assert from "node:assert/strict";

import { BASE, accepted, answer, shows, waitUntil } from "./support.mjs";
import { LOGIN, ORIGIN, PHONE, gateway, on, sendTo, set, toCode } from "./component.mjs";

const notice = (tab) => tab.locator("#number-notice");
const countries = (tab) => tab.locator("#region option").first().waitFor({ state: "attached" });
const serve = (tab, policy) => tab.route(`${BASE}/v1/policy`, (route) => route.fulfill({ json: { countries: ["DE", "US"], resendIn: 60, businesses: [LOGIN], ...policy }, headers: { "access-control-allow-origin": "*" } }));
const saysInConsole = async (tab, told, pattern) => {
  await waitUntil(tab, () => told.some((text) => pattern.test(text)));
  assert.match(told.join("\n"), pattern);
};

// A device without a network, whether the browser knows or not. `back` connects it.
const LOST = `Object.defineProperty(navigator, "onLine", { get: () => window.isBack || !window.knows, configurable: true });`;
async function lose(tab, knows) {
  let isLost = true;
  const fails = (route) => (isLost ? route.abort() : route.fallback());
  await tab.route(`${BASE}/**`, fails);
  await tab.addInitScript(`window.knows = ${knows};`);
  await tab.reload();
  return {
    async back() {
      isLost = false;
      await tab.evaluate((event) => {
        window.isBack = true;
        if (event) dispatchEvent(new Event("online"));
      }, knows);
    },
  };
}

// ---------------------------------------------------------------------------------------------------- the set-up

on("an element without a business says so, whatever the network does", { attributes: "", init: LOST, expects: /<phone-proof>/ }, async (tab, told) => {
  await lose(tab, true);
  await shows(tab, "#number-notice", /does not work just now[^]*not your fault/);
  assert.match(told.join("\n"), /<phone-proof> cannot work: there is no `business`/);
  await set(tab, { business: "login" });
  await shows(tab, "#number-notice", /You are offline/);
});

on("a device that is offline says so, and asks again once it is not", { init: LOST }, async (tab) => {
  const { back } = await lose(tab, true);
  await shows(tab, "#number-notice", /You are offline[^]*Nothing is lost/);
  await back();
  await countries(tab);
  assert.equal(await notice(tab).innerText(), "");
});

on("a gateway that answers in the service's place is told to the developer", {}, async (tab) => {
  const warned = [];
  tab.on("console", (message) => /^warn/.test(message.type()) && warned.push(message.text()));
  await gateway(tab, "/v1/policy", 502);
  await gateway(tab, "/v1/send", 502);
  await tab.reload();
  await sendTo(tab, PHONE);
  await shows(tab, "#number-notice", /not available just now/);
  assert.match(warned.join("\n"), new RegExp(`<phone-proof> ${BASE} is away, or is not the root of PhoneProof \\(status 502\\)`));
});

for (const knows of [true, false]) {
  const how = knows ? "offline" : "nothing answers";
  on(`a business that is not there is told when the network comes later: ${how}`, { attributes: `business="lgoin"`, init: LOST, expects: /<phone-proof>/ }, async (tab, told) => {
    const { back } = await lose(tab, knows);
    await shows(tab, "#number-notice", knows ? /You are offline/ : /does not answer/);
    await back();
    await saysInConsole(tab, told, /does not list the business `lgoin`[^]*It lists: .*login/);
    await shows(tab, "#number-notice", /does not work just now/);
  });

  on(`an origin that is not allowed is told when the network comes later: ${how}`, { init: LOST, expects: /<phone-proof>/ }, async (tab, told) => {
    await tab.goto(`${ORIGIN.replace("127.0.0.1", "localhost")}/`);
    const { back } = await lose(tab, knows);
    await shows(tab, "#number-notice", knows ? /You are offline/ : /does not answer/);
    await back();
    await saysInConsole(tab, told, /answers, but not to pages of http:\/\/localhost:\d+\. Add this origin/);
    await shows(tab, "#number-notice", /does not work just now/);
  });

  on(`another service at the issuer is told when the network comes later: ${how}`, { init: LOST, expects: /<phone-proof>/ }, async (tab, told) => {
    const { back } = await lose(tab, knows);
    await set(tab, { issuer: `${BASE}/other` });
    await shows(tab, "#number-notice", knows ? /You are offline/ : /does not answer/);
    await back();
    await saysInConsole(tab, told, /is not the root of PhoneProof \(status 404\)\. Check `issuer`/);
    await shows(tab, "#number-notice", /does not work just now/);
  });
}

on("a stack that does not answer yet is asked until it does, and the console says so once", { init: LOST, expects: /<phone-proof>/ }, async (tab, told) => {
  const { back } = await lose(tab, false);
  await shows(tab, "#number-notice", /does not answer[^]*Check your connection/);
  await tab.waitForTimeout(7000);
  assert.equal(told.filter((text) => /nothing answers at/.test(text)).length, 1, told.join("\n"));
  await back();
  await countries(tab);
  assert.equal(await notice(tab).innerText(), "");
});

for (const [when, wait] of [["between two calls", (tab) => shows(tab, "#number-notice", /does not answer/)], ["during a call", () => {}]]) {
  on(`asks no more for a policy once it is taken off the page: ${when}`, { init: LOST, expects: /<phone-proof>/ }, async (tab, told) => {
    // The page before must have its policy, or its call counts for that of the next.
    await countries(tab);
    const call = tab.waitForRequest(`${BASE}/v1/policy`);
    await lose(tab, false);
    await call;
    await wait(tab);
    await tab.evaluate(() => document.querySelector("phone-proof").remove());
    // The call is repeated, and two others find out why nothing answers.
    await saysInConsole(tab, told, /nothing answers at/);
    let asked = 0;
    tab.on("request", (request) => (asked += request.url().endsWith("/v1/policy") ? 1 : 0));
    await tab.waitForTimeout(4500);
    assert.equal(asked, 0);
  });
}

for (const [what, change] of [
  ["an origin that is not allowed", (tab) => tab.goto(`${ORIGIN.replace("127.0.0.1", "localhost")}/`)],
  ["an issuer with the path of the calls", (tab) => set(tab, { issuer: `${BASE}/v1` })],
  ["an issuer that is another page of the stack", (tab) => set(tab, { issuer: `${BASE}/inbox` })],
]) {
  on(`a person who sends reads each time that it does not work, and stays there: ${what}`, { expects: /<phone-proof>|server responded|preflight/ }, async (tab) => {
    await change(tab);
    await shows(tab, "#number-notice", /does not work just now/);
    for (let times = 0; times < 4; times += 1) {
      await sendTo(tab, PHONE);
      await tab.locator("#send:not([aria-busy])").waitFor();
      assert.match(await notice(tab).innerText(), /does not work just now[^]*not your fault/);
      await tab.waitForTimeout(times === 3 ? 1000 : 100);
      assert.ok(await tab.evaluate(() => document.activeElement.shadowRoot?.activeElement?.closest("#number-notice")), `time ${times}: the focus is in the notice`);
    }
    assert.match(await notice(tab).innerText(), /does not work just now/);
  });
}

on("an element that is set up after it is on the page works, and the console is silent", {}, async (tab, told) => {
  const policy = tab.waitForResponse(`${BASE}/v1/policy`);
  await tab.evaluate((issuer) => {
    document.querySelector("phone-proof").remove();
    const element = document.createElement("phone-proof");
    document.querySelector("form").append(element);
    Object.assign(element, { issuer, business: "login", action: "pay:1" });
  }, BASE);
  await policy;
  await countries(tab);
  assert.deepEqual(told, []);
  await toCode(tab);
});

on("a path is of the page's own origin, whatever `<base>` says", { expects: /is not the root of PhoneProof/ }, async (tab) => {
  for (const path of ["", "/stack"]) {
    // The page before may still ask its own issuer.
    const asked = tab.waitForRequest(`${ORIGIN}${path}/v1/policy`);
    await tab.route(`${ORIGIN}/based`, (route) => route.fulfill({ contentType: "text/html", body: `<!doctype html><html lang="en"><title>A shop</title><base href="http://127.0.0.1:9/shop/"><script type="module" src="${ORIGIN}/phone-proof.js"></script><phone-proof issuer="${path}" business="login"></phone-proof>` }));
    await tab.goto(`${ORIGIN}/based`);
    await asked;
    await tab.unrouteAll({ behavior: "ignoreErrors" });
  }
});

// ------------------------------------------------------------------------------------------------- the first country

for (const [locale, first, why] of [
  ["en-US", "US", "the person's"],
  ["de-AT", "DE", "the country of the language, where the person's is not served"],
  ["fr", "FR", "the country of the language, where the browser names none"],
  ["sw-KE", "DE", "the first, where neither is served"],
]) {
  on(`begins with ${first} for ${locale}: ${why}`, { context: { locale } }, async (tab) => {
    await tab.evaluate((tag) => Object.defineProperty(navigator, "languages", { get: () => [tag] }), locale);
    await serve(tab, { countries: ["DE", "FR", "US"] });
    await set(tab, { issuer: `${BASE}/` });
    await countries(tab);
    assert.equal(await tab.locator("#region").inputValue(), first);
  });
}

on("says so where no country is served, and asks for no number", { expects: /<phone-proof>/ }, async (tab, told) => {
  await serve(tab, { countries: [] });
  await tab.reload();
  await shows(tab, "#number-notice", /does not work just now[^]*not your fault/);
  assert.match(told.join("\n"), /<phone-proof> http:\S+\/v1\/policy lists no country/);
  for (const id of ["phone", "region", "phone-hint", "send"]) assert.equal(await tab.locator(`#${id}`).isVisible(), false, id);
  await tab.evaluate(() => document.querySelector("phone-proof").focus());
  assert.ok(await tab.evaluate(() => document.activeElement.shadowRoot?.activeElement.classList.contains("notice")));
});

on("a national number of the page is of the country that the page names, never of the visitor's", { attributes: `business="login" phone="4152001234"`, context: { locale: "de-DE" }, chromiumOnly: true, expects: /<phone-proof>/ }, async (tab, told) => {
  await countries(tab);
  let request = tab.waitForRequest(`${BASE}/v1/send`);
  await tab.locator("#send").click();
  assert.equal((await request).postDataJSON().region, undefined);
  await shows(tab, "#number-notice", /does not work just now/);
  assert.match(told.join("\n"), /could not use: phone \(.*needs `country`/);
  await set(tab, { country: "us" });
  await answer(tab, "/v1/send", 202, accepted());
  request = tab.waitForRequest(`${BASE}/v1/send`);
  await tab.locator("#send").click();
  assert.equal((await request).postDataJSON().region, "US");
  await tab.locator("#code").waitFor();
});
