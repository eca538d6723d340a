# shellcheck shell=bash
# Sourced by tests/boot.sh and tests/packages.sh: steps that say what they prove, and waiting. The first failure ends them.

# What is being proven, for whoever reports a failure.
# shellcheck disable=SC2034
doing="the start"
# proves WORDS: names what the next lines prove.
proves() {
    doing=$*
    printf '%3ds  %s\n' "$SECONDS" "$doing"
}

fail() {
    echo "tests/${0##*/}: $*" >&2
    exit 1
}

# comes SECONDS COMMAND...: whether it succeeds in time; it is repeated until then.
comes() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}

# within SECONDS COMMAND...: it has to.
within() {
    comes "$@" || fail "not within seconds: $*"
}
