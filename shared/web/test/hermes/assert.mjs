// What the tests of the client use of `node:assert/strict`, for an engine without it.

/** Values as text; of objects their members in order, as `deepEqual` compares what JSON can hold. */
const spell = (value) => {
  if (Array.isArray(value)) return `[${value.map(spell)}]`;
  if (typeof value !== "object" || value === null) return typeof value === "string" ? JSON.stringify(value) : Object.is(value, -0) ? "-0" : String(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${spell(value[name])}`)}}`;
};

class AssertionError extends Error {}

const fail = (message) => {
  throw message instanceof Error ? message : new AssertionError(message ?? "failed");
};

const isExpected = (error, expected) => {
  if (expected === undefined) return true;
  if (expected instanceof RegExp) return expected.test(String(error));
  if (expected.prototype !== undefined && error instanceof expected) return true;
  return typeof expected === "function" ? expected(error) === true : Object.keys(expected).every((name) => spell(error[name]) === spell(expected[name]));
};

const judge = (error, expected, message) => {
  if (error instanceof AssertionError || !isExpected(error, expected)) fail(`${message ?? "another error"}: ${error}\n${error?.stack}`);
};

export default {
  fail,
  ok: (value, message) => value || fail(message),
  equal: (actual, expected, message) => Object.is(actual, expected) || fail(`${message ?? ""} ${spell(actual)} is not ${spell(expected)}`),
  notEqual: (actual, other, message) => !Object.is(actual, other) || fail(`${message ?? ""} both are ${spell(actual)}`),
  deepEqual: (actual, expected, message) => spell(actual) === spell(expected) || fail(`${message ?? ""} ${spell(actual)} is not ${spell(expected)}`),
  match: (text, pattern, message) => pattern.test(text) || fail(`${message ?? ""} ${text} does not match ${pattern}`),
  doesNotMatch: (text, pattern, message) => !pattern.test(text) || fail(`${message ?? ""} ${text} matches ${pattern}`),
  throws(body, expected, message) {
    try {
      body();
    } catch (error) {
      return judge(error, expected, message);
    }
    fail(`${message ?? ""} nothing was thrown`);
  },
  async rejects(promise, expected, message) {
    try {
      await (typeof promise === "function" ? promise() : promise);
    } catch (error) {
      return judge(error, expected, message);
    }
    fail(`${message ?? ""} nothing was thrown`);
  },
};
