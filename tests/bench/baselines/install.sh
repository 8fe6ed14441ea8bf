#!/usr/bin/env bash
# Builds everything that the functions are compared with: target/release/hello, node/dist and node/node_modules,
# target/bench/python. What is there already stays.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)

# The runtime client of Node.js compiles curl and aws-lambda-cpp, which its package brings along.
missing=()
for tool in cmake g++ make autoconf automake libtoolize:libtool m4 perl; do
    command -v "${tool%:*}" >/dev/null || missing+=("${tool#*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
fi

cd "$here/node"
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
    # With the headers beside the binary, node-gyp fetches none.
    prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
    [ ! -e "$prefix/include/node/node.h" ] || export npm_config_nodedir=$prefix
    npm ci --silent --no-audit --no-fund
    touch node_modules/.package-lock.json
fi
npm run --silent build -- --log-level=warning

python=$root/target/bench/python
[ -x "$python/bin/pip" ] || python3 -m venv "$python"
"$python/bin/pip" install --quiet --disable-pip-version-check -r "$here/python/requirements.txt"

# Alone: with other packages in one build, their features would come into the floor.
cd "$root"
cargo build --quiet --release --locked -p phoneproof-bench-hello
