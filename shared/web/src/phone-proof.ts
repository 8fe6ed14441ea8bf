/**
 * `<phone-proof>`: asks a person for a number and the code that was texted to it. Its value in a form is the success token.
 *
 * @module
 */

// The looks and the words first: where they stand in the bundle, gzip finds most of what is alike.
import { STYLE } from "./style.js";
import { LANGUAGES, type Words, readTag } from "./words.js";
export { phoneFault, wordsFor } from "./refusals.js";
export type { Refusal, Step } from "./refusals.js";
import { ABOUT, type Reflected, define, defineReflected, reflect, takeEarlier } from "./attributes.js";
import type { Challenge, Fetch } from "./client.js";
import { makeCountdowns, makeSpeaker } from "./dom.js";
import type { PhoneProofEvents, Shown } from "./events.js";
import { type Flow, makeFlow } from "./flow.js";
import { makeFocus } from "./focus.js";
import { findLanguage, watchLanguage } from "./language.js";
import { makeView } from "./view.js";

export * from "./client.js";
export type { AttestationNeeded, PhoneProofEventMap, PhoneProofEvents, Shown } from "./events.js";
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

/** For how many milliseconds a form that is sent is not sent again, as by a double click. */
const SENT_ONCE = 10_000;
/** The elements on the page. */
const SHOWN = new Set<PhoneProofElement>();

// A server that renders the page imports this module, too, and has no elements.
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

/** What a form asks of any field. */
const OF_FIELDS = ["validity", "validationMessage", "willValidate", "labels"] as const;

export interface PhoneProofElement extends Reflected, Pick<ElementInternals, (typeof OF_FIELDS)[number]> {}
export class PhoneProofElement extends Base {
  static readonly formAssociated = true;
  static readonly observedAttributes = [...ABOUT, "country", "lang", "required"];
  static {
    for (const name of OF_FIELDS) define<PhoneProofElement>(this.prototype, name, (element) => element.#internals[name]);
  }

  readonly #internals = this.attachInternals();
  readonly #speak = makeSpeaker();
  readonly #view = makeView(this.#speak);
  readonly #countdowns = makeCountdowns();
  readonly #flow: Flow = makeFlow({ host: this, internals: this.#internals, view: this.#view, speak: this.#speak, countdowns: this.#countdowns, focus: makeFocus(this) });
  readonly #languageWatch = new MutationObserver(() => findLanguage(this) !== this.#speak.tongue && this.#followLanguage());

  /** The last `submit` of the form, and the value that it sent. */
  #sent: [event?: SubmitEvent, value?: string] = [];

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const view = this.#view;
    root.append(view.numberForm, view.codeForm, view.doneBox, view.announcerLine);
    // A label of the element clicks it, too. A tap inside comes from what was tapped.
    this.addEventListener("click", (event) => event.composedPath()[0] === this && this.focus());
    this.#internals.role = "group";
  }

  // ------------------------------------------------------------------------------------- for the page
  // Frameworks set a property where there is one, so each can be set. What only the element knows stays as it is.

  /**
   * The success token, or an empty text. A form sends it under the name of the element. An empty text begins anew; nothing
   * else can be set.
   */
  get value(): string {
    return this.#flow.proof?.token ?? "";
  }
  set value(value: string | null | undefined) {
    if (!value && this.#flow.proof) this.reset();
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
    this.#flow.next().focus(options);
  }

  get shown(): Shown {
    return this.#flow.step;
  }
  set shown(_: unknown) {}
  /** The challenge whose code is awaited. */
  get challenge(): Challenge | undefined {
    return this.#flow.awaited;
  }
  set challenge(_: unknown) {}
  /** Replaces `fetch`, for instance to watch the calls. The next call takes it. */
  set fetch(fetch: Fetch | undefined) {
    this.#flow.offer.ownFetch = fetch;
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
    if (!this.matches(":disabled")) return this.#flow.sendAnew();
  }
  /** Puts a code into its field, while one is awaited. The person decides when to submit it. */
  fillCode(code: string): void {
    this.#flow.fill(code, true);
  }
  /** Begins anew, with an empty form. What is under way changes nothing any more. */
  reset(): void {
    this.#flow.reset();
  }

  // ---------------------------------------------------------------------------------- for the browser

  connectedCallback(): void {
    takeEarlier(this, ["value", "form", "words", "fetch"]);
    SHOWN.add(this);
    // Styles that a script makes are not inline, so a strict Content-Security-Policy admits them. They are of one document.
    const sheet = new this.ownerDocument.defaultView!.CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.shadowRoot!.adoptedStyleSheets = [sheet];
    this.#followLanguage();
    watchLanguage(this, this.#languageWatch);
    this.#countdowns.wake();
    addEventListener("online", this.#flow.retry);
    addEventListener("pageshow", this.#comeBack);
    queueMicrotask(this.#flow.settle);
    this.#flow.awaitSms();
  }
  disconnectedCallback(): void {
    SHOWN.delete(this);
    this.#languageWatch.disconnect();
    this.#flow.leave();
    removeEventListener("online", this.#flow.retry);
    removeEventListener("pageshow", this.#comeBack);
  }
  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === "issuer" || name === "business") this.#flow.offer.forget();
    if (name === "phone") this.#view.phoneInput.value = after ?? "";
    if (name === "country") this.#view.regionInput.value = "";
    const isOther = ABOUT.includes(name);
    if (isOther && this.#flow.isBegun) this.#flow.beginAnew();
    // Those that the page wrote come one by one; they are settled together.
    if (!SHOWN.has(this)) return;
    if (isOther) this.#flow.settle();
    this.#followLanguage();
  }
  formAssociatedCallback(form: HTMLFormElement | null): void {
    form?.addEventListener("submit", this.#submitted);
  }
  formResetCallback(): void {
    this.reset();
  }
  formDisabledCallback(disabled: boolean): void {
    for (const control of this.shadowRoot!.querySelectorAll<HTMLInputElement>("input,select,button")) control.disabled = disabled;
  }
  /** A token counts once, so the second of two clicks, on whatever button, would show the person a refusal. A form that a script sends is its own. */
  readonly #submitted = (event: SubmitEvent) => {
    // A form that the element has left is another's, and a dialog that closes sends nothing.
    if (event.target !== this.form || ((event.submitter as HTMLButtonElement)?.formMethod || this.form!.method) === "dialog") return;
    const [sent] = this.#sent;
    if (this.#isSent && event.timeStamp - sent!.timeStamp < SENT_ONCE) event.preventDefault();
    else this.#sent = [event, this.value];
  };
  /** Whether the browser has sent the form with this value. */
  get #isSent(): boolean {
    const [sent, value] = this.#sent;
    return !!value && value === this.value && !sent!.defaultPrevented;
  }
  /** The back button shows the page as it was left. A token that the form has sent is spent. */
  readonly #comeBack = ({ persisted }: PageTransitionEvent) => {
    if (persisted && this.#isSent) this.#flow.beginAnew();
  };

  #followLanguage(): void {
    this.#speak.tongue = findLanguage(this);
    this.#flow.listCountries();
    this.#speak.retell(this.shadowRoot!);
    this.#countdowns.tick();
    if (this.isConnected) this.#flow.validate();
  }
}

/** Whether the last key, or the last click or the first of a double click on a button, was in an element, which may have left the page since. */
let isPressed = false;
/**
 * A double click on a button counts once: its second half would hit what has come under the pointer since, such as a call, or
 * a button of the page. `detail` counts the clicks as the browser does, by time and place. A key that is held counts once, too:
 * its repeats would go to what has the focus since.
 */
function countOnce(event: MouseEvent & KeyboardEvent): void {
  const target = event.composedPath()[0] as Element;
  if (isPressed && (event.repeat ? event.key === "Enter" : event.detail > 1)) {
    event.preventDefault();
    event.stopPropagation();
  } else isPressed = (target.getRootNode?.() as ShadowRoot)?.host instanceof PhoneProofElement && (!event.detail || target.localName === "button");
}

defineReflected(PhoneProofElement.prototype);
const elements = globalThis.customElements;
const first = elements?.get("phone-proof") as typeof PhoneProofElement | undefined;
// The module may be on the page twice. The elements, and what they say, are of the first.
if (first) PhoneProofElement.addWords = first.addWords;
else if (elements) {
  elements.define("phone-proof", PhoneProofElement);
  for (const type of ["click", "mousedown", "keydown"]) addEventListener(type, countOnce as EventListener, true);
}

declare global {
  interface HTMLElementTagNameMap {
    "phone-proof": PhoneProofElement;
  }
}
