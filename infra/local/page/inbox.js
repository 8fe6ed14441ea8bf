// The inbox page.

import { $, bodyWithCode, button, codeIn, copy, exactTime, make, messagesTo, poll } from "./common.js";

// ---------------------------------------------------------------------------------- inbox: start

let inboxMessages = [];

function inboxRow(message) {
  const code = codeIn(message.body);
  const copyCode = code ? button("Copy code", "quiet", () => copy(code, copyCode)) : null;
  const time = make("time", { datetime: message.at }, exactTime.format(new Date(message.at)));
  const head = make("div", { class: "row-head" }, make("strong", {}, message.phone), time);
  return make("li", { class: "row" }, head, make("p", { class: "row-body" }, ...bodyWithCode(message.body, code)), copyCode);
}

function showInbox() {
  const wanted = $("filter").value.normalize("NFKC").replace(/\D/g, "");
  const shown = inboxMessages.filter(({ phone }) => phone.includes(wanted));
  const count = `${shown.length} ${shown.length === 1 ? "message" : "messages"}`;
  $("inbox-count").textContent = inboxMessages.length === 0 ? "No messages yet. Send a code from the demo." : count;
  $("inbox-list").replaceChildren(...shown.map(inboxRow));
}

function startInbox() {
  $("filter").addEventListener("input", showInbox);
  let seen = null;
  poll(async () => {
    try {
      inboxMessages = await messagesTo();
    } catch {
      $("inbox-count").textContent = "The inbox does not answer. Is the local stack running?";
      seen = null;
      return false;
    }
    // Rebuilding the list only when it changed keeps the focus where it is.
    const now = inboxMessages.map(({ id }) => id).join(" ");
    if (now !== seen) showInbox();
    seen = now;
    return true;
  });
}

startInbox();
