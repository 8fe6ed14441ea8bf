// Calls of the service: one at a time, with a deadline, and again where a repeat does no harm.

import { Problem, readProblem } from "./problem.js";

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
  readonly headers: { get(name: string): string | null };
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

const running = () => (globalThis.performance ?? Date).now();
let [ran, day, passed] = [running(), Date.now(), 0];

/**
 * The default of {@link Environment.now}. `performance.now` stands still while a device sleeps, and the time of day may be
 * wrong, or set. So what the time of day gains at once counts as sleep; what it loses does not count.
 */
export function now(): number {
  const [run, dayRun] = [running() - ran, Date.now() - day];
  ran += run;
  day += dayRun;
  return (passed += dayRun - run > 1000 ? dayRun : run);
}

/** The pauses before repeats, in milliseconds. A function that starts anew needs about one second. */
const PAUSES = [400, 1500];
/** The longest `Retry-After` that is waited for unasked, in seconds. */
const LONGEST_WAIT = 3;

/**
 * Calls the service. Throws a {@link Problem} unless the answer is a success. What has a key is repeated, because a repeat does
 * what the first did. What is costly (a verify) is repeated whenever the service did nothing, and once without its word,
 * because the call may not have arrived.
 */
export async function call(
  environment: Environment,
  url: string,
  init: FetchInit,
  isCostly?: boolean,
): Promise<unknown> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await once(environment, url, init);
    } catch (error) {
      // Nothing else is thrown.
      const pause = pauseBefore(error as Problem, tries, isCostly);
      if (pause === undefined) throw error;
      await environment.wait(pause);
    }
  }
}

/** How long to wait before another try; `undefined` if there is none. */
function pauseBefore({ kind, document, retryIn = 0 }: Problem, tries: number, isCostly?: boolean): number | undefined {
  const pause = PAUSES[tries];
  if (!/no-answer|throttled|unavailable/.test(kind)) return undefined;
  // A gateway says that the service is away, too, when its answer came too late.
  const silent = document.type === undefined && kind !== "throttled";
  if (pause === undefined || retryIn > LONGEST_WAIT || (silent && isCostly && tries > 0)) return undefined;
  return Math.max(pause, retryIn * 1000);
}

async function once({ fetch, deadline }: Environment, url: string, init: FetchInit): Promise<unknown> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), Math.min(deadline, 2 ** 31 - 1)); // a longer timer fires at once
  try {
    // No cookies: the service knows none. `cache` is left to the service's headers.
    const answer = await fetch(url, { ...init, credentials: "omit", signal: abort.signal });
    const body = parse(await answer.text());
    if (!answer.ok) throw readProblem(answer.status, body, answer.headers.get("Retry-After"));
    if (!body) throw new Problem("not-phoneproof", answer.status);
    return body;
  } catch (error) {
    if (error instanceof Problem) throw error;
    const offline = globalThis.navigator?.onLine === false;
    throw new Problem(offline ? "offline" : "no-answer", 0, {}, undefined, error);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads an object of JSON; `undefined` if it is none. */
function parse(text: string): object | undefined {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read ? read : undefined;
  } catch {
    return undefined;
  }
}
