export type Focus = ReturnType<typeof makeFocus>;
export declare function makeFocus(host: HTMLElement): {
    inside: () => Element | null;
    /** Remembers from where something was asked for. */
    note(): void;
    /** Moves the focus, unless the person went elsewhere on the page since then. Returns whether it did. */
    lead(target: HTMLElement): boolean;
    /** Makes a change that may hide, or take away, what has the focus. It then goes to `next`, or to what is to be filled in next. */
    hold(change: () => void, next?: HTMLElement): void;
};
