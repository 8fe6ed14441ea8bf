// Compares tokens with jose, in both directions and for both algorithms.
//
//     npm ci --prefix tests/differential
//     cargo build -p phoneproof-differential
//     node tests/differential/tokens.mjs target/debug/phoneproof-differential
//
// jose signs the cases of tokens.json, and the guard must give the verdict of each case. jose also checks the tokens
// that the service issues.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { CompactSign, UnsecuredJWT, createLocalJWKSet, exportJWK, exportSPKI, generateKeyPair, jwtVerify } from "jose";

const table = JSON.parse(readFileSync(new URL("tokens.json", import.meta.url), "utf8"));
const binary = process.argv[2];

const pair = (algorithm) => generateKeyPair(algorithm, { extractable: true });
const keys = { ES256: await pair("ES256"), RS256: await pair("RS256") };
const others = { ES256: await pair("ES256"), RS256: await pair("RS256") };
const elsewhere = { ES256: ["ES384", await pair("ES384")], RS256: ["RS512", await pair("RS512")] };
const swapped = { ES256: "RS256", RS256: "ES256" };

const jwk = async (algorithm, { publicKey }) => ({
  ...(await exportJWK(publicKey)), kid: algorithm, alg: algorithm, use: "sig",
});
const jwks = { keys: await Promise.all(Object.entries(keys).map(([algorithm, key]) => jwk(algorithm, key))) };

/** Returns `members` with changes. A member that changes to null is left out. */
function changed(members, changes = {}) {
  return Object.fromEntries(Object.entries({ ...members, ...changes }).filter(([, value]) => value !== null));
}

const sign = (header, claims, alg, key) =>
  new CompactSign(new TextEncoder().encode(claims)).setProtectedHeader({ ...header, alg }).sign(key);

async function tokenOf(entry, algorithm) {
  const header = changed({ ...table.header, kid: algorithm }, entry.header);
  if (header.kid === "swapped") header.kid = swapped[algorithm];
  const claims = JSON.stringify(changed(table.claims, entry.claims));
  const good = await sign(header, claims, algorithm, keys[algorithm].privateKey);
  const other = others[algorithm];
  switch (entry.sign) {
    case undefined:
      return good;
    case "other key":
      return sign(header, claims, algorithm, other.privateKey);
    case "other key in header":
      return sign({ ...header, jwk: await jwk(algorithm, other) }, claims, algorithm, other.privateKey);
    case "other algorithm": {
      const [name, key] = elsewhere[algorithm];
      return sign(header, claims, name, key.privateKey);
    }
    case "public key as secret":
      return sign(header, claims, "HS256", new TextEncoder().encode(await exportSPKI(keys[algorithm].publicKey)));
    case "none": {
      const unsecured = new UnsecuredJWT(JSON.parse(claims)).encode().split(".")[1];
      return `${Buffer.from(JSON.stringify({ ...header, alg: "none" })).toString("base64url")}.${unsecured}.`;
    }
    case "changed": {
      const [head, , signature] = good.split(".");
      const altered = claims.replace("+14152007986", "+14152007987");
      return `${head}.${Buffer.from(altered).toString("base64url")}.${signature}`;
    }
    case "cut":
      return good.slice(0, -2); // in both algorithms this removes a whole byte and leaves no odd bits
    default:
      throw new Error(`unknown way to sign: ${entry.sign}`);
  }
}

function ask(command, questions) {
  const input = questions.map((question) => `${JSON.stringify(question)}\n`).join("");
  const { status, stdout } = spawnSync(binary, [command], { input, encoding: "utf8", maxBuffer: 1 << 26 });
  assert.equal(status, 0);
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Lets the guard check tokens that jose signed. */
async function guardJudges() {
  const asked = Object.keys(keys).flatMap((algorithm) => table.cases.map((entry) => ({ entry, algorithm })));
  const { issuer, audience, now } = table;
  const tokens = await Promise.all(asked.map(({ entry, algorithm }) => tokenOf(entry, algorithm)));
  const verdicts = ask("check", tokens.map((token) => ({ jwks, issuer, audience, now, token })));
  asked.forEach(({ entry, algorithm }, index) => {
    assert.equal(verdicts[index], entry.verdict, `${algorithm}, ${entry.name}`);
  });
  console.log(`the guard judged ${asked.length} tokens of jose as it should`);
}

/** Returns a keyring that signs ES256, and one that signs RS256. */
function keyrings() {
  const keyring = { current: "r1", r1: "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG" };
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 3072 });
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "der" }).toString("base64");
  return { ES256: keyring, RS256: { ...keyring, rsa: { kid: "rsa1", pkcs8 } } };
}

const check = ({ token, jwks }, changes) =>
  jwtVerify(token, createLocalJWKSet(jwks), {
    issuer: table.issuer,
    audience: table.audience,
    typ: "phone-verified+jwt",
    algorithms: ["ES256", "RS256"],
    clockTolerance: 60,
    requiredClaims: ["exp", "nbf", "jti", "phone_number"],
    ...changes,
  });

/** Lets jose check tokens that the service signed. */
async function joseJudges() {
  const now = Math.floor(Date.now() / 1000);
  for (const [algorithm, keyring] of Object.entries(keyrings())) {
    const question = { keyring, issuer: table.issuer, audience: table.audience, now };
    const [good, old] = ask("issue", [question, { ...question, now: now - 1000 }]);
    const { payload, protectedHeader } = await check(good);
    assert.equal(protectedHeader.alg, algorithm);
    assert.equal(payload.phone_number, "+14152007986");
    const [head, claims, signature] = good.token.split(".");
    const altered = { ...good, token: `${head}.${claims}.${signature[0] === "A" ? "B" : "A"}${signature.slice(1)}` };
    for (const [code, attempt] of [
      ["ERR_JWT_CLAIM_VALIDATION_FAILED", () => check(good, { audience: "register" })],
      ["ERR_JWT_CLAIM_VALIDATION_FAILED", () => check(good, { issuer: "https://other.example.com" })],
      ["ERR_JWT_CLAIM_VALIDATION_FAILED", () => check(good, { typ: "at+jwt" })],
      ["ERR_JWT_EXPIRED", () => check(old)],
      ["ERR_JWS_SIGNATURE_VERIFICATION_FAILED", () => check(altered)],
    ]) {
      await assert.rejects(attempt, { code }, `${algorithm}: ${code}`);
    }
    console.log(`jose accepted the service's ${algorithm} token, and refused it for 5 reasons`);
  }
}

await guardJudges();
await joseJudges();
