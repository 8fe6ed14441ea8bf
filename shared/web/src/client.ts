/**
 * The client of PhoneProof: it texts a code, checks it, and gets the success token for your backend.
 *
 * It runs in browsers, Node 20, Deno and React Native as it is, and depends on nothing.
 *
 * @module
 */

import { type Environment, type FetchInit, call, now as clock } from "./http.js";
import { makeKeys } from "./keys.js";
import { Problem, readNumber } from "./problem.js";
import { kept } from "./storage.js";
import { isLength, readCode } from "./text.js";

export { Problem } from "./problem.js";
export type { ClientProblem, ProblemDocument, Remedy, Rule, ServiceProblem } from "./problem.js";
export type { Environment, Fetch, FetchAnswer, FetchInit } from "./http.js";

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
export interface Options extends Unset<Environment> {
  /** The URL of your stack, such as `https://verify.example.com`. Empty, or a path, is of the origin of the page. */
  issuer: string;
  /** The business that phones are verified for. Your backend compares it with the `aud` of the success token. */
  business: string;
  /** Names this device or installation. By default a random id, which browsers keep. */
  device?: string | undefined;
}
type Unset<T> = { [Name in keyof T]?: T[Name] | undefined };

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
  /**
   * The word of your edge for this caller and this number, if a refusal had the challenge `attestation`. It is for one
   * request: a challenge does not keep it.
   */
  attestation?: string | undefined;
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
  expiresIn?: number | undefined;
  resendIn?: number;
  codeLength?: number | undefined;
  attempts?: number | undefined;
  phone?: string;
  channels?: string[];
}
type Sent = { answer: SendAnswer; unconfirmed?: Problem };

/** What outlives a page, as {@link Challenge.save} returns it. It holds the phone number. */
export interface Saved {
  request: SendRequest;
  answer: SendAnswer;
  /** The instant of the device's clock at which it was saved, in milliseconds. */
  savedAt: number;
  /** Whose challenge it is. Another client does not take it up. */
  issuer: string;
  business: string;
  /** The codes that were wrong. */
  wrong: string[];
  /** Whether the carrier did not confirm the text. */
  unconfirmed: boolean;
}

/**
 * Verifies the phone of one person for one business. Make one per device: a page or an app makes one. On a server, make one
 * per person with the `device` of that person, or all share the limits of one device.
 */
export class PhoneProof {
  readonly issuer: string;
  readonly business: string;
  readonly device: string;
  readonly #environment: Environment;
  readonly #keys: ReturnType<typeof makeKeys>;
  readonly #running = new Map<string, Promise<Sent>>();
  #policy: Promise<Policy> | undefined;

  /** @throws {TypeError} if `issuer` is no such URL. */
  constructor({ issuer, business, device, fetch, now, wait, deadline }: Options) {
    this.issuer = readIssuer(issuer);
    this.business = business;
    this.device = device ?? deviceId();
    this.#keys = makeKeys(this.issuer, business, this.device);
    this.#environment = {
      fetch: fetch ?? ((...request) => globalThis.fetch(...request)),
      now: now ?? clock,
      wait: wait ?? ((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))),
      deadline: deadline! > 0 ? deadline! : 15_000,
    };
  }

  /** Reads what the service offers. Asked once; a failure is asked again. */
  policy(): Promise<Policy> {
    const read = async () => {
      const policy = (await this.#call("/v1/policy")) as Policy;
      if (![policy.countries, policy.businesses].every(Array.isArray)) throw new Problem("not-phoneproof", 200);
      // Nobody can choose what is none.
      return { ...policy, countries: policy.countries.filter(Boolean), businesses: policy.businesses.filter(Boolean) };
    };
    return (this.#policy ??= read().catch((error: unknown) => {
      this.#policy = undefined;
      throw error;
    }));
  }

  /**
   * Texts a code. Asked twice for the same at once, it sends once, and gives each caller a challenge. When nothing answered,
   * ask again, in a browser also after a reload: the key of the first request goes along, so that the service texts once,
   * whichever of the requests arrived.
   *
   * @throws {Problem}
   */
  async send(request: SendRequest): Promise<Challenge> {
    if (!request?.phone) throw malformed("phone", "digits");
    // Not the language, and not who vouches: asked again with another one, it is the same text.
    const about = JSON.stringify([request.phone, request.region, request.action, request.channel]);
    const { answer, unconfirmed } = await share(this.#running, about, () => this.order(request, about));
    return new Challenge(this, { ...request, attestation: undefined }, answer, unconfirmed);
  }

  /** @internal Asks for a text under the key of what it is `about`, which lives until the service has decided. */
  async order(request: SendRequest, about: string, token?: string): Promise<Sent> {
    const { phone, region, locale, action, attestation } = request;
    const channel = request.channel === "sms" ? undefined : request.channel;
    const body = { phone, uniqueId: this.device, businessId: this.business, region, locale, action, token, attestation, channel };
    const key = this.#keys.get(about) ?? randomId();
    this.#keys.keep(about, key);
    try {
      const answer = (await this.post("/v1/send", body, key)) as SendAnswer;
      this.#keys.keep(about);
      return { answer };
    } catch (error) {
      const problem = error as Problem;
      if (problem.isFinal) this.#keys.keep(about);
      // A 504 names the token of a text that may still arrive.
      if (problem.document?.token) return { answer: problem.document as SendAnswer, unconfirmed: problem };
      throw error;
    }
  }

  /** Takes up a challenge of an earlier page. `undefined` if its code is over, or was not saved by this client. */
  restore(saved: Saved | null | undefined): Challenge | undefined {
    if (typeof saved?.answer?.token !== "string" || typeof saved.request?.phone !== "string") return undefined;
    if (saved.issuer !== this.issuer || saved.business !== this.business || !Number.isFinite(saved.savedAt)) return undefined;
    // A clock that was set back meanwhile gives less than nothing; then nobody knows how much time is left.
    const gone = Math.max(0, (Date.now() - saved.savedAt) / 1000);
    const { answer } = saved;
    const expiresIn = readNumber(answer.expiresIn! - gone);
    if (expiresIn! <= 0) return undefined;
    return new Challenge(this, saved.request, { ...answer, expiresIn, resendIn: Math.max(0, answer.resendIn! - gone) }, saved.unconfirmed ? new Problem("delivery-unknown", 504) : undefined, saved.wrong);
  }

  /** @internal Every success has a token, and one of a verify its time; what has none is of another service. Only a verify has no key. */
  async post(path: string, body: object, key?: string): Promise<{ token: string }> {
    const headers = { "Content-Type": "application/json", ...(key && { "Idempotency-Key": key }) };
    // What has no key is costly to repeat.
    const answer = (await this.#call(path, { method: "POST", headers, body: JSON.stringify(body) }, !key)) as SendAnswer;
    const { token, codeLength = 6, expiresIn } = answer;
    if (typeof token !== "string" || !token || !(key ? isLength(codeLength) : readNumber(expiresIn)! > 0)) throw new Problem("not-phoneproof", 200);
    return answer;
  }

  /** @internal */
  now(): number {
    return this.#environment.now();
  }

  #call(path: string, init: FetchInit = { method: "GET", headers: {} }, isCostly?: boolean): Promise<unknown> {
    return call(this.#environment, this.issuer + path, init, isCostly);
  }
}

/** A code that was texted, until it is entered. */
export class Challenge {
  readonly request: SendRequest;
  /** The number, with everything but its last digits hidden; empty if the carrier did not confirm the text. */
  phone = "";
  codeLength: number | undefined;
  /** How the code can be sent again: `sms`, and `voice` where the number can be called. */
  channels = ["sms"];
  /** The guesses that are left, as far as is known. */
  attemptsLeft: number | undefined;
  /** Set if the carrier did not confirm the last text, which may still arrive. */
  unconfirmed: Problem | undefined;
  /** The success, once the right code was entered. */
  success: Success | undefined;
  /** The code that was right. */
  #right: string | undefined;
  readonly #client: PhoneProof;
  #token = "";
  #expires: number | undefined;
  #resend = 0;
  readonly #wrong: Set<string>;
  #last: Promise<any> = Promise.resolve();
  #guesses = new Map<string, Promise<Success>>();
  #resending: Promise<boolean> | undefined;

  /** @internal */
  constructor(client: PhoneProof, request: SendRequest, answer: SendAnswer, unconfirmed?: Problem, wrong: string[] = []) {
    this.#client = client;
    this.request = request;
    this.#wrong = new Set(Array.isArray(wrong) ? wrong : []);
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
   * Checks a code, which may stand in the whole message. The same code twice at once is submitted once. After the right one
   * nothing is submitted: that code gives the success again, every other is wrong. A code that was wrong is not submitted
   * again either, because that would cost a guess; nor is one of another length.
   *
   * @throws {Problem}
   */
  verify(typed: string): Promise<Success> {
    const code = readCode(String(typed), this.codeLength);
    const check = () => this.#verify(code);
    // One after the other: once a code was right, no other is submitted.
    return share(this.#guesses, code, () => (this.#last = this.#last.then(check, check)));
  }

  async #verify(code: string): Promise<Success> {
    if (this.success && this.#right === code) return this.success;
    const length = this.codeLength;
    if (/\D/.test(code) || code.length !== (length ?? (code.length || 1))) {
      throw malformed("code", `${length ?? "only"} digits`);
    }
    if (this.success || this.#wrong.has(code)) {
      throw new Problem("wrong-code", 422, { attemptsRemaining: this.attemptsLeft });
    }
    const token = this.#token;
    try {
      this.success = (await this.#client.post("/v1/verify", { token, code })) as Success;
      this.#right = code;
      return this.success;
    } catch (error) {
      if (!(error instanceof Problem) || !error.isFinal) throw error;
      if (error.kind !== "wrong-code") {
        // A resend that is under way may have moved the guesses to a new code, which this one may be.
        await this.#resending?.catch(() => {});
        if (this.#token !== token) return this.#verify(code);
      } else if (this.#token === token) {
        this.#wrong.add(code);
        this.attemptsLeft = error.attemptsRemaining ?? this.attemptsLeft;
      }
      throw error;
    }
  }

  /**
   * Texts the code again. Resolves to whether it is a new code: with little time left the service makes one. When nothing
   * answered, ask again: as for a send, the service texts once.
   *
   * @throws {Problem}
   */
  resend(change: Pick<SendRequest, "locale" | "channel" | "attestation"> = {}): Promise<boolean> {
    return (this.#resending ??= this.#again({ ...this.request, ...change }).finally(() => (this.#resending = undefined)));
  }

  async #again(request: SendRequest): Promise<boolean> {
    const before = this.#token;
    try {
      const { answer, unconfirmed } = await this.#client.order(request, JSON.stringify([before, request.channel]), before);
      this.#take(answer, unconfirmed);
    } catch (error) {
      if (error instanceof Problem) {
        // Where nobody is called, a text can still be asked for.
        if (/^call/.test(error.rule!)) this.channels = ["sms"];
        // With an attestation it can be asked for at once; a call, too, where a purse of texts refused.
        else if (error.retryIn && !error.challenge && !(this.channels[1] && /purse|money/.test(error.rule!))) this.#resend = this.#at(error.retryIn);
      }
      throw error;
    }
    if (this.#token === before) return false;
    this.#wrong.clear();
    return true;
  }

  /** What {@link PhoneProof.restore} takes, for a page that is left and comes back. Keep it in `sessionStorage`. */
  save(): Saved {
    const answer: SendAnswer = { token: this.#token, resendIn: this.resendIn, phone: this.phone, expiresIn: this.expiresIn, codeLength: this.codeLength, attempts: this.attemptsLeft, channels: this.channels };
    const { issuer, business } = this.#client;
    return { request: this.request, answer, savedAt: Date.now(), issuer, business, wrong: [...this.#wrong], unconfirmed: !!this.unconfirmed };
  }

  #take(answer: SendAnswer, unconfirmed?: Problem): void {
    this.#token = answer.token;
    this.phone = answer.phone ?? this.phone;
    this.channels = answer.channels ?? this.channels;
    // A member that is not a number counts as missing.
    const [length, attempts = this.attemptsLeft, expiresIn, resendIn = 0] = [answer.codeLength, answer.attempts, answer.expiresIn, answer.resendIn].map(readNumber);
    this.codeLength = length ?? this.codeLength;
    // A resend says how many guesses a challenge has. Those that were used stay used.
    if (!(attempts! > this.attemptsLeft!)) this.attemptsLeft = attempts;
    if (expiresIn !== undefined) this.#expires = this.#at(expiresIn);
    this.#resend = this.#at(resendIn);
    this.unconfirmed = unconfirmed;
  }

  #at(seconds: number): number {
    return this.#client.now() + seconds * 1000;
  }

  #left(instant: number): number {
    return Math.max(0, Math.ceil((instant - this.#client.now()) / 1000));
  }
}

/** The refusal of what the service would refuse, without a call. */
const malformed = (field: string, accepted: string) => new Problem("malformed", 400, { errors: [{ field, accepted }] });

/** Starts what is `about` something, unless it runs already. */
function share<T>(running: Map<string, Promise<T>>, about: string, start: () => Promise<T>): Promise<T> {
  const promise = running.get(about) ?? start().finally(() => running.delete(about));
  running.set(about, promise);
  return promise;
}

/** Reads where the service is. What no browser could call is refused here, where a developer sees it. */
function readIssuer(issuer: string): string {
  const url = String(issuer).trim().replace(/\/+$/, "");
  try {
    // A path is of the page's own origin, whatever `<base>` says, where there is an origin.
    if (/^((https?:\/)?\/[^/?#@\s][^?#@\s]*)?$/i.test(url) && new URL(url, "https://a")) return (/^h/i.test(url) ? "" : /^http.*/.exec(globalThis.location?.origin) ?? "") + url;
  } catch {
    // The port is none, or the name.
  }
  throw new TypeError(`issuer: ${JSON.stringify(issuer)} is no URL such as https://verify.example.com`);
}

const DEVICE = "phoneproof-device";

/** The id of this browser, which it keeps where it may. */
function deviceId(): string {
  const known = kept("localStorage", DEVICE) ?? "";
  // What else a page may have put there, the service would refuse for ever.
  const device = /^[\da-f]{32}$/.test(known) ? known : randomId();
  kept("localStorage", DEVICE, device);
  return device;
}

/** A random id of 128 bits. It names something and protects nothing, so a runtime without `crypto` may make it, too. */
function randomId(): string {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.random() * 256);
  globalThis.crypto?.getRandomValues?.(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
