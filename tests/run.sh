#!/usr/bin/env bash
# Every check of this project, as CI runs it: formatting, lints, docs, all tests (also those
# against real mail servers and a real Prometheus), the alert rules, the dependencies, the
# packages. Where there is a PowerShell (pwsh) on the PATH, also the collector for Exchange.
# Made for Debian 12, as root or with sudo. Installs from Debian what is missing; starts no
# service and touches no configuration of the machine's own mail server.
set -euo pipefail
cd "$(dirname "$0")/.."

exim_root=target/real-peers/exim
# Mail servers and their tools stand in sbin, which is not on everyone's PATH.
export PATH="$PATH:/usr/sbin:/sbin"

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo --preserve-env "$@"
    else
        echo "tests/run.sh: needs root for '$1': run it as root or install sudo" >&2
        exit 1
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

# --- what the tests need ---------------------------------------------------------------------

# Prints the Debian packages whose files are not on this machine.
missing_packages() {
    command -v posttls-finger >/dev/null || echo postfix
    { command -v prometheus && command -v promtool; } >/dev/null || echo prometheus
    { command -v prometheus-alertmanager && command -v amtool; } >/dev/null || echo prometheus-alertmanager
    command -v jsonnet >/dev/null || echo jsonnet
    command -v knotd >/dev/null || echo knot
    command -v ldns-signzone >/dev/null || echo ldnsutils
    command -v kzonesign >/dev/null || echo knot-dnssecutils
    command -v unbound >/dev/null || echo unbound
    command -v microsocks >/dev/null || echo microsocks
    command -v danted >/dev/null || echo dante-server
    command -v tinyproxy >/dev/null || echo tinyproxy
    command -v nginx >/dev/null || echo nginx
    command -v chromium >/dev/null || echo chromium
    { command -v systemd-analyze && command -v systemd-socket-activate; } >/dev/null || echo systemd
    command -v ip >/dev/null || echo iproute2
    command -v openssl >/dev/null || echo openssl
    # What packages are made with, and what they are proven with.
    command -v dh_builddeb >/dev/null || echo debhelper
    command -v dpkg-buildpackage >/dev/null || echo dpkg-dev
    command -v rpmbuild >/dev/null || echo rpm
    command -v umoci >/dev/null || echo umoci
    command -v jq >/dev/null || echo jq
    command -v lintian >/dev/null || echo lintian
    command -v crun >/dev/null || echo crun
    command -v file >/dev/null || echo file
    command -v strings >/dev/null || echo binutils
    command -v curl >/dev/null || echo curl
    [ -x /usr/bin/time ] || echo time
    # For tests/chart.sh (which needs node and npm, too, but does not install these) and tests/workflows.sh.
    { command -v python3 && python3 -m venv --help && python3 -c 'import ensurepip'; } >/dev/null 2>&1 || printf '%s\n' python3 python3-venv
    # They read the manual page and the completions.
    command -v mandoc >/dev/null || echo mandoc
    command -v zsh >/dev/null || echo zsh
    [ -s /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
    # The cultures and time zones that the Exchange collector is tested in.
    if command -v pwsh >/dev/null; then
        compgen -G '/usr/lib/*/libicuuc.so*' >/dev/null || echo libicu72
        [ -e /usr/share/zoneinfo/Asia/Kolkata ] || echo tzdata
    fi
    # The linker and the C compiler that aws-lc is built with.
    command -v cc >/dev/null || printf '%s\n' gcc libc6-dev
}

# Runs a command while Debian's maintainer scripts may not start any service.
without_services() {
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        policy=/usr/sbin/policy-rc.d
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    "$@"
    remove_policy
}

policy=
remove_policy() {
    [ -z "$policy" ] || as_root rm -f "$policy"
    policy=
}

updated=no
# The package lists, at most once a run and only when something is to be fetched.
update_lists() {
    [ "$updated" = yes ] || apt update
    updated=yes
}

# --no-remove: rather fail than take away the machine's own mail server.
install_packages() {
    apt install --yes --no-install-recommends --no-remove "$@"
}

install_missing() {
    local packages
    mapfile -t packages < <(missing_packages)
    if [ "${#packages[@]}" -gt 0 ]; then
        echo "installing from Debian: ${packages[*]}"
        update_lists
        if [[ " ${packages[*]} " == *" postfix "* ]]; then
            echo 'postfix postfix/main_mailer_type select No configuration' | as_root debconf-set-selections
        fi
        without_services install_packages "${packages[@]}"
    fi
    mapfile -t packages < <(missing_packages)
    if [ "${#packages[@]}" -gt 0 ]; then
        echo "tests/run.sh: still missing after the installation: ${packages[*]}" >&2
        return 1
    fi
}

# Exim conflicts with Postfix in Debian, so it is unpacked, not installed: the daemon, its
# tools, the libraries it needs beyond the installed ones, and nss_wrapper, which lets it find the user
# that Debian's package would have created.
unpack_exim() {
    [ ! -e "$exim_root/complete-heavy-base" ] || return 0
    update_lists
    rm -rf "$exim_root"
    mkdir -p "$exim_root"
    local libraries
    mapfile -t libraries < <(apt-get -s install --no-install-recommends exim4-daemon-heavy | awk '/^Inst lib/ {print $2}')
    # As the current user: apt's own user may not write below target.
    (cd "$exim_root" && apt-get -q -o APT::Sandbox::User=root download \
        exim4-daemon-heavy exim4-base libnss-wrapper "${libraries[@]}")
    local package
    for package in "$exim_root"/*.deb; do
        dpkg -x "$package" "$exim_root"
        rm "$package"
    done
    chmod u-s "$exim_root/usr/sbin/exim4"
    touch "$exim_root/complete-heavy-base"
}

needs() {
    command -v cargo >/dev/null || { echo "tests/run.sh: cargo not found: install Rust first" >&2; return 1; }
    install_missing
    unpack_exim
}

# --- the checks ------------------------------------------------------------------------------

# The tests that say in their `ignore` that they need root: mail servers, which change to users of their own, and
# namespaces of mounts and networks.
of_root=(real:: real_views::system:: vantages::two_namespaces)

tests() {
    if [ "$(id -u)" = 0 ]; then
        cargo test --locked -- --include-ignored
        return
    fi
    cargo test --locked -- --include-ignored "${of_root[@]/#/--skip=}"
    local host
    host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
    export "CARGO_TARGET_${host}_RUNNER=sudo --preserve-env"
    cargo test --locked --test program --test wire -- --ignored "${of_root[@]}"
}

packages() {
    local binary
    binary=$(packaging/build.sh)
    as_root rm -rf target/packages
    as_root env "PATH=$PATH" tests/packages.sh "$binary" target/packages
}

can_boot() {
    { command -v mmdebstrap && command -v systemd-nspawn; } >/dev/null
}

# Boots a Debian of its own, where the tools can be had and the machine lets somebody make namespaces.
boot() {
    if ! can_boot; then
        update_lists || true
        without_services install_packages mmdebstrap systemd-container || true
    fi
    local why=
    can_boot || why="mmdebstrap and systemd-container cannot be installed"
    as_root unshare --mount --pid --net --fork true || why="no namespaces can be made here"
    if [ -n "$why" ]; then
        printf '!!! SKIPPED: no package is booted: %s\n' "$why" >&2
        return
    fi
    local status=0
    as_root env "PATH=$PATH" BOOT_BASE=target/boot tests/boot.sh target/packages/smtp-tls-exporter_*.deb || status=$?
    [ "$status" != 77 ] || printf '!!! SKIPPED: no package is booted: see above why no bare Debian is\n' >&2
    [ "$status" = 77 ] || return "$status"
}

# However it ends: nothing is left behind, and a failure says where.
finish() {
    local status=$?
    remove_policy
    [ "$status" = 0 ] || echo "tests/run.sh: FAILED at: $current" >&2
}
trap finish EXIT

current="the start"
times=()
# step NAME COMMAND...: runs one step, says what it is and how long it took.
step() {
    local name=$1 start=$SECONDS
    shift
    current=$name
    echo
    echo "=== $name"
    "$@"
    times+=("$(printf '%4ds  %s' $((SECONDS - start)) "$name")")
    echo "=== $name: $((SECONDS - start))s"
}

step "what the tests need" needs
step "formatting" cargo fmt --check
step "lints" cargo clippy --workspace --all-targets --locked -- -D warnings
step "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items --locked
step "without the demo" cargo check --locked --no-default-features
step "packaged crate" tests/crate.sh
step "tests" tests
step "alert rules" tests/alerts.sh
step "newest neighbours" tests/neighbours.sh
step "recipes" tests/recipes.sh
step "reverse proxy" tests/proxy.sh
step "Helm chart" tests/chart.sh
step "workflows" tests/workflows.sh
step "Exchange collector" tests/exchange.sh
step "dependencies" tests/dependencies.sh
step "packages" packages
step "packages, booted" boot

echo
printf '%s\n' "${times[@]}"
echo "All checks passed in ${SECONDS}s."
