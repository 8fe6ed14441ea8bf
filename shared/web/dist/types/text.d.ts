/** Turns the digits of every script into plain ones, and drops what nobody sees. */
export declare const plain: (text: string) => string;
/** Reads a code: plain digits, without the spaces, dashes, dots and brackets that people put between them. */
export declare const readDigits: (text: string) => string;
/**
 * Reads a code of this `length`, also out of what was pasted around it, such as a whole message: its only run of so many
 * digits. What has none is returned as {@link readDigits} reads it.
 */
export declare function readCode(text: string, length?: number): string;
/** Whether a number, as typed, has a leading + and needs no country. */
export declare const isInternational: (phone: string) => boolean;
