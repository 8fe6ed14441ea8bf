/**
 * `<phone-proof>`: asks a person for a number and the code that was texted to it. Its value in a form is the success token.
 *
 * @module
 */

import { Challenge, PhoneProof, type Policy, type PolicyBusiness, Problem, type Saved, type SendRequest, type Success } from "./client.js";
import { diagnose, isListed } from "./diagnose.js";
import { Countdowns, Speaker, type Values, formatLeft, make } from "./dom.js";
import { phoneFault, wordsFor } from "./refusals.js";
import { STYLE } from "./style.js";
import { isInternational, readDigits } from "./text.js";
import { type View, makeView } from "./view.js";
import { type Key, LANGUAGES, type Words } from "./words.js";

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
}

/** The words of a countdown, while it runs and when it is over. */
const NEW_CODE = { soon: "newIn", now: "newNow" } as const;
const AGAIN = { soon: "retryIn", now: "retryNow" } as const;

export class PhoneProofElement extends HTMLElement {
  static readonly formAssociated = true;
  static readonly observedAttributes = ["issuer", "business", "phone", "country", "lang", "required"];

  readonly #internals = this.attachInternals();
  readonly #speak = new Speaker();
  readonly #view: View = makeView(this.#speak);
  readonly #countdowns = new Countdowns();
  readonly #languageWatch = new MutationObserver(() => this.#followLanguage());
  #client: PhoneProof | undefined;
  #fetch: typeof fetch | undefined;
  #policy: Policy | undefined;
  #challenge: Challenge | undefined;
  #success: Success | undefined;
  #shown: Shown = "number";
  /** Whether the code of the challenge can be entered no longer. */
  #over = false;
  #busy = false;
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
    this.#on(number, "submit", send, () => this.#send());
    this.#on(codeForm, "submit", verify, () => this.#verify());
    this.#on(resend, "click", resend, () => this.#resend());
    this.#on(callMe, "click", callMe, () => this.#resend("voice"));
    this.#view.change.addEventListener("click", () => this.#backToNumber());
    this.#view.changeDone.addEventListener("click", () => this.reset());
    this.#view.haveCode.addEventListener("click", () => this.#showCode());
  }

  // ------------------------------------------------------------------------------------- for the page

  /** The success token, or an empty text. A form sends it under the name of the element. */
  get value(): string {
    return this.#success?.token ?? "";
  }
  get name(): string {
    return this.getAttribute("name") ?? "";
  }
  get form(): HTMLFormElement | null {
    return this.#internals.form;
  }
  get validity(): ValidityState {
    return this.#internals.validity;
  }
  checkValidity(): boolean {
    return this.#internals.checkValidity();
  }
  reportValidity(): boolean {
    return this.#internals.reportValidity();
  }

  get shown(): Shown {
    return this.#shown;
  }
  /** The challenge whose code is awaited. */
  get challenge(): Challenge | undefined {
    return this.#over ? undefined : this.#challenge;
  }
  /** Replaces `fetch`, for instance to watch the calls. Set it before the element is connected. */
  set fetch(fetch: typeof globalThis.fetch) {
    this.#fetch = fetch;
    this.#client = undefined;
  }
  /** Words of the page's own, in place of the built-in ones. */
  set words(words: Partial<Words>) {
    this.#speak.own = words;
    this.#followLanguage();
  }
  /** Adds a language, or changes words of one. What is left out is in English. */
  static addWords(language: string, words: Partial<Words>): void {
    const tag = language.toLowerCase();
    LANGUAGES[tag] = { ...LANGUAGES[tag], ...words };
  }

  /** Texts a code to the number of the form, or of the attribute `phone`. */
  send(): Promise<void> {
    return this.#whileBusy(this.#view.send, () => this.#send());
  }
  /** Puts a code into its field. The person decides when to submit it. */
  fillCode(code: string): void {
    this.#clear();
    this.#view.code.value = code;
    this.#view.code.focus();
    this.#announce("filled");
  }
  /** Begins anew, with an empty form. */
  reset(): void {
    this.#end();
    this.#challenge = undefined;
    this.#take(undefined);
    if (!this.hasAttribute("phone")) this.#view.phone.value = "";
    this.#backToNumber();
  }

  // ---------------------------------------------------------------------------------- for the browser

  connectedCallback(): void {
    this.#followLanguage();
    this.#languageWatch.observe(document.documentElement, { attributeFilter: ["lang"] });
    this.#countdowns.wake();
    addEventListener("online", this.#retry);
    if (this.#shown !== "done" && !this.#challenge) {
      this.#restore();
      this.#show(this.#challenge ? "code" : "number");
    }
    this.#validate();
    void this.#readPolicy();
  }
  disconnectedCallback(): void {
    this.#languageWatch.disconnect();
    this.#countdowns.rest();
    this.#sms?.abort();
    removeEventListener("online", this.#retry);
  }
  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === "issuer" || name === "business") {
      this.#client = undefined;
      this.#policy = undefined;
    }
    if (name === "phone") this.#view.phone.value = after ?? "";
    if (!this.isConnected) return;
    if (name === "issuer" || name === "business") void this.#readPolicy();
    this.#followLanguage();
    this.#validate();
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
    const near = this.closest<HTMLElement>("[lang]")?.lang;
    this.#speak.language = near || navigator.language || "en";
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
    const [issuer, business] = [this.getAttribute("issuer") ?? "", this.getAttribute("business") ?? ""];
    return (this.#client ??= new PhoneProof({ issuer, business, ...(this.#fetch && { fetch: this.#fetch }) }));
  }

  get #business(): PolicyBusiness | undefined {
    return this.#policy?.businesses.find(({ id }) => id === this.#client?.business);
  }

  async #readPolicy(): Promise<void> {
    if (this.#policy) return;
    const client = this.#connect();
    try {
      const policy = await client.policy();
      if (client !== this.#client) return;
      this.#policy = policy;
      if (!isListed(client, policy)) this.#notice(this.#view.numberNotice, "setup");
    } catch (error) {
      if (client !== this.#client) return;
      if (await diagnose(client, error)) this.#notice(this.#view.numberNotice, "setup");
    }
    this.#nameCountries();
    this.#showFacts();
  }

  /** Lists the countries in the language of the moment, and keeps what was chosen. */
  #nameCountries(): void {
    const { region, regionField, phoneRow, phoneHint } = this.#view;
    const countries = this.#policy?.countries ?? [];
    const chosen = region.value || this.#guessCountry(countries);
    const names = new Intl.DisplayNames(this.#speak.tag, { type: "region" });
    const named = countries.map((code): [string, string] => [code, names.of(code) ?? code]);
    named.sort((a, b) => a[1].localeCompare(b[1], this.#speak.tag));
    region.replaceChildren(...named.map(([value, name]) => make("option", { value }, name)));
    region.value = chosen ?? "";
    const fixed = this.hasAttribute("phone");
    regionField.hidden = countries.length < 2;
    phoneRow.hidden = phoneHint.hidden = fixed;
    this.#speak.put(phoneHint, countries.length > 0 ? "phoneHint" : "phoneHintPlus");
  }

  #guessCountry(countries: string[]): string | undefined {
    const spoken = navigator.languages.map((language) => new Intl.Locale(language).region ?? "");
    return [this.getAttribute("country") ?? "", ...spoken, "US"].find((code) => countries.includes(code)) ?? countries[0];
  }

  // -------------------------------------------------------------------------------------------- number

  #request(): SendRequest {
    const phone = this.#view.phone.value.trim();
    const region = isInternational(phone) ? undefined : this.#view.region.value || this.getAttribute("country") || undefined;
    const locale = this.getAttribute("locale") ?? this.#speak.language;
    return { phone, region, locale, action: this.getAttribute("action") ?? undefined };
  }

  async #send(): Promise<void> {
    this.#clear();
    const { phone, numberNotice } = this.#view;
    if (phone.value.trim() === "") return this.#fault(phone, "enterPhone");
    await this.#readPolicy();
    try {
      this.#challenge = await this.#connect().send(this.#request());
    } catch (error) {
      return this.#refuseSend(error, numberNotice);
    }
    this.#over = false;
    this.#showCode();
    this.#sent();
    this.#listenForSms();
  }

  #sent(): void {
    this.#keep();
    this.#dispatch("phoneproof-sent", { challenge: this.#challenge! });
  }

  #refuseSend(error: unknown, slot: HTMLElement): void {
    const problem = this.#refused(error);
    const { phone } = this.#view;
    if (problem.document.errors?.some(({ field }) => field === "phone") || problem.kind === "invalid-phone") {
      const country = () => this.#view.region.selectedOptions[0]?.textContent || this.getAttribute("country") || "";
      return this.#fault(phone, phoneFault(phone.value), { country });
    }
    const key = wordsFor("send", problem);
    const box = this.#notice(slot, key, { retryIn: problem.retryIn });
    // A refusal of the number itself is corrected in its field.
    if (slot === this.#view.numberNotice && problem.status === 403 && !key.startsWith("blocked") && !this.hasAttribute("phone")) {
      phone.setAttribute("aria-invalid", "true");
      phone.focus();
    } else {
      box.focus();
    }
  }

  #refused(error: unknown): Problem {
    const problem = error instanceof Problem ? error : new Problem("internal", 0, {}, undefined, error);
    void diagnose(this.#connect(), error);
    this.#dispatch("phoneproof-refused", { problem });
    return problem;
  }

  #backToNumber(): void {
    this.#clear();
    this.#show("number");
    (this.hasAttribute("phone") ? this.#view.send : this.#view.phone).focus();
  }

  // ---------------------------------------------------------------------------------------------- code

  #showCode(): void {
    this.#clear();
    this.#show("code");
    this.#view.code.focus();
  }

  #sayWhere(challenge: Challenge): void {
    const bold = (text: string) => () => make("strong", { dir: "auto" }, text);
    const digits = bold(String(challenge.codeLength ?? this.#business?.codeLength ?? 6));
    const values: Values = { digits, phone: () => make("strong", {}, make("bdi", { dir: "ltr" }, challenge.request.phone)) };
    this.#speak.put(this.#view.lead, challenge.unconfirmed ? "tried" : "texted", values);
    if (challenge.unconfirmed) this.#notice(this.#view.codeNotice, "unconfirmed", { tone: "wait" });
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
    const ready = () => {
      for (const button of [resend, callMe]) button.removeAttribute("aria-disabled");
      this.#speak.put(resend, "again");
    };
    this.#countdowns.stop(resend);
    if (seconds <= 0) return ready();
    for (const button of [resend, callMe]) button.setAttribute("aria-disabled", "true");
    const show = (left: number) => this.#speak.put(resend, "againIn", { time: formatLeft(left) });
    this.#countdowns.start(resend, seconds, show, () => {
      ready();
      if (this.#shown === "code" && !this.#over) this.#announce("canSendAgain");
    });
  }

  async #resend(channel?: string): Promise<void> {
    const challenge = this.#challenge;
    if (!challenge || this.#view.resend.getAttribute("aria-disabled") === "true") return;
    this.#clear();
    try {
      const locale = this.getAttribute("locale") ?? this.#speak.language;
      const isNew = await challenge.resend(channel ? { locale, channel } : { locale });
      this.#announce(isNew ? "sentNew" : "sentAgain");
      this.#showFacts();
      this.#sent();
      this.#view.code.focus();
      this.#listenForSms();
    } catch (error) {
      const ends = error instanceof Problem && ([400, 409, 410].includes(error.status) || error.kind === "attempts-exhausted");
      if (ends) return this.#showOver(this.#refused(error), "send");
      this.#refuseSend(error, this.#view.codeNotice);
      if (error instanceof Problem && error.retryIn) this.#waitToResend(error.retryIn);
    }
  }

  async #verify(): Promise<void> {
    this.#clear();
    const { code } = this.#view;
    const challenge = this.#challenge;
    if (!challenge || this.#over) return;
    const digits = readDigits(code.value);
    const length = challenge.codeLength ?? this.#business?.codeLength;
    if (!/^\d+$/.test(digits) || (length ? digits.length !== length : digits.length < 6)) return this.#fault(code, "codeLength", { digits: length ?? 6 });
    try {
      this.#succeed(await challenge.verify(digits), challenge);
    } catch (error) {
      this.#refuseCode(this.#refused(error), challenge);
    }
  }

  #refuseCode(problem: Problem, challenge: Challenge): void {
    const left = problem.attemptsRemaining;
    if (left !== undefined) challenge.attemptsLeft = left;
    this.#showFacts();
    if (problem.status === 422 && left !== 0) {
      this.#fault(this.#view.code, left === undefined ? "wrong" : left === 1 ? "wrongOne" : "wrongMore", { left: left ?? 0 });
    } else if (problem.status >= 400 && problem.status < 500 && problem.kind !== "throttled") {
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
    if (problem.retryIn || key === "locked") return this.#notice(slot, key, { retryIn: problem.retryIn }).focus();
    const action = this.#speak.put(make("button", { type: "button", part: "button" }), "newCode");
    action.addEventListener("click", () => (this.hasAttribute("phone") ? void this.send() : this.#backToNumber()));
    this.#notice(slot, key, { retryIn: this.#challenge?.resendIn, wait: NEW_CODE, action }).focus();
  }

  #succeed(success: Success, challenge: Challenge): void {
    this.#end();
    this.#challenge = undefined;
    this.#view.code.value = "";
    this.#speak.put(this.#view.done, "done", { phone: () => make("bdi", { dir: "ltr" }, challenge.request.phone) });
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
    this.#forget();
  }

  /** Fills the field by WebOTP, where the browser can read the text and the person consents. */
  #listenForSms(): void {
    this.#sms?.abort();
    if (!("OTPCredential" in window)) return;
    const abort = (this.#sms = new AbortController());
    const request = { otp: { transport: ["sms"] }, signal: abort.signal } as CredentialRequestOptions;
    navigator.credentials.get(request).then(
      (found) => found && this.fillCode((found as Credential & { code: string }).code),
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
      const moment = new Intl.DateTimeFormat(this.#speak.tag, { hour: "2-digit", minute: "2-digit", ...(retryIn > 43_200 && { weekday: "short" }) }).format(Date.now() + retryIn * 1000);
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
    const { phone, code, phoneError, codeError, numberNotice, codeNotice } = this.#view;
    for (const input of [phone, code]) input.removeAttribute("aria-invalid");
    for (const error of [phoneError, codeError]) this.#speak.clear(error);
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

  get #place(): string {
    const { issuer, business } = this.#connect();
    return `phoneproof:${issuer}:${business}:${this.getAttribute("action") ?? ""}`;
  }
  /** Keeps the challenge for a page that is left and comes back, until the tab is closed. */
  #keep(): void {
    if (!this.#challenge || this.hasAttribute("phone")) return;
    try {
      sessionStorage.setItem(this.#place, JSON.stringify(this.#challenge.save()));
    } catch {
      // Without storage the challenge lasts as long as the page.
    }
  }
  #forget(): void {
    try {
      sessionStorage.removeItem(this.#place);
    } catch {
      // Nothing was kept.
    }
  }
  #restore(): void {
    if (this.hasAttribute("phone")) return;
    try {
      this.#challenge = this.#connect().restore(JSON.parse(sessionStorage.getItem(this.#place) ?? "null") as Saved | null);
    } catch {
      return;
    }
    if (!this.#challenge) return this.#forget();
    this.#over = false;
    this.#view.phone.value = this.#challenge.request.phone;
  }

  // ---------------------------------------------------------------------------------------------- work

  #dispatch<T extends keyof PhoneProofEvents>(type: T, detail: PhoneProofEvents[T]): void {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }

  #on(target: HTMLElement, type: string, control: HTMLElement, work: () => Promise<void>): void {
    target.addEventListener(type, (event) => {
      event.preventDefault();
      void this.#whileBusy(control, work);
    });
  }

  /** Runs `work` unless something runs already. The button is not disabled, because it would lose the focus. */
  async #whileBusy(control: HTMLElement, work: () => Promise<void>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    control.setAttribute("aria-busy", "true");
    try {
      await work();
    } finally {
      this.#busy = false;
      control.removeAttribute("aria-busy");
    }
  }
}

if (!customElements.get("phone-proof")) customElements.define("phone-proof", PhoneProofElement);

declare global {
  interface HTMLElementTagNameMap {
    "phone-proof": PhoneProofElement;
  }
}
