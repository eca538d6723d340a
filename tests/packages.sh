#!/usr/bin/env bash
# packages.sh BINARY FOLDER: makes the .deb, the .rpm and the image of BINARY (packaging/build.sh) in FOLDER, and proves
# each as far as that goes without booting (tests/boot.sh does): lintian, an installation into an empty root, a
# container that is read-only. Needs root, and from Debian: debhelper dpkg-dev lintian rpm umoci crun jq file binutils.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/proof.sh

for tool in dh_builddeb lintian rpm umoci crun jq file strings curl unshare nsenter ip mandoc; do
    command -v "$tool" >/dev/null || { echo "tests/packages.sh: $tool not found" >&2; exit 1; }
done
{ [ $# = 2 ] && [ -f "$1" ]; } || { echo "usage: tests/packages.sh BINARY FOLDER" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "tests/packages.sh: needs root: it installs into a root and runs a container" >&2; exit 1; }
binary=$1 out=$2

work=$(mktemp -d)
started=()
# ends PID: in order, if it can.
ends() {
    kill -TERM "$1" 2>/dev/null || return 0
    for _ in $(seq 50); do kill -0 "$1" 2>/dev/null && sleep 0.1; done
    kill -KILL "$1" 2>/dev/null || true
}
finish() {
    local status=$?
    for pid in "${started[@]}"; do ends "$pid"; done
    [ "$status" = 0 ] || echo "tests/packages.sh: FAILED at: $doing" >&2
    rm -rf "$work"
}
trap finish EXIT

# --- the binary --------------------------------------------------------------------------------

proves "the binary is stripped, static, and names no folder of who built it"
told=$(file -b "$binary")
[[ $told == *static-pie* && $told == *" stripped"* ]] || fail "$told"
for place in "$HOME" "$PWD" "${CARGO_HOME:-$HOME/.cargo}" "${CARGO_TARGET_DIR:-$PWD/target}"; do
    [ "$place" = / ] || ! strings "$binary" | grep -F -m 3 "$place/" || fail "$place is in the binary"
done

proves "it needs no file but itself and the random devices: the demo resolves and probes in an empty root"
mkdir -p "$work/empty/dev"
cp "$binary" "$work/empty/program"
mknod -m 666 "$work/empty/dev/urandom" c 1 9
mknod -m 666 "$work/empty/dev/random" c 1 8
# A network of its own, so that no port is taken and no packet leaves.
alone=(unshare --net sh -c 'ip link set lo up && exec "$@"' sh)
"${alone[@]}" chroot "$work/empty" /program demo >"$work/demo" 2>&1 &
started+=($!)
demo=$!
within 60 grep '^10 connectors on 5 servers' "$work/demo"
grep '^hybrid-relay .* Expired ' "$work/demo" >/dev/null || { cat "$work/demo" >&2; fail "no table"; }
ends "$demo"

proves "it asks the hosts file for names, whatever /etc/nsswitch.conf says, and loads no module for that"
mkdir "$work/empty/etc"
echo 'hosts: dns' >"$work/empty/etc/nsswitch.conf"
echo '127.0.0.1 gate.bears.test' >"$work/empty/etc/hosts"
cat >"$work/empty/c.yml" <<'END'
views:
  out: {proxy: "socks5://gate.bears.test:9"}
targets:
  - {host: mail.bears.test, addresses: [127.0.0.1], views: [out], ports: [25]}
END
"${alone[@]}" chroot "$work/empty" /program check --config.file /c.yml >"$work/named" 2>&1 || true
grep 'gate.bears.test:9: Connection refused' "$work/named" >/dev/null || { cat "$work/named" >&2; fail "it did not look into the hosts file"; }
rm -r "$work/empty"

# --- .deb --------------------------------------------------------------------------------------

proves "the .deb: lintian has nothing to say but what is argued"
deb=$(packaging/deb.sh "$binary" "$out")
lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$deb" || fail "lintian"
echo "$(stat -c %s "$deb") bytes: ${deb##*/}"
mkdir "$work/deb"
dpkg-deb -R "$deb" "$work/deb"
mandoc -T lint -W error "$work/deb/usr/share/man/man1/smtp-tls-exporter.1.gz" || fail "the man page"
bash -n "$work/deb/usr/share/bash-completion/completions/smtp-tls-exporter"
for file in zsh/vendor-completions/_smtp-tls-exporter fish/vendor_completions.d/smtp-tls-exporter.fish \
    smtp-tls-exporter/alerts/smtp-tls.rules.yml smtp-tls-exporter/dashboards/smtp-tls-inside.json \
    smtp-tls-exporter/collectors/exchange/Get-SmtpTlsInside.ps1 doc/smtp-tls-exporter/examples/prometheus.yml \
    doc/smtp-tls-exporter/licences.txt.gz; do
    [ -s "$work/deb/usr/share/$file" ] || fail "$file is not in the .deb"
done
printf '/etc/default/smtp-tls-exporter\n/etc/smtp-tls-exporter/smtp-tls-exporter.yml\n' |
    cmp - "$work/deb/DEBIAN/conffiles" || fail "conffiles"
jq -e '.components | map(.name) | index("rustls") and index("aws-lc-rs") and index("hickory-resolver")' \
    "$work/deb/usr/share/doc/smtp-tls-exporter/sbom.cdx.json" >/dev/null || fail "the bill of materials misses crates"

proves "the bill of materials fits CycloneDX's own schema"
# CycloneDX's library, of a fixed version, from PyPI.
tools=target/sbom-tools
if [ ! -e "$tools/complete" ]; then
    rm -rf "$tools"
    if python3 -m venv "$tools" && "$tools/bin/pip" install -q 'cyclonedx-python-lib[json-validation]==11.12.0'; then
        touch "$tools/complete"
    fi
fi
# fits FILE: strictly, with no key that the schema does not know.
fits() {
    "$tools/bin/python" -c '
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
bill = open(sys.argv[1], encoding="utf-8").read()
sys.exit(JsonStrictValidator(SchemaVersion.V1_5).validate_str(bill) and 1)' "$1"
}
bill=$work/deb/usr/share/doc/smtp-tls-exporter/sbom.cdx.json
if [ ! -e "$tools/complete" ]; then
    echo "tests/packages.sh: SKIPPED CycloneDX's schema: cyclonedx-python-lib could not be fetched from PyPI: see the lines above"
elif ! fits "$bill"; then
    fail "the bill of materials does not fit the schema"
elif jq '.components[0].type = "librery"' "$bill" >"$work/wrong" && fits "$work/wrong"; then
    fail "a wrong bill of materials passes"
fi

# --- .rpm --------------------------------------------------------------------------------------

proves "the .rpm: installed into a root, verified, erased"
rpm=$(packaging/rpm.sh "$binary" "$out")
echo "$(stat -c %s "$rpm") bytes: ${rpm##*/}"
root=$work/rpm
mkdir "$root"
# Debian's rpm warns of itself otherwise, and keeps its database elsewhere.
in_root() {
    rpm --force-debian --root "$root" --dbpath /var/lib/rpm "$@"
}
rpmdb --initdb --root "$root" --dbpath /var/lib/rpm
in_root -i --nodeps --noscripts "$rpm"
in_root -V --nodeps --noscripts smtp-tls-exporter || fail "rpm -V"
chroot "$root" /usr/bin/smtp-tls-exporter --version
config=etc/smtp-tls-exporter/smtp-tls-exporter.yml
echo '# mine' >>"$root/$config"
! in_root -V --nodeps --noscripts smtp-tls-exporter >"$work/verified" || fail "rpm -V sees no change"
grep " c /$config" "$work/verified" >/dev/null || fail "$(cat "$work/verified")"
in_root -i --nodeps --noscripts --replacepkgs "$rpm"
grep '# mine' "$root/$config" >/dev/null || fail "the changed configuration is overwritten"
for script in postin preun postun; do
    rpm -qp --queryformat "%{$script}" "$rpm" >"$work/script"
    { grep systemctl "$work/script" >/dev/null && sh -n "$work/script"; } || fail "%$script"
done
in_root -e --nodeps --noscripts smtp-tls-exporter 2>/dev/null
mv "$root/$config.rpmsave" "$work/" || fail "the changed configuration is gone"
rmdir "$root/etc/smtp-tls-exporter"
left=$(find "$root" -path "$root/var/lib/rpm" -prune -o \( -type f -o -name '*smtp-tls*' \) -print)
[ -z "$left" ] || fail "erasing leaves $left"

# --- image -------------------------------------------------------------------------------------

proves "the image: runs read-only as 65532, and is scraped"
archive=$(packaging/image.sh "$binary" "$out")
echo "$(stat -c %s "$archive") bytes: ${archive##*/}"
mkdir "$work/image"
tar -C "$work/image" -xf "$archive"
umoci unpack --image "$work/image:$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' "$work/image/index.json")" "$work/run" >/dev/null
jq '.process.terminal = false | .root.readonly = true | del(.linux.resources)' "$work/run/config.json" >"$work/config"
mv "$work/config" "$work/run/config.json"
name=packages-$$
# A private view of cgroups: crun knows no hybrid ones.
unshare --mount sh -c 'umount -R /sys/fs/cgroup 2>/dev/null; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"' sh \
    crun --root="$work/crun" --cgroup-manager=disabled run --pid-file "$work/pid" --bundle "$work/run" "$name" >"$work/log" 2>&1 &
started+=($!)
container=$!
within 20 test -s "$work/pid" || cat "$work/log" >&2
pid=$(cat "$work/pid")
grep -E '^Uid:\s+65532\s' "/proc/$pid/status" >/dev/null || fail "not as 65532"
awk '$5 == "/" && $6 ~ /^ro(,|$)/ {found = 1} END {exit !found}' "/proc/$pid/mountinfo" || { cat "/proc/$pid/mountinfo" >&2; fail "its root is writable"; }
nsenter --target "$pid" --net -- ip link set lo up
within 20 nsenter --target "$pid" --net -- curl -fsS http://127.0.0.1:10465/-/ready
nsenter --target "$pid" --net -- curl -fsS http://127.0.0.1:10465/metrics >"$work/metrics"
grep '^smtp_tls_exporter_build_info{' "$work/metrics" >/dev/null || fail "no metrics"
ends "$container"

# --- other machines ----------------------------------------------------------------------------

proves "packages are for the machine that the program's header names, not for the one that makes them"
machine=aarch64 architecture=arm64 number='\267\0'
[ "$(uname -m)" != aarch64 ] || machine=x86_64 architecture=amd64 number='\076\0'
# renamed NUMBER: a copy of the program whose header names that machine.
renamed() {
    cp "$binary" "$work/renamed"
    printf %b "$1" | dd of="$work/renamed" bs=1 seek=18 conv=notrunc status=none
}
renamed "$number"
archive=$(packaging/image.sh "$work/renamed" "$work/theirs")
[[ $archive == *"-$machine.oci.tar" ]] || fail "$archive"
tar -xOf "$archive" --wildcards './blobs/*' | grep -aF "\"architecture\":\"$architecture\"" >/dev/null || fail "the image is not for $architecture"
# The header is all that these look at, and the rest takes long to compress.
truncate --size=4096 "$work/renamed"
is=$(dpkg-deb --field "$(packaging/deb.sh "$work/renamed" "$work/theirs")" Architecture)
[ "$is" = "$architecture" ] || fail "the .deb is for $is"
is=$(rpm -qp --queryformat '%{ARCH}' "$(packaging/rpm.sh "$work/renamed" "$work/theirs")")
[ "$is" = "$machine" ] || fail "the .rpm is for $is"
[ "$(find "$work/theirs" -type f | wc -l)" = 3 ] || fail "$(ls "$work/theirs")"

proves "a program for a machine that nobody tried, or no program, is refused"
renamed '\363\0' # RISC-V
for file in "$work/renamed" LICENSE "$work/missing"; do
    for script in deb rpm image; do
        ! "packaging/$script.sh" "$file" "$work/none" >"$work/said" 2>&1 || fail "$script.sh takes $file"
        grep -Fx "$script.sh: $(realpath "$file") is no program for x86_64 or aarch64" "$work/said" >/dev/null || { cat "$work/said" >&2; fail "$script.sh"; }
        [ -z "$(find "$work/none" -type f)" ] || fail "$script.sh leaves $(ls "$work/none")"
    done
done

proves "all is said"
