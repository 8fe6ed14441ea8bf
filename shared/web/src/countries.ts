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
export function nameCountries({ view, speak }: Kit, { knownPolicy, wantedCountry, isClosed }: Offer, isFixed: boolean, earlier: string | undefined): void {
  const countries = knownPolicy?.countries ?? [];
  const chosen = view.regionInput.value || choose(countries, earlier, wantedCountry);
  const tag = speak.mark(view.regionInput, "country");
  const names = new Intl.DisplayNames(tag, { type: "region" });
  const nameOf = (code: string) => (/^[A-Z]{2}$/.test(code) && names.of(code)) || `${code}`;
  const named = countries.map((code): [string, string] => [code, nameOf(code)]);
  named.sort((a, b) => a[1].localeCompare(b[1], tag));
  view.regionInput.replaceChildren(...named.map(([value, name]) => make("option", { value }, name)));
  view.regionInput.value = chosen ?? "";
  view.regionField.hidden = countries.length < 2;
  view.changeButton.hidden = view.changeDoneButton.hidden = isFixed;
  view.phoneRow.hidden = view.hintLine.hidden = isFixed || isClosed;
  view.sendButton.hidden = isClosed;
  speak.put(view.hintLine, countries.length > 0 ? "phoneHint" : "phoneHintPlus");
}
