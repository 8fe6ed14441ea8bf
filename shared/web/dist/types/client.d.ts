/**
 * The client of PhoneProof: it texts a code, checks it, and gets the success token for your backend.
 *
 * It runs in browsers, Node 20, Deno and React Native as it is, and depends on nothing.
 *
 * @module
 */
import { type Environment } from "./http.js";
import { Problem } from "./problem.js";
export { Problem } from "./problem.js";
export type { ClientProblem, ProblemDocument, Remedy, Rule, ServiceProblem } from "./problem.js";
export type { Environment, Fetch, FetchAnswer, FetchInit } from "./http.js";
/** What `GET /v1/policy` says. */
export interface Policy {
    /** The countries that are served, as ISO 3166-1 alpha-2 codes. */
    countries: string[];
    /** After how many seconds a phone may be texted again. */
    resendIn: number;
    /** The businesses that a front end may name. */
    businesses: PolicyBusiness[];
}
/** What the policy says of one business. */
export interface PolicyBusiness {
    id: string;
    brand: string;
    channels: string[];
    codeLength: number;
    locales: string[];
    defaultLocale: string;
}
/** How a client is made. */
export interface Options extends Unset<Environment> {
    /** The URL of your stack, such as `https://verify.example.com`. Empty, or a path, is of the origin of the page. */
    issuer: string;
    /** The business that phones are verified for. Your backend compares it with the `aud` of the success token. */
    business: string;
    /** Names this device or installation. By default a random id, which browsers keep. */
    device?: string | undefined;
}
type Unset<T> = {
    [Name in keyof T]?: T[Name] | undefined;
};
/** What a code is asked for. */
export interface SendRequest {
    /** The number as the person typed it. */
    phone: string;
    /** The country of a number without a leading +, such as `US`. */
    region?: string | undefined;
    /** The language of the text, as a hint. */
    locale?: string | undefined;
    /** What the verification is for. Your backend compares it with the `action` of the success token. */
    action?: string | undefined;
    /** How the code travels, if the policy lists more than `sms`. */
    channel?: string | undefined;
    /**
     * The word of your edge for this caller and this number, if a refusal had the challenge `attestation`. It is for one
     * request: a challenge does not keep it.
     */
    attestation?: string | undefined;
}
/** The success token, for your backend. */
export interface Success {
    token: string;
    tokenType: string;
    expiresAt: string;
    /** For how many seconds the token is valid, counted from the answer. */
    expiresIn: number;
}
interface SendAnswer {
    token: string;
    expiresIn?: number | undefined;
    resendIn?: number;
    codeLength?: number | undefined;
    attempts?: number | undefined;
    phone?: string;
    channels?: string[];
}
/** What outlives a page, as {@link Challenge.save} returns it. It holds the phone number. */
export interface Saved {
    request: SendRequest;
    answer: SendAnswer;
    /** The instant of the device's clock at which it was saved, in milliseconds. */
    savedAt: number;
    /** Whose challenge it is. Another client does not take it up. */
    issuer: string;
    business: string;
    /** The codes that were wrong. */
    wrong: string[];
    /** Whether the carrier did not confirm the text. */
    unconfirmed: boolean;
}
/**
 * Verifies the phone of one person for one business. Make one per device: a page or an app makes one. On a server, make one
 * per person with the `device` of that person, or all share the limits of one device.
 */
export declare class PhoneProof {
    #private;
    readonly issuer: string;
    readonly business: string;
    readonly device: string;
    /** @throws {TypeError} if `issuer` is no such URL. */
    constructor({ issuer, business, device, fetch, now, wait, deadline }: Options);
    /** Reads what the service offers. Asked once; a failure is asked again. */
    policy(): Promise<Policy>;
    /**
     * Texts a code. Asked twice for the same at once, it sends once, and gives each caller a challenge. When nothing answered,
     * ask again, in a browser also after a reload: the key of the first request goes along, so that the service texts once,
     * whichever of the requests arrived.
     *
     * @throws {Problem}
     */
    send(request: SendRequest): Promise<Challenge>;
    /** Takes up a challenge of an earlier page. `undefined` if its code is over, or was not saved by this client. */
    restore(saved: Saved | null | undefined): Challenge | undefined;
}
/** A code that was texted, until it is entered. */
export declare class Challenge {
    #private;
    readonly request: SendRequest;
    /** The number, with everything but its last digits hidden; empty if the carrier did not confirm the text. */
    phone: string;
    codeLength: number | undefined;
    /** How the code can be sent again: `sms`, and `voice` where the number can be called. */
    channels: string[];
    /** The guesses that are left, as far as is known. */
    attemptsLeft: number | undefined;
    /** Set if the carrier did not confirm the last text, which may still arrive. */
    unconfirmed: Problem | undefined;
    /** The success, once the right code was entered. */
    success: Success | undefined;
    /** The seconds that the code still works; `undefined` if the service did not say. */
    get expiresIn(): number | undefined;
    /** The seconds until another text may be asked for; 0 at once. */
    get resendIn(): number;
    /**
     * Checks a code, which may stand in the whole message. The same code twice at once is submitted once. After the right one
     * nothing is submitted: that code gives the success again, every other is wrong. A code that was wrong is not submitted
     * again either, because that would cost a guess; nor is one of another length.
     *
     * @throws {Problem}
     */
    verify(typed: string): Promise<Success>;
    /**
     * Texts the code again. Resolves to whether it is a new code: with little time left the service makes one. When nothing
     * answered, ask again: as for a send, the service texts once.
     *
     * @throws {Problem}
     */
    resend(change?: Pick<SendRequest, "locale" | "channel" | "attestation">): Promise<boolean>;
    /** What {@link PhoneProof.restore} takes, for a page that is left and comes back. Keep it in `sessionStorage`. */
    save(): Saved;
}
