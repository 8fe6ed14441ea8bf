// Compares origins with the URL standard, as Node.js implements it, and with the pattern of the templates.
//
//     cargo build -p phoneproof-differential
//     node tests/differential/origins.mjs target/debug/phoneproof-differential
//
// A browser sends the origin that its URL parser writes. What the service keeps must be that text, or nobody is ever let in
// by it. The gateway compares with the parameter `AllowedOrigins` as it stands, so the pattern must let nothing else through.
// Every input is the same in every run.

import assert from "node:assert/strict";

import { ask, makeDraws, patternOf } from "./inputs.mjs";

const [pattern, ofAccounts] = ["template.yaml", "infra/account.yaml"].map((name) => patternOf(name, "AllowedOrigins"));
assert.equal(String(ofAccounts), String(pattern), "both stacks take the same origins");

const { draw, pick } = makeDraws(7);

const NUMBERS = ["0", "1", "127", "255", "256", "0x7f", "0X7F", "0x", "017", "08", "00", "65535", "65536", "16777216", "4294967295", "4294967296",
  "0xffffffff", "0x100000000", "999", "0x7g", "1a", "0b1", "+1", "-1"];
const LABELS = ["a", "App", "xn--bcher-kva", "xn--", "a_b", "-", "-a", "a-", "0xg", "localhost", "e1", "", "b\u00fccher", "a b", "a%2eb", "*"];
const SIX = ["::1", "::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "::1.2.3.4", "1::8", "1:0:0:2:0:0:0:3", "FE80::1", "::ffff:0:1.2.3.4", "64:ff9b::1.2.3.4",
  "1:2:3:4:5:6:7::", "1::2:3:4:5:6:7", "0:0:0:0:0:ffff:0102:0304", "g::1", "::1%lo", "01:02::"];
const NAMED = ["http://127.1:80", "http://0x7f.1", "HTTP://LocalHost:80", "https://app.example.com", "http://localhost:5173", "http://192.168.1.20:8080",
  "http://[::1]:80", "https://app.example.com:443", "https://app.example.com."];

function invent() {
  const host = draw(6) ? Array.from({ length: 1 + draw(5) }, () => pick(draw(3) ? NUMBERS : LABELS)).join(".") : `[${pick(SIX)}]`;
  return `${pick(["http", "https", "HTTP", "hTTps"])}://${host}${pick(["", "", "", "."])}${pick(["", "", ":80", ":443", ":080", ":8100", ":65535", ":65536", ":0", ":"])}${pick(["", "", "/", "/a"])}`;
}

/** The origin of the page at `text`; null if there can be none. */
function originOf(text) {
  try {
    return new URL(text).origin;
  } catch {
    return null;
  }
}

const texts = [...NAMED, ...Array.from({ length: 60_000 }, invent)];
const kept = ask(process.argv[2], "origins", texts);

let accepted = 0;
let admitted = 0;
for (const [at, text] of texts.entries()) {
  if (kept[at] !== null) {
    accepted += 1;
    assert.equal(kept[at], originOf(text), text);
  }
  // The template takes origins only as they are written.
  if (pattern.test(text)) {
    admitted += 1;
    assert.equal(kept[at], text, `the template admits ${text}`);
  }
}
for (const text of NAMED) assert.equal(kept[texts.indexOf(text)], originOf(text), text);
// Pages of these have no origin of their own.
for (const text of ["file://host", "wss://app.example.com", "ftp://app.example.com", "http://localhost:80"]) assert.doesNotMatch(text, pattern);
for (const text of ["http://localhost:5173", "capacitor://localhost", "http://127.0.0.1:3000", "https://1and1.example"]) assert.match(text, pattern);
assert.ok(accepted > 5_000 && admitted > 500, `${accepted} accepted, ${admitted} admitted`);
console.log(`origins: ${texts.length} compared, ${accepted} accepted, ${admitted} admitted by the template`);
