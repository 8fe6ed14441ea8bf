import type { Words } from "./words.js";
/** What the component says in Chinese. */
export declare const ZH: Words;
