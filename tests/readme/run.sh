#!/usr/bin/env bash
# Runs the blocks of the README and of docs/CALLERS.md that are marked as tested, in order, against the stack on port 3000.
# It checks what they print. The stack's policy also has the test number +14155550100 with the code 000000, and the edge whose
# private key is in the file $1. The file $2, if given, has settings of cargo for the service of the README.
set -euo pipefail
edge_key=$(realpath "$1")
cd "$(dirname "$0")/../.."
repository=$PWD
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT

# Prints the fenced blocks of the file $2, README.md if not given, that follow a line equal to $1.
blocks() {
    awk -v mark="$1" '
        $0 == mark { wanted = 1; next }
        wanted && /^```/ { if (inside) { inside = wanted = 0 } else { inside = 1 } next }
        inside' "${2:-README.md}"
}

blocks '<!-- tested -->' >"$folder/walk.sh"
blocks '<!-- tested: app -->' >"$folder/app.mjs"
blocks '<!-- tested: python -->' >"$folder/relying_party.py"
blocks '<!-- tested: node -->' >"$folder/relying_party.mjs"
blocks '<!-- tested: backend -->' >"$folder/backend.py"
cp shared/web/examples/plain.html "$folder/page.html"
cp shared/web/dist/phone-proof.js "$folder"
for snippet in edge.mjs edge.py page.mjs; do
    blocks "<!-- tested: $snippet -->" docs/CALLERS.md >"$folder/$snippet"
done
cp "$edge_key" "$folder/edge.pem"
mkdir "$folder/node_modules"
ln -s "$PWD/tests/readme/node_modules/jose" "$folder/node_modules/jose"
ln -s "$PWD/shared/web" "$folder/node_modules/phoneproof-web"
# The page of the README is the plain app, which the browser tests run, without the frame.
blocks '<!-- tested: page -->' | while IFS= read -r line; do
    grep -qF -- "$(sed -E 's/^ +//' <<<"$line")" shared/web/examples/plain.html || { echo "not in plain.html: $line"; exit 1; }
done

# The crate beside the clone, as the README has it. It is built with the versions of this repository.
mkdir -p "$folder/relying-party/src"
ln -s "$repository" "$folder/phoneproof"
blocks '<!-- tested: Cargo.toml -->' >"$folder/relying-party/Cargo.toml"
blocks '<!-- tested: main.rs -->' >"$folder/relying-party/src/main.rs"
cp Cargo.lock "$folder/relying-party/"
cargo build --quiet ${2:+--config "$2"} --manifest-path "$folder/relying-party/Cargo.toml" --target-dir target
target/debug/relying-party &
server=$!

cd "$folder"
# shellcheck disable=SC1091
(. ./walk.sh) >output.txt
cat output.txt
for expected in '"phone":"+•••••••••86"' '"attemptsRemaining":4' '"tokenType":"phone-verified+jwt"' '{"spent":true}'; do
    grep -qF "$expected" output.txt || { echo "the README promises $expected, but its blocks did not print it"; exit 1; }
done

# The snippet of an app: it texts and verifies each number in turn, and writes their success tokens.
cat >>app.mjs <<'NODE'

import { writeFileSync } from "node:fs";

async function prove(phone, known, action) {
  const challenge = action ? await phoneproof.send({ phone, action }) : await send(phone);
  const texts = await (await fetch(`${phoneproof.issuer}/inbox/messages?phone=${phone}`)).json();
  const code = known ?? /\d{6}/.exec(texts[0].body)[0];
  const wrong = await verify(challenge, code === "111111" ? "111112" : "111111").catch((error) => error);
  if (wrong.status !== 422 || wrong.attemptsRemaining !== 4) throw new Error(`a wrong code: ${wrong}`);
  return verify(challenge, code);
}

const tokens = { rust: "+14152017986", python: "+14152027986", node: "+14152037986" };
tokens.form = "+14152077986";
for (const [name, phone] of Object.entries(tokens)) writeFileSync(`${name}.jwt`, await prove(phone));
writeFileSync("test.jwt", await prove("+14155550100", "000000"));
writeFileSync("action.jwt", await prove("+14152047986", undefined, "pay:order-42:EUR 100"));
console.log("the snippet of an app sends and verifies");
NODE
node app.mjs

# expect STATUS [TOKEN [PATH]]: what the Rust service answers.
expect() {
    local status
    status=$(curl -s -o answer.txt -w '%{http_code}' -X POST "http://127.0.0.1:8080${3:-/login}" ${2:+-H "Authorization: Bearer $2"})
    [ "$status" = "$1" ] || { echo "the Rust service answered $status, not $1: $(cat answer.txt)"; exit 1; }
}
expect 403 "$(cat rust.jwt)" /pay
grep -qF 'something else was approved' answer.txt
# What was approved for a payment logs nobody in, and stays unspent.
expect 403 "$(cat action.jwt)"
grep -qF 'urn:phoneproof:problem:other-action' answer.txt
expect 200 "$(cat action.jwt)" /pay
grep -qF '+14152047986 paid for order 42' answer.txt
expect 200 "$(cat rust.jwt)"
grep -qF '+14152017986 is logged in' answer.txt
expect 409 "$(cat rust.jwt)"
expect 401
expect 403 "$(cat test.jwt)"
echo "the Rust service acts once, and refuses a replay, another action, no token and a test number"

# The backend of the form takes over the port of the Rust service.
kill "$server"
wait "$server" || true
python3 backend.py 2>/dev/null &
server=$!
curl -s --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1:8080/ | grep -q '<phone-proof name="proof"'
curl -s http://127.0.0.1:8080/phone-proof.js | cmp - phone-proof.js
post() { curl -s -o answer.txt -w '%{http_code}' --data-urlencode "proof=$1" http://127.0.0.1:8080/login; }
[ "$(post "$(cat form.jwt)")" = 200 ] && grep -qF '+14152077986 is logged in' answer.txt
[ "$(post "$(cat form.jwt)")" = 409 ]
for bad in "$(cat test.jwt)" "$(cat action.jwt)" '' nonsense; do [ "$(post "$bad")" = 403 ]; done
# A length that is none, or too long, is refused though no body comes.
for length in -1 1e3 10000; do
    [ "$(curl -s -m 5 -o answer.txt -w '%{http_code}' -X POST -H "Content-Length: $length" http://127.0.0.1:8080/login)" = 413 ]
done
echo "the backend of the form logs in once, and refuses a replay, another action, no token and a test number"

cat >>relying_party.py <<'PYTHON'


token = open("python.jwt").read()
assert check(token, "login") == "+14152027986"
bound = open("action.jwt").read()
assert check(bound, "login", "pay:order-42:EUR 100") == "+14152047986"
for given, action in [(bound, "pay:order-43:EUR 100"), (bound, None), (token, "pay:order-42:EUR 100"), (token, "")]:
    try:
        check(given, "login", action)
    except jwt.InvalidTokenError as error:
        assert "another action" in str(error)
    else:
        raise SystemExit("the Python snippet accepted another action")
assert spend(token, "login") is True
assert spend(token, "login") is False
for name, audience, reason in [("python", "register", "Audience"), ("test", "login", "a test number")]:
    try:
        check(open(f"{name}.jwt").read(), audience)
    except jwt.InvalidTokenError as error:
        assert reason.lower() in f"{type(error).__name__} {error}".lower(), error
    else:
        raise SystemExit(f"the Python snippet accepted {reason}")
try:
    spend(token + "x", "login")
except urllib.error.HTTPError as error:
    assert error.code == 400
else:
    raise SystemExit("the Python snippet spent a broken token")
print("the Python snippet spends once, and refuses another audience, another action and a test number")
PYTHON
python3 relying_party.py

cat >>relying_party.mjs <<'NODE'

import { readFileSync } from "node:fs";

const token = readFileSync("node.jwt", "utf8");
const refusal = (work) => work.then(() => "accepted", (error) => error.code ?? error.message);
const seen = [
  await check(token, "login"),
  await spend(token, "login"),
  await spend(token, "login"),
  await refusal(check(token, "register")),
  await refusal(check(readFileSync("test.jwt", "utf8"), "login")),
  await check(readFileSync("action.jwt", "utf8"), "login", "pay:order-42:EUR 100"),
  await refusal(check(readFileSync("action.jwt", "utf8"), "login", "pay:order-43:EUR 100")),
  await refusal(check(readFileSync("action.jwt", "utf8"), "login")),
  await refusal(check(token, "login", "pay:order-42:EUR 100")),
  await refusal(check(token, "login", "")),
  await refusal(spend(`${token}x`, "login")),
].join(", ");
const right = "+14152037986, true, false, ERR_JWT_CLAIM_VALIDATION_FAILED, a test number, +14152047986, another action, another action, another action, another action, the ledger answered 400";
if (seen !== right) throw new Error(`the Node snippet: ${seen}`);
console.log("the Node snippet spends once, and refuses another audience, another action and a test number");
NODE
node relying_party.mjs

# The edge and the page of docs/CALLERS.md. The page meets a refusal that asks for an attestation, which its first send gets
# here whatever the service says.
cat >try_edge.mjs <<'NODE'
import { createServer } from "node:http";
import { answerVouch } from "./edge.mjs";
import { send } from "./page.mjs";

const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const attestation = await answerVouch(JSON.parse(body), async (captcha) => captcha === "solved");
  response.setHeader("Content-Type", "application/json").end(JSON.stringify({ attestation }));
});
await new Promise((started) => server.listen(0, "127.0.0.1", started));
const vouchUrl = `http://127.0.0.1:${server.address().port}/vouch`;

const direct = globalThis.fetch;
let refusals = 0;
globalThis.fetch = (url, init) => {
  if (!String(url).endsWith("/v1/send") || refusals === 0) return direct(url, init);
  refusals -= 1;
  return new Response(JSON.stringify({ status: 429, challenge: "attestation" }), { status: 429 });
};
refusals = 1;
const sent = await send("+14152097986", crypto.randomUUID(), async () => "solved", vouchUrl);
if (!sent.ok || !sent.token) throw new Error(`vouched for: ${JSON.stringify(sent)}`);
refusals = 1;
const robot = await send("+14152057986", crypto.randomUUID(), async () => "guessed", vouchUrl);
if (robot.status !== 429) throw new Error(`not vouched for: ${JSON.stringify(robot)}`);
const attestation = await answerVouch({ phone: "+14152057986", captcha: "solved" }, async () => true);
const body = { phone: "+14152067986", uniqueId: crypto.randomUUID(), businessId: "login", attestation };
const other = await direct("http://127.0.0.1:3000/v1/send", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});
const problem = await other.json();
if (!problem.type?.endsWith("invalid-attestation")) throw new Error(`another phone: ${JSON.stringify(problem)}`);
server.close();
console.log("the page is vouched for by the edge after its CAPTCHA, for its own phone only");
NODE
node try_edge.mjs

cat >>edge.py <<'PYTHON'


import json
import urllib.error
import urllib.request


def send(phone, attestation):
    body = {"phone": phone, "uniqueId": phone, "businessId": "login", "attestation": attestation}
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{PHONEPROOF}/v1/send", json.dumps(body).encode(), headers)
    try:
        return urllib.request.urlopen(request, timeout=5).status, {}
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


assert answer_vouch({"phone": "+14152107986", "captcha": "guessed"}, lambda captcha: captcha == "solved") is None
word = answer_vouch({"phone": "+14152107986", "captcha": "solved"}, lambda captcha: captcha == "solved")
status, problem = send("+14152087986", word)
assert status == 400 and problem["errors"][0]["field"] == "attestation", problem
assert send("+14152107986", word) == (202, {})
print("the Python edge vouches for its own phone only")
PYTHON
python3 edge.py
python3 "$repository/tests/readme/form.py"
