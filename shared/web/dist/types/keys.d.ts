/** Keys by what was asked for. A tab of a browser keeps them over a reload. Nobody but `owner` takes them. */
export declare function makeKeys(...owner: string[]): {
    get: (about: string) => string | undefined;
    /** Keeps a key, or none any more. */
    keep(about: string, key?: string | null): void;
};
