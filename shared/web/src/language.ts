// The language of a place on the page.

import { readTag } from "./words.js";

/** The element that `element` is in, also across the border of a shadow tree; the roots on the way go to `visit`. */
function findLang(element: Element, visit: (root: Node) => void = () => {}): string | undefined {
  let found: string | undefined;
  for (let node: Element | undefined = element; node; ) {
    found ??= node.closest("[lang]")?.getAttribute("lang") ?? undefined;
    const root: Node = node.getRootNode();
    visit(root);
    node = root instanceof ShadowRoot ? root.host : undefined;
  }
  return found;
}

/** The language of `element`: that of the nearest `lang`, or of the browser. One that nobody can read counts as none. */
export const findLanguage = (element: Element): string => readTag(findLang(element) ?? "") || readTag(navigator.language ?? "") || "en";

/** Calls `changed` when a `lang` changes that `element` may be in. */
export function watchLanguage(element: Element, observer: MutationObserver): void {
  findLang(element, (root) => observer.observe(root, { attributes: true, attributeFilter: ["lang"], subtree: true }));
}
