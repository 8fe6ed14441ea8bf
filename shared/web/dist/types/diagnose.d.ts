import type { PhoneProof, Policy } from "./client.js";
/**
 * Tells the developer of a fault that no person in front of the page can mend. Returns whether it is one. `isFixed` is whether
 * the page names the number.
 */
export declare function diagnose(client: PhoneProof | undefined, error: unknown, isFixed?: boolean): Promise<boolean>;
/** Tells the developer if the policy does not list the business, or the country. Returns whether it lists the business. */
export declare function isListed(client: PhoneProof, policy: Policy, country: string): boolean;
