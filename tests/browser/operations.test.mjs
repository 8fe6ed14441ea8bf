// Tests the operations page of a running local stack. support.mjs lists the settings.

import assert from "node:assert/strict";

import { BASE, assertAccessible, assertChinese, inspect, onPage, shows } from "./support.mjs";

const PATH = { path: "/operations" };
/** A run is shown at a pace of its own. The tests look at its end. */
const STILL = { ...PATH, reducedMotion: "reduce" };
const dollars = (text) => Number(text.replaceAll(/[^\d.]/g, ""));

async function press(page, name) {
  await page.getByRole("button", { name, exact: true }).click();
}

/** Moves to the last frame, when it is there. */
async function toTheEnd(page) {
  const isLast = () => {
    const time = document.querySelector("#time");
    time.value = time.max;
    time.dispatchEvent(new Event("input"));
    return /^(Play again|重新播放)$/.test(document.querySelector("#play").textContent);
  };
  await page.waitForFunction(isLast, null, { timeout: 40_000 });
}

const valueOf = async (page, name) => (await page.locator(".sum", { hasText: name }).locator(".sum-value").innerText()).trim();

for (const colorScheme of ["light", "dark"]) {
  for (const viewport of [{ width: 1280, height: 1000 }, { width: 320, height: 740 }]) {
    const look = `${colorScheme} at ${viewport.width} px`;
    onPage(`shows what an attack costs, and whom it locks out: ${look}`, { ...STILL, colorScheme, viewport }, async (page) => {
      await shows(page, "#run-empty", /Nothing runs yet/);
      await assertAccessible(page, "before a run");
      await press(page, "Healthchecks");
      await toTheEnd(page);
      assert.equal(await page.getByRole("button", { name: "Healthchecks" }).getAttribute("aria-pressed"), "true");
      await shows(page, "#run-title", /^Healthchecks, seed 1$/);
      await shows(page, "#run-story", /Morocco, where a text costs \$0\.22/);
      assert.ok(dollars(await valueOf(page, "They cost you")) < 2);
      assert.ok(dollars(await valueOf(page, "They would cost")) > 1_700);
      assert.ok(dollars(await valueOf(page, "Honest users served")) > 98);
      await shows(page, "#refusals", /country-purse The country's purses are empty[\d,]+/);
      await shows(page, "#lanes", /crowdNetworks whose users typed codes in\$\d+\.\d\d of \$3\.08 \(texts: \d+\)/);
      const label = await page.locator("#money svg").getAttribute("aria-label");
      assert.match(label, /^What the attacker's texts cost\. At 00:05, the attacker's texts \(\d+\) had cost \$\d\.\d\d\./);
      assert.equal(await page.locator("#money path.line").count(), 2);
      assert.equal(await page.locator("#purses path.line").count(), 4);
      await page.getByText("The figures as a table").click();
      assert.equal(await page.locator("#figures tbody tr").count(), 12);
      await inspect(page, `operations ${look}`);
    });
  }
}

onPage("plays a run as it goes, and can be stopped and turned back", PATH, async (page) => {
  await press(page, "Luma");
  await shows(page, "#play", /^Pause$/);
  await page.waitForFunction(() => document.querySelector("#clock-time").textContent > "10:20");
  await page.locator("#play").focus();
  await page.keyboard.press("Enter");
  await shows(page, "#play", /^Play$/);
  const stopped = await page.locator("#clock-time").innerText();
  await page.locator("#play").press("Tab");
  await page.keyboard.press("Home");
  await shows(page, "#clock-time", /^10:0\d$/);
  assert.equal(await page.locator("#time").getAttribute("aria-valuetext"), await page.locator("#clock-time").innerText());
  await page.keyboard.press("ArrowRight");
  await shows(page, "#clock-time", /^10:08$/);
  assert.ok(stopped > "10:20");
});

onPage("shows the loads of honest users, one run after the other", STILL, async (page) => {
  await press(page, "Launch day");
  await toTheEnd(page);
  assert.ok(dollars(await valueOf(page, "Honest users served")) > 98);
  await shows(page, "#money-title", /Honest users of the last half hour/);
  assert.equal(await page.locator(".sum", { hasText: "They cost you" }).count(), 0);
  await press(page, "Outage");
  await shows(page, "#run-title", /^Outage, seed 2$/);
  await toTheEnd(page);
  assert.ok(dollars(await valueOf(page, "Honest users served")) < 98, "a text would not have arrived");
  await shows(page, "#refusals", /country-purse/);
  assert.equal(await page.getByRole("button", { name: "Launch day" }).getAttribute("aria-pressed"), "false");
  await inspect(page, "operations outage");
});

onPage("ends a run when its reader leaves", PATH, async (page) => {
  // More runs than the stack plays at a time, each left at once.
  for (let n = 0; n < 6; n += 1) {
    await press(page, "Outage");
    await shows(page, "#run-title", new RegExp(`seed ${n + 1}$`));
  }
  assert.equal(await page.locator("#run-notice .notice").count(), 0);
});

onPage("says why it cannot run", PATH, async (page) => {
  await page.route(`${BASE}/operations/run?*`, (route) => route.fulfill({ status: 429, body: "{}" }));
  await press(page, "Luma").catch(() => {});
  await shows(page, "#run-notice", /Other pages are watching runs/);
  await page.unrouteAll();
  await page.route(`${BASE}/operations/run?*`, (route) => route.abort());
  await press(page, "Luma");
  await shows(page, "#run-notice", /The local stack does not answer/);
});

onPage("speaks Chinese at 320 px", { ...STILL, locale: "zh-CN", viewport: { width: 320, height: 740 } }, async (page) => {
  await press(page, "Luma");
  await toTheEnd(page);
  await shows(page, "#run-story", /乌兹别克斯坦/);
  await page.getByText("以表格显示数据").click();
  await assertChinese(page);
  await inspect(page, "operations Chinese");
  await press(page, "English");
  await shows(page, "#sums", /Honest users served/);
});
