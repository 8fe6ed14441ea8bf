// Refusals that ask for the word of the operator's edge.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { SENT, keys, problem, refusedWith, send, silence, start } from "./service.mjs";

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
  const challenge = await client.send({ ...send, attestation: "word.1" });
  assert.ok(!JSON.stringify(challenge.save()).includes("word.1"));
  await challenge.resend({ attestation: "word.2" });
  await challenge.resend();
  assert.deepEqual(calls.map(({ body }) => body.attestation), ["word.1", "word.2", undefined]);
  assert.ok(!calls[0].url.includes("word.1") && !JSON.stringify(calls[0].headers).includes("word.1"));
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
