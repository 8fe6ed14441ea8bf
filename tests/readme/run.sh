#!/usr/bin/env bash
# Runs the blocks of the README that are marked as tested, in order, against the stack on port 3000. It checks what they
# print.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Prints the fenced blocks that follow a line equal to $1.
blocks() {
    awk -v mark="$1" '
        $0 == mark { wanted = 1; next }
        wanted && /^```/ { if (inside) { inside = wanted = 0 } else { inside = 1 } next }
        inside' README.md
}

blocks '<!-- tested -->' >"$folder/walk.sh"
blocks '<!-- tested: python -->' >"$folder/relying_party.py"
blocks '<!-- tested: node -->' >"$folder/relying_party.mjs"
ln -s "$PWD/tests/readme/node_modules" "$folder/node_modules"
cd "$folder"
# shellcheck disable=SC1091
(. ./walk.sh) >output.txt
cat output.txt
for expected in '"phone":"+•••••••••86"' '"attemptsRemaining":4' '"tokenType":"phone-verified+jwt"' '{"spent":true}'; do
    grep -qF "$expected" output.txt || { echo "the README promises $expected, but its blocks did not print it"; exit 1; }
done

cat >>relying_party.py <<'PYTHON'


import json

TOKEN = json.load(open("verify.json"))["token"]
phone, _ = check(TOKEN, "login")
assert phone == "+14152007986"
try:
    check(TOKEN, "register")
except jwt.InvalidAudienceError:
    print("the Python snippet accepts the right audience and refuses another")
else:
    raise SystemExit("the Python snippet accepted another audience")
PYTHON
python3 relying_party.py

cat >>relying_party.mjs <<'NODE'

import { readFileSync } from "node:fs";

const { token } = JSON.parse(readFileSync("verify.json", "utf8"));
const { phone } = await check(token, "login");
if (phone !== "+14152007986") throw new Error(`the Node snippet read ${phone}`);
const other = await check(token, "register").then(() => "accepted", (error) => error.code);
if (other !== "ERR_JWT_CLAIM_VALIDATION_FAILED") throw new Error(`another audience: ${other}`);
console.log("the Node snippet accepts the right audience and refuses another");
NODE
node relying_party.mjs
