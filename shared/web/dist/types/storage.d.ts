/**
 * Keeps a text, or with `null` none any more; without `text` it returns what is kept. Nothing is, where there is no storage, or
 * it is off or full.
 */
export declare function kept(area: "sessionStorage" | "localStorage", name: string, text?: string | null): string | undefined;
