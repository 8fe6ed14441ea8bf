import type { PhoneProof, Policy } from "./client.js";
/**
 * Tells the developer of a fault that no person in front of the page can mend. Returns whether it is one. `isFixed` is whether
 * the page names the number.
 */
export declare function diagnose(client: PhoneProof | undefined, error: unknown, isFixed?: boolean): Promise<boolean>;
/** Tells the developer what the policy lacks: the business, the country, or any. Returns whether somebody can verify a phone. */
export declare function isUsable(client: PhoneProof, { countries, businesses }: Policy, country: string): boolean;
