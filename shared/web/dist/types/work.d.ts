import type { Kit } from "./kit.js";
/**
 * How long a person waits for what is found out beside a call, and the first pause before the policy is asked for again, in
 * milliseconds. Each pause is twice the one before: as long as nothing has answered so far.
 */
export declare const AT_MOST = 3000;
/** Waits, but not for long. */
export declare const within: <T>(what: Promise<T>) => Promise<Awaited<T> | undefined>;
/** What runs at once: a code may be checked while another text is under way. */
type Kind = "send" | "verify" | "resend";
/** Whether the answer of a work is still awaited. It is not after a reset. */
export type IsAwaited = () => boolean;
type Work = (isAwaited: IsAwaited) => Promise<void>;
export declare function makeWorks(kit: Kit): {
    run: (kind: Kind, control: HTMLElement, work: Work) => Promise<void>;
    readonly areRunning: boolean;
    /** Lets go of what is under way: its answer changes nothing on the page. */
    cancel(): void;
    on(target: HTMLElement, type: string, kind: Kind, control: HTMLElement, work: Work): void;
};
export {};
