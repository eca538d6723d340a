#!/usr/bin/env bash
# A real nginx in front of the exporter, below a path: every link of every page and runbook is followed through it, once
# with the path kept (--web.external-url) and once with the path cut off (--web.route-prefix=/, too), and a reload is told
# from a page of its own origin and not from another. Needs nginx (Debian), python3 and the debug build.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tests/proof.sh
. tests/proof.sh

exporter=$PWD/${EXPORTER:-target/debug/smtp-tls-exporter}
for tool in nginx python3 curl; do
    command -v "$tool" >/dev/null || { echo "tests/proxy.sh: $tool not found" >&2; exit 1; }
done
[ -x "$exporter" ] || { echo "tests/proxy.sh: $exporter not found: cargo build first" >&2; exit 1; }

work=$(mktemp -d)
started=()
finish() {
    local status=$?
    [ "${#started[@]}" = 0 ] || { kill "${started[@]}" && wait; } 2>/dev/null || true
    [ "$status" = 0 ] || echo "tests/proxy.sh: FAILED at: $doing" >&2
    rm -rf "$work"
}
trap finish EXIT

# Prints a free port. Who takes it in the moment until it is used makes the step fail, and it says so.
port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
inside=$(port) outside=$(port)
pages=http://127.0.0.1:$outside/mail/tls/
printf 'targets:\n  - {name: den, host: den.bears.test, addresses: 127.0.0.1, ports: [1]}\n' >"$work/exporter.yml"

# starts WAY ARGUMENT...: both; WAY is what nginx puts before the rest of the path.
starts() {
    local way=$1
    shift
    "$exporter" --log.level=error --config.file="$work/exporter.yml" --web.listen-address="127.0.0.1:$inside" \
        --web.external-url="$pages" "$@" &
    started+=($!)
    cat >"$work/nginx.conf" <<EOF
pid $work/nginx.pid;
error_log stderr crit;
daemon off;
events {}
http {
    access_log off;
    client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi; scgi_temp_path $work/scgi;
    server {
        listen 127.0.0.1:$outside;
        location /mail/tls/ {
            proxy_pass http://127.0.0.1:$inside$way;
            proxy_set_header Host \$http_host;
        }
    }
}
EOF
    nginx -p "$work" -c "$work/nginx.conf" -e stderr &
    started+=($!)
    within 20 curl -fsS "${pages}-/ready"
}
stops() {
    kill "${started[@]}"
    wait "${started[@]}" || true
    started=()
}

# Every page that a browser comes to from the first, and each heading that a link means.
follows() {
    python3 - "$pages" <<'EOF'
import sys, urllib.parse, urllib.request
from html.parser import HTMLParser

class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.links += [found[key] for key in ("href", "src", "action") if found.get(key)]
        self.ids.add(found.get("id"))

start, read, wanted = sys.argv[1], {}, [(sys.argv[1], "")]
for url, source in wanted:
    page, fragment = urllib.parse.urldefrag(url)
    if not page.startswith(start):
        sys.exit(f"{source} leads to {url}")
    if page not in read:
        try:
            with urllib.request.urlopen(page, timeout=10) as answer:
                is_page = answer.headers.get_content_type() == "text/html"
                text = answer.read().decode()
        except OSError as why:
            sys.exit(f"{source} leads to {page}: {why}")
        read[page] = Page(text if is_page else "")
        wanted += [(urllib.parse.urljoin(page, link), page) for link in read[page].links]
    if fragment and fragment not in read[page].ids:
        sys.exit(f"{source} leads to {url}, and there is no such heading")
runbooks = sum("/runbooks/SmtpTls" in page for page in read)
if runbooks < 30 or not any("/targets/den" in page for page in read):
    sys.exit(f"no way to the target or to the runbooks: {sorted(read)}")
print(f"      {len(read)} pages, {runbooks} runbooks, {len(wanted)} links")
EOF
}

# answers STATUS ARGUMENT...: what a reload through nginx is answered.
answers() {
    local status=$1 got
    shift
    got=$(curl -sS -o /dev/null -w '%{http_code}' -X POST "$@" "${pages}-/reload")
    [ "$got" = "$status" ] || fail "a reload with $* is answered with $got"
}
works() {
    follows
    answers 200 -H "Origin: http://127.0.0.1:$outside" -H 'Sec-Fetch-Site: same-origin'
    answers 403 -H 'Origin: http://elsewhere.bears.test' -H 'Sec-Fetch-Site: cross-site'
}

nginx -v 2>&1 | sed 's/^/      /'
proves "nginx keeps the path"
starts /mail/tls/
works
stops

proves "nginx cuts the path off"
starts / --web.route-prefix=/
works
stops
proves "all is said"
