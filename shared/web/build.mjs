// Builds dist/: one minified ES module each for the client and the component, and the types. `--check` builds to memory
// and fails if what is committed differs. The Rust build of the local stack embeds dist/, so that it needs no Node.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { minify } from "terser";

const here = fileURLToPath(new URL(".", import.meta.url));
const check = process.argv.includes("--check");
const out = check ? mkdtempSync(join(tmpdir(), "phoneproof-web-")) : join(here, "dist");
rmSync(out, { recursive: true, force: true });
const tsc = join(here, "node_modules/typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "--outDir", join(out, "types")], { cwd: here, stdio: "inherit" });

/** Reads a table of words from its source. */
async function readWords(name) {
  const { code } = await transform(readFileSync(join(here, `src/${name}.ts`), "utf8"), { loader: "ts", format: "esm" });
  return (await import(`data:text/javascript,${encodeURIComponent(code)}`))[name.toUpperCase()];
}

/** Names that nothing outside the bundle reads, so they may be short. The first are elements of the view. A key of the words is read outside. */
const OWN_NAMES = /(Notice|Form|Input|Button|Line|Row|Field|Box|(phone|code)Error)$|^(retell|mark|tick|sleep|wake|leave|keep|until|countdowns|offer|works|areRunning|cancel|isBegun|beginAnew|listCountries|awaitSms|validate|isClosed|forget|connect|last|isOver|settle|retry|makeNewCode|hold|inside|note|own|echo|says|begin|fill|put|view|speak|client|read|take|run|start|stop|internals|wantedCountry|chosenBusiness|knownPolicy|ownFetch|hush|tongue|textOf|proof|step|awaited|sendAnew|current|takeUp|close|order|post|lead|next|isAtFault)$/;

/** Ships the Chinese words without a second copy of their keys: both tables have the same, in the same order. */
const packWords = {
  name: "pack words",
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/](en|zh)\.ts$/ }, async ({ path }) => {
      const [en, zh] = await Promise.all([readWords("en"), readWords("zh")]);
      if (Object.keys(en).join() !== Object.keys(zh).join()) throw new Error("en.ts and zh.ts have other keys, or another order");
      if (Object.keys(en).some((key) => OWN_NAMES.test(key))) throw new Error("a key of the words would not ship as it is written");
      if (/zh\.ts$/.test(path)) return { contents: `export const ZH = {}, texts = ${JSON.stringify(Object.values(zh))};` };
      return { contents: `import { ZH, texts } from "./zh.js";\nexport const EN = ${JSON.stringify(en)};\nfor (const key in EN) ZH[key] = texts.shift();` };
    }),
};

/** Ships the rules of the styles on one line. */
const packStyle = {
  name: "pack style",
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]style\.ts$/ }, ({ path }) => ({ contents: readFileSync(path, "utf8").replace(/\}\n/g, "}"), loader: "ts" })),
};

await build({
  absWorkingDir: here,
  entryPoints: ["src/client.ts", "src/phone-proof.ts"],
  outdir: out,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  mangleProps: OWN_NAMES,
  // The browser's, and it ends as ours do.
  reserveProps: /^onLine$/,
  plugins: [packWords, packStyle],
  banner: { js: "/*! PhoneProof, Apache-2.0 */" },
});

// Terser takes another 2 % off what esbuild has minified. A module is always read as UTF-8, so no sign is escaped.
for (const name of ["client.js", "phone-proof.js"]) {
  const path = join(out, name);
  const { code } = await minify(readFileSync(path, "utf8"), { module: true, ecma: 2022, compress: { passes: 10, pure_getters: true, inline: 1, unsafe: true, unsafe_arrows: true, unsafe_methods: true } });
  writeFileSync(path, `${code}\n`);
}

const list = (folder) => readdirSync(folder, { recursive: true }).filter((name) => statSync(join(folder, name)).isFile()).sort();
if (check) {
  const [built, kept] = [list(out), list(join(here, "dist"))];
  const differs = built.filter((name) => !kept.includes(name) || !readFileSync(join(out, name)).equals(readFileSync(join(here, "dist", name))));
  const stale = kept.filter((name) => !built.includes(name));
  rmSync(out, { recursive: true });
  if (differs.length + stale.length > 0) {
    console.error(`dist/ is not what src/ gives: ${[...differs, ...stale].join(", ")}. Run: npm run build`);
    process.exit(1);
  }
  // npm packs no file from outside the package's folder, so the licence is here a second time.
  if (!readFileSync(join(here, "LICENSE")).equals(readFileSync(join(here, "../../LICENSE")))) {
    console.error("LICENSE differs from the LICENSE at the top of the repository");
    process.exit(1);
  }
  console.log(`dist/ is what src/ gives: ${built.length} files in ${relative(process.cwd(), here) || "."}`);
}
