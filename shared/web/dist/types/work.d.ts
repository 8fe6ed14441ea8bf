import type { Kit } from "./kit.js";
/** What runs at once: a code may be checked while another text is under way. */
type Kind = "send" | "verify" | "resend";
/** Whether the answer of a work is still awaited. It is not after a reset. */
export type IsAwaited = () => boolean;
type Work = (isAwaited: IsAwaited) => Promise<void>;
export declare class Works {
    #private;
    constructor(kit: Kit);
    get areRunning(): boolean;
    /** Lets go of what is under way: its answer changes nothing on the page. */
    cancel(): void;
    on(target: HTMLElement, type: string, kind: Kind, control: HTMLElement, work: Work): void;
    /** Runs `work` unless the same runs already. The button is not disabled, because it would lose the focus. */
    run(kind: Kind, control: HTMLElement, work: Work): Promise<void>;
}
export {};
