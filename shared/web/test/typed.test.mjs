// The component reads what people type as the service does: both tests read shared/domain/specimen/typed.json.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { isInternational, phoneFault, readDigits } from "../dist/phone-proof.js";
import { SENT, send, start } from "./service.mjs";

const specimen = JSON.parse(readFileSync(new URL("../../domain/specimen/typed.json", import.meta.url), "utf8"));

/** The characters of places in hexadecimal, such as `2b` and `9-d`. */
const expand = (places) => places.flatMap((place) => {
  const [first, last = first] = place.split("-").map((text) => parseInt(text, 16));
  return Array.from({ length: last - first + 1 }, (_, n) => String.fromCodePoint(first + n));
});

test("every character means what it means to the service", () => {
  const digits = new Map(expand(specimen.zeros).flatMap((zero) => Array.from({ length: 10 }, (_, value) => [String.fromCodePoint(zero.codePointAt(0) + value), String(value)])));
  const separators = new Set(expand(specimen.separators));
  const wrong = [];
  for (let point = 0; point <= 0x10ffff; point += 1) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const character = String.fromCodePoint(point);
    // A digit of a script that is newer than the engine's Unicode is foreign to it.
    const value = /\p{Cn}/u.test(character) ? undefined : digits.get(character);
    const expected = separators.has(character) ? "" : value ?? character;
    if (readDigits(character) !== expected) wrong.push(point.toString(16));
  }
  assert.deepEqual(wrong, []);
});

test("a number with a plus sign needs no country, whatever stands around it", () => {
  for (const [text, region] of specimen.spellings) if (!region) assert.equal(isInternational(text), true, text);
  for (const around of [...expand(specimen.around), ...expand(specimen.separators)]) assert.equal(isInternational(`${around}+14152007986`), true, around.codePointAt(0).toString(16));
  for (const plus of expand(specimen.plus)) assert.equal(isInternational(`${plus}14152007986`), true);
  for (const text of ["4152007986", "", "call +14152007986", "415+2007986"]) assert.equal(isInternational(text), false, text);
});

test("a refusal of a number says what is wrong with it, whatever stands around it", () => {
  const faults = { "<tel:+1-415>": "noSuchNumber", "☎ +1": "noSuchNumber", "“+1”": "noSuchNumber", "090ー1234": "noSuchNational", "tel:12": "noSuchNational", "1-800-FLOWERS": "noLetters", "☎": "noDigits", "tel:": "noDigits" };
  for (const [text, fault] of Object.entries(faults)) assert.equal(phoneFault(text), fault, text);
});

test("a code is submitted as the service reads it, and any other text is not submitted", async () => {
  const wrapped = expand(specimen.around).map((around) => `${around} ${around}123-456${around}`);
  for (const text of [...specimen.codes, ...wrapped]) {
    // A service that does not say how long a code is reads the same.
    for (const codeLength of [6, undefined]) {
      const { client, calls } = start({ status: 202, body: { ...SENT, codeLength } }, { body: { token: "s", expiresIn: 300 } });
      await (await client.send(send)).verify(text);
      assert.equal(calls[1].body.code, "123456", JSON.stringify(text));
    }
  }
  for (const text of specimen.notCodes) assert.doesNotMatch(readDigits(text), /^\d{6,10}$/, JSON.stringify(text));
});

test("a code is found in a message with other numbers, unless two may be it", async () => {
  for (const [text, code] of specimen.messages) {
    const { client, calls } = start({ status: 202, body: { ...SENT, codeLength: 6 } }, { body: { token: "s", expiresIn: 300 } });
    const challenge = await client.send(send);
    const verified = challenge.verify(text);
    if (code) await verified;
    else await assert.rejects(verified, undefined, text);
    assert.equal(calls[1]?.body.code, code ?? undefined, text);
  }
});
