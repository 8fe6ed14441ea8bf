// Which words tell which refusal.

import { isInternational } from "./text.js";
import type { Key } from "./words.js";

/** What was asked for when it was refused. */
export type Step = "send" | "verify";
/** What is known of a refusal; a {@link Problem} has it. */
export interface Refusal {
  status: number;
  kind: string;
  rule?: string | undefined;
}

// Each pattern is matched against "<step> <status> <kind> <rule>". The first match wins.
const WORDS: Record<string, Key> = {
  " not-phoneproof ": "setup",
  " offline ": "offline",
  " 0 ": "noAnswer",
  " unavailable | 503 ": "unavailable",
  "cooldown": "cooldown",
  "phone-per-hour": "perHour",
  "phone-per-day": "perDay",
  "device-per-day": "device",
  "address-per-hour": "network",
  "number-block": "neighbours",
  "blocked-phone": "blockedPhone",
  "blocked-device": "blockedDevice",
  "blocked-address": "blockedNetwork",
  "blocked-range": "blockedRange",
  " country$": "notThisCountry",
  "number-type|unassigned": "notThisKind",
  "[ -]lock": "locked",
  " invalid-phone ": "noSuchNumber",
  " already-used |^(verify|send) 409": "used",
  " expired |^(verify|send) 410": "expired",
  "^verify 422": "wrongCode",
  " attempts-exhausted ": "noTries",
  " throttled | 429 ": "tooMany",
  " invalid-token |^verify 400": "unusable",
  " (4(0[0145]|1[35])) ": "setup",
  " 403 ": "notAllowed",
  " 502 ": "carrier",
  " 504 ": "unconfirmed",
};

const about = (step: Step, { status, kind, rule }: Refusal) => `${step} ${status} ${kind} ${rule ?? ""}`;

/** Names the words that tell a refusal to a person. */
export const wordsFor = (step: Step, refusal: Refusal): Key => Object.entries(WORDS).find(([pattern]) => about(step, refusal).match(pattern))?.[1] ?? "unknown";

/** Says what is wrong with a number that the service could not read. */
export function phoneFault(typed: string): Key {
  const text = typed.normalize("NFKC").replace(/^\s*tel:/i, "");
  if (/\p{L}/u.test(text)) return "noLetters";
  if (!/\p{Nd}/u.test(text)) return "noDigits";
  return isInternational(typed) ? "noSuchNumber" : "noSuchNational";
}
