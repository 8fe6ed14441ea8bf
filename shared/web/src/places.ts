// The challenges that are awaited, and where a tab keeps them. Each element of the page has a place of its own.

import type { Challenge, PhoneProof, Saved } from "./client.js";
import { kept } from "./storage.js";

const TAKEN = new Map<string, Place>();

export class Place {
  /** Empty before the element was on a page. */
  #name = "";
  /** The last challenge, also when its code can be entered no longer. */
  last: Challenge | undefined;
  /** Whether its code can be entered no longer. */
  isOver = false;

  /** The challenge whose code is awaited. */
  get challenge(): Challenge | undefined {
    return this.isOver ? undefined : this.last;
  }

  begin(challenge: Challenge): void {
    this.last = challenge;
    this.isOver = false;
    this.keep();
  }

  /** Its code is offered, and kept, no longer. */
  end(): void {
    this.isOver = true;
    this.keep();
  }

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
   * Keeps the challenge, or nothing any more: also for an element that has left the page meanwhile, unless another has the
   * place. Without storage it lasts as long as the page.
   */
  keep(): void {
    if (!this.#name || (TAKEN.get(this.#name) ?? this) !== this) return;
    kept("sessionStorage", this.#name, this.challenge ? JSON.stringify(this.challenge.save()) : null);
  }

  /** Takes up what is kept here, if its code still works, and returns its number as typed. */
  restore(connect: () => PhoneProof): string | undefined {
    let challenge;
    try {
      challenge = connect().restore(JSON.parse(kept("sessionStorage", this.#name) ?? "null") as Saved);
    } catch {
      return undefined;
    }
    if (challenge) this.begin(challenge);
    else this.end();
    return challenge?.request.phone;
  }
}
