// The client against a service that this test plays. What ships is tested: dist/, not src/.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PhoneProof, Problem } from "../dist/client.js";

const SENT = { token: "t1", expiresIn: 300, resendIn: 60, codeLength: 6, attempts: 5, phone: "+•••86" };
const problem = (slug, status, more = {}) => ({ status, body: { type: `urn:phoneproof:problem:${slug}`, title: "Refused", status, ...more } });
const silence = { status: 0 };

/** A client whose calls are answered one after the other, on a clock that the test moves. */
function start(...answers) {
  const clock = { now: 5_000 };
  const calls = [];
  const waits = [];
  const fetch = async (url, { method, headers, body }) => {
    calls.push({ url, method, headers, body: body && JSON.parse(body) });
    const { status = 200, body: answer = {}, headers: more = {} } = answers.shift() ?? assert.fail(`an unexpected call of ${url}`);
    if (status === 0) throw new TypeError("fetch failed");
    return new Response(typeof answer === "string" ? answer : JSON.stringify(answer), { status, headers: more });
  };
  const wait = async (milliseconds) => waits.push(milliseconds);
  const client = new PhoneProof({ issuer: "https://verify.example/", business: "login", device: "d", fetch, wait, now: () => clock.now });
  return { client, calls, waits, clock };
}

const send = { phone: "+14152007986" };
const keys = (calls) => calls.map(({ headers }) => headers["Idempotency-Key"]);
const refusedWith = (kind) => (error) => error instanceof Problem && error.kind === kind;

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
  const [one, two] = await Promise.all([client.send(send), client.send(send)]);
  assert.equal(one, two);
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
  const { client, calls } = start(problem("delivery-unknown", 504, { token: "t4", expiresIn: 300, resendIn: 60 }), { body: { token: "s" } });
  const challenge = await client.send(send);
  assert.equal(challenge.unconfirmed.kind, "delivery-unknown");
  await challenge.verify("123456");
  assert.equal(calls[1].body.token, "t4");
});

test("a right code is submitted once, and no other after it", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, { body: { token: "s", expiresIn: 300 } });
  const challenge = await client.send(send);
  const all = await Promise.all([challenge.verify("123456"), challenge.verify("123 456"), challenge.verify("654321")]);
  assert.deepEqual(all.map(({ token }) => token), ["s", "s", "s"]);
  assert.equal((await challenge.verify("123456")).token, "s");
  assert.equal(calls.length, 2);
});

test("a wrong code costs one guess however often it is entered", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, problem("wrong-code", 422, { attemptsRemaining: 4 }), { body: { token: "s" } });
  const challenge = await client.send(send);
  for (let times = 0; times < 3; times += 1) await assert.rejects(challenge.verify("111111"), (error) => error.kind === "wrong-code" && error.attemptsRemaining === 4);
  await challenge.verify("１２３\u200b456");
  assert.deepEqual(calls.slice(1).map(({ body }) => body.code), ["111111", "123456"]);
  assert.equal(challenge.attemptsLeft, 4);
});

test("a verify that nothing answered is repeated once, and 503 as often as a send", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, silence, silence, problem("unavailable", 503), problem("unavailable", 503), { body: { token: "s" } });
  const challenge = await client.send(send);
  await assert.rejects(challenge.verify("123456"), refusedWith("no-answer"));
  assert.equal(calls.length, 3);
  assert.equal((await challenge.verify("123456")).token, "s");
});

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

test("a resend whose answer was lost is a resend, not a refusal", async () => {
  const cooling = { ...problem("limited", 429, { rule: "phone-cooldown" }), headers: { "Retry-After": "58" } };
  const { client } = start({ status: 202, body: SENT }, silence, cooling, cooling);
  const challenge = await client.send(send);
  assert.equal(await challenge.resend(), false);
  assert.equal(challenge.resendIn, 58);
  await assert.rejects(challenge.resend(), refusedWith("limited"));
});

test("a challenge outlives its page while its code works", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, { body: { token: "s" } });
  const saved = JSON.parse(JSON.stringify((await client.send(send)).save()));
  const later = client.restore({ ...saved, savedAt: saved.savedAt - 100_000 });
  assert.ok(Math.abs(later.expiresIn - 200) <= 1);
  assert.equal(later.resendIn, 0);
  await later.verify("123456");
  assert.equal(calls[1].body.token, "t1");
  // The clock of the device was set back: nobody knows how much time is left, and the service decides.
  assert.equal(client.restore({ ...saved, savedAt: saved.savedAt + 360_000 }).expiresIn, 300);
  for (const useless of [{ ...saved, savedAt: saved.savedAt - 300_000 }, null, undefined, {}, { answer: {} }]) assert.equal(client.restore(useless), undefined);
});

test("what answers at a wrong address is told apart", async () => {
  for (const answer of [{ status: 404, body: "<h1>Not found</h1>" }, { status: 200, body: "<h1>Hello</h1>" }, { status: 403, body: { message: "Forbidden" } }]) {
    await assert.rejects(start(answer).client.send(send), refusedWith("not-phoneproof"));
  }
  await assert.rejects(start({ body: { countries: "all" } }).client.policy(), refusedWith("not-phoneproof"));
});

test("the policy is asked once, and again after a failure", async () => {
  const policy = { countries: ["US"], resendIn: 60, businesses: [] };
  const { client, calls } = start({ status: 404, body: "" }, { body: policy });
  await assert.rejects(client.policy());
  assert.deepEqual(await client.policy(), policy);
  assert.equal(await client.policy(), await client.policy());
  assert.deepEqual(calls.map(({ method, url }) => `${method} ${url}`), Array(2).fill("GET https://verify.example/v1/policy"));
});

test("a call has a deadline", async () => {
  const fetch = (url, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const client = new PhoneProof({ issuer: "", business: "login", fetch, wait: async () => {}, deadline: 1 });
  await assert.rejects(client.send(send), refusedWith("no-answer"));
});

test("no error says more than the service did", async () => {
  const { client } = start({ ...problem("invalid-phone", 400, { detail: "No such number.", errors: [{ field: "phone", accepted: "E.164" }] }) });
  await assert.rejects(client.send(send), (error) => {
    assert.ok(!`${error} ${JSON.stringify(error)} ${error.stack}`.includes("4152007986"));
    return error.document.errors[0].field === "phone";
  });
});
