// Elements, words in them, and countdowns. Everything that a person typed or a server answered reaches the page as a text
// node, so nothing has to be escaped.

import { reflect } from "./attributes.js";
import { now } from "./http.js";
import { type Key, LANGUAGES, EN, type Words, readTag, servedTag } from "./words.js";

export type Values = Record<string, string | number | Node | (() => string | Node)>;

/** Makes an element with these attributes and children. */
export function make<T extends keyof HTMLElementTagNameMap>(tag: T, attributes: Record<string, string> = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[T] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Formats seconds as `4:58`, or as `3:04:58` from an hour on. */
export function formatLeft(seconds: number): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** The languages of the person, as tags that `Intl` takes. */
export const spoken = (): string[] => (navigator.languages ?? []).map(readTag).filter(Boolean);

const isEnglish = (tag: string) => /^en\b/i.test(tag);

/** Words in elements. They follow the language when it changes. */
export class Speaker {
  /** The language of the person, as a BCP 47 tag. */
  language = "en";
  /** The page's own words, before those of the language. */
  own: Partial<Words> = {};
  readonly #said = new Map<Element, [Key, Values, number]>();

  words(key: Key): string {
    return this.#native(key) ?? LANGUAGES.en![key] ?? EN[key];
  }

  /** The words in the language of the person; `undefined` where only English has them. */
  #native(key: Key): string | undefined {
    const served = servedTag(this.language);
    return this.own[key] ?? (isEnglish(served) && !isEnglish(this.language) ? undefined : LANGUAGES[served]?.[key]);
  }

  /**
   * Marks an element whose words are in English on a page of another language, for screen readers. Returns the tag for
   * names and times between these words: the browser's own if it is of their language.
   */
  mark(node: Element, key: Key): string {
    const isForeign = this.#native(key) === undefined;
    reflect(node, "lang", isForeign && "en");
    reflect(node, "dir", isForeign && "ltr");
    const language = isForeign ? "en" : this.language;
    return language.includes("-") ? language : spoken().find((tag) => tag.startsWith(`${language}-`)) ?? language;
  }

  /** Makes a line of the words the only content of `node`, now and when the language changes. */
  put<T extends Element>(node: T, key: Key, values: Values = {}, line = 0): T {
    this.#said.set(node, [key, values, line]);
    this.mark(node, key);
    node.replaceChildren(...this.#parts(key, values, line));
    return node;
  }

  /** Has `other` say what `node` says, if anything. */
  repeat(node: Element, other: Element): void {
    const said = this.#said.get(node);
    if (said) this.put(other, ...said);
  }

  /** The key of what `node` says. */
  says(node: Element): Key | undefined {
    return this.#said.get(node)?.[0];
  }

  clear(node: Element): void {
    this.#said.delete(node);
    node.replaceChildren();
  }

  /** Says everything again, in the language of the moment. */
  retell(root: Node): void {
    for (const [node, [key, values, line]] of this.#said) {
      if (root.contains(node)) this.put(node, key, values, line);
      else this.#said.delete(node);
    }
  }

  #parts(key: Key, values: Values, line: number): (Node | string)[] {
    return (this.words(key).split("\n")[line] ?? "").split(/\{(\w+)\}/).map((part, index) => {
      if (index % 2 === 0) return part;
      const value = values[part] ?? part;
      const read = typeof value === "function" ? value() : value;
      return read instanceof Node ? read : String(read);
    });
  }
}

/** Countdowns. The clock of the device may be wrong, so they count from when they start. */
export class Countdowns {
  readonly #running = new Map<Element, { until: number; show: (left: number) => void; done: () => void }>();
  #ticker: ReturnType<typeof setInterval> | undefined;
  #isAwake = false;

  /** Calls `show(seconds left)` as the seconds pass, then `done` once. A new countdown of a node replaces the one before. */
  start(node: Element, seconds: number, show: (left: number) => void, done: () => void): void {
    this.#running.set(node, { until: now() + seconds * 1000, show, done });
    this.#run();
    this.tick();
  }

  stop(node: Element): void {
    this.#running.delete(node);
  }

  tick(): void {
    for (const [node, { until, show, done }] of this.#running) {
      const left = Math.ceil((until - now()) / 1000);
      if (left > 0) {
        show(left);
      } else {
        this.#running.delete(node);
        done();
      }
    }
    this.#run();
  }

  /** Lets the seconds pass unseen, while nobody looks: what is over meanwhile is over when it wakes. */
  sleep(): void {
    this.#isAwake = false;
    this.#run();
  }

  wake(): void {
    this.#isAwake = true;
    this.tick();
  }

  /** Runs the clock while somebody looks and something counts. */
  #run(): void {
    if (this.#isAwake && this.#running.size > 0) {
      this.#ticker ??= setInterval(() => this.tick(), 250);
    } else {
      clearInterval(this.#ticker);
      this.#ticker = undefined;
    }
  }
}
