import { type Challenge, type Success } from "./client.js";
import type { Shown } from "./events.js";
import type { Kit } from "./kit.js";
import { Offer } from "./offer.js";
import { Works } from "./work.js";
export declare class Flow {
    #private;
    readonly offer: Offer;
    readonly works: Works;
    success: Success | undefined;
    shown: Shown;
    constructor(kit: Kit);
    /** The challenge whose code is awaited. */
    get challenge(): Challenge | undefined;
    /** Whether anything is, or may come, of what was asked for. */
    get isBegun(): boolean;
    /** What is to be filled in next. */
    get next(): HTMLElement;
    readonly retry: () => void;
    nameCountries(): void;
    send(): Promise<void>;
    /** Fills in the code of the next text, while one can be entered. */
    listenForSms(): void;
    /** Puts a code into its field. `isAsked`: the page does, for a person who has it at hand. */
    fill(code: string, isAsked?: boolean): void;
    /** Begins anew, with an empty form. */
    reset(): void;
    /** Asks for a number, as if nothing had been. The focus stays where it is, or in the element. */
    beginAnew(): void;
    validate(): void;
    /** Takes the place of what the attributes name, and takes up what is kept there. */
    settle(): void;
    leave(): void;
}
