// Which words tell which refusal.

import { isInternational, readPhone } from "./text.js";
import { EN, type Key } from "./words.js";

/** What was asked for when it was refused. */
export type Step = "send" | "verify";
/** What is known of a refusal; a {@link Problem} has it. */
export interface Refusal {
  status: number;
  kind: string;
  rule?: string | undefined;
}

// What has no words by the name of its rule. Each pattern is matched against "<step> <status> <kind> <rule>". The first
// match wins.
const WORDS: Record<string, Key> = {
  " not-phoneproof ": "setup",
  " call": "noCall",
  " offline ": "offline",
  " no-attestation ": "check",
  " 0 ": "noAnswer",
  " unavailable | 503 ": "unavailable",
  " country$": "notThisCountry",
  "number-": "notThisKind",
  "[ -]lock": "locked",
  " invalid-phone ": "noSuchNumber",
  " already-used | 409 ": "used",
  " expired | 410 ": "expired",
  " 422 ": "wrongCode",
  " attempts-exhausted ": "noTries",
  " throttled | 429 ": "tooMany",
  " invalid-token |^verify 400": "unusable",
  " 4": "setup",
  " 502 ": "carrier",
  " 504 ": "unconfirmed",
};

/** Names the words that tell a refusal to a person: those of its rule, if there are any. */
export function wordsFor(step: Step, { status, kind, rule = "" }: Refusal): Key {
  // Other words have names without a hyphen.
  if (/-/.test(rule) && rule in EN) return rule as Key;
  return Object.entries(WORDS).find(([pattern]) => `${step} ${status} ${kind} ${rule}`.match(pattern))?.[1] ?? "unknown";
}

/** Says what is wrong with a number that the service could not read. */
export function phoneFault(typed: string): Key {
  const text = readPhone(typed);
  if (/\p{L}/u.test(text)) return "noLetters";
  if (!/\d/.test(text)) return "noDigits";
  return isInternational(typed) ? "noSuchNumber" : "noSuchNational";
}
