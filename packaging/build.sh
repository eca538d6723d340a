#!/usr/bin/env bash
# build.sh [MACHINE]: makes the program for MACHINE: x86_64 or aarch64, by default this one; README.md says what another
# needs. It is stripped, names no path of the builder's machine, has the same bytes from every folder, and its C library
# inside, so that it runs on any Linux. Prints the path of what it made.
set -euo pipefail
cd "$(dirname "$0")/.."
# The date is for the C compiler: mimalloc writes the time of its build into itself.
. packaging/facts.sh

command -v cargo >/dev/null || { echo "packaging/build.sh: cargo not found: install Rust first" >&2; exit 1; }
machine=${1:-$(uname -m)}
triple=$machine-unknown-linux-gnu
cc=cc packages="gcc libc6-dev"
[ "$machine" = "$(uname -m)" ] || cc=$machine-linux-gnu-gcc packages="gcc-${machine//_/-}-linux-gnu"
command -v "$cc" >/dev/null || { echo "packaging/build.sh: $cc not found: install a C compiler (Debian: $packages)" >&2; exit 1; }
if [ "$machine" = aarch64 ]; then
    export CC_aarch64_unknown_linux_gnu=$cc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=packaging/static-pie-gcc
fi

target=$(mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)
cargo_home=${CARGO_HOME:-$HOME/.cargo}

# Paths get into panic messages (Rust) and into the errors of the crypto library (C).
rust=() c=()
for pair in "$cargo_home=/cargo" "$PWD=/src" "$target=/target"; do
    rust+=("--remap-path-prefix=$pair")
    c+=("-ffile-prefix-map=$pair")
done
export RUSTFLAGS="${rust[*]} -C target-feature=+crt-static"
export CFLAGS="${c[*]}"
export CARGO_TARGET_DIR=$target
# Named by a path that is the same in every folder.
mkdir -p target
"$cc" -O2 -c -o target/names.o packaging/names.c
# The target is named, or build scripts would be linked statically, too.
cargo rustc --release --locked --target "$triple" --bin smtp-tls-exporter -- -C link-arg=target/names.o >&2
echo "$target/$triple/release/smtp-tls-exporter"
