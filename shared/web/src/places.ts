// Where a tab keeps the challenges that are awaited. Each element of the page has a place of its own.

import type { Challenge, Saved } from "./client.js";

const TAKEN = new Set<string>();

export class Place {
  /** Empty while the element is on no page. */
  #name = "";

  /** Takes the first place for what is verified that no other element of the page has. */
  take(about: string[]): void {
    this.leave();
    let n = 0;
    do this.#name = `phoneproof:${JSON.stringify(about)}${n++ || ""}`;
    while (TAKEN.has(this.#name));
    TAKEN.add(this.#name);
  }

  /** Leaves the place. What is kept there stays, for the next page. */
  leave(): void {
    TAKEN.delete(this.#name);
    this.#name = "";
  }

  /** Keeps a challenge, or nothing any more. Without storage it lasts as long as the page. */
  keep(challenge?: Challenge): void {
    try {
      if (challenge && this.#name) sessionStorage.setItem(this.#name, JSON.stringify(challenge.save()));
      else sessionStorage.removeItem(this.#name);
    } catch {
      // Storage is off, or full.
    }
  }

  /** What is kept here, if anything. */
  read(): Saved | undefined {
    try {
      return JSON.parse(sessionStorage.getItem(this.#name)!) as Saved;
    } catch {
      return undefined;
    }
  }
}
