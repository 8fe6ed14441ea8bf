// A token on the page: its claims and what each means.

import { $, exactTime, make } from "./common.js";
import { put } from "./words.js";

// What each claim means, the most important first.
const CLAIMS = {
  phone_number: "the number that was proved",
  phone_number_verified: "the person could read a text sent to it",
  aud: "the business action it may be used for",
  action: "digest of the one operation it may be used for",
  test: "from a test number: businesses may refuse it",
  exp: "not valid after",
  nbf: "not valid before",
  iat: "issued",
  amr: "how it was proved: a text message with a one-time code",
  device_id: "the device that asked",
  jti: "its own id, so that it can be spent once",
  sub: "keyed index of the number, the same in every proof of it",
  iss: "who issued it",
  typ: "the kind of token",
  alg: "the signature algorithm",
  kid: "the key to check it with",
};
const TIMES = new Set(["iat", "nbf", "exp"]);

/** Decodes header and claims of a JWT without checking it; `null` if it is not a JWT. */
export function decodeToken(token) {
  try {
    const [header, claims] = token.split(".").slice(0, 2).map((part) => {
      const bytes = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
      return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0))));
    });
    return { header, claims };
  } catch {
    return null;
  }
}

function makeClaimRow(name, value, meanings) {
  const text = typeof value === "string" ? value : Array.isArray(value) ? value.join(", ") : JSON.stringify(value);
  const shown = TIMES.has(name) ? exactTime.format(new Date(value * 1000)) : text;
  const meaning = meanings[name] ? put(make("span"), meanings[name]) : null;
  const also = TIMES.has(name) ? `${meaning ? " · " : ""}${text}` : null;
  const explained = meaning || also ? make("span", { class: "claim-meaning" }, meaning, also) : null;
  const cell = make("td", {}, make("span", { class: "claim-value" }, shown), explained);
  return make("tr", {}, make("th", { scope: "row" }, name), cell);
}

/** Fills a table with names, values and their meanings, in the order of `meanings`. */
export function fillTable(id, values, meanings = CLAIMS) {
  const order = Object.keys(meanings);
  const rank = (name) => (order.includes(name) ? order.indexOf(name) : order.length);
  const named = Object.entries(values ?? {}).sort(([a], [b]) => rank(a) - rank(b));
  const rows = named.map(([name, value]) => makeClaimRow(name, value, meanings));
  $(id).tBodies[0].replaceChildren(...rows);
}

export function showRawToken(token) {
  const parts = token.split(".").map((part, index) => make("span", { class: `jwt-${index}` }, part));
  $("token-raw").replaceChildren(...parts.flatMap((part, index) => (index ? [".", part] : [part])));
}
