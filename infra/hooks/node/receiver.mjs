// A receiver of PhoneProof's send hook, with nothing but what Node.js brings.
//
// It checks the signature, hands each text to a provider once, and remembers what became of it. `twilio.mjs` and
// `msg91.mjs` are providers. README.md beside this folder says how to run them.

import { createHmac, timingSafeEqual } from "node:crypto";
import fs from "node:fs";
import { createServer } from "node:http";
import path from "node:path";

// Standard Webhooks advises five minutes: a request that somebody recorded is worth nothing later.
const TOLERANCE_SECONDS = 300;
const MAX_BODY = 64 * 1024;
// A text whose provider was being asked when the receiver died: after this time nobody waits for its answer.
const GIVEN_UP_SECONDS = 60;
const KEPT_SECONDS = 24 * 3600;

/** The provider did not take the text, and will not send it. `code` is one of the codes of the hook. */
export class Refused extends Error {
  constructor(code, providerErrorCode = null) {
    super(code);
    this.code = code;
    this.providerErrorCode = providerErrorCode;
  }
}

/** The provider was not reached, so the same text may be tried again. */
export class NotAsked extends Error {}

/** The provider may have taken the text. Nobody may ask it again. */
export class Unknown extends Error {}

/** Reads the words that begin with `whsec_`: one per live root of the keyring. The others are what `hook-secrets` prints beside them. */
export function readSecrets(text) {
  const words = text.split(/\s+/).filter((word) => word.startsWith("whsec_")).map((word) => word.slice("whsec_".length));
  const secrets = words.map((word) => Buffer.from(word, "base64"));
  const isWhole = (secret, at) => secret.length >= 24 && secret.toString("base64") === words[at];
  if (secrets.length === 0 || !secrets.every(isWhole)) {
    // What was given stays out of the log: it may be a part of a secret.
    console.error("HOOK_SECRETS: what `phoneproof-admin hook-secrets` prints is needed, with each whsec_… whole");
    process.exit(1);
  }
  return secrets;
}

/** Whether one of the signatures belongs to one of the secrets, and the request is fresh. */
export function isSigned(secrets, headers, body, now) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(id) || !/^[0-9]{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const expected = secrets.map((secret) =>
    createHmac("sha256", secret).update(`${id}.${timestamp}.`).update(body).digest());
  return (headers["webhook-signature"] ?? "").split(" ").some((entry) => {
    const [version, signature = ""] = entry.split(",");
    const given = Buffer.from(signature, "base64");
    return version === "v1" && expected.some((known) => known.length === given.length && timingSafeEqual(known, given));
  });
}

/** What became of each text: a file per `webhook-id`. Making the file claims the id, for all processes of this host.
 *
 * Receivers on several hosts need a store that they share, with the same three steps. In DynamoDB, `claim` is a `PutItem`
 * with `attribute_not_exists`. */
export class Memory {
  constructor(folder) {
    this.folder = folder;
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of fs.readdirSync(folder)) {
      const file = path.join(folder, name);
      if (Date.now() - fs.statSync(file).mtimeMs > KEPT_SECONDS * 1000) fs.rmSync(file, { force: true });
    }
  }

  /** Returns null if this process may ask the provider, else the answer of the text: [status, body]. */
  claim(id) {
    const file = path.join(this.folder, id);
    try {
      fs.closeSync(fs.openSync(file, "wx", 0o600));
      return null;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    try {
      const text = fs.readFileSync(file, "utf8");
      if (text) return JSON.parse(text);
      return Date.now() - fs.statSync(file).mtimeMs > GIVEN_UP_SECONDS * 1000 ? [502, {}] : [503, {}];
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
      return [503, {}];
    }
  }

  /** Keeps the answer for every later request with this id. */
  finish(id, status, body) {
    const file = path.join(this.folder, id);
    fs.writeFileSync(`${file}.new`, JSON.stringify([status, body]), { mode: 0o600 });
    fs.renameSync(`${file}.new`, file);
  }

  /** Lets the next request with this id ask the provider. */
  release(id) {
    fs.rmSync(path.join(this.folder, id), { force: true });
  }
}

const STATUSES = { rate_limited: 429 };
// What a provider needs of a text. A request without one of them is not PhoneProof's.
const MEMBERS = ["phone", "body", "code", "business", "locale", "expiresAt"];

/** The data of a request to send a text; undefined if it is another request. */
function readData(body) {
  try {
    const { type, data } = JSON.parse(body);
    return type === "sms.send" && MEMBERS.every((member) => typeof data[member] === "string") ? data : undefined;
  } catch {
    return undefined;
  }
}

/** Answers one request: [status, body]. `send(data)` returns the provider's id of the text, or throws. */
export async function answer(secrets, memory, send, headers, body) {
  if (!isSigned(secrets, headers, body, Date.now() / 1000)) return [401, {}];
  const data = readData(body);
  if (!data) return [400, {}];
  const id = headers["webhook-id"];
  const known = memory.claim(id);
  if (known) return known;
  let outcome;
  try {
    outcome = [200, { id: await send(data) }];
  } catch (error) {
    if (error instanceof NotAsked) {
      memory.release(id);
      return [503, {}];
    }
    if (error instanceof Refused) {
      const { code, providerErrorCode } = error;
      outcome = [STATUSES[code] ?? 422, { code, provider_error_code: providerErrorCode }];
    } else {
      // The provider may have been asked: then nobody may ask it again.
      console.error(`unknown outcome: ${error.constructor.name}`);
      outcome = [502, {}];
    }
  }
  memory.finish(id, ...outcome);
  return outcome;
}

async function readBody(request) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > MAX_BODY) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Serves until it is stopped. It logs no number, no code and no body. */
export function serve(send) {
  const secrets = readSecrets(process.env.HOOK_SECRETS ?? "");
  const memory = new Memory(process.env.HOOK_MEMORY ?? "hook-memory");
  const server = createServer(async (request, response) => {
    // PhoneProof opens its connection with a HEAD.
    if (request.method !== "POST") return response.writeHead(request.method === "HEAD" ? 204 : 405).end();
    let outcome = [413, {}];
    // Node itself refuses a length that is not a number.
    const isLong = Number(request.headers["content-length"]) > MAX_BODY;
    const body = isLong ? null : await readBody(request).catch(() => null);
    if (isLong) response.setHeader("connection", "close");
    if (body) outcome = await answer(secrets, memory, send, request.headers, body).catch(() => [502, {}]);
    const [status, content] = outcome;
    const headers = { "content-type": "application/json" };
    if (status === 503) headers["retry-after"] = "1";
    response.writeHead(status, headers).end(JSON.stringify(content));
  });
  server.listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? "127.0.0.1", () => {
    const { address, port } = server.address();
    console.log(`listening on http://${address}:${port}`);
  });
}
