// Compares the patterns of the template's parameters with what a function accepts at its start.
//
//     cargo build -p phoneproof-differential
//     node tests/differential/parameters.mjs target/debug/phoneproof-differential
//
// A value that the template takes and a function refuses is found out after the deployment. A value that the policy takes and the
// template refuses can never be a parameter. Only the policy says whether the hook's URL may lead to a private address.
// Every input is the same in every run.

import assert from "node:assert/strict";

import { ask, makeDraws, patternOf } from "./inputs.mjs";

const { draw, pick } = makeDraws(11);
const many = (most, make) => Array.from({ length: draw(most + 1) }, make).join("");

const LABELS = ["a", "hooks", "example", "com", "xn--bcher-kva", "a_b", "-a", "a-", "0xg", "0x", "0x7f000001", "127", "1", "0", "255", "256", "017",
  "localhost", "LocalHost", "é", "", "a".repeat(63), "a".repeat(64), "a*"];
const HOSTS = ["127.0.0.1", "10.0.0.1", "1.1.1.1", "127.1", "2130706433", "0x7f000001", "127.0.0.0x1", "localhost", "[::1]", "[2606:4700:4700::1111]", "[fd00::1]",
  "hooks.example.com", "hooks.example.com.", "user@h.example", "u:p@h.example"];
const PATHS = ["", "/", "/send", "?key=k", "/@team/hook", "/%C3%A9", "/%zz", "/%4", "/a b", "/é", "/a#b", "/{a}", "/a|b", "/[a]", "/!$&'()*+,;=:@", "/a?b?c/d", "/<a>", "/`",
  "/\\", "/^", "/\"", `/${"x".repeat(1990)}`];
const KINDS = {
  SenderId: {
    named: { ACME: true, "-ABC": false, "ABC-": true, "1-A": true, "123": false, AB: false, ABCDEFGHIJK: true, ABCDEFGHIJKL: false, "A C": false },
    invent: () => many(12, () => pick(["A", "b", "1", "9", "-", "-", "Z", "_", " ", "é"])),
  },
  SmsMaxPrice: {
    named: { "0.50": true, 1: true, "99.99999": true, 0: false, "0.0": false, "0.00001": true, 100: false, ".5": false, "1.": false, "1.000001": false, "1e1": false },
    invent: () => many(2, () => pick(["0", "1", "9"])) + (draw(2) ? `.${many(6, () => pick(["0", "0", "5", "e"]))}` : pick(["", "", "e1", "-"])),
  },
  SendHookUrl: {
    named: {
      "https://h.example.com/@team/hook": true, "https://é.example/": false, "https://h/%zz": false, "https://localhost/": false, "https://a.localhost./": false,
      "https://127.0.0.1/": false, "https://0x7f000001/": false, "https://127.0.0.0x1": false, "https://10.0.0.1/": true, "http://h.example/": false,
      "https://user@h.example/": false, "https://h.example:8443?k=v": true, "https://h.example:0/": false, "https://h.example:65536/": false,
    },
    invent: () => {
      const host = draw(3) ? Array.from({ length: 1 + draw(4) }, () => pick(LABELS)).join(".") : pick(HOSTS);
      return `${draw(20) ? "https" : pick(["http", "HTTPS", "ftp"])}://${host}${pick(["", "", "", ":443", ":8443", ":65535", ":65536", ":0", ":", ":+1"])}${pick(PATHS)}`;
    },
  },
};

const questions = Object.entries(KINDS).flatMap(([name, { named, invent }]) => {
  const values = new Set([...Object.keys(named), ...Array.from({ length: 8_000 }, invent)]);
  // An empty parameter leaves the value to the policy.
  values.delete("");
  return [...values].map((value) => [name, value]);
});
const judged = ask(process.argv[2], "parameters", questions);
const patterns = Object.fromEntries(Object.keys(KINDS).map((name) => [name, patternOf("template.yaml", name)]));

const counts = {};
for (const [at, [name, value]] of questions.entries()) {
  const [byPolicy, byOpenPolicy] = judged[at];
  const matches = patterns[name].test(value) && value.length <= 2000;
  if (matches) assert.ok(byOpenPolicy, `${name} takes ${value}, and no function starts with it`);
  if (byPolicy) assert.ok(matches, `the policy takes ${value}, and ${name} refuses it`);
  const expected = KINDS[name].named[value];
  if (expected !== undefined) assert.equal(matches, expected, `${name}: ${value}`);
  counts[name] = (counts[name] ?? 0) + matches;
}
assert.ok(Object.values(counts).every((count) => count > 50), JSON.stringify(counts));
console.log(`parameters: ${questions.length} compared, taken by the template: ${JSON.stringify(counts)}`);
