// What the component says, in English. A refusal has a title and a text, on two lines.

import { ZH } from "./zh.js";

export const EN = {
  country: "Country",
  phone: "Phone number",
  phoneHint: "In national form, or international with a leading +.",
  phoneHintPlus: "International, with a leading +.",
  send: "Send code",
  haveCode: "I have a code already",
  texted: "We texted {digits} digits to {phone}.",
  tried: "We tried to text {digits} digits to {phone}.",
  code: "Code from the message",
  verify: "Verify",
  change: "Change number",
  triesLeft: "{left} tries left",
  tryLeft: "1 try left",
  worksFor: "Works for {time}",
  over: "Expired",
  again: "Send again",
  againIn: "Send again in {time}",
  call: "Call me instead",
  newCode: "Get a new code",
  done: "{phone} is verified.",
  required: "Verify your phone number.",

  // Read aloud.
  filled: "The code is filled in. Press the button below it.",
  canSendAgain: "You can send the code again now.",
  sentAgain: "The code was sent again.",
  sentNew: "A new code was sent.",

  // Beside a field.
  enterPhone: "Enter the number that the code should go to.",
  noLetters: "A number has no letters and no extension. Enter its digits.",
  noDigits: "Enter the digits of the number.",
  noSuchNumber: "There is no such number. Check its digits and the country code.",
  noSuchNational: "There is no such number in this country: {country}. Check its digits and the country.",
  codeLength: "The code has {digits} digits.",
  wrong: "That is not the code. Check the latest message.",
  wrongOne: "That is not the code. Check the latest message. 1 try left.",
  wrongMore: "That is not the code. Check the latest message. {left} tries left.",

  // When another try can succeed.
  retryIn: "You can try again in {time}, at {moment}.",
  retryNow: "You can try again now.",
  newIn: "You can get a new code in {time}, at {moment}.",
  newNow: "You can get a new code now.",

  // Refusals.
  offline: "You are offline\nNothing is lost. Try again when you are connected.",
  noAnswer: "The service does not answer\nNothing is lost. Check your connection, then try again.",
  setup: "This does not work just now\nCodes cannot be texted from this page at the moment. It is not your fault. Please try again later.",
  cooldown: "A code was asked for a moment ago\nThere is a pause between two texts to a number, so that nobody can flood it. If a text arrived, its code works until it expires.",
  perHour: "This number has had enough codes this hour\nA number gets only a few codes an hour. Wait, or use the last code you got.",
  perDay: "This number has had enough codes today\nA number gets only a few codes a day.",
  device: "This device has asked for enough codes today\nEach browser or app has a daily limit, over all the numbers it asks for.",
  network: "Too many codes from this network\nEveryone behind one network address shares an hourly limit.",
  neighbours: "Too many codes to neighbouring numbers\nNumbers that differ only in the last four digits share an hourly limit.",
  blockedPhone: "This number is blocked\nThe operator of this service has blocked it. No text was sent.",
  blockedDevice: "This device is blocked\nThe operator of this service has blocked it. No text was sent.",
  blockedNetwork: "This network is blocked\nThe operator of this service has blocked it. No text was sent.",
  blockedRange: "This number or network is blocked\nThe operator of this service has blocked a group of numbers or networks that it belongs to. No text was sent.",
  notThisCountry: "We do not text this country\nOnly some countries are served. No text was sent.",
  notThisKind: "We do not text this kind of number\nA code can be texted to a mobile phone only. This is the number of a landline, or a special number. No text was sent.",
  locked: "This number is locked for now\nToo many wrong codes were entered for it. Until the lock ends, no code for it is accepted, from any device.",
  used: "This code was used already\nA code works once. If you need another, get a new code.",
  expired: "This code has expired\nA code works for a few minutes only. Get a new one.",
  wrongCode: "That is not the code\nCheck the latest message.",
  noTries: "No tries left for this code\nAfter too many wrong tries even the right code is refused. Get a new one.",
  unusable: "This code cannot be checked\nGet a new code.",
  tooMany: "Too many requests\nA limit was reached. Wait a little.",
  notAllowed: "Not allowed\nThis is not possible here. No text was sent.",
  carrier: "The carrier refused the text\nNo text was sent. Check the number, or try again after a pause.",
  unconfirmed: "The carrier has not confirmed the text\nIt may still arrive. If it does, its code works.",
  unavailable: "The service is not available just now\nNothing was lost and no text was sent. Try again in a moment.",
  unknown: "Something went wrong\nTry again in a moment.",
  proofOver: "The verification has expired\nIt is good for a few minutes only. Verify the number again.",
};

/** The texts of one language, by what they are for. `{names}` in braces are filled in. */
export type Words = Record<keyof typeof EN, string>;
export type Key = keyof Words;

/** The languages, by BCP 47 tag in lower case. A text that a language lacks is in English. */
export const LANGUAGES: Record<string, Partial<Words>> = { en: EN, zh: ZH };

/** The tag among `LANGUAGES` that serves a language best: `zh` for `zh-CN`, `en` for an unknown one. */
export function servedTag(language: string): string {
  for (let tag = language.toLowerCase(); tag; tag = tag.slice(0, Math.max(0, tag.lastIndexOf("-")))) if (Object.hasOwn(LANGUAGES, tag)) return tag;
  return "en";
}
