#!/bin/sh
# Checks the alert rules, runs their unit tests, and holds the examples to them. Needs promtool and amtool (Debian:
# packages prometheus and prometheus-alertmanager).
set -u
cd "$(dirname "$0")/.." || exit 1
for tool in promtool amtool; do
    command -v "$tool" >/dev/null || { echo "tests/alerts.sh: $tool not found" >&2; exit 1; }
done

failed=0
# must COMMAND...: it has to succeed.
must() {
    "$@" || { echo "tests/alerts.sh: FAILED: $*" >&2; failed=1; }
}

must promtool check rules --lint=all --lint-fatal alerts/*.yml
# RULE_TESTS: some of them, where time is short.
# shellcheck disable=SC2086 # words
printf "%s\n" ${RULE_TESTS:-alerts/tests/*.yml} | xargs -P "$(nproc)" -n 1 promtool test rules || failed=1

must promtool check config --syntax-only examples/prometheus.yml
must promtool check config examples/prometheus/prometheus.yml
must amtool check-config examples/alertmanager.yml

# routes RECEIVERS LABEL=VALUE...: where Alertmanager sends such an alert.
routes() {
    receivers=$1
    shift
    said=$(amtool config routes test --config.file=examples/alertmanager.yml --verify.receivers="$receivers" "$@" 2>&1) ||
        { echo "tests/alerts.sh: FAILED: $* is not routed to $receivers: $said" >&2; failed=1; }
}

# Every alert goes where its severity says.
severity_of='/- alert: / {name = $3} /^ *severity: / {print name, $2}'
awk "$severity_of" alerts/smtp-tls.rules.yml | {
    while read -r name severity; do
        case $severity in
            critical) routes night "alertname=$name" severity=critical target=relay ;;
            *) routes tickets "alertname=$name" "severity=$severity" target=relay ;;
        esac
    done
    exit "$failed"
} || failed=1
routes tickets alertname=SomebodyElses severity=critical
exit "$failed"
