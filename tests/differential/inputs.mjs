// Inputs that are the same in every run, the patterns of the templates, and what the Rust side makes of inputs.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Makes what draws whole numbers below `n`, and one of a list. The same seed gives the same draws. */
export function makeDraws(seed) {
  let state = seed;
  const draw = (n) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % n;
  };
  return { draw, pick: (list) => list[draw(list.length)] };
}

/** The pattern of a parameter of a template. */
export function patternOf(template, parameter) {
  const text = readFileSync(new URL(`../../${template}`, import.meta.url), "utf8");
  return new RegExp(new RegExp(`\n  ${parameter}:[^]*?AllowedPattern: (.+)`).exec(text)[1]);
}

/** Runs a command of the binary on one input per line, and returns its answers. */
export function ask(binary, command, inputs) {
  const input = inputs.map((one) => `${JSON.stringify(one)}\n`).join("");
  const { stdout } = spawnSync(binary, [command], { input, encoding: "utf8", maxBuffer: 1 << 28 });
  const answers = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(answers.length, inputs.length);
  return answers;
}
