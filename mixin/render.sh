#!/usr/bin/env bash
# Renders rules and boards with a configuration: mixin/render.sh FOLDER [CONFIG.libsonnet]
# Writes into FOLDER: smtp-tls.rules.yml (Prometheus), prometheusrule.yml (Prometheus Operator), dashboards/ (to be
# provisioned) and upload/ (the same, for an upload by hand). Needs jsonnet 0.18 or later (Debian: package jsonnet).
set -euo pipefail
[ $# = 1 ] || [ $# = 2 ] || { echo "usage: mixin/render.sh FOLDER [CONFIG.libsonnet]" >&2; exit 2; }
command -v jsonnet >/dev/null || { echo "mixin/render.sh: jsonnet not found" >&2; exit 1; }
here=$(dirname "$0")
config=()
if [ $# = 2 ]; then
    [ -r "$2" ] || { echo "mixin/render.sh: cannot read $2" >&2; exit 1; }
    config=(--tla-code-file "config=$2")
fi
mkdir -p "$1/dashboards" "$1/upload"
jsonnet -m "$1" "${config[@]}" "$here/render.jsonnet" >/dev/null
