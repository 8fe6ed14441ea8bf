// What a developer has to know when the component cannot work. A browser tells a page nothing of why a call failed, so
// further calls find out.

import type { PhoneProof, Policy } from "./client.js";
import { Problem } from "./problem.js";
import { wordsFor } from "./refusals.js";

/** What was told on this page. */
const TOLD = new Set<string>();

/** Tells the developer, once. */
function tell(text: string, level: "error" | "warn" = "error"): true {
  if (!TOLD.has(text)) console[level](`<phone-proof> ${text}`);
  TOLD.add(text);
  return true;
}

/**
 * Tells the developer of a fault that no person in front of the page can mend. Returns whether it is one. `isFixed` is whether
 * the page names the number.
 */
export async function diagnose(client: PhoneProof | undefined, error: unknown, isFixed = false): Promise<boolean> {
  if (!(error instanceof Problem) || !client) {
    tell(error instanceof Problem ? `cannot work: ${error.document.detail}` : `failed: ${error}`);
    return !client;
  }
  const url = client.issuer;
  const { kind } = error;
  const { errors = [] } = error.document;
  const field = errors[0]?.field;
  switch (kind) {
    case "no-answer": {
      const answers = (mode: RequestMode) => fetch(`${url}/v1/policy`, { mode, credentials: "omit", cache: "no-store" }).then(() => true, () => false);
      const foreign = new URL(url, document.baseURI).origin !== location.origin;
      // A connection that was lost, and is back, is no matter of origins.
      if (!foreign || !(await answers("no-cors"))) {
        tell(`nothing answers at ${url}. Check \`issuer\`, and \`connect-src\` of the Content-Security-Policy.`);
        return false;
      }
      return !(await answers("cors")) && tell(`${url} answers, but not to pages of ${location.origin}. Add this origin to AllowedOrigins. Check \`issuer\`.`);
    }
    case "unavailable":
      // A gateway's own answer: it is away for a moment, or it is not the service's.
      if (!error.document.type) tell(`${url} is away, or is not the root of PhoneProof (status ${error.status}).`, "warn");
      return false;
    case "not-phoneproof":
    case "not-found":
      return tell(`${url} is not the root of PhoneProof (status ${error.status}). Check \`issuer\`, which ends before \`/v1\`.`);
    case "unknown-business":
    case "client-key":
      return tell(`${url} knows no business \`${client.business}\` without a client key.`);
  }
  // The service's `region` is the attribute `country`. What a person typed is theirs to mend. What the person is told of the set-up, the developer is told in detail.
  if (field === "code" || (!isFixed && (field === "phone" || kind === "invalid-phone"))) return false;
  if (!/setup|noSuchNumber/.test(wordsFor("send", error))) return false;
  return tell(`${url} could not use: ${errors.map(({ field, accepted }) => `${field} (${accepted.replace(/region/g, "country")})`).join(", ") || [error.message, error.rule].join(" ")}.`);
}

/** Tells the developer what the policy lacks: the business, the country, or any. Returns whether somebody can verify a phone. */
export function isUsable(client: PhoneProof, { countries, businesses }: Policy, country: string): boolean {
  const url = `${client.issuer}/v1/policy`;
  if (!countries[0]) tell(`${url} lists no country.`);
  else if (country && !countries.includes(country)) tell(`the policy does not list the country \`${country}\`.`);
  const known = businesses.map(({ id }) => id);
  const isKnown = known.includes(client.business);
  if (!isKnown) tell(`${url} does not list the business \`${client.business}\`. It lists: ${known.join(", ") || "none"}.`);
  return isKnown && !!countries[0];
}
