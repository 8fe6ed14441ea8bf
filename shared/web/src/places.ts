// Where a tab keeps the challenges that are awaited. Each element of the page has a place of its own.

import type { Challenge, Saved } from "./client.js";
import { kept } from "./storage.js";

const TAKEN = new Map<string, Place>();

export class Place {
  /** Empty before the element was on a page. */
  #name = "";

  /** Takes the first place for what is verified that no other element of the page has. */
  take(about: string[]): void {
    this.leave();
    let n = 0;
    do this.#name = `phoneproof:${JSON.stringify(about)}${n++ || ""}`;
    while (TAKEN.has(this.#name));
    TAKEN.set(this.#name, this);
  }

  /** Leaves the place to others. What is kept there stays, for the next page. */
  leave(): void {
    if (TAKEN.get(this.#name) === this) TAKEN.delete(this.#name);
  }

  /**
   * Keeps a challenge, or nothing any more: also for an element that has left the page meanwhile, unless another has the
   * place. Without storage it lasts as long as the page.
   */
  keep(challenge?: Challenge): void {
    if (!this.#name || (TAKEN.get(this.#name) ?? this) !== this) return;
    kept("sessionStorage", this.#name, challenge ? JSON.stringify(challenge.save()) : null);
  }

  /** What is kept here, if anything. */
  read(): Saved | undefined {
    try {
      return JSON.parse(kept("sessionStorage", this.#name)!) as Saved;
    } catch {
      return undefined;
    }
  }
}
