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
  const hours = Math.floor(seconds / 3600);
  const rest = new Date((seconds % 3600) * 1000).toISOString().slice(14, 19);
  return hours > 0 ? `${hours}:${rest}` : rest.replace(/^0/, "");
}

/** The languages of the person, as tags that `Intl` takes. */
export const spoken = (): string[] => (navigator.languages ?? []).map(readTag).filter(Boolean);

const isEnglish = (tag: string) => /^en\b/i.test(tag);

export type Speaker = ReturnType<typeof makeSpeaker>;

/** Words in elements. They follow the language when it changes. */
export function makeSpeaker() {
  const said = new Map<Element, [Key, Values, number]>();

  /** The words in the language of the person; `undefined` where only English has them. */
  const native = (key: Key): string | undefined => {
    const served = servedTag(speak.tongue);
    return speak.own[key] ?? (isEnglish(served) && !isEnglish(speak.tongue) ? undefined : LANGUAGES[served]?.[key]);
  };

  const speak = {
    /** The language of the person, as a BCP 47 tag. */
    tongue: "en",
    /** The page's own words, before those of the language. */
    own: {} as Partial<Words>,

    textOf: (key: Key): string => String(native(key) ?? LANGUAGES.en[key] ?? EN[key]),

    /**
     * Marks an element whose words are in English on a page of another language, for screen readers. Returns the tag for
     * names and times between these words: the browser's own if it is of their language.
     */
    mark(node: Element, key: Key): string {
      const isForeign = native(key) === undefined;
      reflect(node, "lang", isForeign && "en");
      reflect(node, "dir", isForeign && "ltr");
      const language = isForeign ? "en" : speak.tongue;
      return language.includes("-") ? language : spoken().find((tag) => tag.startsWith(`${language}-`)) ?? language;
    },

    /** Makes a line of the words the only content of `node`, now and when the language changes. */
    put<T extends Element>(node: T, key: Key, values: Values = {}, line = 0): T {
      said.set(node, [key, values, line]);
      speak.mark(node, key);
      const parts = (speak.textOf(key).split("\n")[line] ?? "").split(/\{(\w+)\}/).map((part, index) => {
        const value = index % 2 ? values[part] ?? part : part;
        return typeof value === "function" ? value() : value;
      });
      // Numbers become texts here.
      node.replaceChildren(...(parts as (Node | string)[]));
      return node;
    },

    /** Has `other` say what `node` says, if anything. */
    echo(node: Element, other: Element): void {
      const words = said.get(node);
      if (words) speak.put(other, ...words);
    },

    /** The key of what `node` says. */
    says: (node: Element): Key | undefined => said.get(node)?.[0],

    hush(node: Element): void {
      said.delete(node);
      node.replaceChildren();
    },

    /** Says everything again, in the language of the moment. */
    retell(root: Node): void {
      for (const [node, words] of said) {
        if (root.contains(node)) speak.put(node, ...words);
        else said.delete(node);
      }
    },
  };
  return speak;
}

export type Countdowns = ReturnType<typeof makeCountdowns>;

/** Countdowns. The clock of the device may be wrong, so they count from when they start. */
export function makeCountdowns() {
  const running = new Map<Element, { until: number; show: (left: number) => void; done: () => void }>();
  let ticker: ReturnType<typeof setInterval> | undefined;
  let isAwake = false;

  function tick(): void {
    for (const [node, { until, show, done }] of running) {
      const left = Math.ceil((until - now()) / 1000);
      if (left > 0) {
        show(left);
      } else {
        running.delete(node);
        done();
      }
    }
    run();
  }

  /** Runs the clock while somebody looks and something counts. */
  function run(): void {
    if (isAwake && running.size > 0) {
      ticker ??= setInterval(tick, 250);
    } else {
      clearInterval(ticker);
      ticker = undefined;
    }
  }

  return {
    tick,
    /** Calls `show(seconds left)` as the seconds pass, then `done` once. A new countdown of a node replaces the one before. */
    start(node: Element, seconds: number, show: (left: number) => void, done: () => void): void {
      running.set(node, { until: now() + seconds * 1000, show, done });
      tick();
    },
    stop(node: Element): void {
      running.delete(node);
    },
    /** Lets the seconds pass unseen, while nobody looks: what is over meanwhile is over when it wakes. */
    sleep(): void {
      isAwake = false;
      run();
    },
    wake(): void {
      isAwake = true;
      tick();
    },
  };
}
