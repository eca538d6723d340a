#!/usr/bin/env bash
# Checks every block of configuration in docs/recipes by the program that reads it, where that can be had: the exporter,
# promtool, vmagent and vmalert (sid's, unpacked by tests/neighbours.sh), icinga2 (unpacked from Debian). What cannot be had is
# skipped, and named.
set -euo pipefail
shopt -s extglob
cd "$(dirname "$0")/.."

out=$PWD/target/recipes
tools=$PWD/target/recipe-tools
neighbours=$PWD/target/neighbours/usr/bin
exporter=$(realpath -m "${EXPORTER:-target/debug/smtp-tls-exporter}")
server=
failed=0
fail() {
    echo "tests/recipes.sh: FAILED: $*" >&2
    failed=1
}
skip() {
    echo "tests/recipes.sh: SKIPPED $*"
}
finish() {
    # shellcheck disable=SC2317 # called by the trap
    [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
}
trap finish EXIT
for tool in python3 promtool curl openssl; do
    command -v "$tool" >/dev/null || { skip "all recipes: there is no $tool on the PATH"; exit 0; }
done
[ -x "$exporter" ] || { echo "tests/recipes.sh: $exporter not found: cargo build first" >&2; exit 1; }

if [ ! -e "$tools/complete" ]; then
    rm -rf "$tools"
    { python3 -m venv "$tools" && "$tools/bin/pip" install -q PyYAML==6.0.3 python-jsonpath==2.0.1; } || {
        rm -rf "$tools"
        skip "all recipes: PyYAML and python-jsonpath could not be fetched from PyPI: see the lines above"
        exit 0
    }
    touch "$tools/complete"
fi
blocks="$tools/bin/python tests/recipes/blocks.py"
rm -rf "$out"
mkdir -p "$out/bin"
$blocks extract docs/recipes "$out"
ln -s "$exporter" "$out/bin/smtp-tls-exporter"
export PATH="$out/bin:$PATH"

# --- our own configuration --------------------------------------------------------------------

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$out/key.pem" -out "$out/ca.pem" -subj "/CN=CA" -days 2 2>/dev/null
for file in "$out"/*.exporter; do
    "$exporter" --config.check --log.level=error --config.file="$file" >/dev/null || fail "the exporter refuses ${file##*/}"
done

# --- scrapers ---------------------------------------------------------------------------------

for file in "$out"/*.opentelemetry; do
    $blocks receiver "$file" "$file.yml"
    promtool check config --syntax-only "$file.yml" >/dev/null || fail "promtool refuses ${file##*/}"
done
if [ -x "$neighbours/vmagent" ]; then
    for file in "$out"/*.vmagent; do
        "$neighbours/vmagent" -promscrape.config="$file" -promscrape.config.strictParse -remoteWrite.url=http://127.0.0.1:9/ -dryRun \
            >"$file.log" 2>&1 || { cat "$file.log" >&2; fail "vmagent refuses ${file##*/}"; }
    done
    for file in "$out"/*.vmalert; do
        PATH="$neighbours:$PATH" sh -e -c "$(cat "$file") -dryRun" >"$file.log" 2>&1 || { cat "$file.log" >&2; fail "vmalert refuses ${file##*/}"; }
    done
else
    skip "vmagent and vmalert: tests/neighbours.sh has not fetched them"
fi

# --- the plugin, from Icinga and from Checkmk -------------------------------------------------

plugin=$out/bin/check_smtp_tls
cp "$out"/*.plugin "$plugin"
chmod +x "$plugin"
# plugin_says STATUS LINE ARGUMENT...
plugin_says() {
    local status=0 said
    said=$("${@:3}") || status=$?
    [ "$status" = "$1" ] || fail "${*:3} ended with $status, not $1"
    [[ ${said%%$'\n'*} == $2* ]] || fail "the first line of ${*:3} is not '$2': $said"
}
# Nobody listens on port 1; a target that cannot be read at all.
plugin_says 3 "SMTP TLS UNKNOWN - " "$plugin" 127.0.0.1:1
plugin_says 3 "smtp-tls-exporter: invalid value" "$plugin" --warning nonsense 127.0.0.1:1
read -r _ _ arguments <"$(echo "$out"/*.mrpe)"
[ -n "$arguments" ] || fail "no line for MRPE"
# shellcheck disable=SC2086 # words, as the agent takes them
plugin_says 3 "SMTP TLS UNKNOWN - 127.0.0.1:1 " "$plugin" ${arguments//mail.example.com:*([0-9])/127.0.0.1:1}

icinga=$out/../icinga
if [ ! -e "$icinga/complete" ]; then
    rm -rf "$icinga"
    mkdir -p "$icinga"
    mapfile -t packages < <(apt-get -s install --no-install-recommends icinga2-bin 2>/dev/null | awk '/^Inst (icinga2|lib)/ {print $2}')
    if (cd "$icinga" && [ "${#packages[@]}" -gt 0 ] && timeout 60 apt-get -q=2 -o APT::Sandbox::User=root download "${packages[@]}"); then
        for package in "$icinga"/*.deb; do
            dpkg -x "$package" "$icinga"
            rm "$package"
        done
        touch "$icinga/complete"
    fi
fi
daemon=$(echo "$icinga"/usr/lib/*/icinga2/sbin/icinga2)
if [ -x "$daemon" ]; then
    libraries=$(dirname "$(dirname "$(dirname "$daemon")")")
    for file in "$out"/*.icinga; do
        mkdir -p "$out/icinga2"
        LD_LIBRARY_PATH=$libraries "$daemon" daemon -C -c "$file" -DNodeName=here -DDataDir="$out/icinga2" -DLogDir="$out/icinga2" -DCacheDir="$out/icinga2" \
            -DInitRunDir="$out/icinga2" -DSpoolDir="$out/icinga2" -DConfigDir="$out/icinga2" -DRunAsUser="$(id -un)" -DRunAsGroup="$(id -gn)" \
            >"$file.log" 2>&1 || { cat "$file.log" >&2; fail "icinga2 refuses ${file##*/}"; }
        grep -q 'Instantiated 1 Service\b' "$file.log" || { cat "$file.log" >&2; fail "icinga2 makes no service of ${file##*/}"; }
    done
else
    skip "icinga2: it could not be fetched from Debian"
fi

# --- JSON, for Zabbix -------------------------------------------------------------------------

printf 'targets:\n  - {name: nobody, host: nobody.bears.test, addresses: [127.0.0.1, 127.0.0.2], ports: [1]}\n' >"$out/exporter.yml"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$exporter" --log.level=error --config.file="$out/exporter.yml" --web.listen-address="127.0.0.1:$port" &
server=$!
curl -fs --retry 50 --retry-delay 1 --retry-connrefused --max-time 60 "http://127.0.0.1:$port/api/v1/report" -o "$out/report.json"
$blocks jsonpaths "$out/report.json" "$out"/*.macros "$out"/*.jsonpath || fail "a JSONPath for Zabbix finds nothing"

[ "$failed" = 1 ] || echo "tests/recipes.sh: the recipes are well"
exit "$failed"
