import type { Challenge, Saved } from "./client.js";
export declare class Place {
    #private;
    /** Takes the first place for what is verified that no other element of the page has. */
    take(about: string[]): void;
    /** Leaves the place to others. What is kept there stays, for the next page. */
    leave(): void;
    /**
     * Keeps a challenge, or nothing any more: also for an element that has left the page meanwhile, unless another has the
     * place. Without storage it lasts as long as the page.
     */
    keep(challenge?: Challenge): void;
    /** What is kept here, if anything. */
    read(): Saved | undefined;
}
