// The client against a service that this test plays. What ships is tested: dist/, not src/.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
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
  const { client, calls } = start(problem("delivery-unknown", 504, { token: "t4", expiresIn: 300, resendIn: 60 }), { status: 202, body: SENT }, { body: { token: "s" } });
  const challenge = await client.send(send);
  assert.equal(challenge.unconfirmed.kind, "delivery-unknown");
  // The next page knows it, too, until another text is confirmed.
  const later = client.restore(JSON.parse(JSON.stringify(challenge.save())));
  assert.equal(later.unconfirmed.kind, "delivery-unknown");
  assert.equal(client.restore((await client.send(send)).save()).unconfirmed, undefined);
  await challenge.verify("123456");
  assert.equal(calls[2].body.token, "t4");
});

test("a right code is submitted once, and no other after it", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, { body: { token: "s", expiresIn: 300 } });
  const challenge = await client.send(send);
  const [one, two, other] = await Promise.allSettled([challenge.verify("123456"), challenge.verify("123 456"), challenge.verify("654321")]);
  assert.deepEqual([one.value.token, two.value.token, other.reason.kind], ["s", "s", "wrong-code"]);
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

test("what cannot be the code is refused without a call, and costs no guess", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, { status: 202, body: { ...SENT, codeLength: undefined } }, { body: { token: "s" } });
  const challenge = await client.send(send);
  for (const typed of ["12345", "1234567", "", "12345x", "hello!"]) {
    await assert.rejects(challenge.verify(typed), (error) => error.kind === "malformed" && error.document.errors[0].accepted === "6 digits", typed);
  }
  assert.equal(calls.length, 1);
  // A service that does not say how long a code is decides itself.
  const unknown = await client.send(send);
  await assert.rejects(unknown.verify("12345x"), refusedWith("malformed"));
  await unknown.verify("12345");
});

test("a verify that nothing answered is repeated once, and 503 as often as a send", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, silence, silence, problem("unavailable", 503), problem("unavailable", 503), { body: { token: "s" } });
  const challenge = await client.send(send);
  await assert.rejects(challenge.verify("123456"), refusedWith("no-answer"));
  assert.equal(calls.length, 3);
  assert.equal((await challenge.verify("123456")).token, "s");
});

const gateway = (status) => ({ status, body: status === 502 ? "<h1>Bad gateway</h1>" : { message: "Gone" } });
for (const status of [500, 502, 503, 504, 599]) {
  test(`a gateway's ${status} is no refusal: a send is repeated with its key, a verify once`, async () => {
    const away = gateway(status);
    const { client, calls } = start(away, away, { status: 202, body: SENT }, away, away, { body: { token: "s" } });
    const challenge = await client.send(send);
    assert.equal(new Set(keys(calls)).size, 1);
    await assert.rejects(challenge.verify("123456"), (error) => error.kind === "unavailable" && error.status === status);
    assert.equal(calls.length, 5, "the service may have counted the guess each time");
    assert.equal((await challenge.verify("123456")).token, "s");
    const gone = start(away, away, away);
    await assert.rejects(gone.client.send(send), refusedWith("unavailable"));
  });
}

test("a time that nobody can wait for is none", async () => {
  for (const [header, retryIn] of [["Infinity", undefined], ["1e14", undefined], ["-1", undefined], ["Wed, 21 Oct 2026 07:28:00 GMT", undefined], ["86400", 86_400]]) {
    const { client } = start({ ...problem("limited", 429), headers: { "Retry-After": header } });
    await assert.rejects(client.send(send), (error) => error.retryIn === retryIn, header);
  }
});

test("the id of the browser is made anew where the kept one is none", () => {
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

// What asks for the word of the operator's edge, and what refuses one that does not count.
const wanted = { ...problem("limited", 429, { rule: "country-purse", retryAt: "2026-11-28T15:00:00Z", challenge: "attestation" }), headers: { "Retry-After": "1800" } };
const expired = problem("invalid-attestation", 400, { errors: [{ field: "attestation", accepted: "it has expired" }] });

test("a refusal says its rule, when another try can succeed, and what helps before", async () => {
  await assert.rejects(start(wanted).client.send(send), ({ kind, rule, challenge, retryIn, retryAt }) => {
    assert.deepEqual([kind, rule, challenge, retryIn, retryAt], ["limited", "country-purse", "attestation", 1800, "2026-11-28T15:00:00Z"]);
    return true;
  });
  await assert.rejects(start(problem("limited", 429, { rule: "money-per-day" })).client.send(send), ({ rule, challenge, retryAt }) => rule === "money-per-day" && challenge === undefined && retryAt === undefined);
});

test("an attestation goes along with one request, and no challenge keeps it", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, { status: 202, body: SENT }, { status: 202, body: SENT });
  const challenge = await client.send({ ...send, attestation: "a1" });
  assert.ok(!JSON.stringify(challenge.save()).includes("a1"));
  await challenge.resend({ attestation: "a2" });
  await challenge.resend();
  assert.deepEqual(calls.map(({ body }) => body.attestation), ["a1", "a2", undefined]);
  assert.ok(!calls[0].url.includes("a1") && !JSON.stringify(calls[0].headers).includes("a1"));
});

test("a request that waits for an attestation, or for a fresh one, keeps its key", async () => {
  for (const isResend of [false, true]) {
    const answers = [wanted, silence, silence, silence, expired, wanted, { status: 202, body: SENT }, { status: 202, body: SENT }];
    const { client, calls } = start(...(isResend ? [{ status: 202, body: SENT }] : []), ...answers);
    const challenge = isResend && (await client.send(send));
    const ask = (attestation) => (isResend ? challenge.resend({ attestation }) : client.send({ ...send, attestation }));
    calls.length = 0;
    await assert.rejects(ask(), refusedWith("limited"));
    // The text may be on its way when nothing answers, so what follows must be the same request.
    await assert.rejects(ask("a1"), refusedWith("no-answer"));
    await assert.rejects(ask("a1"), refusedWith("invalid-attestation"));
    await assert.rejects(ask(), refusedWith("limited"));
    if (isResend) assert.equal(challenge.resendIn, 60, "with an attestation it can be asked for before the time of the refusal");
    await ask("a2");
    assert.deepEqual([new Set(keys(calls)).size, calls.length], [1, 7], String(isResend));
    await ask();
    assert.equal(new Set(keys(calls)).size, 2);
  }
});

test("the README's worked example brings an attestation where one is asked for, and nowhere else", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [vouch, sending] = ["component", "client"].map((name) => new RegExp(`<!-- tested: ${name} -->\n\`\`\`js\n([^]*?)\`\`\``).exec(readme)[1]);
  const asked = [];
  const fetch = async (url, { body }) => {
    asked.push([url, JSON.parse(body)]);
    return Response.json({ attestation: "a1" });
  };
  const { client, calls } = start(wanted, { status: 202, body: SENT }, problem("limited", 429, { rule: "money-per-day" }), silence, silence, silence);
  const ofPage = new Function("phoneproof", "fetch", "solveCaptcha", `${vouch.slice(vouch.indexOf("/**"))}\n${sending}\nreturn send;`);
  const sendOfPage = ofPage(client, fetch, async () => "solved");
  const challenge = await sendOfPage({ phone: "4152007986", region: "US" });
  assert.equal(challenge.codeLength, 6);
  assert.deepEqual(asked, [["/vouch", { phone: "4152007986", region: "US", captcha: "solved" }]]);
  assert.deepEqual(calls.map(({ body }) => body.attestation), [undefined, "a1"]);
  await assert.rejects(sendOfPage(send), refusedWith("limited"));
  await assert.rejects(sendOfPage(send), refusedWith("no-answer"));
  assert.equal(asked.length, 1);
});

/** A `fetch` whose answers come when the test says so: each call gives what answers it. */
function startByHand() {
  const calls = [];
  const fetch = (url, { body, headers }) => new Promise((resolve) => {
    calls.push({ path: new URL(url).pathname, headers, ...JSON.parse(body), reply: ({ status = 200, body: answer }) => resolve(new Response(JSON.stringify(answer), { status })) });
  });
  const client = new PhoneProof({ issuer: "https://verify.example", business: "login", device: "d", fetch, wait: async () => {} });
  const next = async (index) => {
    for (let turn = 0; calls.length <= index && turn < 1000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return calls[index] ?? assert.fail(`there is no call ${index}`);
  };
  return { client, calls, next };
}

test("a code that is entered while a late resend is under way counts for the code that it is", async () => {
  const renewed = { status: 202, body: { ...SENT, token: "t2", attempts: 5 } };
  for (const refusal of [problem("attempts-exhausted", 429), problem("already-used", 409), problem("expired", 410), problem("invalid-token", 400)]) {
    const { client, calls, next } = startByHand();
    const sending = client.send(send);
    (await next(0)).reply({ status: 202, body: SENT });
    const challenge = await sending;
    const resending = challenge.resend();
    // The text has arrived, its answer has not.
    const verifying = challenge.verify("222222");
    (await next(2)).reply(refusal);
    (await next(1)).reply(renewed);
    assert.equal(await resending, true);
    (await next(3)).reply({ body: { token: "s" } });
    assert.equal((await verifying).token, "s");
    assert.deepEqual(calls.map(({ token }) => token), [undefined, "t1", "t1", "t2"]);
  }
  // The same code again, texted once more: its refusal stands.
  const { client, calls, next } = startByHand();
  const sending = client.send(send);
  (await next(0)).reply({ status: 202, body: SENT });
  const challenge = await sending;
  const [resending, verifying] = [challenge.resend(), challenge.verify("222222")];
  (await next(2)).reply(problem("wrong-code", 422, { attemptsRemaining: 4 }));
  await assert.rejects(verifying, refusedWith("wrong-code"));
  (await next(1)).reply({ status: 202, body: SENT });
  await resending;
  assert.equal(calls.length, 3);
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

test("an issuer that nobody could call is refused by name, where it is written", () => {
  const of = (issuer) => new PhoneProof({ issuer, business: "login", device: "d" }).issuer;
  const good = { "": "", "/": "", "/verify/": "/verify", "https://verify.example/": "https://verify.example", " http://127.0.0.1:3000 ": "http://127.0.0.1:3000", "https://verify.example/base/": "https://verify.example/base", "HTTPS://Verify.example": "HTTPS://Verify.example", "http://[::1]:3000": "http://[::1]:3000" };
  for (const [issuer, read] of Object.entries(good)) assert.equal(of(issuer), read);
  for (const issuer of ["https://", "http://", "https://verify.example:99999", "https://verify.example:port", "verify.example.com", "verify.example.com:443", "//verify.example", "ftp://verify.example", "https://user:secret@verify.example", "https://verify.example?x=1", "https://verify.example#x", "https://ver ify.example", "javascript:alert(1)", undefined, null]) {
    assert.throws(() => of(issuer), (error) => error instanceof TypeError && error.message.includes("issuer") && error.message.includes("https://verify.example.com"), String(issuer));
  }
});

test("what answers at a wrong address is told apart", async () => {
  for (const answer of [{ status: 404, body: "<h1>Not found</h1>" }, { status: 200, body: "<h1>Hello</h1>" }, { status: 403, body: { message: "Forbidden" } }]) {
    await assert.rejects(start(answer).client.send(send), refusedWith("not-phoneproof"));
  }
  // Something before the service answers every call with 200.
  await assert.rejects(start({ body: { ok: true } }).client.send(send), refusedWith("not-phoneproof"));
  const { client } = start({ status: 202, body: SENT }, { body: {} }, { body: { token: "s" } });
  const challenge = await client.send(send);
  await assert.rejects(challenge.verify("123456"), refusedWith("not-phoneproof"));
  assert.equal((await challenge.verify("123456")).token, "s");
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

test("each who asks for a text has a challenge of their own, and nobody's code proves another's", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, { body: { token: "s" } });
  const [victim, attacker] = await Promise.all([client.send(send), client.send(send)]);
  assert.notEqual(victim, attacker);
  assert.equal((await victim.verify("123456")).token, "s");
  for (const guess of ["nonsense", "", "12345"]) await assert.rejects(attacker.verify(guess), refusedWith("malformed"));
  assert.equal(attacker.success, undefined);
  // A code that was right once proves nothing for a person who types something else.
  for (const guess of ["654321", "000000"]) await assert.rejects(victim.verify(guess), refusedWith("wrong-code"), guess);
  await assert.rejects(victim.verify("nonsense"), refusedWith("malformed"));
  assert.equal((await victim.verify("123 456")).token, "s");
  assert.equal(calls.length, 2);
});

test("a code is found in the message around it, if there is but one", async () => {
  const typed = { "G-162600": "162600", "Your Example code is 162600. It works for 5 minutes.\n\n@example.com #162600": "162600", "<#> ١٦٢٦٠٠ FA+9qCX9VSu": "162600", "162-600": "162600" };
  for (const [text, code] of Object.entries(typed)) {
    const { client, calls } = start({ status: 202, body: SENT }, { body: { token: "s" } });
    await (await client.send(send)).verify(text);
    assert.equal(calls[1].body.code, code, text);
  }
  const { client } = start({ status: 202, body: SENT });
  const challenge = await client.send(send);
  for (const text of ["codes 162600 and 162601", "call 4152007986", "no code"]) await assert.rejects(challenge.verify(text), refusedWith("malformed"), text);
});

test("what is left out, or is none, has its default", async () => {
  const fetch = async () => Response.json(SENT, { status: 202 });
  const before = globalThis.fetch;
  globalThis.fetch = fetch;
  try {
    for (const options of [{ fetch: undefined }, { now: undefined }, { wait: undefined }, { deadline: undefined }, { deadline: 0 }, { deadline: NaN }, { deadline: Infinity }, { device: undefined }]) {
      const client = new PhoneProof({ issuer: "https://verify.example", business: "login", ...options });
      assert.equal((await client.send(send)).expiresIn, 300, Object.keys(options).join());
    }
  } finally {
    globalThis.fetch = before;
  }
  // A deadline that is too long for a timer does not pass at once.
  const late = (url, { signal }) => new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    setTimeout(() => resolve(Response.json(SENT, { status: 202 })), 50);
  });
  for (const deadline of [Infinity, 2 ** 40, 0]) await new PhoneProof({ issuer: "https://verify.example", business: "login", fetch: late, deadline }).send(send);
});

test("an answer of another shape than the service's breaks nothing", async () => {
  for (const errors of ["phone", [null], {}, null, 7, [{ field: 1 }, "x"]]) {
    await assert.rejects(start(problem("malformed", 400, { errors, attemptsRemaining: "five", rule: {} })).client.send(send), (error) => error.kind === "malformed" && Array.isArray(error.document.errors) && error.document.errors.length === 0 && error.attemptsRemaining === undefined, JSON.stringify(errors));
  }
  const odd = { status: 202, body: { token: "t1", codeLength: "6", attempts: "five", expiresIn: "soon", resendIn: null } };
  const { client, calls } = start(odd, { body: { token: "s" } });
  const challenge = await client.send(send);
  assert.deepEqual([challenge.codeLength, challenge.attemptsLeft, challenge.expiresIn, challenge.resendIn], [undefined, undefined, undefined, 0]);
  const saved = JSON.parse(JSON.stringify(challenge.save()));
  for (const wrong of [{}, "x", 7, null]) assert.ok(client.restore({ ...saved, wrong }), JSON.stringify(wrong));
  const odder = client.restore({ ...saved, answer: { ...saved.answer, expiresIn: "soon", resendIn: {}, attempts: [] } });
  assert.deepEqual([odder.expiresIn, odder.resendIn, odder.attemptsLeft], [undefined, 0, undefined]);
  await challenge.verify("123456");
  assert.equal(calls[1].body.code, "123456");
  const policy = await start({ body: { countries: ["US", null], businesses: [null, { id: "login" }] } }).client.policy();
  assert.deepEqual([policy.countries, policy.businesses], [["US"], [{ id: "login" }]]);
});

/** Plays the storage of a tab for the time of `body`. */
async function withTab(body) {
  const before = Object.getOwnPropertyDescriptor(globalThis, "sessionStorage");
  const store = new Map();
  const value = { getItem: (name) => store.get(name) ?? null, setItem: (name, text) => store.set(name, text), removeItem: (name) => store.delete(name) };
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, value });
  try {
    await body(store);
  } finally {
    if (before) Object.defineProperty(globalThis, "sessionStorage", before);
    else delete globalThis.sessionStorage;
  }
}

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
