// Reading what people type and paste, by the table of shared/domain/src/typed.rs: what the service reads, a page submits.

/** What nobody sees. Address books, messengers and right-to-left text put it around numbers. */
const INVISIBLE = /[\p{DI}\ufff9-\ufffb]/gu;
/** Spaces, and what people write between digits: dashes, dots, slashes and brackets. */
const BETWEEN = /[\s\x85\-./()[\]\xb7\u2010-\u2015\u2022\u2043\u2053\u2212\u2219\u223c\u22c5\u30fb\u30fc\ufe58\ufe63\uff08\uff09\uff0d-\uff0f\uff3b\uff3d\uff65]/g;

/** The value of a decimal digit of any script. In Unicode the ten digits of a script follow each other. */
function digitValue(digit: string): string {
  const point = digit.codePointAt(0)!;
  let zero = point;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((point - zero) % 10);
}

/** Turns the digits of every script into plain ones, and drops what nobody sees. */
export const plain = (text: string): string => text.replace(INVISIBLE, "").replace(/\p{Nd}/gu, digitValue);

/** Reads a code: plain digits, without what people put between them. */
export const readDigits = (text: string): string => plain(text).replace(BETWEEN, "");

/**
 * Reads a code of this `length`, also out of what was pasted around it, such as a whole message: its only run of so many
 * digits. What has none is returned as {@link readDigits} reads it.
 */
export function readCode(text: string, length = 0): string {
  const read = readDigits(text);
  const [run, ...others] = [...new Set(plain(text).match(/\d+/g))].filter((run) => run.length === length);
  return /\D/.test(read) && run && !others[0] ? run : read;
}

/** Whether a code can have so many digits. */
export const isLength = (length: unknown): boolean => /^([6-9]|10)$/.test(length as string);

/** Reads a number: without `tel:`, and without what people put between its digits. */
export const readPhone = (phone: string): string => readDigits(phone).replace(/^[^\p{L}\d]*tel:/iu, "");

/** Whether a number, as typed, has a leading + and needs no country. Quotes, brackets and pictures may stand before it. */
export const isInternational = (phone: string): boolean => /^[^\p{L}\d]*[+＋﹢]/u.test(readPhone(phone));
