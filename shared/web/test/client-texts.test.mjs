// Texts and resends: keys, repeats, double taps and times.

import assert from "node:assert/strict";
import { test } from "node:test";

import { SENT, keys, problem, refusedWith, send, silence, start } from "./service.mjs";

test("a send names phone, device and business, and has a key of its own", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, { status: 202, body: SENT });
  const challenge = await client.send({ phone: "4152007986", region: "US", locale: "en", action: "pay:1" });
  await client.send({ phone: "4152007986", region: "US", locale: "en", action: "pay:1" });
  assert.equal(calls[0].url, "https://verify.example/v1/send");
  assert.deepEqual(calls[0].body, { phone: "4152007986", uniqueId: "d", businessId: "login", region: "US", locale: "en", action: "pay:1" });
  assert.match(keys(calls)[0], /^[0-9a-f]{32}$/);
  assert.notEqual(...keys(calls));
  assert.deepEqual([challenge.phone, challenge.codeLength, challenge.attemptsLeft], ["+•••86", 6, 5]);
});

test("a send that nothing answered is repeated with its key, now and when the person asks again", async () => {
  const { client, calls, waits } = start(silence, silence, silence, { status: 202, body: SENT });
  await assert.rejects(client.send(send), refusedWith("no-answer"));
  await client.send(send);
  assert.equal(new Set(keys(calls)).size, 1);
  assert.deepEqual(waits, [400, 1500]);
});

test("a key lives until the service has decided, whatever else answers meanwhile", async () => {
  const away = problem("unavailable", 503);
  const gateway = { status: 429, body: { message: "Too Many Requests" } };
  for (const answers of [[silence, away, away], [away, away, away], [silence, gateway, gateway], [silence, problem("internal", 500)], [silence, { body: "<h1>Sign in</h1>" }], [silence, { body: {} }], [{ status: 404, body: "" }]]) {
    for (const isResend of [false, true]) {
      const { client, calls } = start(...(isResend ? [{ status: 202, body: SENT }] : []), ...answers, { status: 202, body: SENT }, { status: 202, body: SENT });
      const challenge = isResend && (await client.send(send));
      const ask = () => (isResend ? challenge.resend() : client.send(send));
      calls.length = 0;
      await assert.rejects(ask());
      await ask();
      await ask();
      const last = keys(calls).pop();
      assert.equal(new Set(keys(calls).slice(0, -1)).size, 1, `${JSON.stringify(answers)} ${isResend}`);
      assert.ok(last && !keys(calls).slice(0, -1).includes(last));
    }
  }
});

test("a number that is asked for again in another language keeps its key", async () => {
  const { client, calls } = start(silence, silence, silence, { status: 202, body: SENT });
  await assert.rejects(client.send({ ...send, locale: "en" }));
  await client.send({ ...send, locale: "zh" });
  assert.equal(new Set(keys(calls)).size, 1);
});

test("another number has another key, and a definite refusal ends a key", async () => {
  const { client, calls } = start(silence, silence, silence, { status: 202, body: SENT }, problem("limited", 429), { status: 202, body: SENT });
  await assert.rejects(client.send(send));
  await client.send({ phone: "+14152007987" });
  await assert.rejects(client.send(send), refusedWith("limited"));
  await client.send(send);
  const [first, , , other, again, last] = keys(calls);
  assert.equal(first, again);
  assert.equal(new Set([first, other, last]).size, 3);
});

test("a double tap sends once", async () => {
  const { client, calls } = start({ status: 202, body: SENT });
  await Promise.all([client.send(send), client.send(send)]);
  assert.equal(calls.length, 1);
});

test("503 and a gateway's refusal are repeated after the time they name, other refusals are not", async () => {
  const repeated = start({ ...problem("unavailable", 503), headers: { "Retry-After": "2" } }, { status: 429, body: { message: "Too Many Requests" } }, { status: 202, body: SENT });
  await repeated.client.send(send);
  assert.deepEqual(repeated.waits, [2000, 1500]);
  for (const [slug, status] of [["limited", 429], ["delivery-failed", 502], ["blocked", 403], ["internal", 500]]) {
    const { client, calls } = start({ ...problem(slug, status), headers: { "Retry-After": "1" } });
    await assert.rejects(client.send(send), (error) => error.kind === slug && error.status === status && error.retryIn === 1);
    assert.equal(calls.length, 1, slug);
  }
  const long = start({ ...problem("unavailable", 503), headers: { "Retry-After": "60" } });
  await assert.rejects(long.client.send(send), (error) => error.retryIn === 60);
});

test("an unconfirmed text begins a challenge", async () => {
  const { client, calls } = start(problem("delivery-unknown", 504, { token: "t4", expiresIn: 300, resendIn: 60 }), { status: 202, body: SENT }, { body: { token: "s", expiresIn: 300 } });
  const challenge = await client.send(send);
  assert.equal(challenge.unconfirmed.kind, "delivery-unknown");
  // The next page knows it, too, until another text is confirmed.
  const later = client.restore(JSON.parse(JSON.stringify(challenge.save())));
  assert.equal(later.unconfirmed.kind, "delivery-unknown");
  assert.equal(client.restore((await client.send(send)).save()).unconfirmed, undefined);
  await challenge.verify("123456");
  assert.equal(calls[2].body.token, "t4");
});

const gateway = (status) => ({ status, body: status === 502 ? "<h1>Bad gateway</h1>" : { message: "Gone" } });
for (const status of [500, 502, 503, 504, 599]) {
  test(`a gateway's ${status} does not count as a refusal: a send is repeated with its key, a verify once`, async () => {
    const away = gateway(status);
    const { client, calls } = start(away, away, { status: 202, body: SENT }, away, away, { body: { token: "s", expiresIn: 300 } });
    const challenge = await client.send(send);
    assert.equal(new Set(keys(calls)).size, 1);
    await assert.rejects(challenge.verify("123456"), (error) => error.kind === "unavailable" && error.status === status);
    assert.equal(calls.length, 5, "the service may have counted the guess each time");
    assert.equal((await challenge.verify("123456")).token, "s");
    const gone = start(away, away, away);
    await assert.rejects(gone.client.send(send), refusedWith("unavailable"));
  });
}

test("times count from the answer, on a clock that only runs forward", async () => {
  const { client, clock } = start({ status: 202, body: { ...SENT, expiresAt: "1999-01-01T00:00:00Z" } });
  const challenge = await client.send(send);
  clock.now += 59_500;
  assert.deepEqual([challenge.expiresIn, challenge.resendIn], [241, 1]);
  clock.now += 400_000;
  assert.deepEqual([challenge.expiresIn, challenge.resendIn], [0, 0]);
});

test("a resend keeps used guesses, knows a new code, and forgets the wrong codes of the old one", async () => {
  const wrong = problem("wrong-code", 422, { attemptsRemaining: 4 });
  const { client, calls } = start({ status: 202, body: SENT }, wrong, { status: 202, body: SENT }, { status: 202, body: { ...SENT, token: "t2", attempts: 4 } }, wrong);
  const challenge = await client.send(send);
  await assert.rejects(challenge.verify("111111"));
  assert.equal(await challenge.resend(), false);
  assert.equal(challenge.attemptsLeft, 4);
  assert.equal(await challenge.resend(), true);
  await assert.rejects(challenge.verify("111111"));
  assert.deepEqual(calls.slice(2).map(({ body }) => body.token), ["t1", "t1", "t2"]);
});

test("a resend has a key of its own, and one that was lost is the same again", async () => {
  const cooling = { ...problem("limited", 429, { rule: "phone-cooldown" }), headers: { "Retry-After": "58" } };
  const { client, calls } = start({ status: 202, body: SENT }, silence, { status: 202, body: { ...SENT, resendIn: 58 } }, cooling);
  const challenge = await client.send(send);
  assert.equal(await challenge.resend(), false);
  assert.equal(challenge.resendIn, 58);
  await assert.rejects(challenge.resend(), refusedWith("limited"));
  const [sent, lost, again, last] = keys(calls);
  assert.equal(lost, again);
  assert.equal(new Set([sent, lost, last]).size, 3);
});

test("a refused call leaves the text, and a number that cannot be called is not offered one", async () => {
  const { client, clock } = start({ status: 202, body: { ...SENT, channels: ["sms", "voice"] } }, { ...problem("limited", 429, { rule: "call-purse" }), headers: { "Retry-After": "43000" } }, { status: 202, body: SENT });
  const challenge = await client.send(send);
  assert.deepEqual(challenge.channels, ["sms", "voice"]);
  assert.deepEqual(client.restore(challenge.save()).channels, ["sms", "voice"]);
  clock.now += 60_000;
  await assert.rejects(challenge.resend({ channel: "voice" }), refusedWith("limited"));
  assert.deepEqual(challenge.channels, ["sms"]);
  assert.equal(challenge.resendIn, 0);
  const { client: other } = start({ status: 202, body: SENT });
  assert.deepEqual((await other.send(send)).channels, ["sms"]);
});

test("a purse of texts that is empty keeps nobody from a call, where there are calls", async () => {
  const empty = { ...problem("limited", 429, { rule: "country-purse" }), headers: { "Retry-After": "43000" } };
  const { client } = start({ status: 202, body: { ...SENT, resendIn: 0, channels: ["sms", "voice"] } }, empty);
  const challenge = await client.send(send);
  await assert.rejects(challenge.resend(), refusedWith("limited"));
  assert.deepEqual([challenge.channels, challenge.resendIn], [["sms", "voice"], 0]);
  const { client: other } = start({ status: 202, body: { ...SENT, resendIn: 0 } }, empty);
  const textOnly = await other.send(send);
  await assert.rejects(textOnly.resend(), refusedWith("limited"));
  assert.equal(textOnly.resendIn, 43_000);
});
