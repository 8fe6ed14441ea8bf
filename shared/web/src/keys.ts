// The keys of the sends whose outcome is unknown.

import { kept } from "./storage.js";

/** Keys by what was asked for. A tab of a browser keeps them over a reload. */
export class Keys {
  readonly #known = new Map<string, string | null>();
  readonly #nameOf: (about: string) => string;

  /** Nobody but `owner` takes these keys. */
  constructor(...owner: string[]) {
    this.#nameOf = (about) => `phoneproof-key:${JSON.stringify([owner, about])}`;
  }

  get(about: string): string | null | undefined {
    return this.#known.get(about) ?? kept("sessionStorage", this.#nameOf(about));
  }

  /** Keeps a key, or none any more. */
  keep(about: string, key: string | null = null): void {
    this.#known.set(about, key);
    kept("sessionStorage", this.#nameOf(about), key);
  }
}
