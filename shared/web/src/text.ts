// Reading what people type and paste, by the table of shared/domain/src/typed.rs: what the service reads, a page submits.

/** The value of a decimal digit of any script. In Unicode the ten digits of a script follow each other. */
function digitValue(digit: string): string {
  const point = digit.codePointAt(0)!;
  let zero = point;
  while (/\p{Nd}/u.test(String.fromCodePoint(--zero)));
  return `${(point - zero - 1) % 10}`;
}

/**
 * Turns the digits of every script into plain ones, and drops what nobody sees. Address books, messengers and right-to-left text
 * put it around numbers.
 */
export const plain = (text: string): string => text.replace(/[\p{DI}\ufff9-\ufffb]/gu, "").replace(/\p{Nd}/gu, digitValue);

/** Reads a code: plain digits, without what people put between them: spaces, dashes, dots, slashes and brackets. */
export const readDigits = (text: string): string => plain(text).replace(/[\s\x85\-./()[\]\xb7\u2010-\u2015\u2022\u2043\u2053\u2212\u2219\u223c\u22c5\u30fb\u30fc\ufe58\ufe63\uff08\uff09\uff0d-\uff0f\uff3b\uff3d\uff65]/g, "");

/**
 * Reads a code of this `length`, without quotes, brackets and marks around it. It is also found in a whole message, as its
 * only digits of that number, in one run or in groups with one sign between them. What has none, or two, is returned
 * as {@link readDigits} reads it, without those marks.
 */
export function readCode(text: string, length?: number): string {
  const read = readDigits(text).replace(/^[^\p{L}\d]+|[^\p{L}\d]+$/gu, "");
  const runs = `${text = plain(text)} ${text.replace(/\b[\s./\u2010-\u2015-]\b/gu, "")}`.match(/\d+/g);
  const [run = read, other] = new Set(runs?.filter((run) => run.length === length));
  return /\D/.test(read) && !other ? run : read;
}

/** Whether a code can have so many digits. */
export const isLength = (length: unknown): boolean => /^([6-9]|10)$/.test(length as string);

/** Reads a number: without `tel:`, and without what people put between its digits. */
export const readPhone = (phone: string): string => readDigits(phone).replace(/^[^\p{L}\d]*tel:/iu, "");

/** Whether a number, as typed, has a leading + and needs no country. Quotes, brackets and pictures may stand before it. */
export const isInternational = (phone: string): boolean => /^[^\p{L}\d]*[+＋﹢]/u.test(readPhone(phone));
