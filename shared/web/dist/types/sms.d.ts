/** Gives the code of the next text to `fill`, where the browser can read it and the person consents. Returns what stops it. */
export declare function listenForSms(fill: (code: string) => void): () => void;
