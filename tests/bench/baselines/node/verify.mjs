// POST /v1/verify: decide, one conditional write, 200 with a signed JWT.
import { randomUUID, sign, timingSafeEqual } from "node:crypto";
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { answer, codeMac, open, parsed, phoneIndex, signingKey } from "./keys.mjs";

const LIFE = 300;

const dynamodb = new DynamoDBClient();
const key = signingKey();
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function jwt(claims) {
  const input = `${base64url({ alg: "ES256", kid: "r1", typ: "phone-verified+jwt" })}.${base64url(claims)}`;
  return `${input}.${sign("sha256", input, { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

function opened(token) {
  try {
    return open(token);
  } catch {
    return undefined;
  }
}

export async function handler(event) {
  const { token, code } = parsed(event);
  const challenge = opened(token);
  if (!challenge || typeof code !== "string") return answer(400, { title: "The token or code is malformed" });
  const now = Math.floor(Date.now() / 1000);
  if (challenge.expires <= now) return answer(410, { title: "The code has expired" });
  const right = timingSafeEqual(codeMac(challenge.id, code), Buffer.from(challenge.mac, "base64url"));
  const index = phoneIndex(challenge.phone);
  try {
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: process.env.CHALLENGES_TABLE,
        Key: { pk: { S: index } },
        UpdateExpression: right ? "SET challenge.used = :one" : "SET challenge.#left = challenge.#left - :one",
        ConditionExpression:
          "challenge.id = :id AND challenge.expires > :now AND challenge.#left > :zero AND attribute_not_exists(challenge.used)",
        ExpressionAttributeNames: { "#left": "left" },
        ExpressionAttributeValues: { ":id": { S: challenge.id }, ":now": { N: `${now}` }, ":zero": { N: "0" }, ":one": { N: "1" } },
      }),
    );
  } catch (error) {
    if (error.name !== "ConditionalCheckFailedException") throw error;
    return answer(409, { title: "The code was used, or guessed too often" });
  }
  if (!right) return answer(422, { title: "The code is wrong" });
  const claims = { iss: process.env.ISSUER, sub: index, aud: challenge.businessId, iat: now, nbf: now, exp: now + LIFE, jti: randomUUID() };
  const success = jwt({ ...claims, phone_number: challenge.phone, phone_number_verified: true, device_id: challenge.uniqueId, amr: ["sms", "otp"] });
  return answer(200, { token: success, tokenType: "phone-verified+jwt", expiresAt: now + LIFE });
}
