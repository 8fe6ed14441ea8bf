/** Keys by what was asked for. A tab of a browser keeps them over a reload. */
export declare class Keys {
    #private;
    /** Nobody but `owner` takes these keys. */
    constructor(...owner: string[]);
    get(about: string): string | null | undefined;
    /** Keeps a key, or none any more. */
    keep(about: string, key?: string | null): void;
}
