// The elements of the component: a form for the number, a form for the code, and what is shown when the phone is verified.

import { type Speaker, make } from "./dom.js";
import type { Key } from "./words.js";

export type View = ReturnType<typeof makeView>;

/** Makes all elements once. `speak` fills them with words. */
export function makeView(speak: Speaker) {
  const button = (id: string, look: string, key: Key, type = "button") =>
    speak.put(make("button", { id, class: look, part: `button ${look}`, type }), key);
  const field = (key: Key, input: HTMLElement) =>
    make("div", { class: "field" }, speak.put(make("label", { for: input.id, part: "label" }), key), input);
  const error = (id: string) => make("p", { id, class: "error", part: "error", role: "alert" });
  const slot = (id: string) => make("div", { id, role: "alert" });
  const actions = (...buttons: HTMLElement[]) => make("div", { class: "actions" }, ...buttons);

  const view = {
    region: make("select", { id: "region", part: "field", autocomplete: "country" }),
    phone: make("input", { id: "phone", part: "field", type: "tel", autocomplete: "tel", maxlength: "90", "aria-describedby": "phone-error phone-hint" }),
    hint: make("p", { id: "phone-hint", class: "hint" }),
    phoneError: error("phone-error"),
    numberNotice: slot("number-notice"),
    send: button("send", "primary", "send", "submit"),
    haveCode: button("back-to-code", "quiet", "haveCode"),

    lead: make("p", { id: "code-lead", class: "lead" }),
    // A whole message may be pasted.
    code: make("input", { id: "code", part: "field", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "999", "aria-describedby": "code-error unconfirmed code-facts" }),
    codeError: error("code-error"),
    tries: make("span", { id: "attempts-left" }),
    expiry: make("span", { id: "code-expiry", class: "timer" }),
    // No alert: it stays while others come and go.
    unconfirmed: make("div", { id: "unconfirmed" }),
    codeNotice: slot("code-notice"),
    verify: button("verify", "primary", "verify", "submit"),
    resend: button("resend", "", "again"),
    callMe: button("call", "", "call"),
    change: button("change-number", "quiet", "change"),

    done: make("p", { id: "done", tabindex: "-1" }),
    changeDone: button("change-verified", "quiet", "change"),
    announcer: make("p", { id: "announcer", role: "status" }),
    makeNewCode: () => speak.put(make("button", { type: "button", part: "button" }), "newCode"),
  };
  const regionField = field("country", view.region);
  const phoneRow = make("div", { class: "row" }, regionField, field("phone", view.phone));
  return {
    ...view,
    regionField,
    phoneRow,
    number: make("form", { id: "number-form", novalidate: "" }, phoneRow, view.hint, view.phoneError, view.numberNotice, actions(view.send, view.haveCode)),
    codeForm: make(
      "form", { id: "code-form", novalidate: "" }, view.lead, field("code", view.code), view.codeError,
      make("p", { id: "code-facts", class: "facts" }, view.tries, view.expiry), view.unconfirmed, view.codeNotice,
      actions(view.verify, view.resend, view.callMe, view.change),
    ),
    doneBox: make("div", { class: "done", part: "done" }, view.done, view.changeDone),
  };
}
