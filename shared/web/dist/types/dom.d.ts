import { type Key, type Words } from "./words.js";
export type Values = Record<string, string | number | Node | (() => string | Node)>;
/** Makes an element with these attributes and children. */
export declare function make<T extends keyof HTMLElementTagNameMap>(tag: T, attributes?: Record<string, string>, ...children: (Node | string)[]): HTMLElementTagNameMap[T];
/** Formats seconds as `4:58`, or as `3:04:58` from an hour on. */
export declare function formatLeft(seconds: number): string;
/** The languages of the person, as tags that `Intl` takes. */
export declare const spoken: () => string[];
export type Speaker = ReturnType<typeof makeSpeaker>;
/** Words in elements. They follow the language when it changes. */
export declare function makeSpeaker(): {
    /** The language of the person, as a BCP 47 tag. */
    tongue: string;
    /** The page's own words, before those of the language. */
    own: Partial<Words>;
    textOf: (key: Key) => string;
    /**
     * Marks an element whose words are in English on a page of another language, for screen readers. Returns the tag for
     * names and times between these words: the browser's own if it is of their language.
     */
    mark(node: Element, key: Key): string;
    /** Makes a line of the words the only content of `node`, now and when the language changes. */
    put<T extends Element>(node: T, key: Key, values?: Values, line?: number): T;
    /** Has `other` say what `node` says, if anything. */
    echo(node: Element, other: Element): void;
    /** The key of what `node` says. */
    says: (node: Element) => Key | undefined;
    hush(node: Element): void;
    /** Says everything again, in the language of the moment. */
    retell(root: Node): void;
};
export type Countdowns = ReturnType<typeof makeCountdowns>;
/** Countdowns. The clock of the device may be wrong, so they count from when they start. */
export declare function makeCountdowns(): {
    tick: () => void;
    /** Calls `show(seconds left)` as the seconds pass, then `done` once. A new countdown of a node replaces the one before. */
    start(node: Element, seconds: number, show: (left: number) => void, done: () => void): void;
    stop(node: Element): void;
    /** Lets the seconds pass unseen, while nobody looks: what is over meanwhile is over when it wakes. */
    sleep(): void;
    wake(): void;
};
