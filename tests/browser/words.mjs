// Lists the texts of the pages: what stands in their HTML, and every text in their scripts that a person reads. The words
// of the component are tested in shared/web.

import { readFileSync } from "node:fs";

const read = (name) => readFileSync(new URL(`../../infra/local/page/${name}`, import.meta.url), "utf8");
const SCRIPTS = ["common.js", "calls.js", "messages.js", "token.js", "refusals.js", "device.js", "demo.js", "accounts.js", "inbox.js", "operations.js"];
const PAGES = ["index.html", "accounts.html", "inbox.html", "operations.html"];

/** The Chinese texts, by the English ones. */
export const { ZH: chinese } = await import(`data:text/javascript,${encodeURIComponent(read("zh.js"))}`);

/** The words for refusals of the account service. */
export const refusals = await import(`data:text/javascript,${encodeURIComponent(read("refusals.js"))}`);

const isWords = (text) => /\p{L}/u.test(text.replaceAll(/\{\w+\}/g, ""));

/** The texts between the tags of a page, and its labels. */
function* textsOfPage(html) {
  const body = html.replaceAll(/<(style|script|svg)\b[^]*?<\/\1>/g, "");
  for (const [, text] of body.matchAll(/>([^<>]+)</g)) yield text.trim();
  for (const [, label] of body.matchAll(/aria-label="([^"]+)"/g)) yield label;
}

/** The literals of a script that read like words for a person: sentences and capitalized words, and the texts of calls. */
function* textsOfScript(script) {
  const code = script.replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, "").replaceAll(/^import .*$/gm, "");
  for (const [, text] of code.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)) {
    if (/^[A-Z1{].*[a-z]/.test(text) && !/^(Content-Type|Authorization|Bearer|POST|DELETE|GET|Retry-After)/.test(text)) yield text;
  }
  const tables = code.matchAll(/^const (?:CLAIMS|ACCESS_CLAIMS) = \{([^]*?)^\};/gm);
  for (const [, table] of tables) for (const [, text] of table.matchAll(/: "([^"]+)"/g)) yield text;
}

export function listTexts() {
  const texts = new Set();
  for (const name of PAGES) for (const text of textsOfPage(read(name))) texts.add(text);
  for (const name of SCRIPTS) for (const text of textsOfScript(read(name))) texts.add(text);
  return [...texts].filter(isWords);
}
