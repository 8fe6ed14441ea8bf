#!/usr/bin/env bash
# Runs the blocks of the README that are marked as tested, in order, against the stack on port 3000. It checks what they
# print. The stack's policy also has the test number +14155550100 with the code 000000.
set -euo pipefail
cd "$(dirname "$0")/../.."
repository=$PWD
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT

# Prints the fenced blocks that follow a line equal to $1.
blocks() {
    awk -v mark="$1" '
        $0 == mark { wanted = 1; next }
        wanted && /^```/ { if (inside) { inside = wanted = 0 } else { inside = 1 } next }
        inside' README.md
}

blocks '<!-- tested -->' >"$folder/walk.sh"
blocks '<!-- tested: app -->' >"$folder/app.mjs"
blocks '<!-- tested: python -->' >"$folder/relying_party.py"
blocks '<!-- tested: node -->' >"$folder/relying_party.mjs"
mkdir "$folder/node_modules"
ln -s "$PWD/tests/readme/node_modules/jose" "$folder/node_modules/jose"
ln -s "$PWD/shared/web" "$folder/node_modules/phoneproof-web"
# The page of the README is the plain app, which the browser tests run, without the action and the frame.
blocks '<!-- tested: page -->' | while IFS= read -r line; do
    grep -qF -- "$(sed -E 's/^ +//' <<<"$line")" <(sed 's/ action="pay:order-42:EUR 100"//' shared/web/examples/plain.html) || { echo "not in plain.html: $line"; exit 1; }
done

# The crate beside the clone, as the README has it. It is built with the versions of this repository.
mkdir -p "$folder/relying-party/src"
ln -s "$repository" "$folder/phoneproof"
blocks '<!-- tested: Cargo.toml -->' >"$folder/relying-party/Cargo.toml"
blocks '<!-- tested: main.rs -->' >"$folder/relying-party/src/main.rs"
cp Cargo.lock "$folder/relying-party/"
cargo build --quiet --manifest-path "$folder/relying-party/Cargo.toml" --target-dir target
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
expect 200 "$(cat action.jwt)" /pay
expect 200 "$(cat rust.jwt)"
grep -qF '+14152017986 is logged in' answer.txt
expect 409 "$(cat rust.jwt)"
expect 401
expect 403 "$(cat test.jwt)"
echo "the Rust service acts once, and refuses a replay, another action, no token and a test number"

cat >>relying_party.py <<'PYTHON'


token = open("python.jwt").read()
assert check(token, "login") == "+14152027986"
bound = open("action.jwt").read()
assert check(bound, "login", "pay:order-42:EUR 100") == "+14152047986"
for given, action in [(bound, "pay:order-43:EUR 100"), (bound, None), (token, "pay:order-42:EUR 100")]:
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
  await refusal(spend(`${token}x`, "login")),
].join(", ");
const right = "+14152037986, true, false, ERR_JWT_CLAIM_VALIDATION_FAILED, a test number, +14152047986, another action, another action, another action, the ledger answered 400";
if (seen !== right) throw new Error(`the Node snippet: ${seen}`);
console.log("the Node snippet spends once, and refuses another audience, another action and a test number");
NODE
node relying_party.mjs
python3 "$repository/tests/readme/form.py"
