// Hands texts to MSG91's Flow API, for India: the words are the template that is registered, and the code is its variable.
//
//     HOOK_SECRETS=… MSG91_AUTH_KEY=… MSG91_TEMPLATES='{"login/en": "65f…"}' node infra/hooks/node/msg91.mjs

import { post } from "./provider.mjs";
import { Refused, Unknown, serve } from "./receiver.mjs";

// MSG91 says most errors in words. What has no row here is a refusal of the text.
const WORDS = [
  ["auth", "authentication_failed"],
  ["ip", "authentication_failed"],
  ["mobile", "invalid_phone_number"],
  ["limit", "rate_limited"],
];
const STATUSES = {
  401: "authentication_failed", 403: "authentication_failed", 418: "authentication_failed", 429: "rate_limited",
};

async function send(data) {
  const template = JSON.parse(process.env.MSG91_TEMPLATES)[`${data.business}/${data.locale}`];
  if (template === undefined) throw new Refused("delivery_rejected", "no-template");
  const base = process.env.MSG91_URL ?? "https://control.msg91.com";
  const recipient = { mobiles: data.phone.replace("+", ""), [process.env.MSG91_VARIABLE ?? "code"]: data.code };
  const body = JSON.stringify({ template_id: template, short_url: "0", recipients: [recipient] });
  const headers = { authkey: process.env.MSG91_AUTH_KEY, "content-type": "application/json" };
  const [status, reply] = await post(`${base}/api/v5/flow/`, headers, body);
  if (status >= 500 || (status >= 300 && status < 400)) throw new Unknown();
  if (status < 300 && reply.type === "success") return String(reply.message ?? "");
  // What is not MSG91's error is of something between, which may have asked it.
  if (reply.type !== "error") throw new Unknown();
  // An error may come with a status of success.
  const words = String(reply.message ?? "").toLowerCase().replaceAll("_", " ").split(/\s+/);
  const byWords = WORDS.find(([word]) => words.some((found) => found.startsWith(word)))?.[1];
  throw new Refused(STATUSES[status] ?? byWords ?? "delivery_rejected", String(reply.code ?? status));
}

serve(send);
