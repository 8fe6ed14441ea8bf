// From a number to a success: what is asked for, what came of it, and what is shown next.

import { askVouched } from "./attestation.js";
import { reflect } from "./attributes.js";
import { type Challenge, Problem, type SendRequest, type Success } from "./client.js";
import { nameCountries } from "./countries.js";
import { diagnose } from "./diagnose.js";
import type { PhoneProofEvents, Shown } from "./events.js";
import { numberOf, showFacts } from "./facts.js";
import type { Kit } from "./kit.js";
import { announce, clearNotices, showFault, showNotice, takeBack } from "./notices.js";
import { makeOffer } from "./offer.js";
import { makePlace } from "./places.js";
import { type Step, phoneFault, wordsFor } from "./refusals.js";
import { listenForSms } from "./sms.js";
import { isInternational, isLength } from "./text.js";
import type { Key } from "./words.js";
import { type IsAwaited, makeWorks, within } from "./work.js";

export type Flow = ReturnType<typeof makeFlow>;

export function makeFlow(kit: Kit) {
  const { host, internals, view, speak, countdowns, focus } = kit;
  const awaited = makePlace();
  const works = makeWorks(kit);
  const offer = makeOffer(host, heard);
  let proof: Success | undefined;
  let shown: Shown = "number";
  let stopSms = () => {};

  works.on(view.numberForm, "submit", "send", view.sendButton, ask);
  works.on(view.codeForm, "submit", "verify", view.verifyButton, verify);
  works.on(view.resendButton, "click", "resend", view.resendButton, resend);
  works.on(view.callButton, "click", "resend", view.callButton, (isAwaited) => resend(isAwaited, "voice"));
  view.changeButton.addEventListener("click", backToNumber);
  view.changeDoneButton.addEventListener("click", reset);
  view.haveCodeButton.addEventListener("click", () => {
    // The code that is typed now is not that of a text under way.
    works.cancel();
    focus.note();
    lead("code");
  });

  /** Whether the page names the number. */
  const isFixed = () => host.phone.trim() !== "";

  /** What is to be filled in next. */
  function next(): HTMLElement {
    const number = offer.isClosed ? (view.numberNotice.firstElementChild as HTMLElement) ?? view.phoneInput : isFixed() ? view.sendButton : view.phoneInput;
    const code = (awaited.isOver && (view.codeNotice.firstElementChild as HTMLElement)) || view.codeInput;
    return { number, code, done: view.doneLine }[shown];
  }

  // -------------------------------------------------------------------------------------------- policy

  function heard(why: Key | undefined): void {
    if (why !== "setup") takeBack(kit, view.numberNotice, offer.knownPolicy ? /setup|offline|noAnswer/ : /setup/);
    // A connection that is lost is told once, and in the place of nothing else.
    if (why === "setup" || (/offline|noAnswer/.test(why!) && !view.numberNotice.firstChild)) showNotice(kit, view.numberNotice, why!);
    // Now the country is known.
    if (offer.knownPolicy && speak.says(view.phoneError) === "phoneHintPlus") clearNotices(kit);
    listCountries();
    tellFacts();
    validate();
  }

  function retry(): void {
    for (const slot of [view.numberNotice, view.codeNotice]) takeBack(kit, slot, /offline/);
    void offer.read();
  }

  function listCountries(): void {
    focus.hold(() => nameCountries(kit, offer, isFixed(), awaited.last?.request.region));
  }

  // -------------------------------------------------------------------------------------------- number

  /** The language of the text. */
  const locale = () => host.locale || speak.tongue;

  function request(): SendRequest {
    const { action } = host;
    const phone = view.phoneInput.value.trim();
    // The country of a stranger's browser says nothing of a number that the page names.
    const region = isInternational(phone) ? undefined : (!isFixed() && view.regionInput.value) || offer.wantedCountry || undefined;
    return { phone, region, locale: locale(), action: action || undefined };
  }

  async function sendAnew(): Promise<void> {
    focus.note();
    if (proof) beginAnew();
    // A refusal is told where the person can ask again.
    else if (shown === "code") backToNumber();
    return works.run("send", view.sendButton, ask);
  }

  async function ask(isAwaited: IsAwaited): Promise<void> {
    clearNotices(kit);
    if (view.phoneInput.value.trim() === "") return showFault(kit, view.phoneInput, "enterPhone");
    const reading = offer.read();
    // A number may need the list of countries. In the end the service decides.
    if (!isInternational(view.phoneInput.value) && !offer.wantedCountry) await within(reading);
    if (!isAwaited()) return;
    const asked = request();
    try {
      const challenge = await vouched(isAwaited, asked, async (attestation) => offer.connect().send({ ...asked, attestation }));
      if (!isAwaited()) return;
      view.codeInput.value = "";
      awaited.begin(challenge);
      lead("code");
      if (isAwaited()) dispatch("phoneproof-sent", { challenge });
    } catch (error) {
      await refuseSend(error, view.numberNotice, isAwaited);
    }
  }

  function vouched<T>(isAwaited: IsAwaited, request: SendRequest, ask: (attestation?: string) => Promise<T>): Promise<T> {
    return askVouched(request, isAwaited, ask, (detail) => dispatch("phoneproof-attestation-needed", detail));
  }

  const refuseSend = (error: unknown, slot: HTMLElement, isAwaited: IsAwaited) => refused(error, isAwaited, (problem) => {
    if (!isFixed() && (problem.kind === "invalid-phone" || problem.document.errors?.some(({ field }) => field === "phone"))) {
      const country = () => view.regionInput.selectedOptions[0]?.textContent || offer.wantedCountry;
      const fault = phoneFault(view.phoneInput.value);
      // Without a country, it is the country code that is missing.
      return showFault(kit, view.phoneInput, fault === "noSuchNational" && !country() ? "phoneHintPlus" : fault, { country });
    }
    const key = wordsFor("send", problem);
    // Where nobody is called, a text need not wait.
    const box = showNotice(kit, slot, key, key === "noCall" ? 0 : problem.retryIn);
    // A refusal of the number itself is corrected in its field.
    const isItself = slot === view.numberNotice && problem.status === 403 && !/^(blocked|setup)/.test(key) && !isFixed();
    if (isItself) view.phoneInput.setAttribute("aria-invalid", "true");
    focus.lead(isItself ? view.phoneInput : box);
  });

  /**
   * Tells of a refusal: the page, and at once after it the person, by `show`. A fault of the set-up is one, whatever it looked like: a browser does not say why nothing
   * answers, but the policy may have told. Nothing is shown if nobody awaits it, or the page began anew when it heard of it.
   */
  async function refused(error: unknown, isAwaited: IsAwaited, show: (problem: Problem) => void): Promise<void> {
    if (!isAwaited()) return;
    const problem = error instanceof Problem ? error : new Problem("internal", 0, {}, undefined, error);
    const isAtFault = (await within(diagnose(offer.client, error, isFixed()))) || (offer.isAtFault && problem.kind === "no-answer");
    if (isAwaited()) dispatch("phoneproof-refused", { problem });
    if (isAwaited()) show(isAtFault ? new Problem("not-phoneproof", 0) : problem);
  }

  function backToNumber(): void {
    works.cancel();
    lead("number");
  }

  // ---------------------------------------------------------------------------------------------- code

  const digits = () => [awaited.last?.codeLength, offer.chosenBusiness?.codeLength, 6].find(isLength)!;

  function tellFacts(): void {
    const { last, isOver } = awaited;
    if (last && shown === "code") showFacts(kit, last, isOver, digits, runOut);
  }

  async function resend(isAwaited: IsAwaited, channel?: string): Promise<void> {
    const challenge = awaited.last;
    if (!challenge || view.resendButton.hasAttribute("aria-disabled")) return;
    clearNotices(kit);
    try {
      await vouched(isAwaited, challenge.request, (attestation) => challenge.resend({ locale: locale(), channel, attestation }));
      if (!isAwaited()) return;
      awaited.begin(challenge);
      clearNotices(kit);
      tellFacts();
      speak.echo(view.leadLine, view.announcerLine);
      focus.lead(view.codeInput);
      awaitSms();
      dispatch("phoneproof-sent", { challenge });
    } catch (error) {
      const ends = error instanceof Problem && error.isFinal && ([400, 409, 410].includes(error.status) || error.kind === "attempts-exhausted");
      if (ends || awaited.isOver) return refused(error, isAwaited, (problem) => showOver(problem, "send"));
      await refuseSend(error, view.codeNotice, isAwaited);
      if (!isAwaited()) return;
      tellFacts();
      awaited.keep();
    }
  }

  async function verify(isAwaited: IsAwaited): Promise<void> {
    const challenge = awaited.current;
    // The notice of a code that is over stays, with its button.
    if (!challenge) return;
    clearNotices(kit);
    try {
      const success = await challenge.verify(view.codeInput.value);
      if (isAwaited()) succeed(success, challenge);
    } catch (error) {
      // It may have run out meanwhile.
      await refused(error, isAwaited, (problem) => refuseCode(awaited.isOver ? new Problem("expired", 410) : problem, challenge));
    }
  }

  function refuseCode(problem: Problem, challenge: Challenge): void {
    const left = problem.attemptsRemaining;
    if (left !== undefined) challenge.attemptsLeft = left;
    tellFacts();
    if (problem.status === 422 && left !== 0) {
      showFault(kit, view.codeInput, left === undefined ? "wrongCode" : left === 1 ? "wrongOne" : "wrongMore", { left: left ?? 0 });
    } else if (problem.kind === "malformed") {
      showFault(kit, view.codeInput, "codeLength", { digits: digits() });
    } else if (left === 0 || (problem.isFinal && problem.status < 500)) {
      showOver(left === 0 ? new Problem("attempts-exhausted", 429) : problem, "verify");
    } else {
      focus.lead(showNotice(kit, view.codeNotice, wordsFor("verify", problem), problem.retryIn));
    }
    awaited.keep();
  }

  /** Ends a code whose time is over, as the service would. A focus outside of the element stays there. */
  function runOut(): void {
    if (shown === "code") return showOver(new Problem("expired", 410), "verify", focus.inside() !== null);
    end();
    focus.hold(() => (view.haveCodeButton.hidden = true));
  }

  /** Says why the code works no longer, and from when on the person can get a new one. */
  function showOver(problem: Problem, step: Step, isFocused = true): void {
    clearNotices(kit);
    end();
    tellFacts();
    const key = wordsFor(step, problem);
    // While a number is locked, a new code would be refused too.
    const isLocked = !isFixed() && (problem.retryIn || key === "locked");
    const action = view.makeNewCode();
    action.disabled = host.matches(":disabled");
    action.addEventListener("click", () => (isFixed() ? void sendAnew() : backToNumber()));
    const box = showNotice(kit, view.codeNotice, key, problem.retryIn || (isLocked ? 0 : awaited.last?.resendIn), isLocked ? undefined : action);
    validate();
    if (isFocused) focus.lead(box);
  }

  /** Fills in the code of the next text, while one can be entered. */
  function awaitSms(): void {
    stopSms();
    if (shown === "code" && awaited.current && host.isConnected) stopSms = listenForSms(fill);
  }

  /** Puts a code into its field. `isAsked`: the page does, for a person who has it at hand. */
  function fill(code: string, isAsked?: boolean): void {
    if (!awaited.current || shown !== "code") return;
    if (isAsked) focus.note();
    clearNotices(kit);
    view.codeInput.value = code;
    focus.lead(view.codeInput);
    announce(kit, "filled");
  }

  // ------------------------------------------------------------------------------------------- success

  function succeed(success: Success, challenge: Challenge): void {
    end();
    drop();
    speak.put(view.doneLine, "done", { phone: () => numberOf(challenge) });
    take(success);
    countdowns.start(view.doneLine, success.expiresIn, () => {}, outlive);
    // Whatever is told, the page may begin anew at once.
    lead("done");
    if (proof === success) changed();
    dispatch("phoneproof-verified", success);
  }

  /** A form that is sent after the token has expired would be refused, so the number is asked for again. */
  function outlive(): void {
    take(undefined);
    showNotice(kit, view.numberNotice, "proofOver");
    show("number");
    changed();
  }

  /** Ends the challenge, so that its code is offered and kept no longer. */
  function end(): void {
    stopSms();
    countdowns.stop(view.expiryLine);
    awaited.close();
  }

  /** Lets go of the challenge, and of what is under way for it. */
  function drop(): void {
    works.cancel();
    awaited.last = undefined;
    view.codeInput.value = "";
  }

  /** Begins anew, with an empty form. */
  function reset(): void {
    end();
    if (!isFixed()) view.phoneInput.value = "";
    view.regionInput.value = "";
    beginAnew();
  }

  /** Asks for a number, as if nothing had been. The focus stays where it is, or in the element. */
  function beginAnew(): void {
    const hadValue = proof;
    const hadFocus = focus.inside();
    drop();
    take(undefined);
    clearNotices(kit);
    show("number");
    if (hadFocus) host.focus();
    if (hadValue) changed();
  }

  // --------------------------------------------------------------------------------------------- shown

  /** Leads the person on to what is to be done next. */
  function lead(what: Shown): void {
    clearNotices(kit);
    show(what, true);
  }

  /** Shows a form, or that the phone is verified; if it `leads`, the focus goes there. */
  function show(what: Shown, leads?: boolean): void {
    shown = what;
    focus.hold(() => {
      view.numberForm.hidden = shown !== "number";
      view.codeForm.hidden = shown !== "code";
      view.doneBox.hidden = shown !== "done";
      view.haveCodeButton.hidden = awaited.current === undefined;
      listCountries();
      tellFacts();
    });
    // A person who went elsewhere on the page hears of it.
    if (leads && !focus.lead(next())) speak.echo(shown === "code" ? view.leadLine : view.doneLine, view.announcerLine);
    validate();
    awaitSms();
    dispatch("phoneproof-shown", { shown: what });
  }

  function validate(): void {
    const { required } = host;
    reflect(view.phoneInput, "aria-required", required && "true");
    if (required && !proof) internals.setValidity({ valueMissing: true }, speak.textOf("required"), next());
    else internals.setValidity({});
  }

  function take(success: Success | undefined): void {
    if (success === proof) return;
    proof = success;
    countdowns.stop(view.doneLine);
    // No state: the browser would write the token to its history.
    internals.setFormValue(success?.token ?? null, null);
    validate();
  }
  function changed(): void {
    host.dispatchEvent(new Event("change", { bubbles: true }));
  }
  function dispatch<T extends keyof PhoneProofEvents>(type: T, detail: PhoneProofEvents[T]): void {
    host.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }

  /** Takes the place of what the attributes name, and takes up what is kept there. */
  function settle(): void {
    if (!host.isConnected) return;
    awaited.take([host.issuer, host.business, host.action, host.name, host.phone]);
    if (shown !== "done" && !awaited.last) {
      const typed = awaited.takeUp(() => offer.connect());
      if (typed) view.phoneInput.value = typed;
      show(typed ? "code" : "number");
    }
    offer.wake();
  }
  function leave(): void {
    awaited.leave();
    countdowns.sleep();
    offer.sleep();
    stopSms();
  }

  return {
    offer, works, listCountries, retry, sendAnew, awaitSms, fill, reset, beginAnew, validate, settle, leave, next,
    get proof() {
      return proof;
    },
    get step() {
      return shown;
    },
    /** The challenge whose code is awaited. */
    get awaited() {
      return awaited.current;
    },
    /** Whether anything is, or may come, of what was asked for. */
    get isBegun() {
      return !!(awaited.last || proof || works.areRunning);
    },
  };
}
