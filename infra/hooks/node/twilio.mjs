// Hands texts to Twilio's Messages API.
//
//     HOOK_SECRETS=… TWILIO_ACCOUNT_SID=AC… TWILIO_AUTH_TOKEN=… TWILIO_FROM=MG… node infra/hooks/node/twilio.mjs

import { post } from "./provider.mjs";
import { Refused, Unknown, serve } from "./receiver.mjs";

// https://www.twilio.com/docs/api/errors
const CODES = {
  20003: "authentication_failed",
  20429: "rate_limited",
  21211: "invalid_phone_number",
  21217: "invalid_phone_number",
  21610: "opted_out",
  21614: "invalid_phone_number",
  // What the owner of the account has to mend: a country that is not switched on, a sender that cannot text there.
  21408: "delivery_rejected",
  21606: "delivery_rejected",
  21612: "delivery_rejected",
  21659: "delivery_rejected",
};
const STATUSES = { 401: "authentication_failed", 403: "authentication_failed", 429: "rate_limited" };

/** How long the code still works, in the range that Twilio takes: no dead code is delivered. */
function secondsLeft(data) {
  const left = Math.floor((Date.parse(data.expiresAt) - Date.now()) / 1000);
  return Math.max(1, Math.min(36_000, left));
}

async function send(data) {
  const { TWILIO_ACCOUNT_SID: account, TWILIO_AUTH_TOKEN: token, TWILIO_FROM: sender } = process.env;
  const base = process.env.TWILIO_URL ?? "https://api.twilio.com";
  const form = new URLSearchParams({ To: data.phone, Body: data.body, ValidityPeriod: String(secondsLeft(data)) });
  form.set(sender.startsWith("MG") ? "MessagingServiceSid" : "From", sender);
  const headers = {
    authorization: `Basic ${Buffer.from(`${account}:${token}`).toString("base64")}`,
    "content-type": "application/x-www-form-urlencoded",
  };
  const url = `${base}/2010-04-01/Accounts/${account}/Messages.json`;
  const [status, reply] = await post(url, headers, form.toString());
  // A success without an id is not Twilio's: something between may have answered.
  if (status >= 200 && status < 300 && typeof reply.sid === "string") return reply.sid;
  // Nor is an error that does not repeat its status and say a message.
  const isTwilios = reply.status === status && typeof reply.message === "string";
  if (status >= 400 && status < 500 && isTwilios) {
    const code = CODES[reply.code] ?? STATUSES[status] ?? "delivery_rejected";
    throw new Refused(code, String(reply.code ?? status));
  }
  throw new Unknown();
}

serve(send);
