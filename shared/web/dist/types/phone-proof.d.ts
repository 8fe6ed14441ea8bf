/**
 * `<phone-proof>`: asks a person for a number and the code that was texted to it. Its value in a form is the success token.
 *
 * @module
 */
import { type Reflected } from "./attributes.js";
import { Challenge, type Fetch, Problem, type SendRequest, type Success } from "./client.js";
import { type Words } from "./words.js";
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
    "phoneproof-shown": {
        shown: Shown;
    };
    "phoneproof-sent": {
        challenge: Challenge;
    };
    "phoneproof-verified": Success;
    "phoneproof-refused": {
        problem: Problem;
    };
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
export type PhoneProofProps = {
    [Name in keyof Props]?: Props[Name] | undefined;
} & {
    form?: string | undefined;
    onchange?: ((event: Event) => void) | undefined;
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
    formResetCallback(): void;
    formDisabledCallback(disabled: boolean): void;
}
/** The events by name, as `addEventListener` takes them. */
export type PhoneProofEventMap = {
    [Name in keyof PhoneProofEvents]: CustomEvent<PhoneProofEvents[Name]>;
};
declare global {
    interface HTMLElementTagNameMap {
        "phone-proof": PhoneProofElement;
    }
    interface GlobalEventHandlersEventMap extends PhoneProofEventMap {
    }
}
