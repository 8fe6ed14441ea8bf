// What the pages share: elements, times, notices, and forms. Sends and verifies, with their words, are the component's:
// phone-proof.js, built from shared/web.
//
// Everything that a person typed or a server answered reaches the page as a text node. The page parses none of it as
// markup, so nothing has to be escaped.

import { LANGUAGES, formatLeft, phoneFault, plain } from "./phone-proof.js";
import { languageTag, put, readPut, spoken, t } from "./words.js";

export const $ = (id) => document.getElementById(id);

/** The path at which the pages and the APIs are served: that of the public URL, or "" for the root. */
export const base = new URL(".", document.baseURI).pathname.replace(/\/$/, "");

// -------------------------------------------------------------------------------------- elements

/** Makes an element. Children are nodes or texts; `null` is skipped. */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function makeButton(label, className, onClick) {
  const node = put(make("button", { type: "button", class: className }), label);
  node.addEventListener("click", onClick);
  return node;
}

/** Has screen readers read a text aloud. */
export function announce(text) {
  $("announcer").textContent = text;
}

/** Copies a text, and says so on the button `from` for a moment. */
export async function copy(text, from) {
  const { text: before } = readPut(from);
  try {
    await navigator.clipboard.writeText(text);
    put(from, "Copied");
  } catch {
    put(from, "Copying is not allowed");
  }
  setTimeout(() => put(from, before), 1500);
}

// ------------------------------------------------------------------------------------------ time

const makeFormat = (options) => ({ format: (date) => new Intl.DateTimeFormat(languageTag(), options).format(date) });

export const timeOfDay = makeFormat({ hour: "2-digit", minute: "2-digit" });
const dayAndTime = makeFormat({ weekday: "short", hour: "2-digit", minute: "2-digit" });
export const exactTime = makeFormat({ dateStyle: "medium", timeStyle: "medium" });

/** Formats the moment in so many seconds by the clock of this device, which is the one that the person sees. */
export const formatMomentIn = (seconds) => formatMoment(Date.now() + seconds * 1000);

/** Formats an instant as the time of day, with the weekday if it is not today. */
export function formatMoment(instant) {
  const date = new Date(instant);
  const today = date.toDateString() === new Date().toDateString();
  return (today ? timeOfDay : dayAndTime).format(date);
}

/** The countdown of each node that has one. */
export const countdowns = new Map();

/**
 * Shows `text(seconds left)` in `node` for so many seconds, then calls `done` once. A new countdown of a node replaces the
 * one before; a countdown ends when its node leaves the page. The clock of the device may be wrong, so nothing reads it.
 */
export function countdown(node, seconds, text, done = () => {}) {
  put(node, "");
  countdowns.set(node, { until: performance.now() + seconds * 1000, text, done });
  tick();
}

function tick() {
  for (const [node, { until, text, done }] of countdowns) {
    const left = Math.ceil((until - performance.now()) / 1000);
    if (!node.isConnected || Number.isNaN(left)) {
      countdowns.delete(node);
    } else if (left > 0) {
      const shown = text(left);
      if (node.textContent !== shown) node.textContent = shown;
    } else {
      countdowns.delete(node);
      done();
    }
  }
}

setInterval(tick, 250);

// ----------------------------------------------------------------------------- --------- notices

const AGAIN = { soon: "You can try again in {time}, at {moment}.", now: "You can try again now." };

/** Makes a box with a title, a text, and if given a countdown and a button. */
function makeNotice({ title, text, values, tone = "bad", retryIn, action }) {
  const box = make("div", { class: "notice", "data-tone": tone, tabindex: "-1" }, put(make("p", { class: "notice-title" }), title), put(make("p"), text, values));
  // Screen readers must not read every second aloud.
  const wait = make("p", { class: "timer", "aria-live": "off" });
  if (retryIn) box.append(wait);
  if (action) box.append(action);
  return { box, start: () => retryIn && startWait(wait, retryIn) };
}

function startWait(node, retryIn) {
  const { soon, now } = AGAIN;
  const moment = formatMomentIn(retryIn);
  const over = () => {
    put(node, now);
    announce(t(now));
  };
  countdown(node, retryIn, (left) => t(soon, { time: formatLeft(left), moment }), over);
}

export function showNotice(slot, content) {
  const { box, start } = makeNotice(content);
  $(slot).replaceChildren(box);
  start();
  return box;
}

/** Marks a field as faulty, says why, and moves the focus there. */
export function markFaulty(id, text, values) {
  $(id).setAttribute("aria-invalid", "true");
  put($(`${id}-error`), text, values);
  $(id).focus();
  $(id).select();
}

export function clearFaults(...ids) {
  for (const id of ids) {
    $(id).removeAttribute("aria-invalid");
    put($(`${id}-error`), "");
  }
  for (const slot of document.querySelectorAll(".notice-slot")) slot.replaceChildren();
}

// ----------------------------------------------------------------------------------------- forms

/** Runs `work` unless it runs already. The button is not disabled, because it would lose the focus. */
export async function whileBusy(control, work) {
  if (control.getAttribute("aria-busy") === "true") return;
  control.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    control.removeAttribute("aria-busy");
  }
}

export function onSubmit(form, control, work) {
  $(form).addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy($(control), work);
  });
}

/** The first line of words of the component, in the language of the page. */
export const wordsOf = (key) => LANGUAGES[spoken()][key].split("\n")[0];

/** Says what is wrong with a number that has no leading +, or that the service could not read: a text, and its values. */
export function describePhoneFault(typedPhone) {
  // Without a country, it is the country code that is missing.
  const fault = typedPhone === "" ? "enterPhone" : phoneFault(typedPhone).replace("noSuchNational", "phoneHintPlus");
  return ["{fault}", { fault: () => wordsOf(fault) }];
}

/** The digits of a number, as typed. */
export const digitsOf = (typedPhone) => plain(typedPhone).replace(/\D/g, "");
