#!/usr/bin/env bash
# sbom.sh FOLDER [MACHINE]: writes what the program for MACHINE (by default this one) is made of into FOLDER: sbom.cdx.json
# (CycloneDX 1.5: every crate, its version and licence) and licences.txt (the licence texts that come with the crates, each once).
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/facts.sh
need cargo rustc
need jq jq
{ [ $# -ge 1 ] && [ -d "$1" ]; } || { echo "usage: packaging/sbom.sh FOLDER [MACHINE]" >&2; exit 1; }
machine=${2:-$(uname -m)}

# The crates that end up in the program, not those that only build or test it or write code.
crates=$(cargo tree --locked --edges normal,no-proc-macro --target "$machine-unknown-linux-gnu" --prefix none --format '{p}' --no-dedupe |
    sed 's/ (.*//; s/ v/\t/' | sort -u)
everything=$(cargo metadata --locked --format-version 1 --filter-platform "$machine-unknown-linux-gnu")

# Prints as JSON, one a line, what cargo knows of each of these crates.
known() {
    jq -c --arg crates "$crates" '
        ($crates | split("\n")) as $wanted
        | .packages[]
        | select("\(.name)\t\(.version)" as $crate | any($wanted[]; . == $crate))
        | {name, version, license, description, from: .source, manifest: .manifest_path}' <<<"$everything"
}

known | jq -s --arg version "$version" --arg date "$(date -u -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)" '
    {
        bomFormat: "CycloneDX", specVersion: "1.5", version: 1,
        metadata: {
            timestamp: $date,
            component: {type: "application", name: "smtp-tls-exporter", version: $version,
                licenses: [{license: {id: "Apache-2.0"}}]}
        },
        components: [.[] | select(.from != null) | {
            type: "library", name, version, purl: "pkg:cargo/\(.name)@\(.version)",
            "bom-ref": "pkg:cargo/\(.name)@\(.version)"
        } + (if .license then {licenses: [{expression: (.license | gsub(" */ *"; " OR "))}]} else {} end)]
    }' >"$1/sbom.cdx.json"

# Many crates have the same text: it is told once, below the names of all of them.
known | jq -r 'select(.from != null) | "\(.name) \(.version)\t\(.manifest)"' | while IFS=$'\t' read -r crate manifest; do
    find "$(dirname "$manifest")" -maxdepth 1 -type f \( -iname 'licen[sc]e*' -o -iname 'copying*' -o -iname 'notice*' \) -print0 |
        LC_ALL=C sort -z | xargs -0 -r sha256sum | sed "s|^|$crate\t|"
done | awk -F '\t' '
    {
        digest = substr($2, 1, 64)
        if (!(digest in file)) { order[++count] = digest; file[digest] = substr($2, 67) }
        if (!index(", " names[digest] ",", ", " $1 ",")) names[digest] = names[digest] (names[digest] ? ", " : "") $1
    }
    END {
        for (i = 1; i <= count; i++) {
            digest = order[i]
            print "=== " names[digest] "\n"
            while ((getline line < file[digest]) > 0) print line
            print ""
        }
    }' >"$1/licences.txt"
[ -s "$1/licences.txt" ] || { echo "sbom.sh: no licence texts found beside the crates" >&2; exit 1; }
