// `test` of `node:test`, for an engine without it. `run` prints a line for each test.

/** Left out: React Native's `URL` takes any text, so only the form of an issuer is checked there; the other one reads a file. */
const NOT_HERE = /^(an issuer that nobody could call|the README's worked example)/;

const tests = [];

export const test = (name, body) => NOT_HERE.test(name) || tests.push({ name, body });

export async function run() {
  let failed = 0;
  for (const { name, body } of tests) {
    try {
      await body();
      print(`ok: ${name}`);
    } catch (error) {
      failed += 1;
      print(`failed: ${name}: ${error}`);
    }
  }
  print(`${tests.length - failed} passed, ${failed} failed`);
}
