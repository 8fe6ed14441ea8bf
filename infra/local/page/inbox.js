// The inbox page.

import { $, copy, digitsOf, exactTime, make, makeButton } from "./common.js";
import { fetchMessages, findCode, markCode, poll } from "./messages.js";
import { put, startWords } from "./words.js";

/** What a text was sent as, by the attribute of SNS, with underscores for its dots, or the member of End User Messaging or of the hook. */
const SENT_AS = {
  AWS_SNS_SMS_SenderID: "Sender id: {value}",
  AWS_MM_SMS_OriginationNumber: "From the number {value}",
  AWS_MM_SMS_EntityId: "Entity id: {value}",
  AWS_MM_SMS_TemplateId: "Template id: {value}",
  OriginationIdentity: "From {value}",
  IN_ENTITY_ID: "Entity id: {value}",
  IN_TEMPLATE_ID: "Template id: {value}",
  TemplateId: "Template of AWS: {value}",
  sender: "From {value}",
  entityId: "Entity id: {value}",
  templateId: "Template id: {value}",
};

let inboxMessages = [];

function makeRow(message) {
  const code = findCode(message);
  const copyCode = code ? makeButton("Copy code", "quiet", () => copy(code, copyCode)) : null;
  const time = make("time", { datetime: message.at }, exactTime.format(new Date(message.at)));
  const head = make("div", { class: "row-head" }, make("strong", {}, message.phone), make("span", {}, message.channel), time);
  const body = make("p", { class: "row-body" }, ...markCode(message));
  return make("li", { class: "row" }, head, body, makeSentAs(message.attributes), copyCode);
}

/** Names the sender and the ids of a text; `null` where it has none. */
function makeSentAs(attributes = {}) {
  const words = Object.entries(attributes).map(([name, value]) => [SENT_AS[name.replaceAll(".", "_")], value]);
  const items = words.filter(([text]) => text).map(([text, value]) => put(make("li"), text, { value }));
  return items.length === 0 ? null : make("ul", { class: "row-sent" }, ...items);
}

function showInbox() {
  const digits = digitsOf($("filter").value);
  const shown = inboxMessages.filter(({ phone }) => phone.includes(digits));
  const count = shown.length === 1 ? "1 message" : "{count} messages";
  put($("inbox-count"), inboxMessages.length === 0 ? "No messages yet. Send a code from the demo." : count, { count: shown.length });
  $("inbox-list").replaceChildren(...shown.map(makeRow));
}

function startInbox() {
  $("filter").addEventListener("input", showInbox);
  let seen = null;
  poll(async () => {
    try {
      inboxMessages = await fetchMessages();
    } catch {
      put($("inbox-count"), "The inbox does not answer. Is the local stack running?");
      seen = null;
      return false;
    }
    // Rebuilding the list would move the focus, so it is rebuilt only when it changed.
    const now = inboxMessages.map(({ id }) => id).join(" ");
    if (now !== seen) showInbox();
    seen = now;
    return true;
  });
}

startWords();
startInbox();
