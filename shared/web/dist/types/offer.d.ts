import type { Reflected } from "./attributes.js";
import { type Fetch, PhoneProof, type Policy, type PolicyBusiness } from "./client.js";
import type { Key } from "./words.js";
export type Offer = ReturnType<typeof makeOffer>;
/** `heard` hears that the policy is there, or is not: then why, in words. */
export declare function makeOffer(about: Element & Reflected, heard: (why?: Key) => void): {
    ownFetch: Fetch | undefined;
    /** Whether the set-up is at fault, as far as the last answer for the policy tells. */
    isAtFault: boolean;
    readonly knownPolicy: Policy | undefined;
    readonly client: PhoneProof | undefined;
    /** The country that the page names. */
    readonly wantedCountry: string;
    readonly chosenBusiness: PolicyBusiness | undefined;
    /** Whether the stack texts no country, so that nobody can begin. */
    readonly isClosed: boolean;
    /** @throws {Problem} if the attributes name no service. */
    connect(): PhoneProof;
    /** Forgets what another issuer, or for another business, said. */
    forget(): void;
    /** Asks no more by itself. */
    sleep(): void;
    /** Asks when the script that runs has set what it sets. */
    wake(): void;
    /** Asks now, unless the policy is known, or asked for. */
    read(): Promise<void>;
};
