import { type SendRequest } from "./client.js";
import type { AttestationNeeded } from "./events.js";
/**
 * Asks for a text, and once more with the attestation that the page gives where the service wants one. `want` tells the page.
 */
export declare function askVouched<T>(request: SendRequest, isAwaited: () => boolean, ask: (attestation?: string) => Promise<T>, want: (detail: AttestationNeeded) => void): Promise<T>;
