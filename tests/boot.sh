#!/usr/bin/env bash
# boot.sh PACKAGE.deb: boots a minimal Debian 12 with Postfix, installs the package there as an administrator would, and
# proves what it promises: a service that starts and never fails, reloads that tell, inventories by a timer, upgrades
# that keep changed files, and a purge that leaves nothing. Needs root, mmdebstrap, systemd-nspawn (package
# systemd-container) and curl. BOOT_BASE names a folder that keeps the bare system for the next run. Ends with 77 where
# no bare Debian can be fetched or booted, which says nothing about the package.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/proof.sh

for tool in mmdebstrap systemd-nspawn nsenter curl dpkg-deb; do
    command -v "$tool" >/dev/null || { echo "tests/boot.sh: $tool not found" >&2; exit 1; }
done
{ [ $# = 1 ] && [ -f "$1" ]; } || { echo "usage: tests/boot.sh PACKAGE.deb" >&2; exit 1; }
package=$1

work=$(mktemp -d)
container=
finish() {
    local status=$?
    if [ "$status" != 0 ]; then
        echo "tests/boot.sh: FAILED at: $doing" >&2
        tail -n 20 "$work/console" 2>/dev/null >&2 || true
        [ -z "${init:-}" ] || inside journalctl -u 'smtp-tls-exporter*' -n 30 --no-pager >&2 || true
    fi
    if [ -n "$container" ] && kill -0 "$container" 2>/dev/null; then
        kill -TERM "$container" # nspawn halts it in order
        for _ in $(seq 100); do kill -0 "$container" 2>/dev/null && sleep 0.1; done
        kill -KILL "$container" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT

# --- the system --------------------------------------------------------------------------------

unit=smtp-tls-exporter.service
config=/etc/smtp-tls-exporter/smtp-tls-exporter.yml
root=$work/root
base=${BOOT_BASE:-$work/base}

proves "a minimal Debian can be made"
if [ ! -e "$base/complete" ]; then
    rm -rf "$base"
    mkdir -p "$base"
    mmdebstrap --quiet --variant=minbase --include=systemd,systemd-sysv,postfix \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='force-unsafe-io' bookworm "$base/root" >"$work/console" 2>&1 || exit 77
    rm -f "$base"/root/etc/dpkg/dpkg.cfg.d/*
    touch "$base/complete"
fi
cp -a "$base/root" "$root"
cp "$package" "$root/root/one.deb"
echo mx1 >"$root/etc/hostname"
echo '127.0.0.1 mx1.bears.test mx1 localhost' >"$root/etc/hosts"
chroot "$root" postconf -e myhostname=mx1.bears.test

proves "it boots"
systemd-nspawn --quiet --directory="$root" --register=no --keep-unit --private-network --boot \
    >"$work/console" 2>&1 </dev/null &
container=$!

has_init() {
    read -r init _ <"/proc/$container/task/$container/children"
    [ "$(cat "/proc/$init/comm")" = systemd ]
}
inside() {
    nsenter --target "$init" --mount --uts --ipc --net --pid --cgroup --root --wd -- \
        env DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
scrape() {
    nsenter --target "$init" --net -- curl -fsS --max-time 20 http://127.0.0.1:10465/metrics
}
# shows PATTERN: whether a line of the metrics is so (a basic regular expression).
shows() {
    scrape | grep "^$1" >/dev/null
}
# is WANTED COMMAND...: what it prints, whatever its status.
is() {
    local wanted=$1 said
    shift
    said=$(inside "$@" 2>&1) || true
    [ "$said" = "$wanted" ] || fail "$*: '$said' instead of '$wanted'"
}
has_booted() {
    case $(inside systemctl is-system-running) in running | degraded) ;; *) return 1 ;; esac
}
comes 60 has_init && comes 60 has_booted || exit 77

# Every file, user and group; not what changes by itself, nor what dpkg and apt note.
everything() {
    inside sh -c 'find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /root \
        -o -path /var/log -o -path /var/tmp -o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg \
        -o -path /var/lib/systemd -o -path /var/spool/postfix -o -path /var/lib/postfix \) -prune -o -print |
        sort; find /var/lib/systemd/deb-systemd-helper* /run/systemd/units /tmp 2>/dev/null | grep smtp-tls;
        cut -d: -f1 /etc/passwd /etc/group'
}
everything >"$work/before"

# --- the package -------------------------------------------------------------------------------

proves "apt installs it, and it runs: enabled, active, told by itself"
inside apt-get -qq install -y --no-install-recommends /root/one.deb >"$work/apt" 2>&1 || { cat "$work/apt" >&2; fail "apt-get install"; }
is enabled systemctl is-enabled $unit
is active systemctl is-active $unit
is notify systemctl show -P Type $unit
is 30s systemctl show -P WatchdogUSec $unit
is "" systemctl --failed --quiet --no-legend
shows 'smtp_tls_exporter_build_info{' || fail "no metrics"

proves "as a user of its own, without capabilities, within its sandbox"
pid=$(inside systemctl show -P MainPID $unit)
status=$(inside cat "/proc/$pid/status")
grep -E '^Uid:\s+6[0-9]{4}' <<<"$status" >/dev/null || fail "not a dynamic user: $status"
grep -E '^CapEff:\s+0+$' <<<"$status" >/dev/null || fail "has capabilities: $status"
grep -E '^Seccomp:\s+2' <<<"$status" >/dev/null || fail "no filter of system calls: $status"
inside systemd-analyze security --offline=true --threshold=20 --no-pager /lib/systemd/system/$unit >"$work/exposure" ||
    { cat "$work/exposure" >&2; fail "exposure above 2"; }
tail -n 1 "$work/exposure"

proves "systemd has nothing to say about its units, and their man page is there"
is "" systemd-analyze verify --man=no /lib/systemd/system/$unit /lib/systemd/system/smtp-tls-exporter.socket \
    /lib/systemd/system/smtp-tls-exporter-collect@postfix.{service,timer}
inside test -s /usr/share/man/man1/smtp-tls-exporter.1.gz

proves "a reload takes a new configuration: this machine's Postfix is probed"
inside sh -c "printf 'targets:\n  - {name: here, host: localhost, addresses: [127.0.0.1], ports: [25]}\n' >>$config"
inside systemctl reload $unit
within 20 shows 'smtp_tls_handshake_success{target="here",.*} 1$'
is "$pid" systemctl show -P MainPID $unit

proves "a broken file makes the reload fail, says where, and changes nothing"
inside cp $config /root/good.yml
inside sh -c "echo 'targets: nonsense' >$config"
! inside systemctl reload $unit >"$work/told" 2>&1 || fail "systemctl reload says that all is well"
is active systemctl is-active $unit
inside journalctl -u $unit --no-pager | grep 'smtp-tls-exporter.yml:1: targets: text, expected a list' >/dev/null ||
    fail "the journal does not say what is wrong"
shows 'smtp_tls_handshake_success{target="here",.*} 1$' || fail "the old configuration is gone"
inside cp /root/good.yml $config
inside systemctl reload $unit

proves "a client key that is root's is handed over by LoadCredential="
inside sh -c "mkdir -p /etc/systemd/system/$unit.d; cat >/etc/systemd/system/$unit.d/key.conf" <<'END'
[Service]
LoadCredential=client.key:/etc/ssl/private/ssl-cert-snakeoil.key
ExecReload=
ExecReload=/bin/sh -c 'kill -HUP $MAINPID'
END
inside sh -c "printf 'defaults:\n  client_certificate: {cert_file: /etc/ssl/certs/ssl-cert-snakeoil.pem, key_file: /run/credentials/$unit/client.key}\n' >>$config"
inside systemctl daemon-reload
inside systemctl restart $unit
inside systemctl reload $unit
within 20 shows 'smtp_tls_handshake_success{target="here",.*} 1$'

proves "the timer writes an inventory of Postfix as root, and the exporter reads it"
inside systemctl --quiet enable --now smtp-tls-exporter-collect@postfix.timer 2>/dev/null
inventory=/var/spool/smtp-tls-inside/mx1-postfix.json
within 20 inside test -s $inventory
is "640 root smtp-tls-inside" stat -c '%a %U %G' $inventory
is "2750 root smtp-tls-inside" stat -c '%a %U %G' /var/spool/smtp-tls-inside
within 20 shows 'smtp_tls_inside_inventory_success{server="mx1"} 1$'
shows 'smtp_tls_inside_cert_private_key{server="mx1",.*} 1$' || fail "the collector did not see the private key"
inside grep '"errors":\[\]' $inventory >/dev/null || fail "$(inside cat $inventory)"

proves "systemd starts it again when it hangs"
inside sh -c "printf '[Service]\nWatchdogSec=2s\nRestartSec=0\n' >/etc/systemd/system/$unit.d/dog.conf"
inside systemctl daemon-reload
inside systemctl restart $unit
pid=$(inside systemctl show -P MainPID $unit)
inside sh -c "kill -STOP $pid"
runs_anew() {
    [ "$(inside systemctl show -P MainPID $unit)" != "$pid" ] && inside systemctl is-active $unit
}
within 30 runs_anew
inside rm -r /etc/systemd/system/$unit.d
inside systemctl daemon-reload
inside sed -i "/^defaults:/,\$ d" $config

proves "an upgrade keeps a changed configuration, and starts the new program"
dpkg-deb -R "$package" "$work/two"
sed -i 's/^Version: .*/Version: 99-1/' "$work/two/DEBIAN/control"
echo '# A newer default.' >>"$work/two$config"
dpkg-deb --root-owner-group -Znone -b "$work/two" "$root/root/two.deb" >/dev/null
inside cp $config /root/mine.yml
inside dpkg --force-confdef -i /root/two.deb >"$work/dpkg" 2>&1 || { cat "$work/dpkg" >&2; fail "dpkg -i of the newer version"; }
inside cmp /root/mine.yml $config
is active systemctl is-active $unit
within 20 shows 'smtp_tls_handshake_success{target="here",.*} 1$'
pid=$(inside systemctl show -P MainPID $unit)

proves "removed, it runs no more, and its configuration stays"
inside dpkg -r smtp-tls-exporter >"$work/dpkg" 2>&1 || { cat "$work/dpkg" >&2; fail "dpkg -r"; }
inside test -e $config
! inside test -e "/proc/$pid" || fail "the service goes on"
is "" systemctl list-units --state=active --quiet --no-legend --plain 'smtp-tls-exporter*'

proves "purged, it leaves no file, no unit, no group"
inside dpkg -P smtp-tls-exporter >"$work/dpkg" 2>&1 || { cat "$work/dpkg" >&2; fail "dpkg -P"; }
everything >"$work/after"
diff "$work/before" "$work/after" || fail "purging left something behind or took too much"
is "" systemctl --failed --quiet --no-legend

proves "all is said"
