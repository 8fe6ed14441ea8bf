// The country of a number without a leading +.

import { make, spoken } from "./dom.js";
import type { Kit } from "./kit.js";
import type { Offer } from "./offer.js";

/** Chooses among the countries that are served: the first of `wanted` that is, else one of the person, else the first. */
function choose(countries: string[], ...wanted: (string | undefined)[]): string | undefined {
  const locales = spoken().map((language) => new Intl.Locale(language));
  // A language without a country is mostly spoken in one.
  const regions = [...locales, ...locales.map((locale) => locale.maximize())].map(({ region }) => region);
  return [...wanted, ...regions].find((code) => countries.includes(code!)) ?? countries[0];
}

/**
 * Lists the countries in the language of the moment, and keeps what was chosen. Asks for a number unless the page names it, and
 * for nothing where no country is served.
 */
export function nameCountries({ view, speak }: Kit, { policy, country, isClosed }: Offer, isFixed: boolean, earlier: string | undefined): void {
  const countries = policy?.countries ?? [];
  const chosen = view.region.value || choose(countries, earlier, country);
  const tag = speak.mark(view.region, "country");
  const names = new Intl.DisplayNames(tag, { type: "region" });
  const nameOf = (code: string) => (/^[A-Z]{2}$/.test(code) && names.of(code)) || `${code}`;
  const named = countries.map((code): [string, string] => [code, nameOf(code)]);
  named.sort((a, b) => a[1].localeCompare(b[1], tag));
  view.region.replaceChildren(...named.map(([value, name]) => make("option", { value }, name)));
  view.region.value = chosen ?? "";
  view.regionField.hidden = countries.length < 2;
  view.change.hidden = view.changeDone.hidden = isFixed;
  view.phoneRow.hidden = view.hint.hidden = isFixed || isClosed;
  view.send.hidden = isClosed;
  speak.put(view.hint, countries.length > 0 ? "phoneHint" : "phoneHintPlus");
}
