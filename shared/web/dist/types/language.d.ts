/** The language of `element`: that of the nearest `lang`, or of the browser. One that nobody can read counts as none. */
export declare const findLanguage: (element: Element) => string;
/** Calls `changed` when a `lang` changes that `element` may be in. */
export declare function watchLanguage(element: Element, observer: MutationObserver): void;
