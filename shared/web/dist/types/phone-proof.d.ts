/**
 * `<phone-proof>`: asks a person for a number and the code that was texted to it. Its value in a form is the success token.
 *
 * @module
 */
import { type Words } from "./words.js";
export { phoneFault, wordsFor } from "./refusals.js";
export type { Refusal, Step } from "./refusals.js";
import { type Reflected } from "./attributes.js";
import type { Challenge, Fetch } from "./client.js";
import type { PhoneProofEvents, Shown } from "./events.js";
export * from "./client.js";
export type { AttestationNeeded, PhoneProofEventMap, PhoneProofEvents, Shown } from "./events.js";
export { isInternational, plain, readDigits } from "./text.js";
export { formatLeft } from "./dom.js";
export { LANGUAGES, servedTag } from "./words.js";
export type { Key, Words } from "./words.js";
type Props = Reflected & Pick<PhoneProofElement, "value" | "words" | "fetch">;
/** What a page may set on the element, as JSX takes it. */
export type PhoneProofProps = {
    [Name in keyof Props]?: Props[Name] | undefined;
} & {
    form?: string | undefined;
    onchange?: ((event: Event) => void) | undefined;
} & {
    [Name in keyof PhoneProofEvents as `on${Name}`]?: ((event: CustomEvent<PhoneProofEvents[Name]>) => void) | undefined;
};
declare const Base: {
    new (): HTMLElement;
    prototype: HTMLElement;
};
/** What a form asks of any field. */
declare const OF_FIELDS: readonly ["validity", "validationMessage", "willValidate", "labels"];
export interface PhoneProofElement extends Reflected, Pick<ElementInternals, (typeof OF_FIELDS)[number]> {
}
export declare class PhoneProofElement extends Base {
    #private;
    static readonly formAssociated = true;
    static readonly observedAttributes: string[];
    constructor();
    /**
     * The success token, or an empty text. A form sends it under the name of the element. An empty text begins anew; nothing
     * else can be set.
     */
    get value(): string;
    set value(value: string | null | undefined);
    get form(): HTMLFormElement | null;
    /** The id of the form, as the attribute has it. */
    set form(id: string | null | undefined);
    get type(): string;
    set type(_: unknown);
    checkValidity(): boolean;
    reportValidity(): boolean;
    /** Focuses what is to be filled in next. */
    focus(options?: FocusOptions): void;
    get shown(): Shown;
    set shown(_: unknown);
    /** The challenge whose code is awaited. */
    get challenge(): Challenge | undefined;
    set challenge(_: unknown);
    /** Replaces `fetch`, for instance to watch the calls. The next call takes it. */
    set fetch(fetch: Fetch | undefined);
    /** Words of the page's own, in place of the built-in ones. */
    set words(words: Partial<Words> | undefined);
    /** Adds a language, or changes words of one. What is left out is in English. */
    static addWords(language: string, words: Partial<Words>): void;
    /** Texts a code to the number of the form, or of the attribute `phone`. A disabled element does not. */
    send(): Promise<void>;
    /** Puts a code into its field, while one is awaited. The person decides when to submit it. */
    fillCode(code: string): void;
    /** Begins anew, with an empty form. What is under way changes nothing any more. */
    reset(): void;
    connectedCallback(): void;
    disconnectedCallback(): void;
    attributeChangedCallback(name: string, before: string | null, after: string | null): void;
    formAssociatedCallback(form: HTMLFormElement | null): void;
    formResetCallback(): void;
    formDisabledCallback(disabled: boolean): void;
}
declare global {
    interface HTMLElementTagNameMap {
        "phone-proof": PhoneProofElement;
    }
}
