// What outlives a page: the challenge, the key of a text, and the id of the browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PhoneProof } from "../dist/client.js";
import { SENT, keys, problem, send, silence, start, withTab } from "./service.mjs";

test("a challenge outlives its page while its code works", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, { body: { token: "s", expiresIn: 300 } });
  const saved = JSON.parse(JSON.stringify((await client.send(send)).save()));
  const later = client.restore({ ...saved, savedAt: saved.savedAt - 100_000 });
  assert.ok(Math.abs(later.expiresIn - 200) <= 1);
  assert.equal(later.resendIn, 0);
  await later.verify("123456");
  assert.equal(calls[1].body.token, "t1");
  // The clock of the device was set back: nobody knows how much time is left, and the service decides.
  assert.equal(client.restore({ ...saved, savedAt: saved.savedAt + 360_000 }).expiresIn, 300);
  for (const useless of [{ ...saved, savedAt: saved.savedAt - 300_000 }, { ...saved, savedAt: "now" }, null, undefined, {}, { answer: {} }, { ...saved, answer: { token: 1 } }, { ...saved, request: {} }]) {
    assert.equal(client.restore(useless), undefined);
  }
});

test("a challenge of another business or stack is not taken up", async () => {
  const { client } = start({ status: 202, body: SENT });
  const saved = (await client.send(send)).save();
  const other = (change) => new PhoneProof({ issuer: "https://verify.example", business: "login", device: "d", ...change });
  assert.equal(other({ business: "shop" }).restore(saved), undefined);
  assert.equal(other({ issuer: "https://elsewhere.example" }).restore(saved), undefined);
  assert.ok(other({}).restore(saved));
});

test("a code that was wrong is known after the page was left, until another code is texted", async () => {
  const wrong = problem("wrong-code", 422, { attemptsRemaining: 4 });
  const { client, calls } = start({ status: 202, body: SENT }, wrong, { status: 202, body: { ...SENT, token: "t2" } }, wrong);
  const challenge = await client.send(send);
  await assert.rejects(challenge.verify("111111"));
  const later = client.restore(JSON.parse(JSON.stringify(challenge.save())));
  await assert.rejects(later.verify("111111"), (error) => error.kind === "wrong-code" && error.attemptsRemaining === 4);
  assert.equal(calls.length, 2);
  await later.resend();
  await assert.rejects(later.verify("111111"));
  assert.equal(calls.length, 4);
});

test("a page that is reloaded while a text is under way asks for the same text", () => withTab(async (store) => {
  const first = start(silence, silence, silence);
  await assert.rejects(first.client.send(send));
  const second = start({ status: 202, body: SENT }, { status: 202, body: SENT });
  await second.client.send(send);
  assert.equal(keys(second.calls)[0], keys(first.calls)[0]);
  assert.equal(store.size, 0, "nothing is kept of what is decided");
  await second.client.send(send);
  assert.notEqual(...keys(second.calls));
  // A resend, too, but nobody else's.
  const third = start({ status: 202, body: SENT }, silence, silence, silence);
  const challenge = await third.client.send(send);
  await assert.rejects(challenge.resend());
  const fourth = start({ status: 202, body: SENT });
  await fourth.client.restore(challenge.save()).resend();
  assert.equal(keys(fourth.calls)[0], keys(third.calls)[1]);
  await assert.rejects(start(silence, silence, silence).client.send(send));
  const calls = [];
  const fetch = async (url, { headers }) => (calls.push(headers["Idempotency-Key"]), Response.json(SENT, { status: 202 }));
  for (const other of [{ device: "e" }, { business: "shop" }, { issuer: "https://elsewhere.example" }]) await new PhoneProof({ issuer: "https://verify.example/", business: "login", device: "d", fetch, ...other }).send(send);
  assert.ok(calls.every((key) => ![...store.values()].includes(key)));
}));

test("the browser gets a new id if the kept text is not an id", () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
  try {
    for (const kept of [null, "", " ", "undefined", "a\nb", "x".repeat(129), "00000000-0000-0000-0000-000000000000"]) {
      const store = new Map([["phoneproof-device", kept]]);
      Object.defineProperty(globalThis, "localStorage", { configurable: true, value: { getItem: (name) => store.get(name) ?? null, setItem: (name, text) => store.set(name, text) } });
      const { device } = new PhoneProof({ issuer: "", business: "login" });
      assert.match(device, /^[0-9a-f]{32}$/);
      assert.equal(new PhoneProof({ issuer: "", business: "login" }).device, device, "and kept");
    }
  } finally {
    if (before) Object.defineProperty(globalThis, "localStorage", before);
    else delete globalThis.localStorage;
  }
});

test("the time that a device sleeps counts, and a time of day that is set back does not", async () => {
  const fetch = async () => Response.json(SENT, { status: 202 });
  const challenge = await new PhoneProof({ issuer: "https://verify.example", business: "login", device: "d", fetch }).send(send);
  const { now } = Date;
  try {
    // While the device sleeps, `performance.now` stands still.
    Date.now = () => now() + 100_000;
    assert.equal(challenge.expiresIn, 200);
    Date.now = () => now() - 360_000;
    assert.equal(challenge.expiresIn, 200);
    Date.now = () => now() - 360_000 + 250_000;
    assert.equal(challenge.expiresIn, 0);
  } finally {
    Date.now = now;
  }
});
