#!/usr/bin/env bash
# The newest neighbours that Debian has, sid's, beside those that the other tests run with: promtool and Prometheus 3 read
# and scrape us, amtool the routes, vmalert the rules. They are unpacked into target/neighbours, not installed, and the
# machine's own package lists stay as they are. Without them, it says that it skipped and why.
# --all: every unit test of the rules with this promtool (5 minutes of a core), not only the short ones.
# --peers: also `cargo bench --bench peers` with this blackbox_exporter (needs a release build).
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD/target/neighbours
packages=(prometheus promtool prometheus-alertmanager prometheus-blackbox-exporter victoria-metrics)
keys=/usr/share/keyrings/debian-archive-keyring.gpg
exporter=${EXPORTER:-target/debug/smtp-tls-exporter}
scratch=
started=()
failed=0
fail() {
    echo "tests/neighbours.sh: FAILED: $*" >&2
    failed=1
}
finish() {
    # shellcheck disable=SC2317 # called by the trap
    [ "${#started[@]}" = 0 ] || { kill "${started[@]}" && wait; } 2>/dev/null || true
    # shellcheck disable=SC2317
    [ -z "$scratch" ] || rm -rf "$scratch"
}
trap finish EXIT
for tool in apt-get dpkg curl python3; do
    command -v "$tool" >/dev/null || { echo "tests/neighbours.sh: SKIPPED the newest neighbours: there is no $tool on the PATH"; exit 0; }
done
scratch=$(mktemp -d)

# own_apt ARGUMENTS: with lists, cache and sources of our own.
own_apt() {
    timeout 60 apt-get -q=2 -o Dir::State="$root/state" -o Dir::State::status=/dev/null -o Dir::Cache="$root/cache" \
        -o Dir::Etc::sourcelist="$root/sources.list" -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root \
        -o Acquire::Languages=none -o Acquire::Retries=1 -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
}
fetch() {
    rm -rf "$root"
    mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial" "$root/debs"
    echo "deb [signed-by=$keys] http://deb.debian.org/debian sid main" >"$root/sources.list"
    own_apt update || return 1
    (cd "$root/debs" && own_apt download "${packages[@]}") || return 1
    local package
    for package in "$root"/debs/*.deb; do
        dpkg -x "$package" "$root" || return 1
    done
    (cd "$root/debs" && printf '%s\n' *.deb) >"$root/versions"
    rm -rf "$root/debs" "$root/state" "$root/cache"
    touch "$root/complete"
}
if [ ! -e "$root/complete" ] && ! fetch; then
    echo "tests/neighbours.sh: SKIPPED the newest neighbours: Debian's sid could not be fetched: see the lines above"
    exit 0
fi
[ -x "$exporter" ] || { echo "tests/neighbours.sh: $exporter not found: cargo build first" >&2; exit 1; }
sed 's/_[a-z0-9]*\.deb$//; s/_/ /; s/%3a/:/' "$root/versions"
export PATH="$root/usr/bin:$PATH"
# What sid needs may be newer than this machine's.
promtool --version >/dev/null || { echo "tests/neighbours.sh: SKIPPED the newest neighbours: sid's promtool does not start here"; exit 0; }

# The rules, the examples and the routes, with sid's promtool and amtool.
short="alerts/tests/undecided.yml alerts/tests/replaced.yml alerts/tests/outages.yml"
[[ " $* " != *" --all "* ]] || short=$(echo alerts/tests/*.yml)
RULE_TESTS=$short tests/alerts.sh >"$scratch/alerts" 2>&1 || { cat "$scratch/alerts" >&2; fail "tests/alerts.sh with sid's promtool and amtool"; }

vmalert -dryRun -rule=alerts/smtp-tls.rules.yml >"$scratch/vmalert" 2>&1 || { cat "$scratch/vmalert" >&2; fail "vmalert refuses the rules"; }

# until_true SECONDS COMMAND...
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}

# A free port each; taken by nobody else in the moment until they listen, or the step fails and says so.
port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
ours=127.0.0.1:$(port)
theirs=127.0.0.1:$(port)
printf 'targets:\n  - {name: nobody, host: nobody.bears.test, addresses: 127.0.0.1, ports: [1]}\n' >"$scratch/exporter.yml"
"$exporter" --log.level=error --config.file="$scratch/exporter.yml" --web.listen-address="$ours" &
started+=($!)
cat >"$scratch/prometheus.yml" <<EOF
global: {scrape_interval: 2s, evaluation_interval: 2s}
rule_files: [$PWD/alerts/smtp-tls.rules.yml]
scrape_configs:
  - job_name: smtp-tls
    scrape_protocols: [OpenMetricsText1.0.0]
    static_configs: [{targets: ["$ours"]}]
EOF
prometheus --config.file="$scratch/prometheus.yml" --storage.tsdb.path="$scratch/data" --web.listen-address="$theirs" \
    --log.level=error &
started+=($!)
# asked PATH: what Prometheus answers, as text.
asked() {
    curl -fsS --max-time 5 "http://$theirs/api/v1/$1"
}
# shellcheck disable=SC2317 # called by until_true
scraped() {
    [[ $(asked 'query?query=smtp_tls_probe_success') == *'"target":"nobody"'* ]]
}
if until_true 30 scraped; then
    # Prometheus offers nothing but OpenMetrics: it would refuse another Content-Type, or take what it falls back to.
    curl -fsS -o /dev/null -D "$scratch/head" -H 'Accept: application/openmetrics-text;version=1.0.0' "http://$ours/metrics"
    grep -qi '^content-type: application/openmetrics-text; version=1.0.0' "$scratch/head" || fail "no OpenMetrics: $(cat "$scratch/head")"
else
    asked targets >&2 || true
    fail "Prometheus does not scrape us as OpenMetrics"
fi
# shellcheck disable=SC2317
rules_are_healthy() {
    local rules
    rules=$(asked rules) && [[ $rules == *'"health":"ok"'* && $rules != *'"health":"unknown"'* ]]
}
until_true 30 rules_are_healthy || fail "not every rule was evaluated"
[[ $(asked rules) != *'"health":"err"'* ]] || { asked rules >&2; fail "a rule fails"; }

[[ " $* " != *" --peers "* ]] || cargo bench --locked --bench peers || fail "the comparison with blackbox_exporter"
[ "$failed" = 1 ] || echo "tests/neighbours.sh: the newest neighbours understand us"
exit "$failed"
