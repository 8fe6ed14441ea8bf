// What the stack offers, by its policy. It is asked for until it is known.

import type { Reflected } from "./attributes.js";
import { type Fetch, PhoneProof, type Policy, type PolicyBusiness, Problem } from "./client.js";
import { diagnose, isUsable } from "./diagnose.js";
import { wordsFor } from "./refusals.js";
import { AT_MOST } from "./work.js";
import type { Key } from "./words.js";

export type Offer = ReturnType<typeof makeOffer>;

/** `heard` hears that the policy is there, or is not: then why, in words. */
export function makeOffer(about: Element & Reflected, heard: (why?: Key) => void) {
  let policy: Policy | undefined;
  let client: PhoneProof | undefined;
  let reading: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = AT_MOST;

  async function ask(): Promise<void> {
    let asked: PhoneProof | undefined;
    let why: Key | undefined;
    offer.sleep();
    try {
      asked = offer.connect();
      const answer = await asked.policy();
      if (asked !== client) return;
      policy = answer;
      if (!isUsable(asked, answer, offer.wantedCountry)) why = "setup";
    } catch (error) {
      if (asked !== client) return;
      const isAtFault = await diagnose(asked, error);
      if (asked !== client) return;
      why = isAtFault ? "setup" : wordsFor("send", error as Problem);
      if (!isAtFault && about.isConnected) {
        timer = setTimeout(offer.read, pause);
        pause *= 2;
      }
    }
    offer.isAtFault = why === "setup";
    heard(why);
  }

  const offer = {
    ownFetch: undefined as Fetch | undefined,
    /** Whether the set-up is at fault, as far as the last answer for the policy tells. */
    isAtFault: false,
    get knownPolicy() {
      return policy;
    },
    get client() {
      return client;
    },
    /** The country that the page names. */
    get wantedCountry() {
      return about.country.trim().toUpperCase();
    },
    get chosenBusiness(): PolicyBusiness | undefined {
      return policy?.businesses.find(({ id }) => id === client?.business);
    },
    /** Whether the stack texts no country, so that nobody can begin. */
    get isClosed() {
      return policy?.countries.length === 0;
    },

    /** @throws {Problem} if the attributes name no service. */
    connect(): PhoneProof {
      const { issuer, business } = about;
      try {
        if (!business.trim()) throw new TypeError("there is no `business`");
        return (client ??= new PhoneProof({ issuer, business: business.trim(), fetch: (...request) => (offer.ownFetch ?? fetch)(...request) }));
      } catch (error) {
        throw new Problem("not-phoneproof", 0, { detail: (error as Error).message }, undefined, error);
      }
    },

    /** Forgets what another issuer, or for another business, said. */
    forget() {
      offer.sleep();
      client = policy = reading = undefined;
      pause = AT_MOST;
    },

    /** Asks no more by itself. */
    sleep() {
      clearTimeout(timer);
    },

    /** Asks when the script that runs has set what it sets. */
    wake() {
      offer.sleep();
      timer = setTimeout(offer.read);
    },

    /** Asks now, unless the policy is known, or asked for. */
    read(): Promise<void> {
      if (policy) return Promise.resolve();
      const mine = (reading ??= ask().finally(() => {
        if (reading === mine) reading = undefined;
      }));
      return mine;
    },
  };
  return offer;
}
