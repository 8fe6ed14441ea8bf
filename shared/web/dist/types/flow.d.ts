import { type Challenge, type Success } from "./client.js";
import type { Shown } from "./events.js";
import type { Kit } from "./kit.js";
import { type IsAwaited } from "./work.js";
export type Flow = ReturnType<typeof makeFlow>;
export declare function makeFlow(kit: Kit): {
    offer: {
        ownFetch: import("./http.js").Fetch | undefined;
        isAtFault: boolean;
        readonly knownPolicy: import("./client.js").Policy | undefined;
        readonly client: import("./client.js").PhoneProof | undefined;
        readonly wantedCountry: string;
        readonly chosenBusiness: import("./client.js").PolicyBusiness | undefined;
        readonly isClosed: boolean;
        connect(): import("./client.js").PhoneProof;
        forget(): void;
        sleep(): void;
        wake(): void;
        read(): Promise<void>;
    };
    works: {
        run: (kind: "verify" | "send" | "resend", control: HTMLElement, work: (isAwaited: IsAwaited) => Promise<void>) => Promise<void>;
        readonly areRunning: boolean;
        cancel(): void;
        on(target: HTMLElement, type: string, kind: "verify" | "send" | "resend", control: HTMLElement, work: (isAwaited: IsAwaited) => Promise<void>): void;
    };
    listCountries: () => void;
    retry: () => void;
    sendAnew: () => Promise<void>;
    awaitSms: () => void;
    fill: (code: string, isAsked?: boolean) => void;
    reset: () => void;
    beginAnew: () => void;
    validate: () => void;
    settle: () => void;
    leave: () => void;
    next: () => HTMLElement;
    readonly proof: Success | undefined;
    readonly step: Shown;
    /** The challenge whose code is awaited. */
    readonly awaited: Challenge | undefined;
    /** Whether anything is, or may come, of what was asked for. */
    readonly isBegun: boolean;
};
