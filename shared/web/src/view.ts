// The elements of the component: a form for the number, a form for the code, and what is shown when the phone is verified.

import { type Speaker, make } from "./dom.js";
import type { Key } from "./words.js";

export type View = ReturnType<typeof makeView>;

/** Makes all elements once. `speak` fills them with words. */
export function makeView(speak: Speaker) {
  const button = (id: string, look: string, key: Key, type = "button") =>
    speak.put(make("button", { type, id, class: look, part: `button ${look}` }), key);
  const label = (id: string, key: Key) => speak.put(make("label", { for: id, part: "label" }), key);
  const field = (key: Key, input: HTMLElement) => make("div", { class: "field" }, label(input.id, key), input);
  const error = (id: string) => make("p", { id, class: "error", part: "error", role: "alert" });
  const slot = (id: string) => make("div", { id, role: "alert" });

  const region = make("select", { id: "region", part: "field", autocomplete: "country" });
  const phone = make("input", { id: "phone", part: "field", type: "tel", autocomplete: "tel", maxlength: "90", "aria-describedby": "phone-error phone-hint" });
  const regionField = field("country", region);
  const phoneRow = make("div", { class: "row" }, regionField, field("phone", phone));
  const phoneHint = make("p", { id: "phone-hint", class: "hint" });
  const phoneError = error("phone-error");
  const numberNotice = slot("number-notice");
  const send = button("send", "primary", "send", "submit");
  const haveCode = button("back-to-code", "quiet", "haveCode");
  const number = make("form", { id: "number-form", novalidate: "" }, phoneRow, phoneHint, phoneError, numberNotice, make("div", { class: "actions" }, send, haveCode));

  const lead = make("p", { id: "code-lead", class: "lead" });
  const code = make("input", {
    id: "code", part: "field", inputmode: "numeric", autocomplete: "one-time-code",
    // A whole message may be pasted.
    maxlength: "999", "aria-describedby": "code-error unconfirmed code-facts",
  });
  const codeError = error("code-error");
  const tries = make("span", { id: "attempts-left" });
  const expiry = make("span", { id: "code-expiry", class: "timer" });
  const codeNotice = slot("code-notice");
  // No alert: it stays while others come and go.
  const unconfirmed = make("div", { id: "unconfirmed" });
  const verify = button("verify", "primary", "verify", "submit");
  const resend = button("resend", "", "again");
  const callMe = button("call", "", "call");
  const change = button("change-number", "quiet", "change");
  const codeForm = make(
    "form", { id: "code-form", novalidate: "" }, lead, field("code", code), codeError,
    make("p", { id: "code-facts", class: "facts" }, tries, expiry), unconfirmed, codeNotice,
    make("div", { class: "actions" }, verify, resend, callMe, change),
  );

  const done = make("p", { id: "done", tabindex: "-1" });
  const changeDone = button("change-verified", "quiet", "change");
  const doneBox = make("div", { class: "done", part: "done" }, done, changeDone);
  const announcer = make("p", { id: "announcer", role: "status" });

  const makeNewCode = () => speak.put(make("button", { type: "button", part: "button" }), "newCode");

  return {
    makeNewCode,
    number, region, regionField, phone, phoneRow, phoneHint, phoneError, numberNotice, send, haveCode,
    codeForm, lead, code, codeError, tries, expiry, unconfirmed, codeNotice, verify, resend, callMe, change,
    doneBox, done, changeDone, announcer,
  };
}
