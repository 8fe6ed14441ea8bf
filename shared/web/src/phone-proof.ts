/**
 * `<phone-proof>`: asks a person for a number and the code that was texted to it. Its value in a form is the success token.
 *
 * @module
 */

// The words first: where they stand in the bundle, gzip finds most of what is alike.
import { phoneFault, wordsFor } from "./refusals.js";
import { ABOUT, type Reflected, defineReflected, reflect, takeEarlier } from "./attributes.js";
import { Challenge, type Fetch, PhoneProof, type Policy, type PolicyBusiness, Problem, type SendRequest, type Success } from "./client.js";
import { diagnose, isListed } from "./diagnose.js";
import { Countdowns, Speaker, type Values, formatLeft, make, spoken } from "./dom.js";
import { findLanguage, watchLanguage } from "./language.js";
import { Place } from "./places.js";
import { STYLE } from "./style.js";
import { isInternational } from "./text.js";
import { type View, makeView } from "./view.js";
import { type Key, LANGUAGES, type Words, readTag } from "./words.js";

export * from "./client.js";
export { phoneFault, wordsFor } from "./refusals.js";
export type { Refusal, Step } from "./refusals.js";
export { isInternational, plain, readDigits } from "./text.js";
export { formatLeft } from "./dom.js";
export { LANGUAGES, servedTag } from "./words.js";
export type { Key, Words } from "./words.js";

/** What the component shows: the form for the number, the form for the code, or that the phone is verified. */
export type Shown = "number" | "code" | "done";

/** The events, with their `detail`. All bubble. A change of `value` is also a plain `change` event. */
export interface PhoneProofEvents {
  "phoneproof-shown": { shown: Shown };
  "phoneproof-sent": { challenge: Challenge };
  "phoneproof-verified": Success;
  "phoneproof-refused": { problem: Problem };
  "phoneproof-attestation-needed": AttestationNeeded;
}

/** The service wants the word of your edge before it texts. Without an answer of the page, the person reads the refusal. */
export interface AttestationNeeded {
  /** What is asked for: the number as typed, with its `region` unless it has a leading +. */
  request: SendRequest;
  /** The refusal. */
  problem: Problem;
  /**
   * Takes the attestation, or a promise of it: the same is then asked for once more, with it. Call it while the event is
   * handled. Nothing or `null` is for a person who did not pass your check.
   */
  respondWith(attestation: Attestation | PromiseLike<Attestation>): void;
}
type Attestation = string | null | undefined;

type Props = Reflected & Pick<PhoneProofElement, "value" | "words" | "fetch">;
/** What a page may set on the element, as JSX takes it. */
export type PhoneProofProps = { [Name in keyof Props]?: Props[Name] | undefined } & {
  form?: string | undefined;
  onchange?: ((event: Event) => void) | undefined;
};

/** The words of a countdown, while it runs and when it is over. */
const NEW_CODE = { soon: "newIn", now: "newNow" } as const;
const AGAIN = { soon: "retryIn", now: "retryNow" } as const;

/** How long a send waits for the policy, which names the countries, in milliseconds. */
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
  /** The notice that the set-up is at fault. */
  #setup: HTMLElement | undefined;
  #challenge: Challenge | undefined;
  #success: Success | undefined;
  #shown: Shown = "number";
  /** Whether the code of the challenge can be entered no longer. */
  #over = false;
  /** What runs, with the button that began it. Each reset puts a new map in its place. */
  #busy = new Map<Work, HTMLElement>();
  #sms: AbortController | undefined;

  constructor() {
    super();
    // Styles that a script makes are not inline, so a strict Content-Security-Policy admits them.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [sheet];
    const { number, codeForm, doneBox, announcer, send, verify, resend, callMe } = this.#view;
    root.append(number, codeForm, doneBox, announcer);
    this.#on(number, "submit", "send", send, this.#send);
    this.#on(codeForm, "submit", "verify", verify, this.#verify);
    this.#on(resend, "click", "resend", resend, this.#resend);
    this.#on(callMe, "click", "resend", callMe, (isAwaited) => this.#resend(isAwaited, "voice"));
    this.#view.change.addEventListener("click", () => this.#backToNumber());
    this.#view.changeDone.addEventListener("click", () => this.reset());
    this.#view.haveCode.addEventListener("click", () => this.#showCode());
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
  }
  disconnectedCallback(): void {
    SHOWN.delete(this);
    this.#languageWatch.disconnect();
    this.#place.leave();
    this.#countdowns.sleep();
    this.#sms?.abort();
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
  readonly #retry = () => void this.#readPolicy();

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
    const { issuer, business } = this;
    try {
      return (this.#client ??= new PhoneProof({ issuer, business, fetch: (...request) => (this.#fetch ?? fetch)(...request) }));
    } catch (error) {
      throw new Problem("not-phoneproof", 0, { detail: (error as Error).message }, undefined, error);
    }
  }

  /** Whether the page names the number. */
  get #isFixed(): boolean {
    return this.phone !== "";
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

  async #askPolicy(): Promise<void> {
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
      if (client !== this.#client) return;
    }
    this.#setup?.remove();
    this.#setup = isAtFault ? this.#notice(this.#view.numberNotice, "setup") : undefined;
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
    const nameOf = (code: string) => (/^[A-Z]{2}$/.test(code) && names.of(code)) || code;
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
      const challenge = await this.#vouched(isAwaited, request, async (attestation) => this.#connect().send({ ...request, attestation }));
      if (!isAwaited()) return;
      this.#challenge = challenge;
    } catch (error) {
      if (isAwaited()) this.#refuseSend(error, numberNotice);
      return;
    }
    this.#over = false;
    code.value = "";
    this.#showCode();
    this.#sent();
    this.#listenForSms();
  }

  /** Asks for a text, and once more with the attestation that the page gives where the service wants one. */
  async #vouched<T>(isAwaited: IsAwaited, request: SendRequest, ask: (attestation?: string) => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (problem) {
      if (!isAwaited() || !(problem instanceof Problem) || problem.challenge !== "attestation") throw problem;
      let given: Promise<Attestation> | undefined;
      let isOver = false;
      const respondWith = (answer: Attestation | PromiseLike<Attestation>) => {
        if (isOver) throw new TypeError("respondWith: call it at once, with a promise");
        given = Promise.resolve(answer);
      };
      this.#dispatch("phoneproof-attestation-needed", { request, problem, respondWith });
      isOver = true;
      const attestation = given && (await given.catch((error: unknown) => void diagnose(this.#client, error)));
      if (!given || !isAwaited()) throw problem;
      if (!attestation) throw new Problem("no-attestation", problem.status, {}, undefined, problem);
      return ask(attestation);
    }
  }

  #sent(): void {
    this.#keep();
    this.#dispatch("phoneproof-sent", { challenge: this.#challenge! });
  }

  #refuseSend(error: unknown, slot: HTMLElement): void {
    const problem = this.#refused(error);
    const { phone } = this.#view;
    if (problem.document.errors?.some(({ field }) => field === "phone") || problem.kind === "invalid-phone") {
      const country = () => this.#view.region.selectedOptions[0]?.textContent || this.#country;
      const fault = phoneFault(phone.value);
      // Without a country, it is the country code that is missing.
      return this.#fault(phone, fault === "noSuchNational" && !country() ? "noSuchNumber" : fault, { country });
    }
    const key = wordsFor("send", problem);
    const box = this.#notice(slot, key, { retryIn: problem.retryIn });
    if (key === "setup") this.#setup = box;
    // A refusal of the number itself is corrected in its field.
    if (slot === this.#view.numberNotice && problem.status === 403 && !key.startsWith("blocked") && !this.#isFixed) {
      phone.setAttribute("aria-invalid", "true");
      phone.focus();
    } else {
      box.focus();
    }
  }

  #refused(error: unknown): Problem {
    const problem = error instanceof Problem ? error : new Problem("internal", 0, {}, undefined, error);
    void diagnose(this.#client, error);
    this.#dispatch("phoneproof-refused", { problem });
    return problem;
  }

  #backToNumber(): void {
    this.#cancel();
    this.#clear();
    this.#show("number");
    this.#focusNumber();
  }

  #focusNumber(): void {
    (this.#isFixed ? this.#view.send : this.#view.phone).focus();
  }

  // ---------------------------------------------------------------------------------------------- code

  #showCode(): void {
    this.#clear();
    this.#show("code");
    this.#view.code.focus();
  }

  #sayWhere(challenge: Challenge): void {
    const digits = () => make("strong", { dir: "auto" }, String(this.#digits(challenge)));
    const values: Values = { digits, phone: () => make("strong", {}, numberOf(challenge)) };
    this.#speak.put(this.#view.lead, challenge.unconfirmed ? "tried" : "texted", values);
    if (challenge.unconfirmed && !this.#over) this.#notice(this.#view.codeNotice, "unconfirmed", { tone: "wait" });
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
    callMe.hidden = this.#over || !this.#business?.channels.includes("voice");
    this.#countdowns.stop(expiry);
    if (challenge.expiresIn === undefined || this.#over) this.#speak.clear(expiry);
    else this.#countdowns.start(expiry, challenge.expiresIn, (seconds) => this.#speak.put(expiry, "worksFor", { time: formatLeft(seconds) }), () => this.#speak.put(expiry, "over"));
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
      if (this.#shown === "code" && !this.#over) this.#announce("canSendAgain");
    });
  }

  async #resend(isAwaited: IsAwaited, channel?: string): Promise<void> {
    const challenge = this.#challenge;
    if (!challenge || this.#view.resend.getAttribute("aria-disabled") === "true") return;
    this.#clear();
    try {
      const locale = this.locale || this.#speak.language;
      const isNew = await this.#vouched(isAwaited, challenge.request, (attestation) => challenge.resend({ locale, channel, attestation }));
      if (!isAwaited()) return;
      this.#announce(isNew ? "sentNew" : "sentAgain");
      this.#showFacts();
      this.#sent();
      this.#view.code.focus();
      this.#listenForSms();
    } catch (error) {
      if (!isAwaited()) return;
      const ends = error instanceof Problem && error.isFinal && ([400, 409, 410].includes(error.status) || error.kind === "attempts-exhausted");
      if (ends) return this.#showOver(this.#refused(error), "send");
      this.#refuseSend(error, this.#view.codeNotice);
      this.#waitToResend(challenge.resendIn);
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
      if (isAwaited()) this.#refuseCode(this.#refused(error), challenge);
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

  /** Says why the code works no longer, and from when on the person can get a new one. */
  #showOver(problem: Problem, step: "send" | "verify"): void {
    this.#end();
    this.#showFacts();
    const key = wordsFor(step, problem);
    const slot = this.#view.codeNotice;
    // While a number is locked, a new code would be refused too.
    if (!this.#isFixed && (problem.retryIn || key === "locked")) return this.#notice(slot, key, { retryIn: problem.retryIn }).focus();
    const action = this.#speak.put(make("button", { type: "button", part: "button" }), "newCode");
    action.disabled = this.#isDisabled;
    action.addEventListener("click", () => (this.#isFixed ? void this.send() : this.#backToNumber()));
    this.#notice(slot, key, { retryIn: problem.retryIn || this.#challenge?.resendIn, wait: NEW_CODE, action }).focus();
  }

  #succeed(success: Success, challenge: Challenge): void {
    this.#cancel();
    this.#end();
    this.#challenge = undefined;
    this.#view.code.value = "";
    this.#speak.put(this.#view.done, "done", { phone: () => numberOf(challenge) });
    this.#show("done");
    this.#view.done.focus();
    this.#take(success);
    this.#countdowns.start(this.#view.done, success.expiresIn, () => {}, () => this.#outlive());
    this.#dispatch("phoneproof-verified", success);
  }

  /** A form that is sent after the token has expired would be refused, so the number is asked for again. */
  #outlive(): void {
    this.#take(undefined);
    this.#show("number");
    this.#notice(this.#view.numberNotice, "proofOver");
  }

  /** Ends the challenge, so that its code is offered and kept no longer. */
  #end(): void {
    this.#over = true;
    this.#sms?.abort();
    this.#countdowns.stop(this.#view.expiry);
    this.#place.keep();
  }

  /** Asks for a number, as if nothing had been. The focus stays where it is, or in the element. */
  #beginAnew(): void {
    const hadFocus = this.shadowRoot!.activeElement !== null;
    this.#cancel();
    this.#sms?.abort();
    this.#challenge = undefined;
    this.#view.code.value = "";
    this.#take(undefined);
    this.#clear();
    this.#show("number");
    if (hadFocus) this.#focusNumber();
  }

  /** Lets go of what is under way: its answer changes nothing on the page. */
  #cancel(): void {
    for (const control of this.#busy.values()) control.removeAttribute("aria-busy");
    this.#busy = new Map();
  }

  /** Fills the field by WebOTP, where the browser can read the text and the person consents. */
  #listenForSms(): void {
    this.#sms?.abort();
    if (!("OTPCredential" in window)) return;
    const abort = (this.#sms = new AbortController());
    const request = { otp: { transport: ["sms"] }, signal: abort.signal } as CredentialRequestOptions;
    navigator.credentials.get(request).then(
      (found) => found && !abort.signal.aborted && this.fillCode((found as Credential & { code: string }).code),
      () => {}, // Declined, aborted, or not on a phone: the person types the code.
    );
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
    this.#dispatch("phoneproof-shown", { shown });
  }

  /** Shows a notice with a title and a text, and if given a countdown and a button. */
  #notice(slot: HTMLElement, key: Key, more: { retryIn?: number | undefined; wait?: { soon: Key; now: Key }; action?: HTMLElement; tone?: string } = {}): HTMLElement {
    const { retryIn = 0, wait = AGAIN, action } = more;
    const tone = more.tone ?? (retryIn > 0 && !action ? "wait" : "bad");
    const box = make("div", { class: `notice ${tone}`, part: `notice ${tone}`, tabindex: "-1" }, this.#speak.put(make("p", { class: "title" }), key), this.#speak.put(make("p"), key, {}, 1));
    if (retryIn > 0) {
      // Screen readers must not read every second aloud.
      const timer = make("p", { class: "timer", "aria-live": "off" });
      const moment = new Intl.DateTimeFormat(this.#speak.mark(timer, "retryIn"), { hour: "2-digit", minute: "2-digit", ...(retryIn > 43_200 && { weekday: "short" }) }).format(Date.now() + Math.min(retryIn, 1e8) * 1000);
      box.append(timer);
      this.#countdowns.start(timer, retryIn, (left) => this.#speak.put(timer, wait.soon, { time: formatLeft(left), moment }), () => {
        this.#speak.put(timer, wait.now);
        if (timer.isConnected) this.#announce(wait.now);
      });
    }
    if (action) box.append(action);
    slot.replaceChildren(box);
    return box;
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
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #validate(): void {
    const missing = this.hasAttribute("required") && !this.#success;
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
    busy.set(what, control);
    control.setAttribute("aria-busy", "true");
    try {
      await work.call(this, isAwaited);
    } finally {
      busy.delete(what);
      if (isAwaited()) control.removeAttribute("aria-busy");
    }
  }
}

defineReflected(PhoneProofElement.prototype);
if (globalThis.customElements && !customElements.get("phone-proof")) customElements.define("phone-proof", PhoneProofElement);

/** The events by name, as `addEventListener` takes them. */
export type PhoneProofEventMap = { [Name in keyof PhoneProofEvents]: CustomEvent<PhoneProofEvents[Name]> };

declare global {
  interface HTMLElementTagNameMap {
    "phone-proof": PhoneProofElement;
  }
  // The events bubble, so any element, the document and the window can listen to them.
  interface GlobalEventHandlersEventMap extends PhoneProofEventMap {}
}
