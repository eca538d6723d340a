#!/bin/sh
# Holds every dependency to deny.toml as far as cargo itself can tell: licences, crates that may not come in, and where
# they come from. `cargo deny check` does the same more finely, and knows advisories.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0
fail() {
    echo "tests/dependencies.sh: $*" >&2
    failed=1
}

allowed=$(sed -n '/^allow = \[/,/^\]/s/^ *"\(.*\)",$/\1/p' deny.toml)
banned=$(sed -n 's/^ *{ name = "\([^"]*\)".*/\1/p' deny.toml)
[ -n "$allowed" ] && [ -n "$banned" ] || { fail "deny.toml names no licences or no banned crates"; exit 1; }

licences=$(cargo tree --locked --prefix none --format '{p}: {l}') || exit 1
# Every part between AND needs one alternative that is allowed; what is nested deeper than that is refused.
refused=$(printf '%s\n' "$licences" | sed 's/ (\*)$//' | sort -u | ALLOWED="$allowed" awk '
    BEGIN { count = split(ENVIRON["ALLOWED"], words, "\n"); for (i = 1; i <= count; i++) allowed[words[i]] = 1 }
    NF == 0 { next }
    {
        expression = substr($0, index($0, ": ") + 2)
        gsub(/[()]/, "", expression)
        gsub(/ *\/ */, " OR ", expression)
        parts = split(expression, all, " AND ")
        for (i = 1; i <= parts; i++) {
            fits = 0
            ways = split(all[i], any, " OR ")
            for (j = 1; j <= ways; j++) if (any[j] in allowed) fits = 1
            if (!fits) { print; break }
        }
    }')
[ -z "$refused" ] || fail "no allowed licence: $refused"

for crate in $banned; do
    # Says nothing where nobody needs the crate, and fails where nobody even knows it.
    found=$(cargo tree --locked --invert "$crate" 2>/dev/null)
    [ -z "$found" ] || fail "banned: $found"
done

strange=$(sed -n 's/^source = "\(.*\)"$/\1/p' Cargo.lock | sort -u | grep -vF 'registry+https://github.com/rust-lang/crates.io-index')
[ -z "$strange" ] || fail "not from crates.io: $strange"

own=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
newest=$(cargo metadata --locked --format-version 1 | tr ',' '\n' | sed -n 's/^"rust_version":"\([0-9.]*\)".*$/\1/p' |
    sed -n 's/^\([0-9]*\.[0-9]*\).*$/\1/p' | sort -V | tail -n 1)
[ "$newest" = "$own" ] || fail "rust-version is $own, but the dependencies need $newest"
exit "$failed"
