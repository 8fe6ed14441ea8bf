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
    regionInput: make("select", { id: "region", part: "field", autocomplete: "country" }),
    phoneInput: make("input", { id: "phone", part: "field", type: "tel", autocomplete: "tel", maxlength: "90", "aria-describedby": "phone-error phone-hint" }),
    hintLine: make("p", { id: "phone-hint", class: "hint" }),
    phoneError: error("phone-error"),
    numberNotice: slot("number-notice"),
    sendButton: button("send", "primary", "send", "submit"),
    haveCodeButton: button("back-to-code", "quiet", "haveCode"),

    leadLine: make("p", { id: "code-lead" }),
    // A whole message may be pasted.
    codeInput: make("input", { id: "code", part: "field", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "999", "aria-describedby": "code-error unconfirmed code-facts" }),
    codeError: error("code-error"),
    triesLine: make("span", { id: "attempts-left" }),
    expiryLine: make("span", { id: "code-expiry", class: "timer" }),
    // No alert: it stays while others come and go.
    unconfirmedNotice: make("div", { id: "unconfirmed" }),
    codeNotice: slot("code-notice"),
    verifyButton: button("verify", "primary", "verify", "submit"),
    resendButton: button("resend", "", "again"),
    callButton: button("call", "", "call"),
    changeButton: button("change-number", "quiet", "change"),

    doneLine: make("p", { id: "done", tabindex: "-1" }),
    changeDoneButton: button("change-verified", "quiet", "change"),
    announcerLine: make("p", { id: "announcer", role: "status" }),
    makeNewCode: () => button("new-code", "", "newCode"),
  };
  const regionField = field("country", view.regionInput);
  const phoneRow = make("div", { class: "row" }, regionField, field("phone", view.phoneInput));
  return {
    ...view,
    regionField,
    phoneRow,
    numberForm: make("form", { id: "number-form", novalidate: "" }, phoneRow, view.hintLine, view.phoneError, view.numberNotice, actions(view.sendButton, view.haveCodeButton)),
    codeForm: make(
      "form", { id: "code-form", novalidate: "" }, view.leadLine, field("code", view.codeInput), view.codeError,
      make("p", { id: "code-facts", class: "row hint" }, view.triesLine, view.expiryLine), view.unconfirmedNotice, view.codeNotice,
      actions(view.verifyButton, view.resendButton, view.callButton, view.changeButton),
    ),
    doneBox: make("div", { class: "done", part: "done" }, view.doneLine, view.changeDoneButton),
  };
}
