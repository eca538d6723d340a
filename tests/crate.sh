#!/usr/bin/env bash
# The packaged crate: what is in it, and that it compiles where nothing else of this repository is. Without the network, with
# what was compiled before in the target folder.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v cargo >/dev/null || { echo "tests/crate.sh: cargo not found: install Rust first" >&2; exit 1; }
fail() {
    echo "tests/crate.sh: FAILED: $*" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

target=$(mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)
export CARGO_TARGET_DIR=$target
cargo package --quiet --locked --offline --allow-dirty --no-verify -p smtp-tls-exporter
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
packed=$target/package/smtp-tls-exporter-$version.crate
tar -xf "$packed" -C "$work"
crate=$work/smtp-tls-exporter-$version

# What a builder needs, and what a packager adds; by the first name below the crate, `docs` by the second.
expected="Cargo.lock Cargo.toml Cargo.toml.orig CHANGELOG.md LICENSE README.md build build.rs completions config.example.yml docs/runbooks man src"
found=$(cd "$crate" && { ls; echo docs/*; } | grep -vx docs)
[ "$(sort <<<"$found" | xargs)" = "$(tr ' ' '\n' <<<"$expected" | sort | xargs)" ] || fail "the crate has $(xargs <<<"$found")"
for name in src docs/runbooks completions; do
    diff -r "$name" "$crate/$name" >&2 || fail "the crate's $name is not ours"
done

(cd "$crate" && cargo check --quiet --locked --offline)
echo "tests/crate.sh: the crate has $(stat -c %s "$packed") bytes and compiles by itself"
