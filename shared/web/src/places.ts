// The challenges that are awaited, and where a tab keeps them. Each element of the page has a place of its own.

import type { Challenge, PhoneProof, Saved } from "./client.js";
import { kept } from "./storage.js";

/** By name, what the element that has a place keeps there. */
const TAKEN = new Map<string, object>();

export function makePlace() {
  /** Empty before the element was on a page. */
  let name = "";

  const place = {
    /** The last challenge, also when its code can be entered no longer. */
    last: undefined as Challenge | undefined,
    /** Whether its code can be entered no longer. */
    isOver: false,

    /** The challenge whose code is awaited. */
    get current(): Challenge | undefined {
      return place.isOver ? undefined : place.last;
    },

    begin(challenge: Challenge): void {
      place.last = challenge;
      place.isOver = false;
      place.keep();
    },

    /** Its code is offered, and kept, no longer. */
    close(): void {
      place.isOver = true;
      place.keep();
    },

    /** Takes the first place for what is verified that no other element of the page has. */
    take(about: string[]): void {
      place.leave();
      let n = 0;
      do name = `phoneproof:${JSON.stringify(about)}${n++ || ""}`;
      while (TAKEN.has(name));
      TAKEN.set(name, place);
    },

    /** Leaves the place to others. What is kept there stays, for the next page. */
    leave(): void {
      if (TAKEN.get(name) === place) TAKEN.delete(name);
    },

    /**
     * Keeps the challenge, or nothing any more: also for an element that has left the page meanwhile, unless another has the
     * place. Without storage it lasts as long as the page.
     */
    keep(): void {
      if (!name || (TAKEN.get(name) ?? place) !== place) return;
      kept("sessionStorage", name, place.current ? JSON.stringify(place.current.save()) : null);
    },

    /** Takes up what is kept here, if its code still works, and returns its number as typed. */
    takeUp(connect: () => PhoneProof): string | undefined {
      let challenge;
      try {
        challenge = connect().restore(JSON.parse(kept("sessionStorage", name) ?? "null") as Saved);
      } catch {
        return undefined;
      }
      if (challenge) place.begin(challenge);
      else place.close();
      return challenge?.request.phone;
    },
  };
  return place;
}
