// What a refusal of the account service says to a person: a title, and what the person can do.
//
// A test walks the OpenAPI document: each problem type that a call can answer with needs words here. It imports this file
// without a browser.

const SIGNED_OUT = ["The session is over", "Log in again."];
const UNREADABLE = ["The service could not read this", "Check what you entered. The details are under What just happened."];
const PROOF_OVER = ["This proof is no longer good", "A proof is good for five minutes, and for one purpose. Text a new code."];
const PROOF_SPENT = ["This proof was spent already", "Text a new code."];
const TEST_NUMBER = ["Test numbers are not accepted here", "The code of a test number is known to others. Use a number of your own."];
const NO_ACCOUNT = ["No account has this number", "Register the number first. If you had an account with it, the account may have been moved to another number."];
const WEAK = ["Choose another password", "It is too short, too common, or part of the number."];
const UNAVAILABLE = ["The service is not available just now", "Nothing was changed. Try again in a moment."];
const UNKNOWN = ["Something went wrong", "Try again. The details are under What just happened."];

/** What any call can answer. */
const ANY = {
  "no-answer": ["The local stack does not answer", "Perhaps it was stopped. Start it again, then repeat this step."],
  throttled: ["Too many requests at once", "The service did not look at this one. Wait a little, then try again."],
  unavailable: UNAVAILABLE,
  internal: ["The service failed", "It is not known whether anything was changed. Try again in a moment."],
  malformed: UNREADABLE,
  "too-large": UNREADABLE,
  "media-type": UNREADABLE,
};

/** What any call with an access token can answer. */
const IN_SESSION = { "session-over": SIGNED_OUT, "token-required": SIGNED_OUT, "invalid-token": SIGNED_OUT };

/** The words, by the kind of the call and by the problem type, perhaps with the rule that refused. */
export const WORDS = {
  register: {
    "invalid-token": PROOF_OVER,
    "test-number": TEST_NUMBER,
    "already-spent": PROOF_SPENT,
    "phone-in-use": ["This number has an account", "If it is yours, log in or reset the password. It is never taken over. If nobody uses it for a week after you asked for the number, you can register the number."],
    "password-refused": WEAK,
  },
  "log-in": {
    "invalid-phone": ["This is not a phone number", "Check the number, with a leading + and its country code."],
    "invalid-token": PROOF_OVER,
    "test-number": TEST_NUMBER,
    "already-spent": PROOF_SPENT,
    "other-phone": ["The code was for another number", "Text a code to the number that you log in with."],
    "no-account": NO_ACCOUNT,
    "wrong-credentials": ["Number or password is wrong", "A number without an account gets the same answer."],
    "second-step-required": ["This account asks for a code as well", "The password was right. Text a code, and log in with both."],
    locked: ["The password is locked", "Too many wrong ones were entered in a row. Reset the password, or log in with a code."],
    limited: ["Too many tries", "After a few wrong passwords you must wait before each further try, longer every time. You can log in with a code at once."],
    "limited login-address-per-hour": ["Too many tries from this network", "Others may share it with you. Wait, or use another connection."],
  },
  refresh: {
    "invalid-refresh-token": ["Refused, and the session is over", "This token was exchanged before. Somebody may have copied it, so the service ended the session for everyone who holds a token of it."],
    "session-over": SIGNED_OUT,
  },
  reset: {
    "invalid-token": PROOF_OVER,
    "test-number": TEST_NUMBER,
    "already-spent": PROOF_SPENT,
    "no-account": NO_ACCOUNT,
    "recovery-code-required": ["This account asks for two factors", "The number alone cannot reset its password. Add the recovery code. It works once."],
    "password-refused": WEAK,
  },
  me: IN_SESSION,
  sessions: IN_SESSION,
  recovery: IN_SESSION,
  "log-out": IN_SESSION,
  delete: IN_SESSION,
  spend: {
    "invalid-token": ["This proof is no longer good", "It has expired, or it was made for another business. Verify the number again."],
    expired: ["This proof is no longer good", "It has expired, or it was made for another business. Verify the number again."],
    "already-spent": ["Refused, as it should be", "This proof was spent already, so a copied or replayed token is refused."],
  },
};

/** Names the problem type, or what answered in place of the service: nothing, or a gateway before it; `""` for others. */
function slugOf(status, problem) {
  const { type } = problem;
  if (typeof type === "string" && type.startsWith("urn:phoneproof:problem:")) return type.split(":").pop();
  if (status === 0) return "no-answer";
  if (status === 429) return "throttled";
  return status >= 500 ? "internal" : "";
}

/**
 * Explains a refusal: `{title, text, slug, retryIn, errors, problem}`. `title` and `text` are in English, for `put`. `slug`
 * is the problem type, and `retryIn` the seconds until another try can succeed.
 */
export function explain({ kind, status, response, retryIn }) {
  const problem = response !== null && typeof response === "object" ? response : {};
  const slug = slugOf(status, problem);
  const own = WORDS[kind] ?? {};
  const [title, text] = own[`${slug} ${problem.rule}`] ?? own[slug] ?? ANY[slug] ?? UNKNOWN;
  return { title, text, slug, retryIn, errors: problem.errors ?? [], problem };
}

/** Whether the service decided that a call is refused. Otherwise nobody knows, and another try may succeed. */
export const isDefinite = ({ status, slug }) => status >= 400 && status < 500 && !["", "throttled"].includes(slug);
