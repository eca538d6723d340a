#!/bin/sh
# Checks the alert rules and runs their unit tests. Needs promtool (Debian: package prometheus).
set -u
cd "$(dirname "$0")/.." || exit 1
command -v promtool >/dev/null || { echo "tests/alerts.sh: promtool not found" >&2; exit 1; }

failed=0
promtool check rules --lint=all --lint-fatal alerts/*.yml || failed=1
promtool test rules alerts/tests/*.yml || failed=1
exit "$failed"
