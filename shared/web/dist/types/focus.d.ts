export type Focus = ReturnType<typeof makeFocus>;
export declare function makeFocus(host: HTMLElement): {
    inside: () => Element | null;
    /** Remembers from where something was asked for. */
    note(): void;
    /** Moves the focus, unless the person went elsewhere on the page since then. Returns whether it did. */
    lead(target: HTMLElement): boolean;
    /**
     * For as long as a double click takes, a click where the one before was hits nothing that has come there meanwhile, and moves no
     * focus. A press of Enter, which has no place, has no `detail`.
     */
    shield(): void;
    /** Makes a change that may hide, or take away, what has the focus. It then goes to `next`, or to what is to be filled in next. */
    hold(change: () => void, next?: HTMLElement): void;
};
