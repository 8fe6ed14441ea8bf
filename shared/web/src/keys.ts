// The keys of the sends whose outcome is unknown.

import { kept } from "./storage.js";

/** Keys by what was asked for. A tab of a browser keeps them over a reload. Nobody but `owner` takes them. */
export function makeKeys(...owner: string[]) {
  const known = new Map<string, string | null>();
  const nameOf = (about: string) => `phoneproof-key:${JSON.stringify([owner, about])}`;
  return {
    get: (about: string) => known.get(about) ?? kept("sessionStorage", nameOf(about)),
    /** Keeps a key, or none any more. */
    keep(about: string, key: string | null = null): void {
      known.set(about, key);
      kept("sessionStorage", nameOf(about), key);
    },
  };
}
