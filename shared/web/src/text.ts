// Reading what people type and paste, as the service does.

const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** The value of a decimal digit of any script. In Unicode the ten digits of a script follow each other. */
function digitValue(digit: string): string {
  const point = digit.codePointAt(0)!;
  let zero = point;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((point - zero) % 10);
}

/** Turns the digits of every script into plain ones, and drops what nobody sees. */
export const plain = (text: string): string => text.replace(INVISIBLE, "").normalize("NFKC").replace(/\p{Nd}/gu, digitValue);

/** Reads a code: plain digits, without the spaces, dashes, dots and brackets that people put between them. */
export const readDigits = (text: string): string => plain(text).replace(/[\s\p{Pd}.·•/()[\]]/gu, "");

/**
 * Reads a code of this `length`, also out of what was pasted around it, such as a whole message: its only run of so many
 * digits. What has none is returned as {@link readDigits} reads it.
 */
export function readCode(text: string, length = 0): string {
  const read = readDigits(text);
  const [run, ...others] = [...new Set(plain(text).match(/\d+/g))].filter((run) => run.length === length);
  return /\D/.test(read) && run && !others[0] ? run : read;
}

/** Whether a number, as typed, has a leading + and needs no country. */
export const isInternational = (phone: string): boolean => /^\s*(tel:)?[\s([]*\+/i.test(plain(phone));
