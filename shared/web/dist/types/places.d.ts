import type { Challenge, PhoneProof } from "./client.js";
export declare function makePlace(): {
    /** The last challenge, also when its code can be entered no longer. */
    last: Challenge | undefined;
    /** Whether its code can be entered no longer. */
    isOver: boolean;
    /** The challenge whose code is awaited. */
    readonly current: Challenge | undefined;
    begin(challenge: Challenge): void;
    /** Its code is offered, and kept, no longer. */
    close(): void;
    /** Takes the first place for what is verified that no other element of the page has. */
    take(about: string[]): void;
    /** Leaves the place to others. What is kept there stays, for the next page. */
    leave(): void;
    /**
     * Keeps the challenge, or nothing any more: also for an element that has left the page meanwhile, unless another has the
     * place. Without storage it lasts as long as the page.
     */
    keep(): void;
    /** Takes up what is kept here, if its code still works, and returns its number as typed. */
    takeUp(connect: () => PhoneProof): string | undefined;
};
