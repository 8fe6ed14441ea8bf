// The client in the engines that its README names beside Node.js and browsers.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { transformSync } from "@babel/core";
import { build } from "esbuild";

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
const client = join(here, "../dist/client.js");

/** Runs a program. Its output is in the error when it fails. */
function run(program, ...options) {
  return execFileSync(program, options, { encoding: "utf8", stdio: "pipe", env: { ...process.env, NO_COLOR: "1" } });
}

test("Deno passes the tests of the client", () => {
  const tests = readdirSync(here).filter((name) => /^(?!engines|package).*\.test\.mjs$/.test(name));
  const said = run(join(here, "../node_modules/.bin/deno"), "test", "--allow-all", "--no-check", ...tests.map((name) => join(here, name)));
  assert.match(said, /\d\d passed \| 0 failed/);
});

/** As React Native's bundler does, it lowers what its Babel preset lowers. Hermes before React Native 0.76 knows no `\p{…}`, so that is written out. */
const reactNative = {
  name: "react-native",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.m?js$/ }, ({ path }) => {
      if (path.includes("node_modules")) return undefined;
      const preset = [require.resolve("@react-native/babel-preset"), { disableImportExportTransform: true, enableBabelRuntime: false }];
      const plugins = [require.resolve("@babel/plugin-transform-unicode-property-regex")];
      const { code } = transformSync(readFileSync(path, "utf8"), { filename: path, babelrc: false, configFile: false, sourceType: "module", presets: [preset], plugins });
      return { contents: code, loader: "js" };
    }),
};

/** The folder of Hermes' programs for this system, in one of its two packages. */
const programs = (name, folder) => join(dirname(require.resolve(`${name}/package.json`)), folder, { linux: "linux64-bin", darwin: "osx-bin", win32: "win64-bin" }[process.platform]);

/** Calls `body` with the path of a script that holds everything which `contents` imports. */
async function withScript(contents, options, body) {
  const folder = mkdtempSync(join(tmpdir(), "hermes-"));
  try {
    const outfile = join(folder, "script.js");
    await build({ stdin: { contents, resolveDir: here }, outfile, bundle: true, ignoreAnnotations: true, format: "iife", logLevel: "error", ...options });
    body(outfile, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("the newest Hermes, the engine of React Native, compiles the client as it is", () =>
  withScript(`import * as client from ${JSON.stringify(client)}; globalThis.PhoneProof = client;`, {}, (script, folder) => {
    run(join(programs("hermes-compiler", "hermesc"), "hermesc"), "-O", "-emit-binary", "-out", join(folder, "client.hbc"), script);
  }));

// The newest Hermes that runs outside of an app.
test("Hermes passes the tests of the client, prepared as for a React Native app", async () => {
  const tests = readdirSync(here).filter((name) => /^client.*\.test\.mjs$/.test(name));
  const contents = ["./hermes/platform.mjs", ...tests.map((name) => `./${name}`)].map((name) => `import "${name}";`).join("") + 'import { run } from "./hermes/test.mjs"; run();';
  const alias = { "node:test": join(here, "hermes/test.mjs"), "node:assert/strict": join(here, "hermes/assert.mjs"), "node:fs": join(here, "hermes/files.mjs") };
  await withScript(contents, { alias, plugins: [reactNative], target: "es2016", define: { "import.meta.url": '"file:///"' } }, (script) => {
    const said = run(join(programs("hermes-engine-cli", "."), "hermes"), script);
    assert.match(said, /^\d\d passed, 0 failed$/m, said);
  });
});
