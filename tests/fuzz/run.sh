#!/usr/bin/env bash
# Runs every fuzz target from its seeds, for 60 seconds each or as many as the first argument says:
#
#     cargo install cargo-fuzz
#     bash tests/fuzz/run.sh 60
#
# Works with a stable compiler, told to take the flags of a nightly one: coverage is all that libFuzzer needs, and
# there is no unsafe code here for a sanitizer to watch. The first build takes some ten minutes on two cores.
set -euo pipefail
export RUSTC_BOOTSTRAP=1
cd "$(dirname "$0")"
seconds=${1:-60}
cargo run --quiet --manifest-path ../parsers/Cargo.toml --example seeds -- corpus
for target in fuzz_targets/*.rs; do
    name=$(basename "$target" .rs)
    printf '%s: ' "$name"
    # What the fuzzer prints ends with the number of inputs; all of it stays in the log.
    cargo fuzz run --sanitizer none "$name" -- \
        -dict="corpus/$name.dict" -max_total_time="$seconds" -max_len=8192 -timeout=10 >"corpus/$name.log" 2>&1 ||
        { tail -40 "corpus/$name.log"; exit 1; }
    grep '^Done' "corpus/$name.log"
done
