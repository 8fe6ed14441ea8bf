import type { Challenge } from "./client.js";
import type { Kit } from "./kit.js";
/** The number of a challenge as typed, left to right in any text. */
export declare const numberOf: ({ request }: Challenge) => HTMLElement;
/** Shows what is known. `digits` is how many the code has, and `end` is called when its time is over. */
export declare function showFacts(kit: Kit, challenge: Challenge, isOver: boolean, digits: () => number, end: () => void): void;
