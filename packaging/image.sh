#!/usr/bin/env bash
# image.sh BINARY FOLDER: makes the image of BINARY (packaging/build.sh) without an engine, as an OCI archive that
# `podman load`, `skopeo copy oci-archive:` and Docker from version 25 read, and puts it into FOLDER. Prints its path.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/facts.sh
need umoci umoci
need file file
[ $# = 2 ] || { echo "usage: packaging/image.sh BINARY FOLDER" >&2; exit 1; }
binary=$(realpath "$1") out=$(mkdir -p "$2" && realpath "$2")
machine=$(machine_of "$binary")
architecture=$(debian_of "$machine")
# There is no C library in the image.
[[ $(file -b "$binary") == *static* ]] || { echo "image.sh: $binary is not static: take that of packaging/build.sh" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
image=$work/image:$version
rootless=()
[ "$(id -u)" = 0 ] || rootless=(--rootless)
umoci init --layout "$work/image"
umoci new --image "$image"
umoci unpack "${rootless[@]}" --image "$image" "$work/bundle"

root=$work/bundle/rootfs
install -D -m 755 "$binary" "$root/usr/bin/smtp-tls-exporter"
install -D -m 644 packaging/etc/smtp-tls-exporter.yml "$root/etc/smtp-tls-exporter/smtp-tls-exporter.yml"
install -d "$root/usr/share/doc/smtp-tls-exporter" "$root/var/spool/smtp-tls-inside"
install -m 644 LICENSE "$root/usr/share/doc/smtp-tls-exporter/"
packaging/sbom.sh "$root/usr/share/doc/smtp-tls-exporter" "$machine"
echo 'nonroot:x:65532:65532::/:/sbin/nologin' >"$root/etc/passwd"
echo 'nonroot:x:65532:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

date=$(date -u -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)
umoci repack --image "$image" --history.created "$date" --history.author "" --history.created_by packaging/image.sh "$work/bundle"
umoci config --image "$image" --no-history --created "$date" --architecture "$architecture" --config.user 65532:65532 \
    --config.entrypoint /usr/bin/smtp-tls-exporter \
    --config.cmd --config.file=/etc/smtp-tls-exporter/smtp-tls-exporter.yml \
    --config.exposedports 10465/tcp \
    --config.label org.opencontainers.image.title=smtp-tls-exporter \
    --config.label "org.opencontainers.image.version=$version" \
    --config.label org.opencontainers.image.licenses=Apache-2.0
umoci gc --layout "$work/image"

archive=$out/smtp-tls-exporter-$version-$machine.oci.tar
tar -C "$work/image" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cf "$archive" .
echo "$archive"
