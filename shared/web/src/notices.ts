// What the person is told: notices, faults of a field, and what is read aloud.

import { type Values, formatLeft, make } from "./dom.js";
import type { Kit } from "./kit.js";
import type { Key } from "./words.js";

/** Has screen readers read a text. */
export const announce = ({ speak, view }: Kit, key: Key): unknown => speak.put(view.announcerLine, key);

/** Shows a notice with a title and a text, and if given a countdown and a button. */
export function showNotice(kit: Kit, slot: HTMLElement, key: Key, retryIn = 0, action?: HTMLElement): HTMLElement {
  const { speak, countdowns, focus } = kit;
  const look = `notice ${key === "unconfirmed" || (retryIn > 0 && !action) ? "wait" : "bad"}`;
  const box = make("div", { class: look, part: look, tabindex: "-1" }, speak.put(make("p", { class: "title" }), key), speak.put(make("p"), key, {}, 1));
  if (retryIn > 0) {
    // Screen readers must not read every second aloud.
    const timer = make("p", { class: "timer", "aria-live": "off" });
    const moment = new Intl.DateTimeFormat(speak.mark(timer, "retryIn"), { timeStyle: "short", ...(retryIn > 43_200 && { dateStyle: "medium" }) }).format(Date.now() + Math.min(retryIn, 1e8) * 1000);
    box.append(timer);
    countdowns.start(timer, retryIn, (left) => speak.put(timer, action ? "newIn" : "retryIn", { time: formatLeft(left), moment }), () => {
      const now = action ? "newNow" : "retryNow";
      speak.put(timer, now);
      if (timer.isConnected) announce(kit, now);
    });
  }
  if (action) box.append(action);
  focus.hold(() => slot.replaceChildren(box), box);
  return box;
}

/** Takes back what is true no more: the notice of a slot, if it says one of these. */
export function takeBack({ speak, focus }: Kit, slot: HTMLElement, keys: RegExp): void {
  if (keys.test(speak.says(slot.querySelector(".title")!)!)) focus.hold(() => slot.replaceChildren());
}

/** Marks a field as faulty, says why, and moves the focus there. */
export function showFault({ speak, view, focus }: Kit, input: HTMLInputElement, key: Key, values: Values = {}): void {
  input.setAttribute("aria-invalid", "true");
  speak.put(input === view.codeInput ? view.codeError : view.phoneError, key, values);
  if (focus.lead(input)) input.select();
}

export function clearNotices({ speak, view }: Kit): void {
  for (const input of [view.phoneInput, view.codeInput]) input.removeAttribute("aria-invalid");
  for (const said of [view.phoneError, view.codeError, view.announcerLine]) speak.hush(said);
  for (const slot of [view.numberNotice, view.codeNotice]) slot.replaceChildren();
}
