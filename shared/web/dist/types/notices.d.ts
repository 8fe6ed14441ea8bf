import { type Values } from "./dom.js";
import type { Kit } from "./kit.js";
import type { Key } from "./words.js";
/** Has screen readers read a text. */
export declare const announce: ({ speak, view }: Kit, key: Key) => unknown;
/** Shows a notice with a title and a text, and if given a countdown and a button. */
export declare function showNotice(kit: Kit, slot: HTMLElement, key: Key, retryIn?: number, action?: HTMLElement): HTMLElement;
/** Takes back what is true no more: the notice of a slot, if it says one of these. */
export declare function takeBack({ speak, focus }: Kit, slot: HTMLElement, keys: RegExp): void;
/** Marks a field as faulty, says why, and moves the focus there. */
export declare function showFault({ speak, view, focus }: Kit, input: HTMLInputElement, key: Key, values?: Values): void;
export declare function clearNotices({ speak, view }: Kit): void;
