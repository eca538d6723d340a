#!/usr/bin/env bash
# rpm.sh BINARY FOLDER: makes the package for RHEL, Fedora and SUSE of BINARY (packaging/build.sh) and puts it into
# FOLDER. Prints its path.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/facts.sh
need rpmbuild rpm
[ $# = 2 ] || { echo "usage: packaging/rpm.sh BINARY FOLDER" >&2; exit 1; }
binary=$(realpath "$1") out=$(mkdir -p "$2" && realpath "$2")
machine=$(machine_of "$binary")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/staged share=$work/staged/usr/share
packaging/stage.sh "$binary" "$root"
mkdir -p "$share/licenses/smtp-tls-exporter" "$share/zsh"
cp -p LICENSE "$share/licenses/smtp-tls-exporter/"
mv "$share/doc/smtp-tls-exporter/licences.txt" "$share/licenses/smtp-tls-exporter/"
mv "$share/zsh/vendor-completions" "$share/zsh/site-functions"
gzip -9n "$share/man/man1/smtp-tls-exporter.1"
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

rpmbuild -bb --target "$machine" --define "_topdir $work/rpm" --define "staged $root" \
    --define "program_version $version" --define "_binary_payload w19.zstdio" \
    --define "_buildhost localhost" --define "use_source_date_epoch_as_buildtime 1" \
    --define "clamp_mtime_to_source_date_epoch 1" packaging/rpm/smtp-tls-exporter.spec >"$work/log" 2>&1 ||
    { cat "$work/log" >&2; exit 1; }
cp "$work/rpm/RPMS/$machine"/smtp-tls-exporter-*.rpm "$out/"
ls "$out"/smtp-tls-exporter-"$version"-1."$machine".rpm
