//! Every link of every page is followed: from the start page to the last runbook, and to each heading that is meant.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use testkit::{Exporter, Setup};

use super::pages::evil_world;
use crate::PROGRAM;

/// Follows every link from the path on; every page, by its path.
fn walk(exporter: &Exporter, start: &str) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut meant = BTreeSet::new();
    let mut next = vec![start.to_owned()];
    while let Some(path) = next.pop() {
        if pages.contains_key(&path) {
            continue;
        }
        let got = exporter.fetch(&path, &[]);
        assert_eq!(got.status, 200, "{path}: {}", got.body);
        if got.head.contains("content-type: text/html") {
            for link in links(&got.body) {
                let (to, fragment) = link.split_once('#').unwrap_or((link, ""));
                let to = if to.is_empty() {
                    path.clone()
                } else {
                    joined(&path, to)
                };
                meant.insert((to.clone(), fragment.to_owned(), path.clone()));
                next.push(to);
            }
        }
        pages.insert(path, got.body);
    }
    for (path, fragment, from) in meant.iter().filter(|(_, fragment, _)| !fragment.is_empty()) {
        let id = format!(" id=\"{fragment}\"");
        assert!(pages[path].contains(&id), "{from}: {path}#{fragment}");
    }
    pages
}

/// What a page leads to.
fn links(page: &str) -> Vec<&str> {
    let links = page.split(" href=\"").skip(1);
    links.filter_map(|rest| rest.split('"').next()).collect()
}

/// A link of the page at `path`, as a browser resolves it (RFC 3986 §5.2).
fn joined(path: &str, link: &str) -> String {
    assert!(
        !link.contains("://") && !link.starts_with('/'),
        "{path}: {link}"
    );
    let folder = path.split('?').next().unwrap_or_default();
    let mut parts: Vec<&str> = folder.split('/').collect();
    parts.pop();
    let (way, query) = link.split_once('?').unwrap_or((link, ""));
    for part in way.split('/') {
        match part {
            "." => {}
            ".." => {
                assert!(parts.len() > 1, "{path}: {link} leads above the start page");
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{}", query.replace("&amp;", "&"))
    };
    parts.join("/") + &query
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_leads_somewhere() {
    let (_den, _server, exporter) = evil_world().await;
    exporter.body("/metrics");
    let pages = walk(&exporter, "/");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/runbooks");
    let mut runbooks = 0;
    for entry in folder.read_dir().unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let name = file.strip_suffix(".md").expect("a runbook");
        let path = match name {
            "README" => "/runbooks/".to_owned(),
            name => format!("/runbooks/{name}"),
        };
        let page = pages
            .get(&path)
            .unwrap_or_else(|| panic!("nothing leads to {path}"));
        for forbidden in ["<script", "style=", "<!--", "](", "http-equiv"] {
            let prose = page
                .split("<pre>")
                .map(|part| part.rsplit("</pre>").next().unwrap());
            assert!(
                !prose.collect::<String>().contains(forbidden),
                "{path}: {forbidden}"
            );
        }
        assert_eq!(exporter.body(&format!("/runbooks/{file}")), *page);
        runbooks += 1;
    }
    assert!(runbooks > 40, "only {runbooks}");
    assert!(pages["/targets/bear1"].contains("../runbooks/SmtpTlsCertificateExpired\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_runbook_is_told_in_a_line() {
    let (_den, _server, exporter) = evil_world().await;
    for path in [
        "/runbooks/nobody",
        "/runbooks/..%2Freasons.md",
        "/runbooks/exchange/",
        "/runbooks/.md",
    ] {
        let got = exporter.fetch(path, &["--path-as-is"]);
        assert_eq!(
            (got.status, &*got.body),
            (404, "no such runbook\n"),
            "{path}"
        );
    }
    let moved = exporter.fetch("/runbooks", &[]);
    assert_eq!(moved.status, 302);
    assert!(moved.head.contains("location: runbooks/"), "{}", moved.head);
    let page = exporter.fetch("/runbooks/exchange", &[]);
    for guard in [
        "content-security-policy: default-src 'none'",
        "text/html; charset=utf-8",
    ] {
        assert!(page.head.contains(guard), "{}", page.head);
    }
    for part in [
        "<h1>Exchange: from the queue",
        "<h2 id=\"9-let-the-mail-go\">",
        "&lt;GUID&gt;",
        "<div class=\"scroll\"><table>",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
}

/// As in Prometheus: everything stands below the path, and the start page is found without it.
#[tokio::test(flavor = "multi_thread")]
async fn everything_stands_below_a_path() {
    for arguments in [
        &["--web.external-url=https://mon.example.com/mon/smtp"][..],
        &["--web.external-url=https://mon.example.com/mon/smtp/"],
        &["--web.route-prefix=mon/smtp/"],
        &[
            "--web.external-url=http://mon.example.com/x",
            "--web.route-prefix=/mon/smtp",
        ],
    ] {
        let exporter = started(arguments);
        let pages = walk(&exporter, "/mon/smtp/");
        for path in [
            "metrics",
            "-/healthy",
            "sd",
            "runbooks/exchange",
            "targets/bear",
        ] {
            assert!(pages.contains_key(&format!("/mon/smtp/{path}")), "{path}");
        }
        for (path, to) in [
            ("/", "mon/smtp/"),
            ("/mon/smtp", "smtp/"),
            ("/mon/smtp/runbooks", "runbooks/"),
        ] {
            let moved = exporter.fetch(path, &[]);
            assert_eq!(moved.status, 302, "{arguments:?} {path}");
            assert!(
                moved.head.contains(&format!("location: {to}\r\n")),
                "{}",
                moved.head
            );
            assert_eq!(exporter.fetch(path, &["--location"]).status, 200);
        }
        for past in [
            "/metrics",
            "/-/healthy",
            "/-/reload",
            "/mon",
            "/mon/smtpmetrics",
            "/x/",
        ] {
            assert_eq!(
                exporter.fetch(past, &[]).status,
                404,
                "{arguments:?} {past}"
            );
        }
        assert_eq!(
            exporter.fetch("/mon/smtp/-/reload", &["-XPOST"]).status,
            200
        );
        assert_eq!(exporter.fetch("/mon/smtp/-/ready", &[]).status, 200);
    }
}

/// A reverse proxy that takes the path away before it asks us: nginx' `proxy_pass http://exporter/;`.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_may_take_the_path_away() {
    let exporter = started(&[
        "--web.external-url=https://mon.example.com/mon/smtp",
        "--web.route-prefix=/",
    ]);
    assert!(walk(&exporter, "/").contains_key("/targets/bear"));
    let reload = |origin: &str| {
        let origin = format!("Origin: {origin}");
        exporter
            .fetch(
                "/-/reload",
                &["-XPOST", "-H", &origin, "-H", "Sec-Fetch-Site: same-origin"],
            )
            .status
    };
    assert_eq!(reload("https://mon.example.com"), 200);
    assert_eq!(reload("https://fox.test"), 403);
}

fn started(arguments: &[&str]) -> Exporter {
    let text =
        "targets: [{name: bear, host: bear.bears.test, addresses: [127.0.0.1], ports: [1]}]\n";
    let setup = PROGRAM.over(text);
    let with = |setup: Setup, argument: &&str| setup.argument(*argument);
    arguments.iter().fold(setup, with).start()
}

#[test]
fn what_is_no_place_is_refused_in_a_line() {
    for (argument, expected) in [
        (
            "--web.external-url=mon.example.com",
            "expected http:// or https://, a host",
        ),
        (
            "--web.external-url=https://mon.example.com/?a",
            "expected http:// or https://, a host",
        ),
        ("--web.route-prefix=/a b", "expected a path such as /smtp"),
        ("--web.route-prefix=/../", "expected a path such as /smtp"),
    ] {
        let ended = PROGRAM.run_alone(&[argument]);
        assert_eq!(ended.code, Some(1), "{argument}");
        let told = ended.complaint();
        assert!(
            told.contains(expected) && told.contains(argument.split('=').next().unwrap()),
            "{told}"
        );
    }
}
