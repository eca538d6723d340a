#!/usr/bin/env bash
# Searches on with libFuzzer: tests/fuzz/run.sh [SECONDS [TARGET...]], by default a minute for every target.
# Works on copies below target/fuzz: what it finds is kept there, the seeds stay as they are. Needs a C++ compiler, which
# builds libFuzzer itself. Without sanitizers: there is no unsafe code of ours, and the stable compiler has none.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift || true
place=$PWD/target/fuzz

# What `cargo bolero` would set. It is not used because it also links the programs that have no fuzzer inside; here
# their counters may stay without one (unresolved symbols).
flags="--cfg fuzzing --cfg fuzzing_libfuzzer -Cpasses=sancov-module"
for option in inline-8bit-counters level=4 pc-table trace-compares stack-depth; do
    flags+=" -Cllvm-args=-sanitizer-coverage-$option"
done
flags+=" -Clink-arg=-Wl,--unresolved-symbols=ignore-all"
export RUSTFLAGS=$flags CARGO_TARGET_DIR=$place/build
# A target of its own keeps the flags from build scripts.
host=$(rustc -vV | sed -n 's/^host: //p')
build=(cargo test --locked --test wire --profile fuzz --target "$host" --no-run)
"${build[@]}"
program=$("${build[@]}" --message-format=json 2>/dev/null |
    sed -n 's/.*"name":"wire".*"executable":"\([^"]*\)".*/\1/p')

# The list in tests/wire/fuzz.rs: NAME: "DIRECTORY" => ...
listed=$(sed -n 's/^    \([a-z_]*\): "\([a-z_/]*\)" => .*/\1 \2/p' tests/wire/fuzz.rs)
while read -r name seeds; do
    [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
    work=$place/$name
    mkdir -p "$work/corpus" "$work/crashes"
    find "tests/$seeds" -type f ! -name '*.md' ! -name '*.sh' -exec cp -n -t "$work/corpus/" {} +
    echo "=== $name: ${seconds}s"
    arguments="$work/corpus -artifact_prefix=$work/crashes/ -timeout=10 -max_total_time=$seconds -max_len=65536 -print_final_stats=1"
    BOLERO_LIBTEST_HARNESS=1 BOLERO_TEST_NAME=fuzz::$name BOLERO_LIBFUZZER_ARGS=$arguments \
        nice "$program" "fuzz::$name" --exact --nocapture --quiet --test-threads 1 </dev/null
done <<<"$listed"
