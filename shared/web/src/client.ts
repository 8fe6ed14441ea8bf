/**
 * The client of PhoneProof: it texts a code, checks it, and gets the success token for your backend.
 *
 * It runs in browsers, Node 20, Deno and React Native as it is, and depends on nothing.
 *
 * @module
 */

import { type Environment, call } from "./http.js";
import { Problem } from "./problem.js";
import { readDigits } from "./text.js";

export { Problem } from "./problem.js";
export type { ClientProblem, ProblemDocument, ServiceProblem } from "./problem.js";
export type { Environment } from "./http.js";

/** What `GET /v1/policy` says. */
export interface Policy {
  /** The countries that are served, as ISO 3166-1 alpha-2 codes. */
  countries: string[];
  /** After how many seconds a phone may be texted again. */
  resendIn: number;
  /** The businesses that a front end may name. */
  businesses: PolicyBusiness[];
}

/** What the policy says of one business. */
export interface PolicyBusiness {
  id: string;
  brand: string;
  channels: string[];
  codeLength: number;
  locales: string[];
  defaultLocale: string;
}

/** How a client is made. */
export interface Options extends Partial<Environment> {
  /** The URL of your stack, such as `https://verify.example.com`. Empty means the origin of the page. */
  issuer: string;
  /** The business that phones are verified for. Your backend compares it with the `aud` of the success token. */
  business: string;
  /** Names this device or installation. By default a random id, which browsers keep. */
  device?: string;
}

/** What a code is asked for. */
export interface SendRequest {
  /** The number as the person typed it. */
  phone: string;
  /** The country of a number without a leading +, such as `US`. */
  region?: string | undefined;
  /** The language of the text, as a hint. */
  locale?: string | undefined;
  /** What the verification is for. Your backend compares it with the `action` of the success token. */
  action?: string | undefined;
  /** How the code travels, if the policy lists more than `sms`. */
  channel?: string | undefined;
}

/** The success token, for your backend. */
export interface Success {
  token: string;
  tokenType: string;
  expiresAt: string;
  /** For how many seconds the token is valid, counted from the answer. */
  expiresIn: number;
}

interface SendAnswer {
  token: string;
  expiresIn?: number;
  resendIn?: number;
  codeLength?: number;
  attempts?: number;
  phone?: string;
}

/** What outlives a page, as {@link Challenge.save} returns it. It holds the phone number. */
export interface Saved {
  request: SendRequest;
  answer: SendAnswer;
  /** The instants of the device's clock at which it was saved and the code expires, in milliseconds. */
  savedAt: number;
}

/** Verifies phones for one business. Make it once per page or process. */
export class PhoneProof {
  readonly issuer: string;
  readonly business: string;
  readonly device: string;
  readonly #environment: Environment;
  /** The key of each send whose outcome is unknown, by what was asked for. */
  readonly #keys = new Map<string, string>();
  readonly #running = new Map<string, Promise<Challenge>>();
  #policy: Promise<Policy> | undefined;

  constructor({ issuer, business, device, ...environment }: Options) {
    this.issuer = issuer.replace(/\/+$/, "");
    this.business = business;
    this.device = device ?? deviceId();
    this.#environment = {
      fetch: (...request) => globalThis.fetch(...request),
      now: () => (globalThis.performance ?? Date).now(),
      wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
      deadline: 15_000,
      ...environment,
    };
  }

  /** Reads what the service offers. Asked once; a failure is asked again. */
  policy(): Promise<Policy> {
    const read = async () => {
      const policy = (await this.#call("GET", "/v1/policy")) as Policy;
      if (!Array.isArray(policy.countries) || !Array.isArray(policy.businesses)) throw new Problem("not-phoneproof", 200);
      return policy;
    };
    return (this.#policy ??= read().catch((error: unknown) => {
      this.#policy = undefined;
      throw error;
    }));
  }

  /**
   * Texts a code. Asked twice for the same at once, it sends once. When nothing answered, ask again: the key of the first
   * request goes along, so that the service texts once, whichever of the requests arrived.
   *
   * @throws {Problem}
   */
  send(request: SendRequest): Promise<Challenge> {
    const about = JSON.stringify([request.phone, request.region, request.locale, request.action, request.channel]);
    let running = this.#running.get(about);
    if (!running) {
      running = this.#send(request, about).finally(() => this.#running.delete(about));
      this.#running.set(about, running);
    }
    return running;
  }

  async #send(request: SendRequest, about: string): Promise<Challenge> {
    const key = this.#keys.get(about) ?? randomId();
    this.#keys.set(about, key);
    try {
      const answer = await this.post("/v1/send", this.body(request), { "Idempotency-Key": key });
      this.#keys.delete(about);
      return new Challenge(this, request, answer as SendAnswer);
    } catch (error) {
      const challenge = this.began(error, request);
      // A refusal by the service is definite. Without its answer the next try has to be the same request.
      if (error instanceof Problem && error.status > 0 && error.kind !== "throttled" && error.kind !== "internal") this.#keys.delete(about);
      if (challenge) return challenge;
      throw error;
    }
  }

  /** Takes up a challenge of an earlier page. `undefined` if its code is over, or was not saved by this client. */
  restore(saved: Saved | null | undefined): Challenge | undefined {
    if (!saved?.answer?.token || !saved.request?.phone) return undefined;
    // A clock that was set back meanwhile gives less than nothing; then nobody knows how much time is left.
    const gone = Math.max(0, (Date.now() - saved.savedAt) / 1000);
    const { answer } = saved;
    const expiresIn = answer.expiresIn === undefined ? undefined : answer.expiresIn - gone;
    if (expiresIn !== undefined && expiresIn <= 0) return undefined;
    return new Challenge(this, saved.request, { ...answer, expiresIn: expiresIn!, resendIn: Math.max(0, (answer.resendIn ?? 0) - gone) });
  }

  /** @internal A 504 names the token of a text that may still arrive. */
  began(error: unknown, request: SendRequest): Challenge | undefined {
    if (!(error instanceof Problem) || !error.document.token) return undefined;
    return new Challenge(this, request, error.document as SendAnswer, error);
  }

  /** @internal */
  body({ phone, region, locale, action, channel }: SendRequest, token?: string): object {
    const sms = channel === undefined || channel === "sms";
    return { phone, uniqueId: this.device, businessId: this.business, region, locale, action, token, channel: sms ? undefined : channel };
  }

  /** @internal */
  post(path: string, body: object, headers: Record<string, string> = {}, repeat: "always" | "unheard" = "always"): Promise<unknown> {
    return this.#call("POST", path, { ...headers, "Content-Type": "application/json" }, JSON.stringify(body), repeat);
  }

  /** @internal */
  now(): number {
    return this.#environment.now();
  }

  #call(method: string, path: string, headers?: Record<string, string>, body?: string, repeat: "always" | "unheard" = "always"): Promise<unknown> {
    const init = { method, ...(headers && { headers }), ...(body !== undefined && { body }) };
    return call(this.#environment, this.issuer + path, init, repeat);
  }
}

/** A code that was texted, until it is entered. */
export class Challenge {
  readonly request: SendRequest;
  /** The number, with everything but its last digits hidden; empty if the carrier did not confirm the text. */
  phone = "";
  codeLength: number | undefined;
  /** The guesses that are left, as far as is known. */
  attemptsLeft: number | undefined;
  /** Set if the carrier did not confirm the last text, which may still arrive. */
  unconfirmed: Problem | undefined;
  /** The success, once the right code was entered. */
  success: Success | undefined;
  readonly #client: PhoneProof;
  #token = "";
  #expires: number | undefined;
  #resend = 0;
  #wrong = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();
  #guesses = new Map<string, Promise<Success>>();
  #resending: Promise<boolean> | undefined;

  /** @internal */
  constructor(client: PhoneProof, request: SendRequest, answer: SendAnswer, unconfirmed?: Problem) {
    this.#client = client;
    this.request = request;
    this.#take(answer, unconfirmed);
  }

  /** The seconds that the code still works; `undefined` if the service did not say. */
  get expiresIn(): number | undefined {
    return this.#expires === undefined ? undefined : this.#left(this.#expires);
  }

  /** The seconds until another text may be asked for; 0 at once. */
  get resendIn(): number {
    return this.#left(this.#resend);
  }

  /**
   * Checks a code. The same code twice at once is submitted once, and never again after it was right. A code that was
   * wrong is not submitted again either, because that would cost a guess.
   *
   * @throws {Problem}
   */
  verify(typed: string): Promise<Success> {
    const code = readDigits(typed);
    let guess = this.#guesses.get(code);
    if (!guess) {
      // One after the other: once a code was right, no other is submitted.
      guess = this.#last.then(() => this.#verify(code)).finally(() => this.#guesses.delete(code));
      this.#last = guess.catch(() => {});
      this.#guesses.set(code, guess);
    }
    return guess;
  }

  async #verify(code: string): Promise<Success> {
    if (this.success) return this.success;
    if (this.#wrong.has(code)) {
      const left = this.attemptsLeft;
      throw new Problem("wrong-code", 422, { detail: "It was wrong before.", ...(left !== undefined && { attemptsRemaining: left }) });
    }
    try {
      this.success = (await this.#client.post("/v1/verify", { token: this.#token, code }, {}, "unheard")) as Success;
      return this.success;
    } catch (error) {
      if (error instanceof Problem && error.kind === "wrong-code") {
        this.#wrong.add(code);
        this.attemptsLeft = error.attemptsRemaining ?? this.attemptsLeft;
      }
      throw error;
    }
  }

  /**
   * Texts the code again. Resolves to whether it is a new code: with little time left the service makes one.
   *
   * @throws {Problem}
   */
  resend(change: Pick<SendRequest, "locale" | "channel"> = {}): Promise<boolean> {
    return (this.#resending ??= this.#again({ ...this.request, ...change }).finally(() => (this.#resending = undefined)));
  }

  async #again(request: SendRequest): Promise<boolean> {
    const before = this.#token;
    try {
      this.#take((await this.#client.post("/v1/send", this.#client.body(request, before), {}, "unheard")) as SendAnswer);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.kind === "limited" && error.retryIn !== undefined) this.#resend = this.#at(error.retryIn);
      // The first request arrived and only its answer was lost: the pause that it began refuses the second.
      if (error.unheard && error.rule === "phone-cooldown") return false;
      if (!error.document.token) throw error;
      this.#take(error.document as SendAnswer, error);
    }
    if (this.#token === before) return false;
    this.#wrong.clear();
    return true;
  }

  /** What {@link PhoneProof.restore} takes, for a page that is left and comes back. Keep it in `sessionStorage`. */
  save(): Saved {
    const { expiresIn, resendIn, codeLength, attemptsLeft, phone } = this;
    const answer: SendAnswer = { token: this.#token, resendIn, phone };
    if (expiresIn !== undefined) answer.expiresIn = expiresIn;
    if (codeLength !== undefined) answer.codeLength = codeLength;
    if (attemptsLeft !== undefined) answer.attempts = attemptsLeft;
    return { request: this.request, answer, savedAt: Date.now() };
  }

  #take(answer: SendAnswer, unconfirmed?: Problem): void {
    this.#token = answer.token;
    this.phone = answer.phone ?? this.phone;
    this.codeLength = answer.codeLength ?? this.codeLength;
    // A resend says how many guesses a challenge has. Those that were used stay used.
    const known = [this.attemptsLeft, answer.attempts].filter((count) => count !== undefined);
    if (known.length > 0) this.attemptsLeft = Math.min(...known);
    if (answer.expiresIn !== undefined) this.#expires = this.#at(answer.expiresIn);
    this.#resend = this.#at(answer.resendIn ?? 0);
    this.unconfirmed = unconfirmed;
  }

  #at(seconds: number): number {
    return this.#client.now() + seconds * 1000;
  }

  #left(instant: number): number {
    return Math.max(0, Math.ceil((instant - this.#client.now()) / 1000));
  }
}

const DEVICE = "phoneproof-device";

/** The id of this browser, which it keeps where it may. */
function deviceId(): string {
  try {
    const known = localStorage.getItem(DEVICE) ?? randomId();
    localStorage.setItem(DEVICE, known);
    return known;
  } catch {
    return randomId();
  }
}

/** A random id of 128 bits. It names something and protects nothing, so a runtime without `crypto` may make it, too. */
function randomId(): string {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.random() * 256);
  globalThis.crypto?.getRandomValues?.(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
