// What the stack offers, by its policy. It is asked for until it is known.

import type { Reflected } from "./attributes.js";
import { type Fetch, PhoneProof, type Policy, type PolicyBusiness, Problem } from "./client.js";
import { diagnose, isUsable } from "./diagnose.js";
import { wordsFor } from "./refusals.js";
import type { Key } from "./words.js";

/**
 * How long a send waits for the countries, and the first pause before the policy is asked for again, in milliseconds. Each pause is
 * twice the one before: as long as nothing has answered so far.
 */
export const COUNTRIES_WITHIN = 3000;

export class Offer {
  fetch: Fetch | undefined;
  policy: Policy | undefined;
  client: PhoneProof | undefined;
  readonly #about: Element & Reflected;
  /** Hears that the policy is there, or is not: then why, in words. */
  readonly #heard: (why?: Key) => void;
  #reading: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pause = COUNTRIES_WITHIN;

  constructor(about: Element & Reflected, heard: (why?: Key) => void) {
    this.#about = about;
    this.#heard = heard;
  }

  /** The country that the page names. */
  get country(): string {
    return this.#about.country.trim().toUpperCase();
  }

  get business(): PolicyBusiness | undefined {
    return this.policy?.businesses.find(({ id }) => id === this.client?.business);
  }

  /** Whether the stack texts no country, so that nobody can begin. */
  get isClosed(): boolean {
    return this.policy?.countries.length === 0;
  }

  /** @throws {Problem} if the attributes name no service. */
  connect(): PhoneProof {
    const { issuer, business } = this.#about;
    try {
      if (!business.trim()) throw new TypeError("there is no `business`");
      return (this.client ??= new PhoneProof({ issuer, business: business.trim(), fetch: (...request) => (this.fetch ?? fetch)(...request) }));
    } catch (error) {
      throw new Problem("not-phoneproof", 0, { detail: (error as Error).message }, undefined, error);
    }
  }

  /** Forgets what another issuer, or for another business, said. */
  forget(): void {
    this.sleep();
    this.client = this.policy = this.#reading = undefined;
    this.#pause = COUNTRIES_WITHIN;
  }

  /** Asks no more by itself. */
  sleep(): void {
    clearTimeout(this.#timer);
  }

  /** Asks now, unless the policy is known, or asked for. */
  read(): Promise<void> {
    if (this.policy) return Promise.resolve();
    const reading = (this.#reading ??= this.#ask().finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    }));
    return reading;
  }

  async #ask(): Promise<void> {
    let client: PhoneProof | undefined;
    let why: Key | undefined;
    this.sleep();
    try {
      client = this.connect();
      const policy = await client.policy();
      if (client !== this.client) return;
      this.policy = policy;
      if (!isUsable(client, policy, this.country)) why = "setup";
    } catch (error) {
      if (client !== this.client) return;
      const isAtFault = await diagnose(client, error);
      if (client !== this.client) return;
      why = isAtFault ? "setup" : wordsFor("send", error as Problem);
      if (!isAtFault && this.#about.isConnected) {
        this.#timer = setTimeout(() => void this.read(), this.#pause);
        this.#pause *= 2;
      }
    }
    this.#heard(why);
  }
}
