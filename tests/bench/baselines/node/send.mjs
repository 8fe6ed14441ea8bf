// POST /v1/send: one conditional write, one text, 202 with a token.
import { randomInt, randomUUID } from "node:crypto";
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { answer, codeMac, parsed, phoneIndex, seal } from "./keys.mjs";

const COOLDOWN = 60;
const LIFE = 300;
const ATTEMPTS = 5;

const dynamodb = new DynamoDBClient();
// A retry would text twice.
const sns = new SNSClient({ maxAttempts: 1 });

const isText = (value) => typeof value === "string" && value.length > 0 && value.length <= 128;

export async function handler(event) {
  const { phone, uniqueId, businessId } = parsed(event);
  if (!/^\+[1-9]\d{6,14}$/.test(phone) || !isText(uniqueId) || !isText(businessId)) {
    return answer(400, { title: "phone, uniqueId and businessId are needed" });
  }
  const now = Math.floor(Date.now() / 1000);
  const id = randomUUID();
  const expires = now + LIFE;
  try {
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: process.env.CHALLENGES_TABLE,
        Key: { pk: { S: phoneIndex(phone) } },
        UpdateExpression: "SET last_sent = :now, challenge = :challenge, expires_at = :expires",
        ConditionExpression: "attribute_not_exists(last_sent) OR last_sent <= :ready",
        ExpressionAttributeValues: {
          ":now": { N: `${now}` },
          ":ready": { N: `${now - COOLDOWN}` },
          ":expires": { N: `${expires}` },
          ":challenge": { M: { id: { S: id }, expires: { N: `${expires}` }, left: { N: `${ATTEMPTS}` } } },
        },
      }),
    );
  } catch (error) {
    if (error.name !== "ConditionalCheckFailedException") throw error;
    return answer(429, { title: "Too many texts for this phone" });
  }
  const code = randomInt(1_000_000).toString().padStart(6, "0");
  await sns.send(
    new PublishCommand({
      PhoneNumber: phone,
      Message: `${code} is your Example login code. It works for 5 minutes. Never share it.`,
      MessageAttributes: { "AWS.SNS.SMS.SMSType": { DataType: "String", StringValue: "Transactional" } },
    }),
  );
  const mac = codeMac(id, code).toString("base64url");
  const token = seal({ id, phone, uniqueId, businessId, expires, mac });
  return answer(202, { token, expiresAt: expires, resendAt: now + COOLDOWN, codeLength: 6, attempts: ATTEMPTS });
}
