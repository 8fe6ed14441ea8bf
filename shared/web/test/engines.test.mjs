// The client in the engines that its README names beside Node.js and browsers.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
const client = join(here, "../dist/client.js");

/** Runs a program. Its output is in the error when it fails. */
function run(program, ...options) {
  return execFileSync(program, options, { encoding: "utf8", stdio: "pipe", env: { ...process.env, NO_COLOR: "1" } });
}

test("Deno passes the tests of the client", () => {
  const tests = readdirSync(here).filter((name) => /^client.*\.test\.mjs$/.test(name));
  const said = run(join(here, "../node_modules/.bin/deno"), "test", "--allow-all", "--no-check", ...tests.map((name) => join(here, name)));
  assert.match(said, /\d\d passed \| 0 failed/);
});

test("Hermes, the engine of React Native, compiles the client", () => {
  const folder = mkdtempSync(join(tmpdir(), "hermes-"));
  try {
    // React Native's bundler makes scripts of modules, too.
    const script = join(folder, "client.js");
    buildSync({ entryPoints: [client], outfile: script, bundle: true, format: "iife", globalName: "PhoneProof" });
    const systems = { linux: "linux64-bin", darwin: "osx-bin", win32: "win64-bin" };
    const compilers = join(dirname(require.resolve("hermes-compiler/package.json")), "hermesc");
    run(join(compilers, systems[process.platform], "hermesc"), "-O", "-emit-binary", "-out", join(folder, "client.hbc"), script);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
