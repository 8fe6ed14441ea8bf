// Codes: what is submitted, and what is not.

import assert from "node:assert/strict";
import { test } from "node:test";

import { SENT, problem, refusedWith, send, silence, start, startByHand } from "./service.mjs";

test("a right code is submitted once, and no other after it", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, { body: { token: "s", expiresIn: 300 } });
  const challenge = await client.send(send);
  const [one, two, other] = await Promise.allSettled([challenge.verify("123456"), challenge.verify("123 456"), challenge.verify("654321")]);
  assert.deepEqual([one.value.token, two.value.token, other.reason.kind], ["s", "s", "wrong-code"]);
  assert.equal((await challenge.verify("123456")).token, "s");
  assert.equal(calls.length, 2);
});

test("a wrong code costs one guess however often it is entered", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, problem("wrong-code", 422, { attemptsRemaining: 4 }), { body: { token: "s", expiresIn: 300 } });
  const challenge = await client.send(send);
  for (let times = 0; times < 3; times += 1) await assert.rejects(challenge.verify("111111"), (error) => error.kind === "wrong-code" && error.attemptsRemaining === 4);
  await challenge.verify("１２３\u200b456");
  assert.deepEqual(calls.slice(1).map(({ body }) => body.code), ["111111", "123456"]);
  assert.equal(challenge.attemptsLeft, 4);
});

test("what cannot be the code is refused without a call, and costs no guess", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, { status: 202, body: { ...SENT, codeLength: undefined } }, { body: { token: "s", expiresIn: 300 } });
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
  const { client, calls } = start({ status: 202, body: SENT }, silence, silence, problem("unavailable", 503), problem("unavailable", 503), { body: { token: "s", expiresIn: 300 } });
  const challenge = await client.send(send);
  await assert.rejects(challenge.verify("123456"), refusedWith("no-answer"));
  assert.equal(calls.length, 3);
  assert.equal((await challenge.verify("123456")).token, "s");
});

test("each who asks for a text has a challenge of their own, and nobody's code proves another's", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, { body: { token: "s", expiresIn: 300 } });
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
    const { client, calls } = start({ status: 202, body: SENT }, { body: { token: "s", expiresIn: 300 } });
    await (await client.send(send)).verify(text);
    assert.equal(calls[1].body.code, code, text);
  }
  const { client } = start({ status: 202, body: SENT });
  const challenge = await client.send(send);
  for (const text of ["codes 162600 and 162601", "call 4152007986", "no code"]) await assert.rejects(challenge.verify(text), refusedWith("malformed"), text);
});

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
    (await next(3)).reply({ body: { token: "s", expiresIn: 300 } });
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

test("a value that is not a string is converted or refused, and nothing is thrown at once", async () => {
  const { client, calls } = start({ status: 202, body: SENT }, { body: { token: "s", expiresIn: 300 } });
  for (const nothing of [undefined, null, {}, { phone: "" }]) await assert.rejects(client.send(nothing), refusedWith("malformed"));
  const challenge = await client.send(send);
  for (const typed of [undefined, null, {}]) await assert.rejects(challenge.verify(typed), refusedWith("malformed"));
  assert.equal((await challenge.verify(123456)).token, "s");
  assert.equal(calls.length, 2);
});
