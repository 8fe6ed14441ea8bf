// What ships: how large it is, that it needs nothing around it, and that its words are whole.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const file = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const read = (path) => readFileSync(file(path), "utf8");

test("the client is below 5 KB, and the component with it below 15 KB, gzipped", () => {
  for (const [name, most] of [["client.js", 5_000], ["phone-proof.js", 15_000]]) {
    const size = execFileSync("gzip", ["-9", "-c"], { input: read(`dist/${name}`) }).length;
    console.log(`${name}: ${size} bytes gzipped`);
    assert.ok(size < most, `${name} has ${size} bytes`);
  }
});

test("a file of the source holds one concept, in fewer than 400 lines", () => {
  for (const name of readdirSync(file("src"))) assert.ok(read(`src/${name}`).split("\n").length <= 400, name);
});

test("the package has no dependency, and the version of the service", () => {
  const { version, dependencies, peerDependencies, exports } = JSON.parse(read("package.json"));
  assert.ok(read("README.md").includes(`phoneproof-web-${version}.tgz`));
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

/** Runs a script in a process of its own. */
const run = (script) => execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
const urlOf = (path) => JSON.stringify(new URL(`../${path}`, import.meta.url).href);

test("a server that renders pages can import the component, which then defines no element", () => {
  const out = run(`
    const { PhoneProofElement, PhoneProof, Problem } = await import(${urlOf("dist/phone-proof.js")});
    PhoneProofElement.addWords("fr", { send: "Envoyer" });
    console.log(typeof PhoneProofElement, typeof globalThis.customElements, new PhoneProof({ issuer: "", business: "login" }).business);`);
  assert.equal(out, "function undefined login\n");
});

test("a problem of the component is one of the client's, and the other way round", () => {
  const out = run(`
    const client = await import(${urlOf("dist/client.js")});
    const component = await import(${urlOf("dist/phone-proof.js")});
    const of = ({ Problem }) => new Problem("expired", 410);
    console.log(client.Problem === component.Problem, of(client) instanceof component.Problem, of(component) instanceof client.Problem);
    for (const other of [new Error("x"), null, undefined, "x", {}]) if (other instanceof client.Problem) throw new Error(String(other));`);
  assert.equal(out, "false true true\n");
});

test("a language is found however systems write it", async () => {
  const { servedTag } = await import("../dist/phone-proof.js");
  const tags = { "zh_CN": "zh", "zh_CN.UTF-8": "zh", " zh ": "zh", "C": "en", "POSIX": "en", "x": "en", "-": "en", "en US": "en", "中文": "en", "zh-Hans-CN-x-private": "zh" };
  for (const [tag, served] of Object.entries(tags)) assert.equal(servedTag(tag), served, tag);
});

/** Compiles a page's TypeScript against the types that ship. Returns what the compiler says. */
function compile(source, lib, react = "", more = {}) {
  const folder = mkdtempSync(join(tmpdir(), "phoneproof-types-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(file("."), join(folder, "node_modules/phoneproof-web"));
  writeFileSync(join(folder, "page.ts"), source);
  mkdirSync(join(folder, "node_modules/react"));
  writeFileSync(join(folder, "node_modules/react/index.d.ts"), react);
  writeFileSync(join(folder, "node_modules/react/package.json"), `{"name":"react","types":"index.d.ts"}`);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const compilerOptions = { noEmit: true, strict: true, exactOptionalPropertyTypes: true, module: "nodenext", target: "es2022", lib, types: [], skipLibCheck: false, ...more };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["page.ts"] }));
  const { stdout } = spawnSync(process.execPath, [file("node_modules/typescript/bin/tsc")], { cwd: folder, encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return stdout;
}

test("the types of the client need none of a browser, and those of the component name its events", () => {
  const client = `
    import { PhoneProof, Problem } from "phoneproof-web";
    const answer = { ok: true, status: 200, headers: { get: () => null }, text: async () => "{}" };
    const phoneproof = new PhoneProof({ issuer: "https://verify.example.com", business: "login", fetch: async (url, { method }) => (void [url, method], answer) });
    export const sent = phoneproof.send({ phone: "+1" }).catch((error: unknown) => { if (error instanceof Problem) return error.kind; throw error; });`;
  assert.equal(compile(client, ["es2022"]), "");
  const component = `
    import { PhoneProof, Problem } from "phoneproof-web";
    import { type PhoneProofElement } from "phoneproof-web/phone-proof.js";
    new PhoneProof({ issuer: "", business: "login", fetch: globalThis.fetch, });
    const element: PhoneProofElement = document.createElement("phone-proof");
    element.fetch = (url, init) => fetch(url, init);
    element.issuer = "https://verify.example.com";
    element.required = true;
    element.value = "";
    element.words = { verify: "Continue" };
    element.addEventListener("phoneproof-verified", (event) => event.detail.token.length);
    element.addEventListener("phoneproof-refused", ({ detail: { problem } }) => problem instanceof Problem && problem.kind);
    document.addEventListener("phoneproof-sent", (event) => event.detail.challenge.resendIn.toFixed());
    element.addEventListener("phoneproof-shown", (event) => { const shown: "number" | "code" | "done" = event.detail.shown; return shown; });
    element.addEventListener("phoneproof-attestation-needed", ({ detail }) => detail.respondWith(Promise.resolve(detail.request.region ?? detail.problem.challenge)));
    element.addEventListener("phoneproof-attestation-needed", ({ detail }) => detail.respondWith(null));
    element.addEventListener("change", (event) => event.type);`;
  assert.equal(compile(component, ["es2022", "dom", "dom.iterable"]), "");
});

test("the README's types for JSX take whatever a page may set, or nothing", () => {
  const react = `
    export interface HTMLAttributes<T> { id?: string; onClick?: (event: T) => void }
    export type DetailedHTMLProps<E, T> = E & { ref?: T };
    export namespace JSX { interface IntrinsicElements { p: {} } }`;
  const declared = /```ts\n([^]*?declare module "react"[^]*?)```/.exec(read("README.md"))[1];
  const all = ["issuer", "business", "action", "phone", "country", "locale", "name", "required", "disabled", "form", "value", "words", "fetch", "onchange"];
  const page = `${declared}
    import type { JSX } from "react";
    type Props = JSX.IntrinsicElements["phone-proof"];
    export const none: Props = { ${all.map((name) => `${name}: undefined`).join(", ")} };
    export const some: Props = { id: "p", issuer: "", disabled: true, form: "f", value: "", words: { send: "Text me" }, fetch: (url, init) => fetch(url, init), onchange: (event) => event.type, "onphoneproof-verified": ({ detail }) => detail.token.length, "onphoneproof-refused": ({ detail }) => detail.problem.kind };
    // @ts-expect-error no such property
    export const wrong: Props = { bussiness: "login" };`;
  assert.equal(compile(page, ["es2022", "dom", "dom.iterable"], react), "");
});

test("the README's words compile under the strictest options, and every resolver finds both modules", () => {
  const words = /```js\n(?:  )?(  import \{ LANGUAGES[^]*?)```/.exec(read("README.md"))[1];
  const dom = ["es2022", "dom", "dom.iterable"];
  assert.equal(compile(words, dom, "", { noUncheckedIndexedAccess: true }), "");
  const both = `import { Problem } from "phoneproof-web"; import { LANGUAGES } from "phoneproof-web/phone-proof.js"; export const all = [Problem, LANGUAGES.zh.send.length];`;
  for (const [module, moduleResolution] of [["esnext", "bundler"], ["esnext", "node10"], ["nodenext", "nodenext"]]) assert.equal(compile(both, dom, "", { module, moduleResolution }), "", moduleResolution);
});

test("every text has a Chinese one, with the same values and lines", async () => {
  const { LANGUAGES, servedTag, phoneFault, wordsFor } = await import("../dist/phone-proof.js");
  const { en, zh } = LANGUAGES;
  assert.deepEqual(Object.keys(zh), Object.keys(en));
  for (const [key, text] of Object.entries(en)) {
    const shape = (words) => [(words.match(/\{\w+\}/g) ?? []).sort().join(), words.split("\n").length];
    assert.deepEqual(shape(zh[key]), shape(text), key);
  }
  assert.deepEqual(["zh-Hant-TW", "ZH", "en-GB", "fr", ""].map(servedTag), ["zh", "zh", "en", "en", "en"]);
  assert.deepEqual(["1-800-FLOWERS", "+", "12", "+44 1"].map(phoneFault), ["noLetters", "noDigits", "noSuchNational", "noSuchNumber"]);
  const refusals = [["send", 403, "blocked", "blocked-range"], ["send", 401, "client-key"], ["send", 400, "unknown-business"], ["send", 404, "not-phoneproof"], ["verify", 410, "expired"], ["verify", 429, "limited", "phone-lock"], ["verify", 0, "offline"], ["send", 500, "internal"], ["send", 429, "limited", "newer-rule"], ["send", 429, "no-attestation"], ["send", 400, "invalid-attestation"]];
  const words = refusals.map(([step, status, kind, rule]) => wordsFor(step, { status, kind, rule }));
  assert.deepEqual(words, ["blocked-range", "setup", "setup", "setup", "expired", "locked", "offline", "unknown", "tooMany", "check", "setup"]);
});

test("every rule that refuses a text has words, and those of a purse hint at nobody's phone", async () => {
  const { LANGUAGES, wordsFor } = await import("../dist/phone-proof.js");
  const declared = /export type Rule = ([^;]+) \| \(string/.exec(read("dist/types/problem.d.ts"))[1];
  const rules = declared.match(/[a-z-]+/g);
  assert.ok(rules.length > 15 && rules.includes("money-per-day"), declared);
  const general = new Set(["unknown", "setup"]);
  // The statuses and types under which the service sends them.
  const isFinal = (rule) => /^(country|number-type|test-number-ended|calls)$/.test(rule);
  const refusal = (rule) => (isFinal(rule) ? [403, "destination-not-allowed"] : /^blocked-/.test(rule) ? [403, "blocked"] : rule === "phone-lock" ? [403, "locked"] : [429, "limited"]);
  const words = Object.fromEntries(rules.map((rule) => [rule, wordsFor("send", { status: refusal(rule)[0], kind: refusal(rule)[1], rule })]));
  for (const [rule, key] of Object.entries(words)) assert.ok(!general.has(key), rule);
  // Those that a person can meet where nobody did anything wrong are told apart.
  for (const rule of ["country-purse", "number-block-purse", "money-per-day", "phone-cooldown", "phone-per-hour", "phone-per-day", "device-per-day", "address-per-hour"]) assert.equal(words[rule], rule);
  for (const rule of ["country-purse", "number-block-purse", "money-per-day"]) {
    for (const language of ["en", "zh"]) assert.doesNotMatch(LANGUAGES[language][rule], /this number|your number|known|verified|before|此号码|您的号码|认识|验证过/i);
  }
});
