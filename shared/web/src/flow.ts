// From a number to a success: what is asked for, what came of it, and what is shown next.

import { askVouched } from "./attestation.js";
import { reflect } from "./attributes.js";
import { type Challenge, Problem, type SendRequest, type Success } from "./client.js";
import { nameCountries } from "./countries.js";
import { diagnose } from "./diagnose.js";
import type { PhoneProofEvents, Shown } from "./events.js";
import { numberOf, showFacts, waitToResend } from "./facts.js";
import type { Kit } from "./kit.js";
import { announce, clearNotices, showFault, showNotice, takeBack } from "./notices.js";
import { COUNTRIES_WITHIN, Offer } from "./offer.js";
import { Place } from "./places.js";
import { type Step, phoneFault, wordsFor } from "./refusals.js";
import { listenForSms } from "./sms.js";
import { isInternational } from "./text.js";
import type { Key } from "./words.js";
import { type IsAwaited, Works } from "./work.js";

export class Flow {
  readonly offer: Offer;
  readonly works: Works;
  success: Success | undefined;
  shown: Shown = "number";
  readonly #kit: Kit;
  readonly #awaited = new Place();
  #stopSms = () => {};

  constructor(kit: Kit) {
    this.#kit = kit;
    this.works = new Works(kit);
    this.offer = new Offer(kit.host, (why) => this.#heard(why));
    const { view } = kit;
    this.works.on(view.number, "submit", "send", view.send, this.#send);
    this.works.on(view.codeForm, "submit", "verify", view.verify, this.#verify);
    this.works.on(view.resend, "click", "resend", view.resend, (isAwaited) => this.#resend(isAwaited));
    this.works.on(view.callMe, "click", "resend", view.callMe, (isAwaited) => this.#resend(isAwaited, "voice"));
    view.change.addEventListener("click", () => this.#backToNumber());
    view.changeDone.addEventListener("click", () => this.reset());
    view.haveCode.addEventListener("click", () => {
      // The code that is typed now is not that of a text under way.
      this.works.cancel();
      this.#kit.focus.note();
      this.#showCode();
    });
  }

  /** The challenge whose code is awaited. */
  get challenge(): Challenge | undefined {
    return this.#awaited.challenge;
  }
  /** Whether the page names the number. */
  get #isFixed(): boolean {
    return this.#kit.host.phone.trim() !== "";
  }
  /** Whether anything is, or may come, of what was asked for. */
  get isBegun(): boolean {
    return !!(this.#awaited.last || this.success || this.works.areRunning);
  }

  /** What is to be filled in next. */
  get next(): HTMLElement {
    const { view } = this.#kit;
    const number = this.offer.isClosed ? (view.numberNotice.firstElementChild as HTMLElement) ?? view.phone : this.#isFixed ? view.send : view.phone;
    return { number, code: view.code, done: view.done }[this.shown];
  }

  // -------------------------------------------------------------------------------------------- policy

  #heard(why: Key | undefined): void {
    const { view } = this.#kit;
    takeBack(this.#kit, view.numberNotice, this.offer.policy ? /^(setup|offline|noAnswer)$/ : /^setup$/);
    // A connection that is lost is told once, and in the place of nothing else.
    if (why === "setup" || (/^(offline|noAnswer)$/.test(`${why}`) && !view.numberNotice.firstChild)) showNotice(this.#kit, view.numberNotice, why!);
    // Now the country is known.
    if (this.offer.policy && this.#kit.speak.says(view.phoneError) === "phoneHintPlus") clearNotices(this.#kit);
    this.nameCountries();
    this.#showFacts();
  }

  readonly retry = () => {
    for (const slot of [this.#kit.view.numberNotice, this.#kit.view.codeNotice]) takeBack(this.#kit, slot, /^offline$/);
    void this.offer.read();
  };

  nameCountries(): void {
    this.#kit.focus.hold(() => nameCountries(this.#kit, this.offer, this.#isFixed, this.#awaited.last?.request.region));
  }

  // -------------------------------------------------------------------------------------------- number

  #request(): SendRequest {
    const { locale, action } = this.#kit.host;
    const phone = this.#kit.view.phone.value.trim();
    const region = isInternational(phone) ? undefined : this.#kit.view.region.value || this.offer.country || undefined;
    return { phone, region, locale: locale || this.#kit.speak.language, action: action || undefined };
  }

  /** Waits for the list of countries where a number needs its country, but not for long: the service decides. */
  async #awaitCountries(): Promise<void> {
    const reading = this.offer.read();
    if (isInternational(this.#kit.view.phone.value) || this.offer.country) return;
    await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, COUNTRIES_WITHIN))]);
  }

  async send(): Promise<void> {
    this.#kit.focus.note();
    if (this.success) this.beginAnew();
    // A refusal is told where the person can ask again.
    else if (this.shown === "code") this.#backToNumber();
    return this.works.run("send", this.#kit.view.send, this.#send);
  }

  readonly #send = async (isAwaited: IsAwaited): Promise<void> => {
    clearNotices(this.#kit);
    const { view } = this.#kit;
    if (view.phone.value.trim() === "") return showFault(this.#kit, view.phone, "enterPhone");
    await this.#awaitCountries();
    if (!isAwaited()) return;
    const request = this.#request();
    let challenge;
    try {
      challenge = await this.#askVouched(isAwaited, request, async (attestation) => this.offer.connect().send({ ...request, attestation }));
      if (!isAwaited()) return;
    } catch (error) {
      return this.#refuseSend(error, view.numberNotice, isAwaited);
    }
    view.code.value = "";
    this.#awaited.begin(challenge);
    this.#showCode();
    if (isAwaited()) this.#dispatch("phoneproof-sent", { challenge });
  };

  #askVouched<T>(isAwaited: IsAwaited, request: SendRequest, ask: (attestation?: string) => Promise<T>): Promise<T> {
    return askVouched(request, isAwaited, ask, (detail) => this.#dispatch("phoneproof-attestation-needed", detail));
  }

  #refuseSend(error: unknown, slot: HTMLElement, isAwaited: IsAwaited): void {
    const problem = this.#refused(error, isAwaited);
    if (!problem) return;
    const { view } = this.#kit;
    const isNumber = problem.kind === "invalid-phone";
    if (!this.#isFixed && (isNumber || problem.document.errors?.some(({ field }) => field === "phone"))) {
      const country = () => view.region.selectedOptions[0]?.textContent || this.offer.country;
      const fault = phoneFault(view.phone.value);
      // Without a country, it is the country code that is missing.
      return showFault(this.#kit, view.phone, fault === "noSuchNational" && !country() ? "phoneHintPlus" : fault, { country });
    }
    const key = isNumber ? "setup" : wordsFor("send", problem);
    const box = showNotice(this.#kit, slot, key, problem.retryIn);
    // A refusal of the number itself is corrected in its field.
    const isItself = slot === view.numberNotice && problem.status === 403 && !key.startsWith("blocked") && !this.#isFixed;
    if (isItself) view.phone.setAttribute("aria-invalid", "true");
    this.#kit.focus.lead(isItself ? view.phone : box);
  }

  /** Tells of a refusal. `undefined` if nobody awaits it, or the page began anew when it heard of it. */
  #refused(error: unknown, isAwaited: IsAwaited): Problem | undefined {
    if (!isAwaited()) return undefined;
    const problem = error instanceof Problem ? error : new Problem("internal", 0, {}, undefined, error);
    void diagnose(this.offer.client, error, this.#isFixed);
    this.#dispatch("phoneproof-refused", { problem });
    return isAwaited() ? problem : undefined;
  }

  #backToNumber(): void {
    this.works.cancel();
    clearNotices(this.#kit);
    this.#show("number", true);
  }

  // ---------------------------------------------------------------------------------------------- code

  #showCode(): void {
    clearNotices(this.#kit);
    this.#show("code", true);
  }

  #digits = () => this.#awaited.last?.codeLength ?? this.offer.business?.codeLength ?? 6;

  #showFacts(): void {
    const { last, isOver } = this.#awaited;
    if (last && this.shown === "code") showFacts(this.#kit, last, isOver, this.offer.business, this.#digits, this.#runOut);
  }

  async #resend(isAwaited: IsAwaited, channel?: string): Promise<void> {
    const challenge = this.#awaited.last;
    const { view } = this.#kit;
    if (!challenge || view.resend.getAttribute("aria-disabled") === "true") return;
    clearNotices(this.#kit);
    try {
      const locale = this.#kit.host.locale || this.#kit.speak.language;
      await this.#askVouched(isAwaited, challenge.request, (attestation) => challenge.resend({ locale, channel, attestation }));
      if (!isAwaited()) return;
      this.#awaited.begin(challenge);
      clearNotices(this.#kit);
      announce(this.#kit, "sentAgain");
      this.#showFacts();
      this.#kit.focus.lead(view.code);
      this.listenForSms();
      this.#dispatch("phoneproof-sent", { challenge });
    } catch (error) {
      const ends = error instanceof Problem && error.isFinal && ([400, 409, 410].includes(error.status) || error.kind === "attempts-exhausted");
      if (ends || this.#awaited.isOver) {
        const problem = this.#refused(error, isAwaited);
        return problem && this.#showOver(problem, "send");
      }
      this.#refuseSend(error, view.codeNotice, isAwaited);
      if (isAwaited()) waitToResend(this.#kit, challenge.resendIn);
    }
  }

  readonly #verify = async (isAwaited: IsAwaited): Promise<void> => {
    const { challenge } = this;
    // The notice of a code that is over stays, with its button.
    if (!challenge) return;
    clearNotices(this.#kit);
    try {
      const success = await challenge.verify(this.#kit.view.code.value);
      if (isAwaited()) this.#succeed(success, challenge);
    } catch (error) {
      const problem = this.#refused(error, isAwaited);
      // It may have run out meanwhile.
      if (problem) this.#refuseCode(this.#awaited.isOver ? new Problem("expired", 410) : problem, challenge);
    }
  };

  #refuseCode(problem: Problem, challenge: Challenge): void {
    const { view } = this.#kit;
    const left = problem.attemptsRemaining;
    if (left !== undefined) challenge.attemptsLeft = left;
    this.#showFacts();
    if (problem.status === 422 && left !== 0) {
      showFault(this.#kit, view.code, left === undefined ? "wrongCode" : left === 1 ? "wrongOne" : "wrongMore", { left: left ?? 0 });
    } else if (problem.kind === "malformed") {
      showFault(this.#kit, view.code, "codeLength", { digits: this.#digits() });
    } else if (left === 0 || (problem.isFinal && problem.status < 500)) {
      this.#showOver(left === 0 ? new Problem("attempts-exhausted", 429) : problem, "verify");
    } else {
      this.#kit.focus.lead(showNotice(this.#kit, view.codeNotice, wordsFor("verify", problem), problem.retryIn));
    }
    this.#awaited.keep();
  }

  /** Ends a code whose time is over, as the service would. A focus outside of the element stays there. */
  readonly #runOut = (): void => {
    const { focus, view } = this.#kit;
    if (this.shown === "code") return this.#showOver(new Problem("expired", 410), "verify", focus.inside !== null);
    this.#end();
    focus.hold(() => (view.haveCode.hidden = true));
  };

  /** Says why the code works no longer, and from when on the person can get a new one. */
  #showOver(problem: Problem, step: Step, isFocused = true): void {
    clearNotices(this.#kit);
    this.#end();
    this.#showFacts();
    const key = wordsFor(step, problem);
    // While a number is locked, a new code would be refused too.
    const isLocked = !this.#isFixed && (problem.retryIn || key === "locked");
    const action = this.#kit.view.makeNewCode();
    action.disabled = this.#kit.host.matches(":disabled");
    action.addEventListener("click", () => (this.#isFixed ? void this.send() : this.#backToNumber()));
    const box = showNotice(this.#kit, this.#kit.view.codeNotice, key, problem.retryIn || (isLocked ? 0 : this.#awaited.last?.resendIn), isLocked ? undefined : action);
    if (isFocused) this.#kit.focus.lead(box);
  }

  /** Fills in the code of the next text, while one can be entered. */
  listenForSms(): void {
    this.#stopSms();
    if (this.shown === "code" && this.challenge && this.#kit.host.isConnected) this.#stopSms = listenForSms((code) => this.fill(code));
  }

  /** Puts a code into its field. `isAsked`: the page does, for a person who has it at hand. */
  fill(code: string, isAsked?: boolean): void {
    if (!this.challenge || this.shown !== "code") return;
    if (isAsked) this.#kit.focus.note();
    clearNotices(this.#kit);
    this.#kit.view.code.value = code;
    this.#kit.focus.lead(this.#kit.view.code);
    announce(this.#kit, "filled");
  }

  // ------------------------------------------------------------------------------------------- success

  #succeed(success: Success, challenge: Challenge): void {
    this.works.cancel();
    this.#end();
    this.#awaited.last = undefined;
    this.#kit.view.code.value = "";
    this.#kit.speak.put(this.#kit.view.done, "done", { phone: () => numberOf(challenge) });
    this.#take(success);
    this.#kit.countdowns.start(this.#kit.view.done, success.expiresIn, () => {}, () => this.#outlive());
    // Whatever is told, the page may begin anew at once.
    this.#show("done", true);
    if (this.success === success) this.#changed();
    this.#dispatch("phoneproof-verified", success);
  }

  /** A form that is sent after the token has expired would be refused, so the number is asked for again. */
  #outlive(): void {
    this.#take(undefined);
    showNotice(this.#kit, this.#kit.view.numberNotice, "proofOver");
    this.#show("number");
    this.#changed();
  }

  /** Ends the challenge, so that its code is offered and kept no longer. */
  #end(): void {
    this.#stopSms();
    this.#kit.countdowns.stop(this.#kit.view.expiry);
    this.#awaited.end();
  }

  /** Begins anew, with an empty form. */
  reset(): void {
    this.#end();
    if (!this.#isFixed) this.#kit.view.phone.value = "";
    this.#kit.view.region.value = "";
    this.beginAnew();
  }

  /** Asks for a number, as if nothing had been. The focus stays where it is, or in the element. */
  beginAnew(): void {
    const hadValue = this.success;
    const hadFocus = this.#kit.focus.inside;
    this.works.cancel();
    this.#awaited.last = undefined;
    this.#kit.view.code.value = "";
    this.#take(undefined);
    clearNotices(this.#kit);
    this.#show("number");
    if (hadFocus) this.#kit.host.focus();
    if (hadValue) this.#changed();
  }

  // --------------------------------------------------------------------------------------------- shown

  /** Shows a form, or that the phone is verified; if it `leads`, the focus goes there. */
  #show(shown: Shown, leads?: boolean): void {
    const { view } = this.#kit;
    this.shown = shown;
    this.#kit.focus.hold(() => {
      view.number.hidden = shown !== "number";
      view.codeForm.hidden = shown !== "code";
      view.doneBox.hidden = shown !== "done";
      view.haveCode.hidden = this.challenge === undefined;
      this.nameCountries();
      this.#showFacts();
    });
    // A person who went elsewhere on the page hears of it.
    if (leads && !this.#kit.focus.lead(this.next)) this.#kit.speak.repeat(shown === "code" ? view.lead : view.done, view.announcer);
    this.validate();
    this.listenForSms();
    this.#dispatch("phoneproof-shown", { shown });
  }

  validate(): void {
    const { view, host, internals, speak } = this.#kit;
    const { required } = host;
    reflect(view.phone, "aria-required", required && "true");
    if (required && !this.success) internals.setValidity({ valueMissing: true }, speak.words("required"), this.shown === "code" ? view.code : view.phone);
    else internals.setValidity({});
  }

  #take(success: Success | undefined): void {
    if (success === this.success) return;
    this.success = success;
    this.#kit.countdowns.stop(this.#kit.view.done);
    // No state: the browser would write the token to its history.
    this.#kit.internals.setFormValue(success?.token ?? null, null);
    this.validate();
  }
  #changed(): void {
    this.#kit.host.dispatchEvent(new Event("change", { bubbles: true }));
  }
  #dispatch<T extends keyof PhoneProofEvents>(type: T, detail: PhoneProofEvents[T]): void {
    this.#kit.host.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }

  /** Takes the place of what the attributes name, and takes up what is kept there. */
  settle(): void {
    const { host } = this.#kit;
    this.#awaited.take([host.issuer, host.business, host.action, host.name, host.phone]);
    if (this.shown !== "done" && !this.#awaited.last) {
      const typed = this.#awaited.restore(() => this.offer.connect());
      if (typed) this.#kit.view.phone.value = typed;
      this.#show(typed ? "code" : "number");
    }
    void this.offer.read();
  }
  leave(): void {
    this.#awaited.leave();
    this.#kit.countdowns.sleep();
    this.offer.sleep();
    this.#stopSms();
  }
}
