// What is known of a challenge: where the code went, the guesses and the time that are left, and when another text may be asked for.

import { reflect } from "./attributes.js";
import type { Challenge } from "./client.js";
import { formatLeft, make } from "./dom.js";
import type { Kit } from "./kit.js";
import { announce, showNotice } from "./notices.js";

/** The number of a challenge as typed, left to right in any text. */
export const numberOf = ({ request }: Challenge) => make("bdi", { dir: "ltr" }, request.phone);

/** Shows what is known. `digits` is how many the code has, and `end` is called when its time is over. */
export function showFacts(kit: Kit, challenge: Challenge, isOver: boolean, digits: () => number, end: () => void): void {
  const { speak, countdowns, view } = kit;
  const values = { digits: () => make("strong", { dir: "auto" }, `${digits()}`), phone: () => make("strong", {}, numberOf(challenge)) };
  speak.put(view.leadLine, challenge.unconfirmed ? "tried" : "texted", values);
  if (!challenge.unconfirmed || isOver) view.unconfirmedNotice.replaceChildren();
  else if (!view.unconfirmedNotice.firstChild) showNotice(kit, view.unconfirmedNotice, "unconfirmed");
  const left = challenge.attemptsLeft;
  if (left === undefined || (isOver && left)) speak.hush(view.triesLine);
  else speak.put(view.triesLine, left === 1 ? "tryLeft" : "triesLeft", { left });
  view.verifyButton.hidden = view.resendButton.hidden = isOver;
  view.callButton.hidden = isOver || !/voice/.test(`${challenge.channels}`);
  countdowns.stop(view.expiryLine);
  if (challenge.expiresIn === undefined || isOver) speak.hush(view.expiryLine);
  else countdowns.start(view.expiryLine, challenge.expiresIn, (seconds) => speak.put(view.expiryLine, "worksFor", { time: formatLeft(seconds) }), end);
  waitToResend(kit, challenge.resendIn);
}

/** Counts down to the next text. */
function waitToResend(kit: Kit, seconds: number): void {
  const { speak, countdowns, view } = kit;
  const show = (left: number) => {
    for (const button of [view.resendButton, view.callButton]) reflect(button, "aria-disabled", left > 0 && "true");
    speak.put(view.resendButton, left > 0 ? "againIn" : "again", { time: formatLeft(left) });
  };
  countdowns.stop(view.resendButton);
  if (seconds <= 0) return show(0);
  countdowns.start(view.resendButton, seconds, show, () => {
    show(0);
    if (!view.codeForm.hidden && !view.resendButton.hidden) announce(kit, "newNow");
  });
}
