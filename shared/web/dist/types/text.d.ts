/** Turns the digits of every script into plain ones, and drops what nobody sees. */
export declare const plain: (text: string) => string;
/** Reads a code: plain digits, without what people put between them. */
export declare const readDigits: (text: string) => string;
/**
 * Reads a code of this `length`, without quotes, brackets and marks around it. It is also found in a whole message, as its
 * only run of so many digits. What has none is returned as {@link readDigits} reads it, without those marks.
 */
export declare function readCode(text: string, length?: number): string;
/** Whether a code can have so many digits. */
export declare const isLength: (length: unknown) => boolean;
/** Reads a number: without `tel:`, and without what people put between its digits. */
export declare const readPhone: (phone: string) => string;
/** Whether a number, as typed, has a leading + and needs no country. Quotes, brackets and pictures may stand before it. */
export declare const isInternational: (phone: string) => boolean;
