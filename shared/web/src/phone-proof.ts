/**
 * `<phone-proof>`: asks a person for a number and the code that was texted to it. Its value in a form is the success token.
 *
 * @module
 */

// The words first: where they stand in the bundle, gzip finds most of what is alike.
import { type Step, phoneFault, wordsFor } from "./refusals.js";
import { askVouched } from "./attestation.js";
import { ABOUT, type Reflected, defineReflected, reflect, takeEarlier } from "./attributes.js";
import { Challenge, type Fetch, PhoneProof, type Policy, type PolicyBusiness, Problem, type SendRequest, type Success } from "./client.js";
import { diagnose, isListed } from "./diagnose.js";
import { Countdowns, Speaker, type Values, formatLeft, make, spoken } from "./dom.js";
import type { PhoneProofEvents, Shown } from "./events.js";
import { findLanguage, watchLanguage } from "./language.js";
import { Place } from "./places.js";
import { listenForSms } from "./sms.js";
import { STYLE } from "./style.js";
import { isInternational } from "./text.js";
import { type View, makeView } from "./view.js";
import { type Key, LANGUAGES, type Words, readTag } from "./words.js";

export * from "./client.js";
export type { AttestationNeeded, PhoneProofEventMap, PhoneProofEvents, Shown } from "./events.js";
export { phoneFault, wordsFor } from "./refusals.js";
export type { Refusal, Step } from "./refusals.js";
export { isInternational, plain, readDigits } from "./text.js";
export { formatLeft } from "./dom.js";
export { LANGUAGES, servedTag } from "./words.js";
export type { Key, Words } from "./words.js";

type Props = Reflected & Pick<PhoneProofElement, "value" | "words" | "fetch">;
/** What a page may set on the element, as JSX takes it. */
export type PhoneProofProps = { [Name in keyof Props]?: Props[Name] | undefined } & {
  form?: string | undefined;
  onchange?: ((event: Event) => void) | undefined;
} & { [Name in keyof PhoneProofEvents as `on${Name}`]?: ((event: CustomEvent<PhoneProofEvents[Name]>) => void) | undefined };

/** After how many milliseconds of an unanswered call the person is told that it is under way. */
const UNDER_WAY = 1000;
/** How long a send waits for the policy, which names the countries, in milliseconds; and when one that was lost is asked for again. */
const COUNTRIES_WITHIN = 3000;
/** The elements on the page. */
const SHOWN = new Set<PhoneProofElement>();

/** What runs at once: a code may be checked while another text is under way. */
type Work = "send" | "verify" | "resend";
/** Whether the answer of a work is still awaited. It is not after a reset. */
type IsAwaited = () => boolean;

// A server that renders the page imports this module, too, and has no elements.
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

/** The number of a challenge as typed, left to right in any text. */
const numberOf = ({ request }: Challenge) => make("bdi", { dir: "ltr" }, request.phone);

/** What a form asks of any field. */
const OF_FIELDS = ["validity", "validationMessage", "willValidate", "labels"] as const;

export interface PhoneProofElement extends Reflected, Pick<ElementInternals, (typeof OF_FIELDS)[number]> {}
export class PhoneProofElement extends Base {
  static readonly formAssociated = true;
  static readonly observedAttributes = [...ABOUT, "country", "lang", "required"];
  static {
    for (const name of OF_FIELDS) {
      const get = function (this: PhoneProofElement) {
        return this.#internals[name];
      };
      Object.defineProperty(this.prototype, name, { get, set() {}, configurable: true, enumerable: true });
    }
  }

  readonly #internals = this.attachInternals();
  readonly #speak = new Speaker();
  readonly #view: View = makeView(this.#speak);
  readonly #countdowns = new Countdowns();
  readonly #languageWatch = new MutationObserver(() => findLanguage(this) !== this.#speak.language && this.#followLanguage());
  readonly #place = new Place();
  #client: PhoneProof | undefined;
  #fetch: Fetch | undefined;
  #policy: Policy | undefined;
  #reading: Promise<void> | undefined;
  /** The last notices, by what they say. */
  readonly #told: { [K in Key]?: HTMLElement } = {};
  #challenge: Challenge | undefined;
  #success: Success | undefined;
  #shown: Shown = "number";
  /** Whether the code of the challenge can be entered no longer. */
  #over = false;
  /** What runs, with the button that began it. Each reset puts a new map in its place. */
  #busy = new Map<Work, HTMLElement>();
  #stopSms = () => {};

  constructor() {
    super();
    // Styles that a script makes are not inline, so a strict Content-Security-Policy admits them.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    const { number, codeForm, doneBox, announcer, send, verify, resend, callMe } = this.#view;
    root.append(number, codeForm, doneBox, announcer);
    this.#on(number, "submit", "send", send, this.#send);
    this.#on(codeForm, "submit", "verify", verify, this.#verify);
    this.#on(resend, "click", "resend", resend, this.#resend);
    this.#on(callMe, "click", "resend", callMe, (isAwaited) => this.#resend(isAwaited, "voice"));
    this.#view.change.addEventListener("click", () => this.#backToNumber());
    this.#view.changeDone.addEventListener("click", () => this.reset());
    this.#view.haveCode.addEventListener("click", () => {
      // The code that is typed now is not that of a text under way.
      this.#cancel();
      this.#showCode();
    });
    this.#internals.role = "group";
    // A label of the element clicks it, too. A tap inside comes from what was tapped.
    this.addEventListener("click", (event) => event.composedPath()[0] === this && this.focus());
    // Firefox shows what a form lacks only at what can have the focus, and gives the focus to it.
    this.addEventListener("invalid", () => {
      if (this.hasAttribute("tabindex")) return;
      this.tabIndex = -1;
      setTimeout(() => this.removeAttribute("tabindex"));
    });
    this.addEventListener("focus", () => this.shadowRoot!.activeElement || this.focus());
  }

  // ------------------------------------------------------------------------------------- for the page
  // Frameworks set a property where there is one, so each can be set. What only the element knows stays as it is.

  /**
   * The success token, or an empty text. A form sends it under the name of the element. An empty text begins anew; nothing
   * else can be set.
   */
  get value(): string {
    return this.#success?.token ?? "";
  }
  set value(value: string | null | undefined) {
    if (!value && this.#success) this.reset();
  }
  get form(): HTMLFormElement | null {
    return this.#internals.form;
  }
  /** The id of the form, as the attribute has it. */
  set form(id: string | null | undefined) {
    reflect(this, "form", id);
  }
  get type(): string {
    return "phone-proof";
  }
  set type(_: unknown) {}
  checkValidity(): boolean {
    return this.#internals.checkValidity();
  }
  reportValidity(): boolean {
    return this.#internals.reportValidity();
  }

  /** Focuses what is to be filled in next. */
  override focus(options?: FocusOptions): void {
    const { phone, send, code, done } = this.#view;
    ({ number: this.#isFixed ? send : phone, code, done })[this.#shown].focus(options);
  }

  get shown(): Shown {
    return this.#shown;
  }
  set shown(_: unknown) {}
  /** The challenge whose code is awaited. */
  get challenge(): Challenge | undefined {
    return this.#over ? undefined : this.#challenge;
  }
  set challenge(_: unknown) {}
  /** Replaces `fetch`, for instance to watch the calls. The next call takes it. */
  set fetch(fetch: Fetch | undefined) {
    this.#fetch = fetch;
  }
  /** Words of the page's own, in place of the built-in ones. */
  set words(words: Partial<Words> | undefined) {
    this.#speak.own = words ?? {};
    this.#followLanguage();
  }
  /** Adds a language, or changes words of one. What is left out is in English. */
  static addWords(language: string, words: Partial<Words>): void {
    const tag = (readTag(language) || language).toLowerCase();
    LANGUAGES[tag] = { ...LANGUAGES[tag], ...words };
    for (const element of SHOWN) element.#followLanguage();
  }

  /** Texts a code to the number of the form, or of the attribute `phone`. A disabled element does not. */
  async send(): Promise<void> {
    if (this.#isDisabled) return;
    if (this.#success) this.#beginAnew();
    // A refusal is told where the person can ask again.
    else if (this.#shown === "code") this.#backToNumber();
    return this.#whileBusy("send", this.#view.send, this.#send);
  }
  /** Puts a code into its field, while one is awaited. The person decides when to submit it. */
  fillCode(code: string): void {
    if (!this.challenge || this.#shown !== "code") return;
    this.#clear();
    this.#view.code.value = code;
    this.#view.code.focus();
    this.#announce("filled");
  }
  /** Begins anew, with an empty form. What is under way changes nothing any more. */
  reset(): void {
    this.#end();
    if (!this.#isFixed) this.#view.phone.value = "";
    this.#view.region.value = "";
    this.#beginAnew();
  }

  // ---------------------------------------------------------------------------------- for the browser

  connectedCallback(): void {
    takeEarlier(this, ["value", "form", "words", "fetch"]);
    SHOWN.add(this);
    this.#followLanguage();
    watchLanguage(this, this.#languageWatch);
    this.#countdowns.wake();
    addEventListener("online", this.#retry);
    this.#settle();
    this.#listenForSms();
  }
  disconnectedCallback(): void {
    SHOWN.delete(this);
    this.#languageWatch.disconnect();
    this.#place.leave();
    this.#countdowns.sleep();
    this.#stopSms();
    removeEventListener("online", this.#retry);
  }
  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === "issuer" || name === "business") {
      this.#client = this.#policy = this.#reading = undefined;
    }
    if (name === "phone") this.#view.phone.value = after ?? "";
    if (name === "country") this.#view.region.value = "";
    const isOther = ABOUT.includes(name);
    if (isOther && (this.#challenge || this.#success || this.#busy.size)) this.#beginAnew();
    // Those that the page wrote come one by one; they are settled together.
    if (!SHOWN.has(this)) return;
    if (isOther) this.#settle();
    this.#followLanguage();
  }
  formResetCallback(): void {
    this.reset();
  }
  formDisabledCallback(disabled: boolean): void {
    for (const control of this.shadowRoot!.querySelectorAll<HTMLInputElement>("input,select,button")) control.disabled = disabled;
  }
  readonly #retry = () => {
    this.#told.offline?.remove();
    void this.#readPolicy();
  };

  // ------------------------------------------------------------------------------------------ language

  #followLanguage(): void {
    this.#speak.language = findLanguage(this);
    this.#nameCountries();
    this.#speak.retell(this.shadowRoot!);
    this.#countdowns.tick();
    if (this.isConnected) this.#validate();
  }

  #announce(key: Key): void {
    this.#speak.put(this.#view.announcer, key);
  }

  // -------------------------------------------------------------------------------------------- policy

  #connect(): PhoneProof {
    const [issuer, business] = [this.issuer, this.business.trim()];
    try {
      return (this.#client ??= new PhoneProof({ issuer, business, fetch: (...request) => (this.#fetch ?? fetch)(...request) }));
    } catch (error) {
      throw new Problem("not-phoneproof", 0, { detail: (error as Error).message }, undefined, error);
    }
  }

  /** Whether the page names the number. */
  get #isFixed(): boolean {
    return this.phone.trim() !== "";
  }

  get #isDisabled(): boolean {
    return this.matches(":disabled");
  }

  /** The country that the page names. */
  get #country(): string {
    return this.country.trim().toUpperCase();
  }

  get #business(): PolicyBusiness | undefined {
    return this.#policy?.businesses.find(({ id }) => id === this.#client?.business);
  }

  #readPolicy(): Promise<void> {
    if (this.#policy) return Promise.resolve();
    const reading = (this.#reading ??= this.#askPolicy().finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    }));
    return reading;
  }

  async #askPolicy(isRepeat?: boolean): Promise<void> {
    let client: PhoneProof | undefined;
    let isAtFault: boolean;
    try {
      client = this.#connect();
      const policy = await client.policy();
      if (client !== this.#client) return;
      this.#policy = policy;
      isAtFault = !isListed(client, policy, this.#country);
    } catch (error) {
      if (client !== this.#client) return;
      isAtFault = await diagnose(client, error);
      if (!isAtFault && !isRepeat) {
        await new Promise((resolve) => setTimeout(resolve, COUNTRIES_WITHIN));
        if (client === this.#client) return this.#askPolicy(true);
      }
      if (client !== this.#client) return;
    }
    this.#told.setup?.remove();
    if (isAtFault) this.#notice(this.#view.numberNotice, "setup");
    // Now the country is known.
    if (this.#policy && this.#speak.says(this.#view.phoneError) === "phoneHintPlus") this.#clear();
    this.#nameCountries();
    this.#showFacts();
  }

  /** Waits for the list of countries where a number needs its country, but not for long: the service decides. */
  async #awaitCountries(): Promise<void> {
    const reading = this.#readPolicy();
    if (isInternational(this.#view.phone.value) || this.#country) return;
    await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, COUNTRIES_WITHIN))]);
  }

  /** Lists the countries in the language of the moment, and keeps what was chosen. */
  #nameCountries(): void {
    const { region, regionField, phoneRow, phoneHint, change, changeDone } = this.#view;
    const countries = this.#policy?.countries ?? [];
    const chosen = region.value || this.#guessCountry(countries);
    const tag = this.#speak.mark(region, "country");
    const names = new Intl.DisplayNames(tag, { type: "region" });
    const nameOf = (code: string) => (/^[A-Z]{2}$/.test(code) && names.of(code)) || `${code}`;
    const named = countries.map((code): [string, string] => [code, nameOf(code)]);
    named.sort((a, b) => a[1].localeCompare(b[1], tag));
    region.replaceChildren(...named.map(([value, name]) => make("option", { value }, name)));
    region.value = chosen ?? "";
    regionField.hidden = countries.length < 2;
    phoneRow.hidden = phoneHint.hidden = change.hidden = changeDone.hidden = this.#isFixed;
    this.#speak.put(phoneHint, countries.length > 0 ? "phoneHint" : "phoneHintPlus");
  }

  #guessCountry(countries: string[]): string | undefined {
    const regions = spoken().map((language) => new Intl.Locale(language).region ?? "");
    return [this.#challenge?.request.region ?? "", this.#country, ...regions, "US"].find((code) => countries.includes(code)) ?? countries[0];
  }

  // -------------------------------------------------------------------------------------------- number

  #request(): SendRequest {
    const phone = this.#view.phone.value.trim();
    const region = isInternational(phone) ? undefined : this.#view.region.value || this.#country || undefined;
    const locale = this.locale || this.#speak.language;
    return { phone, region, locale, action: this.action || undefined };
  }

  async #send(isAwaited: IsAwaited): Promise<void> {
    this.#clear();
    const { phone, numberNotice, code } = this.#view;
    if (phone.value.trim() === "") return this.#fault(phone, "enterPhone");
    await this.#awaitCountries();
    if (!isAwaited()) return;
    const request = this.#request();
    try {
      const challenge = await this.#askVouched(isAwaited, request, async (attestation) => this.#connect().send({ ...request, attestation }));
      if (!isAwaited()) return;
      this.#challenge = challenge;
    } catch (error) {
      return this.#refuseSend(error, numberNotice, isAwaited);
    }
    code.value = "";
    this.#over = false;
    this.#keep();
    this.#showCode();
    if (isAwaited()) this.#dispatch("phoneproof-sent", { challenge: this.#challenge });
  }

  #askVouched<T>(isAwaited: IsAwaited, request: SendRequest, ask: (attestation?: string) => Promise<T>): Promise<T> {
    return askVouched(request, isAwaited, ask, (detail) => this.#dispatch("phoneproof-attestation-needed", detail));
  }

  #refuseSend(error: unknown, slot: HTMLElement, isAwaited: IsAwaited): void {
    const problem = this.#refused(error, isAwaited);
    if (!problem) return;
    const { phone } = this.#view;
    const isNumber = problem.kind === "invalid-phone";
    if (!this.#isFixed && (isNumber || problem.document.errors?.some(({ field }) => field === "phone"))) {
      const country = () => this.#view.region.selectedOptions[0]?.textContent || this.#country;
      const fault = phoneFault(phone.value);
      // Without a country, it is the country code that is missing.
      return this.#fault(phone, fault === "noSuchNational" && !country() ? "phoneHintPlus" : fault, { country });
    }
    const key = isNumber ? "setup" : wordsFor("send", problem);
    const box = this.#notice(slot, key, { retryIn: problem.retryIn });
    // A refusal of the number itself is corrected in its field.
    if (slot === this.#view.numberNotice && problem.status === 403 && !key.startsWith("blocked") && !this.#isFixed) {
      phone.setAttribute("aria-invalid", "true");
      phone.focus();
    } else {
      box.focus();
    }
  }

  /** Tells of a refusal. `undefined` if nobody awaits it, or the page began anew when it heard of it. */
  #refused(error: unknown, isAwaited: IsAwaited): Problem | undefined {
    if (!isAwaited()) return undefined;
    const problem = error instanceof Problem ? error : new Problem("internal", 0, {}, undefined, error);
    void diagnose(this.#client, error, this.#isFixed);
    this.#dispatch("phoneproof-refused", { problem });
    return isAwaited() ? problem : undefined;
  }

  #backToNumber(): void {
    this.#cancel();
    this.#clear();
    this.#show("number");
    this.focus();
  }

  // ---------------------------------------------------------------------------------------------- code

  #showCode(): void {
    this.#clear();
    this.#show("code");
    this.focus();
  }

  #sayWhere(challenge: Challenge): void {
    const digits = () => make("strong", { dir: "auto" }, String(this.#digits(challenge)));
    const values: Values = { digits, phone: () => make("strong", {}, numberOf(challenge)) };
    this.#speak.put(this.#view.lead, challenge.unconfirmed ? "tried" : "texted", values);
    if (challenge.unconfirmed && !this.#over) this.#notice(this.#view.unconfirmed, "unconfirmed");
    else this.#view.unconfirmed.replaceChildren();
  }

  /** Shows what is known of the challenge: guesses, time, and when another text may be asked for. */
  #showFacts(): void {
    const challenge = this.#challenge;
    if (!challenge || this.#shown !== "code") return;
    const { tries, expiry, verify, resend, callMe } = this.#view;
    this.#sayWhere(challenge);
    const left = challenge.attemptsLeft;
    if (left === undefined) this.#speak.clear(tries);
    else this.#speak.put(tries, left === 1 ? "tryLeft" : "triesLeft", { left });
    verify.hidden = resend.hidden = this.#over;
    callMe.hidden = this.#over || !/\bvoice\b/.test(`${this.#business?.channels}`);
    this.#countdowns.stop(expiry);
    if (challenge.expiresIn === undefined || this.#over) this.#speak.clear(expiry);
    else this.#countdowns.start(expiry, challenge.expiresIn, (seconds) => this.#speak.put(expiry, "worksFor", { time: formatLeft(seconds) }), () => this.#runOut());
    this.#waitToResend(challenge.resendIn);
  }

  #waitToResend(seconds: number): void {
    const { resend, callMe } = this.#view;
    const show = (left: number) => {
      for (const button of [resend, callMe]) reflect(button, "aria-disabled", left > 0 && "true");
      this.#speak.put(resend, left > 0 ? "againIn" : "again", { time: formatLeft(left) });
    };
    this.#countdowns.stop(resend);
    if (seconds <= 0) return show(0);
    this.#countdowns.start(resend, seconds, show, () => {
      show(0);
      if (this.#shown === "code" && !this.#over) this.#announce("newNow");
    });
  }

  async #resend(isAwaited: IsAwaited, channel?: string): Promise<void> {
    const challenge = this.#challenge;
    if (!challenge || this.#view.resend.getAttribute("aria-disabled") === "true") return;
    this.#clear();
    try {
      const locale = this.locale || this.#speak.language;
      await this.#askVouched(isAwaited, challenge.request, (attestation) => challenge.resend({ locale, channel, attestation }));
      if (!isAwaited()) return;
      this.#over = false;
      this.#keep();
      this.#clear();
      this.#announce("sentAgain");
      this.#showFacts();
      this.focus();
      this.#listenForSms();
      this.#dispatch("phoneproof-sent", { challenge });
    } catch (error) {
      const ends = error instanceof Problem && error.isFinal && ([400, 409, 410].includes(error.status) || error.kind === "attempts-exhausted");
      if (ends || this.#over) {
        const problem = this.#refused(error, isAwaited);
        return problem && this.#showOver(problem, "send");
      }
      this.#refuseSend(error, this.#view.codeNotice, isAwaited);
      if (isAwaited()) this.#waitToResend(challenge.resendIn);
    }
  }

  async #verify(isAwaited: IsAwaited): Promise<void> {
    const { challenge } = this;
    // The notice of a code that is over stays, with its button.
    if (!challenge) return;
    this.#clear();
    try {
      const success = await challenge.verify(this.#view.code.value);
      if (isAwaited()) this.#succeed(success, challenge);
    } catch (error) {
      const problem = this.#refused(error, isAwaited);
      // It may have run out meanwhile.
      if (problem) this.#refuseCode(this.#over ? new Problem("expired", 410) : problem, challenge);
    }
  }

  #digits(challenge: Challenge): number {
    return challenge.codeLength ?? this.#business?.codeLength ?? 6;
  }

  #refuseCode(problem: Problem, challenge: Challenge): void {
    const left = problem.attemptsRemaining;
    if (left !== undefined) challenge.attemptsLeft = left;
    this.#showFacts();
    if (problem.status === 422 && left !== 0) {
      this.#fault(this.#view.code, left === undefined ? "wrongCode" : left === 1 ? "wrongOne" : "wrongMore", { left: left ?? 0 });
    } else if (problem.kind === "malformed") {
      this.#fault(this.#view.code, "codeLength", { digits: this.#digits(challenge) });
    } else if (left === 0 || (problem.isFinal && problem.status < 500)) {
      this.#showOver(left === 0 ? new Problem("attempts-exhausted", 429) : problem, "verify");
    } else {
      this.#notice(this.#view.codeNotice, wordsFor("verify", problem), { retryIn: problem.retryIn }).focus();
    }
    if (!this.#over) this.#keep();
  }

  /** Ends a code whose time is over, as the service would. A focus outside of the element stays there. */
  #runOut(): void {
    if (this.#shown === "code") return this.#showOver(new Problem("expired", 410), "verify", this.#hasFocus);
    this.#end();
    this.#view.haveCode.hidden = true;
  }

  /** Says why the code works no longer, and from when on the person can get a new one. */
  #showOver(problem: Problem, step: Step, isFocused = true): void {
    this.#clear();
    this.#end();
    this.#showFacts();
    const key = wordsFor(step, problem);
    const slot = this.#view.codeNotice;
    // While a number is locked, a new code would be refused too.
    const isLocked = !this.#isFixed && (problem.retryIn || key === "locked");
    const action = this.#speak.put(make("button", { type: "button", part: "button" }), "newCode");
    action.disabled = this.#isDisabled;
    action.addEventListener("click", () => (this.#isFixed ? void this.send() : this.#backToNumber()));
    const box = this.#notice(slot, key, isLocked ? { retryIn: problem.retryIn } : { retryIn: problem.retryIn || this.#challenge?.resendIn, action });
    if (isFocused) box.focus();
  }

  #succeed(success: Success, challenge: Challenge): void {
    this.#cancel();
    this.#end();
    this.#challenge = undefined;
    this.#view.code.value = "";
    this.#speak.put(this.#view.done, "done", { phone: () => numberOf(challenge) });
    this.#take(success);
    this.#countdowns.start(this.#view.done, success.expiresIn, () => {}, () => this.#outlive());
    // Whatever is told, the page may begin anew at once.
    this.#show("done");
    if (this.#success === success) {
      this.focus();
      this.#changed();
    }
    this.#dispatch("phoneproof-verified", success);
  }

  /** A form that is sent after the token has expired would be refused, so the number is asked for again. */
  #outlive(): void {
    this.#take(undefined);
    this.#notice(this.#view.numberNotice, "proofOver");
    this.#show("number");
    this.#changed();
  }

  /** Ends the challenge, so that its code is offered and kept no longer. */
  #end(): void {
    this.#over = true;
    this.#stopSms();
    this.#countdowns.stop(this.#view.expiry);
    this.#place.keep();
  }

  /** Asks for a number, as if nothing had been. The focus stays where it is, or in the element. */
  #beginAnew(): void {
    const [hadFocus, hadValue] = [this.#hasFocus, this.#success];
    this.#cancel();
    this.#challenge = undefined;
    this.#view.code.value = "";
    this.#take(undefined);
    this.#clear();
    this.#show("number");
    if (hadFocus) this.focus();
    if (hadValue) this.#changed();
  }

  /** Lets go of what is under way: its answer changes nothing on the page. */
  #cancel(): void {
    for (const control of this.#busy.values()) control.removeAttribute("aria-busy");
    this.#busy = new Map();
  }

  /** Fills in the code of the next text, while one can be entered. */
  #listenForSms(): void {
    this.#stopSms();
    if (this.#shown === "code" && this.challenge && this.isConnected) this.#stopSms = listenForSms((code) => this.fillCode(code));
  }

  // --------------------------------------------------------------------------------------------- shown

  #show(shown: Shown): void {
    const { number, codeForm, doneBox, haveCode } = this.#view;
    this.#shown = shown;
    number.hidden = shown !== "number";
    codeForm.hidden = shown !== "code";
    doneBox.hidden = shown !== "done";
    haveCode.hidden = this.challenge === undefined;
    this.#nameCountries();
    this.#showFacts();
    this.#validate();
    this.#listenForSms();
    this.#dispatch("phoneproof-shown", { shown });
  }

  get #hasFocus(): boolean {
    return this.shadowRoot!.activeElement !== null;
  }

  /** Shows a notice with a title and a text, and if given a countdown and a button. */
  #notice(slot: HTMLElement, key: Key, more: { retryIn?: number | undefined; action?: HTMLElement } = {}): HTMLElement {
    const { retryIn = 0, action } = more;
    const tone = key === "unconfirmed" || (retryIn > 0 && !action) ? "wait" : "bad";
    const box = make("div", { class: `notice ${tone}`, part: `notice ${tone}`, tabindex: "-1" }, this.#speak.put(make("p", { class: "title" }), key), this.#speak.put(make("p"), key, {}, 1));
    if (retryIn > 0) {
      // Screen readers must not read every second aloud.
      const timer = make("p", { class: "timer", "aria-live": "off" });
      const moment = new Intl.DateTimeFormat(this.#speak.mark(timer, "retryIn"), { timeStyle: "short", ...(retryIn > 43_200 && { dateStyle: "medium" }) }).format(Date.now() + Math.min(retryIn, 1e8) * 1000);
      box.append(timer);
      this.#countdowns.start(timer, retryIn, (left) => this.#speak.put(timer, action ? "newIn" : "retryIn", { time: formatLeft(left), moment }), () => {
        const now = action ? "newNow" : "retryNow";
        this.#speak.put(timer, now);
        if (timer.isConnected) this.#announce(now);
      });
    }
    if (action) box.append(action);
    slot.replaceChildren(box);
    return (this.#told[key] = box);
  }

  /** Marks a field as faulty, says why, and moves the focus there. */
  #fault(input: HTMLInputElement, key: Key, values: Values = {}): void {
    input.setAttribute("aria-invalid", "true");
    this.#speak.put(input === this.#view.code ? this.#view.codeError : this.#view.phoneError, key, values);
    input.focus();
    input.select();
  }

  #clear(): void {
    const { phone, code, phoneError, codeError, numberNotice, codeNotice, announcer } = this.#view;
    for (const input of [phone, code]) input.removeAttribute("aria-invalid");
    for (const said of [phoneError, codeError, announcer]) this.#speak.clear(said);
    for (const slot of [numberNotice, codeNotice]) slot.replaceChildren();
  }

  // --------------------------------------------------------------------------------- value and storage

  #take(success: Success | undefined): void {
    if (success === this.#success) return;
    this.#success = success;
    this.#countdowns.stop(this.#view.done);
    // No state: the browser would write the token to its history.
    this.#internals.setFormValue(success?.token ?? null, null);
    this.#validate();
  }
  #changed(): void {
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #validate(): void {
    const missing = this.required && !this.#success;
    reflect(this.#view.phone, "aria-required", this.required && "true");
    const anchor = this.#shown === "code" ? this.#view.code : this.#view.phone;
    if (missing) this.#internals.setValidity({ valueMissing: true }, this.#speak.words("required"), anchor);
    else this.#internals.setValidity({});
  }

  /** Takes the place of what the attributes name, and takes up what is kept there. */
  #settle(): void {
    this.#place.take([this.issuer, this.business, this.action, this.name, this.phone]);
    if (this.#shown !== "done" && !this.#challenge) {
      this.#restore();
      this.#show(this.#challenge ? "code" : "number");
    }
    void this.#readPolicy();
  }
  /** Keeps the challenge for a page that is left and comes back, until the tab is closed. */
  #keep(): void {
    if (this.challenge) this.#place.keep(this.challenge);
  }
  #restore(): void {
    const saved = this.#place.read();
    try {
      this.#challenge = this.#connect().restore(saved);
    } catch {
      return;
    }
    if (!this.#challenge) return this.#place.keep();
    this.#over = false;
    this.#view.phone.value = this.#challenge.request.phone;
  }

  // ---------------------------------------------------------------------------------------------- work

  #dispatch<T extends keyof PhoneProofEvents>(type: T, detail: PhoneProofEvents[T]): void {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }

  #on(target: HTMLElement, type: string, what: Work, control: HTMLElement, work: (isAwaited: IsAwaited) => Promise<void>): void {
    target.addEventListener(type, (event) => {
      event.preventDefault();
      void this.#whileBusy(what, control, work);
    });
  }

  /** Runs `work` unless the same runs already. The button is not disabled, because it would lose the focus. */
  async #whileBusy(what: Work, control: HTMLElement, work: (isAwaited: IsAwaited) => Promise<void>): Promise<void> {
    const busy = this.#busy;
    if (busy.has(what)) return;
    const isAwaited = () => busy === this.#busy;
    const timer = setTimeout(() => isAwaited() && this.#announce("sending"), UNDER_WAY);
    busy.set(what, control);
    control.setAttribute("aria-busy", "true");
    try {
      await work.call(this, isAwaited);
    } finally {
      clearTimeout(timer);
      busy.delete(what);
      if (isAwaited()) {
        control.removeAttribute("aria-busy");
        if (this.#speak.says(this.#view.announcer) === "sending") this.#speak.clear(this.#view.announcer);
      }
    }
  }
}

defineReflected(PhoneProofElement.prototype);
const elements = globalThis.customElements;
const first = elements?.get("phone-proof") as typeof PhoneProofElement | undefined;
// The module may be on the page twice. The elements, and what they say, are of the first.
if (first) PhoneProofElement.addWords = first.addWords;
else elements?.define("phone-proof", PhoneProofElement);

declare global {
  interface HTMLElementTagNameMap {
    "phone-proof": PhoneProofElement;
  }
}
