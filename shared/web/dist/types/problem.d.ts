/** The problem types of the service: the last part of `type`, after `urn:phoneproof:problem:`. */
export type ServiceProblem = "malformed" | "invalid-phone" | "unknown-business" | "invalid-token" | "invalid-attestation" | "client-key" | "destination-not-allowed" | "blocked" | "locked" | "already-used" | "expired" | "attempts-exhausted" | "wrong-code" | "limited" | "delivery-failed" | "delivery-unknown" | "unavailable" | "internal" | "too-large" | "media-type" | "not-found" | "method-not-allowed";
/** The rules that refuse a send, or for a while a verify. One that is newer than this client is passed on as it is. */
export type Rule = "country" | "number-type" | "test-number-ended" | "calls" | "blocked-phone" | "blocked-device" | "blocked-address" | "blocked-range" | "phone-lock" | "phone-cooldown" | "phone-per-hour" | "phone-per-day" | "device-per-day" | "address-per-hour" | "business-per-hour" | "business-per-day" | "country-purse" | "number-block-purse" | "money-per-day" | "call-purse" | "call-money-per-day" | (string & {});
/** What helps a refused request: `attestation`, the word of your edge for this caller ({@link SendRequest.attestation}). */
export type Remedy = "attestation" | (string & {});
/**
 * What a client finds by itself: `offline`, the device has no network; `no-answer`, nothing answered, or the browser kept
 * the answer back (CORS, CSP); `throttled`, a gateway before the service refused; `not-phoneproof`, something else
 * answered at this address; `no-attestation`, the page was asked for one, and had none. A gateway that has no answer of the
 * service is `unavailable`, without a document.
 */
export type ClientProblem = "offline" | "no-answer" | "throttled" | "not-phoneproof" | "no-attestation";
/** The members of a problem document (RFC 9457) that the service sends. */
export interface ProblemDocument {
    type: string;
    title: string;
    status: number;
    detail?: string;
    requestId?: string;
    /** The rule that refused. */
    rule?: Rule;
    /** What the same request can bring to be served before `retryAt`. */
    challenge?: Remedy;
    /** The faulty fields, each with what is accepted. */
    errors?: {
        field: string;
        accepted: string;
    }[];
    /** The guesses that are left after a wrong code. */
    attemptsRemaining?: number | undefined;
    /** When another try can succeed, by the clock of the service. */
    retryAt?: string;
    /** The rules that a text which was not sent does not count towards. */
    givenBack?: string[];
    token?: string;
    expiresIn?: number;
    resendIn?: number;
    codeLength?: number;
    attempts?: number;
    channels?: string[];
}
/** A refusal, or a call without an answer. `message` is for developers; people read the words of a front end. */
export declare class Problem extends Error {
    readonly name = "Problem";
    /** What it is. A problem type that is newer than this client is passed on as it is. */
    readonly kind: ServiceProblem | ClientProblem | (string & {});
    /** The HTTP status; 0 without an answer. */
    readonly status: number;
    /** In how many seconds, counted from the answer, another try can succeed; `undefined` if the service did not say. */
    readonly retryIn: number | undefined;
    /** The document; its members are empty if the service did not answer. */
    readonly document: Partial<ProblemDocument>;
    /** Whether `error` is a problem, also of another copy of this module: the component brings one of its own. */
    static [Symbol.hasInstance](error: unknown): error is Problem;
    constructor(kind: Problem["kind"], status: number, document?: Partial<ProblemDocument>, retryIn?: number, cause?: unknown);
    get rule(): Rule | undefined;
    get challenge(): Remedy | undefined;
    /** When another try can succeed, by the clock of the service. Show {@link Problem.retryIn}: the device's clock may be wrong. */
    get retryAt(): string | undefined;
    get attemptsRemaining(): number | undefined;
}
/** A number of an answer; `undefined` for anything else. */
export declare const readNumber: (value: unknown) => number | undefined;
/** Reads the problem of an answer that is no success. */
export declare function readProblem(status: number, document: Partial<ProblemDocument> | undefined, retryAfter: string | null): Problem;
