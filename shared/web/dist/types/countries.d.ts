import type { Kit } from "./kit.js";
import type { Offer } from "./offer.js";
/**
 * Lists the countries in the language of the moment, and keeps what was chosen. Asks for a number unless the page names it, and
 * for nothing where no country is served.
 */
export declare function nameCountries({ view, speak }: Kit, { knownPolicy, wantedCountry, isClosed }: Offer, isFixed: boolean, earlier: string | undefined): void;
