// What ships: how large it is, that it needs nothing around it, and that its words are whole.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const file = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const read = (path) => readFileSync(file(path), "utf8");

test("the client is below 5 KB, and the component with it below 15 KB, gzipped", () => {
  for (const [name, most] of [["client.js", 5_000], ["phone-proof.js", 15_000]]) {
    const size = gzipSync(read(`dist/${name}`), { level: 9 }).length;
    console.log(`${name}: ${size} bytes gzipped`);
    assert.ok(size < most, `${name} has ${size} bytes`);
  }
});

test("the package has no dependency, and the version of the service", () => {
  const { version, dependencies, peerDependencies, exports } = JSON.parse(read("package.json"));
  assert.deepEqual([dependencies, peerDependencies], [undefined, undefined]);
  assert.equal(version, /^\[workspace\.package\]\nversion = "([^"]+)"/m.exec(read("../../Cargo.toml"))[1]);
  for (const entry of Object.values(exports)) for (const path of [entry].flatMap((one) => (typeof one === "string" ? one : Object.values(one)))) read(path);
  assert.doesNotMatch(read("dist/client.js") + read("dist/phone-proof.js"), /\bimport\b\s*["{(]|\bfrom\s*"/);
});

test("npm packs dist, README and licence, and nothing else", () => {
  const [{ files }] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: file("."), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  const names = files.map(({ path }) => path).filter((path) => !path.startsWith("dist/types/"));
  assert.deepEqual(names.sort(), ["LICENSE", "README.md", "dist/client.js", "dist/phone-proof.js", "package.json"].sort());
});

test("it loads and sends without crypto, storage, performance and navigator, as in React Native", () => {
  const script = `
    const missing = ["crypto", "localStorage", "sessionStorage", "performance", "navigator", "window", "document"];
    for (const name of missing) Object.defineProperty(globalThis, name, { value: undefined, configurable: true });
    const { PhoneProof } = await import(${JSON.stringify(new URL("../dist/client.js", import.meta.url).href)});
    const fetch = async (url, { headers, body }) => {
      console.log(JSON.stringify([headers["Idempotency-Key"], JSON.parse(body).uniqueId]));
      return { ok: true, status: 202, headers: { get: () => null }, text: async () => JSON.stringify({ token: "t", expiresIn: 300 }) };
    };
    const challenge = await new PhoneProof({ issuer: "https://x.example", business: "login", fetch }).send({ phone: "+1" });
    console.log(challenge.expiresIn);`;
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  assert.match(out, /^\["[0-9a-f]{32}","[0-9a-f]{32}"\]\n300\n$/);
  assert.notEqual(...JSON.parse(out.split("\n")[0]));
});

test("every text has a Chinese one, with the same values and lines", async () => {
  // The module defines an element; this is enough of a browser for that.
  Object.assign(globalThis, { HTMLElement: class {}, customElements: { get: () => undefined, define: () => {} }, MutationObserver: class {} });
  const { LANGUAGES, servedTag, phoneFault, wordsFor } = await import("../dist/phone-proof.js");
  const { en, zh } = LANGUAGES;
  assert.deepEqual(Object.keys(zh), Object.keys(en));
  for (const [key, text] of Object.entries(en)) {
    const shape = (words) => [(words.match(/\{\w+\}/g) ?? []).sort().join(), words.split("\n").length];
    assert.deepEqual(shape(zh[key]), shape(text), key);
  }
  assert.deepEqual(["zh-Hant-TW", "ZH", "en-GB", "fr", ""].map(servedTag), ["zh", "zh", "en", "en", "en"]);
  assert.deepEqual(["1-800-FLOWERS", "+", "12", "+44 1"].map(phoneFault), ["noLetters", "noDigits", "noSuchNational", "noSuchNumber"]);
  // Every refusal that the service documents has words of its own.
  const refusals = [["send", 403, "blocked", "blocked-range"], ["send", 401, "client-key"], ["send", 400, "unknown-business"], ["send", 404, "not-phoneproof"], ["verify", 410, "expired"], ["verify", 429, "limited", "phone-lock"], ["verify", 0, "offline"], ["send", 500, "internal"]];
  const words = refusals.map(([step, status, kind, rule]) => wordsFor(step, { status, kind, rule }));
  assert.deepEqual(words, ["blockedRange", "setup", "setup", "setup", "expired", "locked", "offline", "unknown"]);
});
