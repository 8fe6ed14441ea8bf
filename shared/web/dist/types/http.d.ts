/** What the calls need of the outside. Each has a default; tests and other runtimes replace what they like. */
export interface Environment {
    fetch: typeof fetch;
    /** Milliseconds of a clock that only runs forward. The time of day may be wrong, so nothing reads it. */
    now: () => number;
    /** Waits for so many milliseconds. */
    wait: (milliseconds: number) => Promise<void>;
    /** The longest that a call may take, in milliseconds. */
    deadline: number;
}
/**
 * What may be repeated: `always` if a repeat does what the first did (a send with a key), `unheard` if the service did
 * nothing (it said so, or a gateway refused), and once if nothing answered, because the call may not have arrived.
 */
export type Repeat = "always" | "unheard";
/** Calls the service. Throws a {@link Problem} unless the answer is a success. */
export declare function call(environment: Environment, url: string, init: {
    method: string;
    headers?: Record<string, string>;
    body?: string;
}, repeat: Repeat): Promise<unknown>;
