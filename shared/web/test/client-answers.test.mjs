// Answers that are not the service's, or have another shape; and options that are left out.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PhoneProof } from "../dist/client.js";
import { SENT, problem, refusedWith, send, start } from "./service.mjs";

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
  const { client } = start({ status: 202, body: SENT }, { body: {} }, { body: { token: "s", expiresIn: 300 } });
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

test("a waiting time of years is ignored", async () => {
  for (const [header, retryIn] of [["Infinity", undefined], ["1e14", undefined], ["-1", undefined], ["Wed, 21 Oct 2026 07:28:00 GMT", undefined], ["86400", 86_400]]) {
    const { client } = start({ ...problem("limited", 429), headers: { "Retry-After": header } });
    await assert.rejects(client.send(send), (error) => error.retryIn === retryIn, header);
  }
});

test("a member that is missing or of another type has its default", async () => {
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
  const { client, calls } = start(odd, { body: { token: "s", expiresIn: 300 } });
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

test("a success without its members, and a code of an impossible length, come from another service", async () => {
  for (const body of [{ token: "s" }, { token: "s", expiresIn: 0 }, { token: "s", expiresIn: -1 }, { token: "s", expiresIn: "300" }, { token: "", expiresIn: 300 }, { token: 7, expiresIn: 300 }]) {
    const challenge = await start({ status: 202, body: SENT }, { body }).client.send(send);
    await assert.rejects(challenge.verify("123456"), refusedWith("not-phoneproof"), JSON.stringify(body));
    assert.equal(challenge.success, undefined);
  }
  for (const codeLength of [0, -6, 5, 6.5, 11, 1e9]) await assert.rejects(start({ status: 202, body: { ...SENT, codeLength } }).client.send(send), refusedWith("not-phoneproof"), String(codeLength));
  for (const codeLength of [6, 10]) assert.equal((await start({ status: 202, body: { ...SENT, codeLength } }).client.send(send)).codeLength, codeLength);
});
