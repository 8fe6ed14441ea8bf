// The keys of both functions, from one secret that is read once, while the function starts.
import { createCipheriv, createDecipheriv, createECDH, createHmac, createPrivateKey, hkdfSync, randomBytes } from "node:crypto";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

const secrets = new SecretsManagerClient();
const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: process.env.KEYRING_SECRET_ID }));
const keyring = JSON.parse(SecretString);
const root = keyring.roots?.[keyring.current] ?? keyring[keyring.current];
const derive = (purpose) => Buffer.from(hkdfSync("sha256", root, "", purpose, 32));

const sealKey = derive("seal");
const indexKey = derive("index");
const codeKey = derive("code");

const hmac = (key, ...parts) => createHmac("sha256", key).update(parts.join("\0")).digest();
// The prefix keeps the baselines apart in the one table that they share.
export const phoneIndex = (phone) => `node#${hmac(indexKey, phone).toString("base64url")}`;
export const codeMac = (id, code) => hmac(codeKey, id, code);

export function seal(contents) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", sealKey, nonce);
  return Buffer.concat([nonce, cipher.update(JSON.stringify(contents)), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

export function open(token) {
  const bytes = Buffer.from(token, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", sealKey, bytes.subarray(0, 12), { authTagLength: 16 });
  decipher.setAuthTag(bytes.subarray(-16));
  return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]));
}

export function signingKey() {
  const ecdh = createECDH("prime256v1");
  const d = derive("sign");
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((bytes) => bytes.toString("base64url"));
  return createPrivateKey({ key: { kty: "EC", crv: "P-256", d: d.toString("base64url"), x, y }, format: "jwk" });
}

export const answer = (statusCode, body) => ({
  statusCode,
  headers: { "content-type": "application/json", "cache-control": "no-store" },
  body: JSON.stringify(body),
});

export function parsed(event) {
  try {
    return JSON.parse(event.isBase64Encoded ? Buffer.from(event.body, "base64") : event.body) ?? {};
  } catch {
    return {};
  }
}
