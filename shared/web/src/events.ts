// What the component tells its page.

import type { Challenge, Problem, SendRequest, Success } from "./client.js";

/** What the component shows: the form for the number, the form for the code, or that the phone is verified. */
export type Shown = "number" | "code" | "done";

/** The events, with their `detail`. All bubble. A change of `value` is also a plain `change` event. */
export interface PhoneProofEvents {
  "phoneproof-shown": { shown: Shown };
  "phoneproof-sent": { challenge: Challenge };
  "phoneproof-verified": Success;
  "phoneproof-refused": { problem: Problem };
  "phoneproof-attestation-needed": AttestationNeeded;
}
/** The events by name, as `addEventListener` takes them. */
export type PhoneProofEventMap = { [Name in keyof PhoneProofEvents]: CustomEvent<PhoneProofEvents[Name]> };

/** The service wants the word of your edge before it texts. Without an answer of the page, the person reads the refusal. */
export interface AttestationNeeded {
  /** What is asked for: the number as typed, with its `region` unless it has a leading +. */
  request: SendRequest;
  /** The refusal. */
  problem: Problem;
  /**
   * Takes the attestation, or a promise of it: the same is then asked for once more, with it. Call it while the event is
   * handled. Nothing or `null` is for a person who did not pass your check.
   */
  respondWith(attestation: Attestation | PromiseLike<Attestation>): void;
}
/** The word of an edge, or nothing of it. */
export type Attestation = string | null | undefined;

// The events bubble, so any element, the document and the window can listen to them.
declare global {
  interface GlobalEventHandlersEventMap extends PhoneProofEventMap {}
}
