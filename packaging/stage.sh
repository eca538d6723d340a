#!/usr/bin/env bash
# stage.sh BINARY FOLDER: puts everything that a package installs into FOLDER, as it will lie below /.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/facts.sh
[ $# = 2 ] || { echo "usage: packaging/stage.sh BINARY FOLDER" >&2; exit 1; }
binary=$1 root=$2
machine=$(machine_of "$binary")
for file in "$binary" man/smtp-tls-exporter.1 completions; do
    [ -e "$file" ] || { echo "stage.sh: $file is missing" >&2; exit 1; }
done

# put MODE FILE... PLACE: PLACE is a folder if it ends in a slash.
put() {
    local mode=$1 place=${*: -1}
    shift
    case $place in
        */) install -d "$root$place" && install -p -m "$mode" "${@:1:$#-1}" "$root$place" ;;
        *) install -D -p -m "$mode" "$1" "$root$place" ;;
    esac
}

units=packaging/systemd
put 755 "$binary" /usr/bin/smtp-tls-exporter
put 644 $units/*.service $units/*.socket $units/*.timer /usr/lib/systemd/system/
put 644 $units/smtp-tls-exporter.sysusers /usr/lib/sysusers.d/smtp-tls-exporter.conf
put 644 $units/smtp-tls-exporter.tmpfiles /usr/lib/tmpfiles.d/smtp-tls-exporter.conf
put 644 packaging/etc/smtp-tls-exporter.yml /etc/smtp-tls-exporter/smtp-tls-exporter.yml
put 644 packaging/etc/smtp-tls-exporter.default /etc/default/smtp-tls-exporter

put 644 man/smtp-tls-exporter.1 /usr/share/man/man1/
put 644 completions/smtp-tls-exporter.bash /usr/share/bash-completion/completions/smtp-tls-exporter
put 644 completions/_smtp-tls-exporter /usr/share/zsh/vendor-completions/
put 644 completions/smtp-tls-exporter.fish /usr/share/fish/vendor_completions.d/

share=/usr/share/smtp-tls-exporter
put 644 alerts/smtp-tls.rules.yml $share/alerts/
put 644 dashboards/*.json $share/dashboards/
put 644 collectors/exchange/*.ps1 $share/collectors/exchange/
put 644 docs/*.schema.json $share/

doc=/usr/share/doc/smtp-tls-exporter
put 644 README.md SECURITY.md docs/*.md $doc/
put 644 docs/inside/*.md $doc/inside/
put 644 docs/runbooks/*.md $doc/runbooks/
put 644 config.example.yml examples/*.yml $doc/examples/
put 644 examples/prometheus/*.yml $doc/examples/prometheus/
put 644 examples/kubernetes/*.yml $doc/examples/kubernetes/
packaging/sbom.sh "$root$doc" "$machine"
