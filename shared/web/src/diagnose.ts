// What a developer has to know when the component cannot work. A browser tells a page nothing of why a call failed, so a
// second call finds out.

import type { PhoneProof, Policy } from "./client.js";
import { Problem } from "./problem.js";

const tell = (text: string) => console.error(`<phone-proof> ${text}`);

/** Whether something answers at `url`, although the page may not read what. */
async function isThere(url: string): Promise<boolean> {
  try {
    await fetch(url, { mode: "no-cors", credentials: "omit" });
    return true;
  } catch {
    return false;
  }
}

/** Tells the developer of a fault that no person in front of the page can mend. Returns whether it is one. */
export async function diagnose(client: PhoneProof | undefined, error: unknown): Promise<boolean> {
  if (!(error instanceof Problem) || !client) {
    tell(error instanceof Problem ? `cannot work: ${error.document.detail}` : `failed: ${error}`);
    return !client;
  }
  const url = client.issuer || location.origin;
  switch (error.kind) {
    case "no-answer": {
      const foreign = new URL(url, location.href).origin !== location.origin;
      if (foreign && (await isThere(`${url}/v1/ping`))) {
        tell(`${url} answers, but not to pages of ${location.origin}. Add this origin to the stack's AllowedOrigins.`);
        return true;
      }
      tell(`nothing answers at ${url}. Check the attribute \`issuer\`, and \`connect-src\` of the Content-Security-Policy.`);
      return false;
    }
    case "not-phoneproof":
    case "not-found":
      tell(`what answers at ${url} is not PhoneProof (status ${error.status}). Check the attribute \`issuer\`.`);
      return true;
    case "unknown-business":
      tell(`${url} knows no business \`${client.business}\`. Check the attribute \`business\`.`);
      return true;
    case "client-key":
      tell(`the business \`${client.business}\` has a client key, so only a backend may call it. Check the attribute \`business\`.`);
      return true;
    case "too-large":
    case "malformed":
    case "invalid-attestation":
      // What a person typed is theirs to mend.
      if (error.document.errors?.[0]?.field === "code") return false;
      tell(`${url} could not use: ${error.document.errors?.map(({ field, accepted }) => `${field} (${accepted})`).join(", ") || error.message}.`);
      return true;
    default:
      return false;
  }
}

/** Tells the developer if the policy does not list the business, or the country. Returns whether it lists the business. */
export function isListed(client: PhoneProof, policy: Policy, country: string): boolean {
  if (country && !policy.countries.includes(country)) tell(`the policy does not list the country \`${country}\`.`);
  const known = policy.businesses.map(({ id }) => id);
  if (known.includes(client.business)) return true;
  tell(`${client.issuer || location.origin}/v1/policy does not list the business \`${client.business}\`: it does not exist, or has a client key. It lists: ${known.join(", ") || "none"}.`);
  return false;
}
