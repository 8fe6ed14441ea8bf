/**
 * Turns the digits of every script into plain ones, and drops what nobody sees. Address books, messengers and right-to-left text
 * put it around numbers.
 */
export declare const plain: (text: string) => string;
/** Reads a code: plain digits, without what people put between them: spaces, dashes, dots, slashes and brackets. */
export declare const readDigits: (text: string) => string;
/**
 * Reads a code of this `length`, without quotes, brackets and marks around it. It is also found in a whole message, as its
 * only digits of that number, in one run or in groups with one sign between them. What has none, or two, is returned
 * as {@link readDigits} reads it, without those marks.
 */
export declare function readCode(text: string, length?: number): string;
/** Whether a code can have so many digits. */
export declare const isLength: (length: unknown) => boolean;
/** Reads a number: without `tel:`, and without what people put between its digits. */
export declare const readPhone: (phone: string) => string;
/** Whether a number, as typed, has a leading + and needs no country. Quotes, brackets and pictures may stand before it. */
export declare const isInternational: (phone: string) => boolean;
