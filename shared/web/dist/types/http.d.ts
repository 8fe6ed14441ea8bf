/** The part of `fetch` that is used: the platform's fits, and needs no types of a browser. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchAnswer>;
export interface FetchInit {
    method: string;
    headers?: Record<string, string>;
    body?: string;
    credentials?: "omit";
    /** The `AbortSignal` of the deadline. */
    signal?: any;
}
export interface FetchAnswer {
    readonly ok: boolean;
    readonly status: number;
    readonly headers: {
        get(name: string): string | null;
    };
    text(): Promise<string>;
}
/** What the calls need of the outside. Each has a default; tests and other runtimes replace what they like. */
export interface Environment {
    fetch: Fetch;
    /** Milliseconds of a clock that only runs forward, whatever the time of day is. */
    now: () => number;
    /** Waits for so many milliseconds. */
    wait: (milliseconds: number) => Promise<void>;
    /** The longest that a call may take, in milliseconds; `Infinity` for no limit. */
    deadline: number;
}
/**
 * The default of {@link Environment.now}. `performance.now` stands still while a device sleeps, and the time of day may be
 * wrong, or set. So what the time of day gains at once counts as sleep; what it loses does not count.
 */
export declare function now(): number;
/**
 * Calls the service. Throws a {@link Problem} unless the answer is a success. What has a key is repeated, because a repeat does
 * what the first did. What is costly (a verify) is repeated whenever the service did nothing, and once without its word,
 * because the call may not have arrived.
 */
export declare function call(environment: Environment, url: string, init: FetchInit, isCostly?: boolean): Promise<unknown>;
