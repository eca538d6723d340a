#!/usr/bin/env bash
# deb.sh BINARY FOLDER: makes the package for Debian and Ubuntu of BINARY (packaging/build.sh) and puts it into FOLDER.
# Prints its path.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/facts.sh
need dh_builddeb debhelper
need dpkg-buildpackage dpkg-dev
[ $# = 2 ] || { echo "usage: packaging/deb.sh BINARY FOLDER" >&2; exit 1; }
binary=$(realpath "$1") out=$(mkdir -p "$2" && realpath "$2")
machine=$(machine_of "$binary")
architecture=$(debian_of "$machine")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/source/debian/smtp-tls-exporter
mkdir -p "$work/source"
cp -r packaging/debian "$work/source/"
cp CHANGELOG.md "$work/source/"
cat >"$work/source/debian/changelog" <<END
smtp-tls-exporter ($version-1) unstable; urgency=medium

  * Version $version: see changelog.gz.

 -- $(sed -n 's/^Maintainer: //p' packaging/debian/control)  $(date -uR -d "@$SOURCE_DATE_EPOCH")
END
packaging/stage.sh "$binary" "$root"
# Where Debian 12 looks; the same folder as below usr on every system of today.
mkdir "$root/lib"
mv "$root/usr/lib/systemd" "$root/lib/"
find "$work/source" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

(cd "$work/source" && dpkg-buildpackage --host-arch "$architecture" --build=binary --no-sign --no-check-builddeps --no-pre-clean) >"$work/log" 2>&1 ||
    { cat "$work/log" >&2; exit 1; }
cp "$work/smtp-tls-exporter_$version-1_$architecture.deb" "$out/"
ls "$out/smtp-tls-exporter_$version-1_$architecture.deb"
