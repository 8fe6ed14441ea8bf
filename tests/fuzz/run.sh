#!/usr/bin/env bash
# Runs every fuzz target from its seeds. The first argument is the seconds for each target, by default 60:
#
#     cargo install cargo-fuzz
#     bash tests/fuzz/run.sh 60
#
# A stable compiler is enough: RUSTC_BOOTSTRAP makes it accept the flags of a nightly one. libFuzzer needs only
# coverage. There is no unsafe code here, so no sanitizer is used. The first build takes about ten minutes on two cores.
set -euo pipefail
export RUSTC_BOOTSTRAP=1
cd "$(dirname "$0")"
seconds=${1:-60}
cargo run --quiet --manifest-path ../parsers/Cargo.toml --example seeds -- corpus
for target in fuzz_targets/*.rs; do
    name=$(basename "$target" .rs)
    printf '%s: ' "$name"
    # The log keeps all output of the fuzzer. Its last line has the number of inputs.
    cargo fuzz run --sanitizer none "$name" -- \
        -dict="corpus/$name.dict" -max_total_time="$seconds" -max_len=8192 -timeout=10 >"corpus/$name.log" 2>&1 ||
        { tail -40 "corpus/$name.log"; exit 1; }
    grep '^Done' "corpus/$name.log"
done
