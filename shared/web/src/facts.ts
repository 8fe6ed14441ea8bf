// What is known of a challenge: where the code went, the guesses and the time that are left, and when another text may be asked for.

import { reflect } from "./attributes.js";
import type { Challenge, PolicyBusiness } from "./client.js";
import { formatLeft, make } from "./dom.js";
import type { Kit } from "./kit.js";
import { announce, showNotice } from "./notices.js";

/** The number of a challenge as typed, left to right in any text. */
export const numberOf = ({ request }: Challenge) => make("bdi", { dir: "ltr" }, request.phone);

/** Shows what is known. `digits` is how many the code has, and `end` is called when its time is over. */
export function showFacts(kit: Kit, challenge: Challenge, isOver: boolean, business: PolicyBusiness | undefined, digits: () => number, end: () => void): void {
  const { speak, countdowns, view } = kit;
  const values = { digits: () => make("strong", { dir: "auto" }, `${digits()}`), phone: () => make("strong", {}, numberOf(challenge)) };
  speak.put(view.lead, challenge.unconfirmed ? "tried" : "texted", values);
  if (!challenge.unconfirmed || isOver) view.unconfirmed.replaceChildren();
  else if (!view.unconfirmed.firstChild) showNotice(kit, view.unconfirmed, "unconfirmed");
  const left = challenge.attemptsLeft;
  if (left === undefined) speak.clear(view.tries);
  else speak.put(view.tries, left === 1 ? "tryLeft" : "triesLeft", { left });
  view.verify.hidden = view.resend.hidden = isOver;
  view.callMe.hidden = isOver || !/\bvoice\b/.test(`${business?.channels}`);
  countdowns.stop(view.expiry);
  if (challenge.expiresIn === undefined || isOver) speak.clear(view.expiry);
  else countdowns.start(view.expiry, challenge.expiresIn, (seconds) => speak.put(view.expiry, "worksFor", { time: formatLeft(seconds) }), end);
  waitToResend(kit, challenge.resendIn);
}

/** Counts down to the next text. */
export function waitToResend(kit: Kit, seconds: number): void {
  const { speak, countdowns, view } = kit;
  const show = (left: number) => {
    for (const button of [view.resend, view.callMe]) reflect(button, "aria-disabled", left > 0 && "true");
    speak.put(view.resend, left > 0 ? "againIn" : "again", { time: formatLeft(left) });
  };
  countdowns.stop(view.resend);
  if (seconds <= 0) return show(0);
  countdowns.start(view.resend, seconds, show, () => {
    show(0);
    if (!view.codeForm.hidden && !view.resend.hidden) announce(kit, "newNow");
  });
}
