// Lets the JavaScript library of Standard Webhooks check the requests of the send hook.
//
//     npm ci --prefix tests/differential
//     cargo build -p phoneproof-differential
//     node tests/differential/webhooks.mjs target/debug/phoneproof-differential

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { Webhook } from "standardwebhooks";

const keyrings = {
  "one root": { current: "r1", r1: "o".repeat(43) },
  "two roots": { current: "r2", index: "r1", roots: { r1: "o".repeat(43), r2: "n".repeat(43) } },
};
const body = JSON.stringify({ type: "sms.send", data: { body: "123456 – 验证码", phone: "+14152007986" } });

function ask(question) {
  const input = `${JSON.stringify(question)}\n`;
  const { status, stdout } = spawnSync(process.argv[2], ["webhook"], { input, encoding: "utf8" });
  assert.equal(status, 0);
  return JSON.parse(stdout);
}

const now = Math.floor(Date.now() / 1000);
const [other] = ask({ keyring: { current: "r1", r1: "z".repeat(43) }, now, body }).secrets;
for (const [name, keyring] of Object.entries(keyrings)) {
  const { headers, secrets } = ask({ keyring, now, body });
  for (const secret of secrets) {
    const webhook = new Webhook(secret);
    assert.deepEqual(webhook.verify(body, headers), JSON.parse(body), name);
    assert.throws(() => webhook.verify(`${body} `, headers), /No matching signature/, `${name}: changed body`);
    for (const changed of [{ "webhook-id": "msg_other" }, { "webhook-timestamp": String(now - 1) }]) {
      assert.throws(() => webhook.verify(body, { ...headers, ...changed }), /No matching signature/, name);
    }
  }
  assert.throws(() => new Webhook(other).verify(body, headers), /No matching signature/, `${name}: another keyring`);
  const old = ask({ keyring, now: now - 400, body });
  assert.throws(() => new Webhook(secrets[0]).verify(body, old.headers), /too old/, `${name}: old`);
}
console.log("the JavaScript library of Standard Webhooks accepts the hook's requests, and no changed or old one");
