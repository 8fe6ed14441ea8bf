// The languages of the component.

// The Chinese words first: so gzip packs both best.
import { ZH } from "./zh.js";
import { EN } from "./en.js";

export { EN } from "./en.js";

/** The texts of one language, by what they are for. `{names}` in braces are filled in. */
export type Words = Record<keyof typeof EN, string>;
export type Key = keyof Words;

/** The languages, by BCP 47 tag in lower case. A text that a language lacks is in English. */
export const LANGUAGES: Record<string, Partial<Words>> & Record<"en" | "zh", Words> = { en: EN, zh: ZH };

/** Reads a language tag as people and systems write it, such as `zh_CN.UTF-8`. Empty if it is none. */
export function readTag(text: string): string {
  try {
    return Intl.getCanonicalLocales(text.trim().replace(/[.@].*/, "").replaceAll("_", "-"))[0] ?? "";
  } catch {
    return "";
  }
}

/** The tag among `LANGUAGES` that serves a language best: `zh` for `zh-CN`, `en` for an unknown one. */
export function servedTag(language: string): string {
  for (let tag = readTag(language).toLowerCase(); tag; tag = tag.replace(/-?[^-]*$/, "")) if (tag in LANGUAGES) return tag;
  return "en";
}
