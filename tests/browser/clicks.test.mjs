// Tests that a double click, or a double tap, on a button of <phone-proof> counts once, whatever has come under the pointer
// since its first half, and that every other click counts. The page is that of component.mjs; the service's answers are played.

import assert from "node:assert/strict";

import { BASE, accepted, answer, focusedId, inSeconds, shows } from "./support.mjs";
import { PHONE, SUCCESS, hold, on, refuse, sendTo, shownOf, toCode, valueOf } from "./component.mjs";

/** The page counts the clicks that reach its buttons and the component's, by id. */
const COUNTS = `window.clicked = {};
addEventListener("submit", (event) => { event.preventDefault(); window.sent = (window.sent ?? 0) + 1; });
document.addEventListener("click", (event) => { const { id } = event.composedPath()[0]; window.clicked[id] = (window.clicked[id] ?? 0) + 1; });`;
const countOf = (tab, id) => tab.evaluate((id) => window.clicked[id] ?? 0, id);
const sentBy = (tab) => tab.evaluate(() => window.sent ?? 0);
const middle = async (target) => {
  const { x, y, width, height } = await target.boundingBox();
  return [x + width / 2, y + height / 2];
};
/** One half of a double click, as the browser counts it: 1 or 2. */
async function press(tab, [x, y], clickCount) {
  await tab.mouse.move(x, y);
  await tab.mouse.down({ clickCount });
  await tab.mouse.up({ clickCount });
}
/** Begins taps of a finger, each so many seconds after the first. The browser counts by these times, however late each tap comes. */
async function beginTaps(tab) {
  const session = await tab.context().newCDPSession(tab);
  const first = Date.now() / 1000;
  return async (seconds, x, y) => {
    for (const [type, touchPoints, held] of [["touchStart", [{ x, y }], 0], ["touchEnd", [], 0.02]]) {
      await session.send("Input.dispatchTouchEvent", { type, touchPoints, timestamp: first + seconds + held });
    }
  };
}
/** What is under the point now. */
const under = (tab, at) => tab.evaluate(([x, y]) => { const top = document.elementFromPoint(x, y); return (top.shadowRoot?.elementFromPoint(x, y) ?? top).id; }, at);
/** Puts a button of the page under a point. */
const coverWith = (tab, id, at) => tab.evaluate(([id, [x, y]]) => { Object.assign(document.getElementById(id).style, { position: "fixed", left: `${x - 40}px`, top: `${y - 20}px`, width: "80px", height: "40px" }); }, [id, at]);

const PAGE = { init: COUNTS, html: `<button id="go">Log in</button>`, chromiumOnly: true };

on("the second half of a double click does not call, where the buttons slid up", PAGE, async (tab) => {
  await toCode(tab, { channels: ["sms", "voice"] });
  const sends = await hold(tab, "/v1/send");
  // A button of the component takes the place of the one that was clicked.
  await tab.locator("#code").fill("123456");
  await refuse(tab, "/v1/verify", 503, "unavailable");
  await tab.locator("#verify").click();
  await shows(tab, "#code-notice", /./);
  const verifies = await hold(tab, "/v1/verify");
  const at = await middle(tab.locator("#verify"));
  await press(tab, at, 1);
  await tab.waitForFunction(([x, y]) => document.elementFromPoint(x, y).shadowRoot?.elementFromPoint(x, y)?.id !== "verify", at);
  const call = await middle(tab.locator("#call"));
  await press(tab, call, 2);
  await tab.waitForTimeout(100);
  assert.deepEqual([await countOf(tab, "call"), sends.waiting.length], [0, 0]);
  await verifies.reply(200, SUCCESS);
  await shows(tab, "#done", /is verified/);
});

on("the second half of a double click sends no form of the page", PAGE, async (tab) => {
  await toCode(tab);
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await tab.locator("#code").fill("123456");
  const at = await middle(tab.locator("#verify"));
  await press(tab, at, 1);
  await shows(tab, "#done", /is verified/);
  await coverWith(tab, "go", at);
  await press(tab, at, 2);
  assert.deepEqual([await under(tab, at), await sentBy(tab)], ["go", 0]);
  // The next click of the person counts.
  await press(tab, at, 1);
  assert.deepEqual([await sentBy(tab), await valueOf(tab)], [1, "a.b.c"]);
});

on("a double click on a wrong code costs one guess, and leaves the focus in its field", PAGE, async (tab) => {
  await toCode(tab);
  let guesses = 0;
  tab.on("request", (request) => (guesses += request.method() === "POST" && request.url() === `${BASE}/v1/verify`));
  await refuse(tab, "/v1/verify", 422, "wrong-code", { attemptsRemaining: 4 });
  await tab.locator("#code").fill("111111");
  const verify = tab.locator("#verify");
  await press(tab, await middle(verify), 1);
  await shows(tab, "#code-error", /4 tries left/);
  await press(tab, await middle(verify), 2);
  await tab.waitForTimeout(100);
  assert.deepEqual([guesses, await focusedId(tab)], [1, "code"]);
});

on("two clicks are two, however quick, where the browser does not take them for one", { ...PAGE, chromiumOnly: false }, async (tab) => {
  await answer(tab, "/v1/send", 202, accepted({ resendIn: 0 }));
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await sendTo(tab, PHONE);
  await tab.locator("#code").fill("123456");
  await tab.locator("#verify").click();
  await tab.locator("#done").waitFor();
  await tab.locator("#go").click();
  assert.deepEqual([await shownOf(tab), await sentBy(tab)], ["done", 1]);
});

on("a double click in a field selects a word", PAGE, async (tab) => {
  await tab.locator("#phone").fill("415 200");
  await tab.locator("#phone").dblclick({ position: { x: 20, y: 20 } });
  assert.equal(await tab.evaluate(() => { const { selectionStart, selectionEnd } = document.querySelector("phone-proof").shadowRoot.querySelector("#phone"); return selectionEnd > selectionStart; }), true);
});

on("a key counts each time, and after a double click, too", PAGE, async (tab) => {
  await refuse(tab, "/v1/send", 429, "limited", { rule: "phone-per-hour", retryAt: inSeconds(600) });
  await tab.getByLabel("Phone number").fill(PHONE);
  await tab.locator("#send").dblclick();
  await shows(tab, "#number-notice", /enough codes/);
  await answer(tab, "/v1/send", 202, accepted());
  await tab.locator("#phone").press("Enter");
  await tab.locator("#code").waitFor();
});

on("a second tap of a finger, some pixels off, hits nothing that has come there", { ...PAGE, context: { hasTouch: true, isMobile: true, viewport: { width: 390, height: 800 } } }, async (tab) => {
  await toCode(tab);
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await tab.locator("#code").fill("123456");
  const [x, y] = await middle(tab.locator("#verify"));
  await coverWith(tab, "go", [-500, -500]);
  const tap = await beginTaps(tab);
  await tap(0, x, y);
  await shows(tab, "#done", /is verified/);
  await coverWith(tab, "go", [x, y]);
  await tap(0.2, x + 16, y);
  await tab.waitForTimeout(100);
  assert.deepEqual([await countOf(tab, "go"), await sentBy(tab)], [0, 0]);
  await tap(1, x, y);
  await tab.waitForFunction(() => window.sent === 1);
});

on("the second half of a double click hits nothing where the element was taken away", { ...PAGE, init: `${COUNTS}\naddEventListener("phoneproof-verified", ({ target }) => target.remove());` }, async (tab) => {
  await toCode(tab);
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await tab.locator("#code").fill("123456");
  const at = await middle(tab.locator("#verify"));
  await press(tab, at, 1);
  await tab.locator("phone-proof").waitFor({ state: "detached" });
  await coverWith(tab, "go", at);
  await press(tab, at, 2);
  assert.deepEqual([await under(tab, at), await sentBy(tab)], ["go", 0]);
  await press(tab, at, 1);
  assert.equal(await sentBy(tab), 1);
});

on("a key that is held counts once, whatever has the focus since", { chromiumOnly: true }, async (tab) => {
  await toCode(tab);
  let sends = 0;
  tab.on("request", (request) => (sends += request.method() === "POST" && request.url() === `${BASE}/v1/send`));
  await tab.locator("#change-number").focus();
  // A key that goes down again without going up repeats.
  for (let times = 0; times < 5; times += 1) await tab.keyboard.down("Enter");
  await tab.keyboard.up("Enter");
  await tab.waitForTimeout(200);
  assert.deepEqual([await shownOf(tab), await focusedId(tab), sends], ["number", "phone", 0]);
  await tab.keyboard.press("Enter");
  await tab.locator("#code").waitFor();
  assert.equal(sends, 1);
});

on("a key that is held presses no button of the page that got the focus", { ...PAGE, init: `${COUNTS}\naddEventListener("phoneproof-verified", ({ target }) => { target.remove(); document.getElementById("go").focus(); });` }, async (tab) => {
  await toCode(tab);
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await tab.locator("#code").fill("123456");
  await tab.locator("#code").focus();
  await tab.keyboard.down("Enter");
  await tab.locator("phone-proof").waitFor({ state: "detached" });
  for (let times = 0; times < 4; times += 1) await tab.keyboard.down("Enter");
  await tab.keyboard.up("Enter");
  assert.deepEqual([await countOf(tab, "go"), await sentBy(tab)], [0, 0]);
  await tab.keyboard.press("Enter");
  assert.equal(await sentBy(tab), 1);
});

on("events that a script makes at the window throw nothing", {}, async (tab) => {
  await tab.evaluate(() => [new KeyboardEvent("keydown"), new MouseEvent("click"), new MouseEvent("mousedown")].map((event) => window.dispatchEvent(event)));
});

on("a button that closes a dialog sends nothing, so it counts each time", { html: `<button id="go">Log in</button><button id="close" formmethod="dialog">Close</button>`, init: `window.kinds = []; addEventListener("submit", (event) => { window.kinds.push([event.submitter.id, event.defaultPrevented]); if (event.submitter.id === "go") event.preventDefault(); });` }, async (tab) => {
  await toCode(tab);
  await answer(tab, "/v1/verify", 200, SUCCESS);
  await tab.locator("#code").fill("123456");
  await tab.locator("#verify").click();
  await shows(tab, "#done", /is verified/);
  for (const id of ["close", "close", "go"]) await tab.locator(`#${id}`).click();
  assert.deepEqual((await tab.evaluate(() => window.kinds)).slice(-3), [["close", false], ["close", false], ["go", false]]);
});

on("a reload remembers how long the next text has to wait", {}, async (tab) => {
  await toCode(tab, { resendIn: 60 });
  await shows(tab, "#resend", /Send again in/);
  await tab.reload();
  await shows(tab, "#resend", /Send again in/);
});

on("a reload remembers how long a refused text has to wait", {}, async (tab) => {
  await toCode(tab);
  await refuse(tab, "/v1/send", 429, "limited", { rule: "phone-cooldown", retryAt: inSeconds(50) });
  await tab.locator("#resend").click();
  await shows(tab, "#resend", /Send again in/);
  await tab.reload();
  await shows(tab, "#resend", /Send again in/);
});
