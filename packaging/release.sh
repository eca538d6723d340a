#!/usr/bin/env bash
# release.sh TAG FOLDER: puts everything that the release TAG offers into FOLDER: packages, image, chart, list of parts, checksums.
# Refuses a tag that is not the version of Cargo.toml, or of which CHANGELOG.md says nothing. Needs helm (tests/chart.sh fetches it).
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/facts.sh
[ $# = 2 ] || { echo "usage: packaging/release.sh TAG FOLDER" >&2; exit 1; }
tag=$1 out=$(mkdir -p "$2" && realpath "$2")
[ "$tag" = "v$version" ] || { echo "release.sh: the tag is $tag, and Cargo.toml says $version" >&2; exit 1; }
grep -qF "## [$version]" CHANGELOG.md || { echo "release.sh: CHANGELOG.md has no part for $version" >&2; exit 1; }
helm=${HELM:-target/chart-tools/helm/helm}
[ -x "$helm" ] || { echo "release.sh: $helm not found: run tests/chart.sh, or set HELM" >&2; exit 1; }

binary=$(packaging/build.sh)
packaging/deb.sh "$binary" "$out"
packaging/rpm.sh "$binary" "$out"
packaging/image.sh "$binary" "$out"
packaging/sbom.sh "$out"
"$helm" package charts/smtp-tls-exporter --destination "$out"
(cd "$out" && sha256sum -- * >SHA256SUMS)
