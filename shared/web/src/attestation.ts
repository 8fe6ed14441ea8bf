// The way to the word of the page's edge.

import { Problem, type SendRequest } from "./client.js";
import { diagnose } from "./diagnose.js";
import type { Attestation, AttestationNeeded } from "./events.js";

/**
 * Asks for a text, and once more with the attestation that the page gives where the service wants one. `want` tells the page.
 */
export async function askVouched<T>(
  request: SendRequest,
  isAwaited: () => boolean,
  ask: (attestation?: string) => Promise<T>,
  want: (detail: AttestationNeeded) => void,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const problem = error as Problem;
    if (!isAwaited() || problem.challenge !== "attestation") throw problem;
    let given: Promise<Attestation> | undefined;
    let isOver = false;
    const respondWith = (answer: Attestation | PromiseLike<Attestation>) => {
      if (isOver) throw new TypeError("respondWith: call it at once");
      given = Promise.resolve(answer);
    };
    want({ request, problem, respondWith });
    isOver = true;
    const attestation = given && (await given.catch((error: unknown) => void diagnose(undefined, error)));
    if (!given || !isAwaited()) throw problem;
    if (!attestation) throw new Problem("no-attestation", problem.status, {}, undefined, problem);
    return ask(attestation);
  }
}
