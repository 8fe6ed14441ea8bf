// The language of the pages. What a page says is written in English where it is said; zh.js has the Chinese for it.
//
// A new text: write it in English, pass it through `put` or `t`, and add its line to zh.js. A text without a line there
// stays English.

import { ZH } from "./zh.js";

const CHOICE = "phoneproof-language";
const LANGUAGES = { en: { table: {}, name: "English", tag: "en" }, zh: { table: ZH, name: "中文", tag: "zh-CN" } };

let language = readChoice() ?? (/^zh\b/i.test(navigator.language) ? "zh" : "en");
/** What was put into an element, by element; and the English of a text that stands in the HTML, by text node. */
const contents = new WeakMap();
const listeners = [];

function readChoice() {
  try {
    const chosen = localStorage.getItem(CHOICE);
    return Object.hasOwn(LANGUAGES, chosen) ? chosen : null;
  } catch {
    return null;
  }
}

/** The language of the pages, as texts are asked for in it. */
export const spoken = () => language;

/** The tag for names, dates and times: the browser's own if it is of the same language. */
export function languageTag() {
  const own = navigator.language;
  return own.toLowerCase().startsWith(language) ? own : LANGUAGES[language].tag;
}

/** Translates a text and fills in its `{values}`. */
export function t(text, values = {}) {
  return translate(text).replace(/\{(\w+)\}/g, (whole, name) => String(read(values[name] ?? whole)));
}

const translate = (text) => (Object.hasOwn(LANGUAGES[language].table, text) ? LANGUAGES[language].table[text] : text);
/** A value is a text, a node, or a function that returns a text in the language of the moment. */
const read = (value) => (typeof value === "function" ? value() : value);

/** Makes a text the only content of `node`, now and when the language changes. Returns `node`. */
export function put(node, text, values = {}) {
  if (text === "") contents.delete(node);
  else contents.set(node, { text, values });
  const parts = translate(text).split(/\{(\w+)\}/);
  node.replaceChildren(...parts.map((part, index) => (index % 2 ? read(values[part]) ?? `{${part}}` : part)));
  return node;
}

/** What was put into `node`, to put it there again. */
export const readPut = (node) => contents.get(node);

/** Calls `listener` after each change of the language. */
export const onLanguage = (listener) => listeners.push(listener);

const NAMED = "[aria-label]";

/** Notes the texts of the HTML, translates them, and adds the button that changes the language. */
export function startWords() {
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    if (Object.hasOwn(ZH, text)) contents.set(walker.currentNode, { text });
  }
  for (const node of document.querySelectorAll(NAMED)) node.dataset.label = node.getAttribute("aria-label");
  const button = document.createElement("button");
  Object.assign(button, { type: "button", id: "language", className: "quiet" });
  button.addEventListener("click", () => choose(language === "en" ? "zh" : "en"));
  document.querySelector(".bar nav").append(button);
  show();
}

function choose(chosen) {
  language = chosen;
  try {
    localStorage.setItem(CHOICE, chosen);
  } catch {
    // The choice then lasts as long as the page.
  }
  show();
  // What was read aloud before was in the other language.
  document.getElementById("announcer")?.replaceChildren();
  for (const listener of listeners) listener();
}

function show() {
  document.documentElement.lang = LANGUAGES[language].tag;
  const other = language === "en" ? "zh" : "en";
  languageButton().textContent = LANGUAGES[other].name;
  languageButton().lang = LANGUAGES[other].tag;
  for (const node of document.querySelectorAll(NAMED)) node.setAttribute("aria-label", translate(node.dataset.label));
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  for (const node of nodes) {
    const known = contents.get(node);
    if (!known) continue;
    if (node.nodeType === Node.TEXT_NODE) node.data = node.data.replace(node.data.trim(), () => translate(known.text));
    else put(node, known.text, known.values);
  }
}

const languageButton = () => document.getElementById("language");
