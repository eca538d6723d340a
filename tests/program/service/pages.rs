//! What people read: pages without script, with nothing from elsewhere, and no markup of strangers.

use std::process::Command;

use testkit::peer::{Leaf, Server, Speech};
use testkit::{Exporter, World};

use super::config;
use crate::PROGRAM;

/// Servers that write markup wherever they can.
pub(super) async fn evil_world() -> (World, Server, Exporter) {
    let mut den = World::today();
    let good = den.server("bear.bears.test", 80, Speech::default()).await;
    let name = "<img src=x onerror=alert(1)>";
    let leaf = den.authority.self_signed(&Leaf {
        common_name: name,
        names: &["bear.bears.test"],
        ..Leaf::server("", -10, -1)
    });
    let speech = Speech {
        banner: "Microsoft ESMTP <script>alert('bear')</script>".to_owned(),
        ..Speech::default()
    };
    let any = "127.0.0.1:0".parse().unwrap();
    let server = Server::start(any, &leaf, speech).await.unwrap();
    let exporter = PROGRAM
        .over(&config("", &[good, server.address]))
        .file("root.pem", &den.authority.root_pem())
        .start();
    (den, server, exporter)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_everything_and_run_nothing() {
    let (_den, _server, exporter) = evil_world().await;
    let index = exporter.fetch("/", &["--compressed"]);
    assert!(
        index
            .head
            .contains("content-type: text/html; charset=utf-8")
    );
    assert!(
        index
            .head
            .contains("content-security-policy: default-src 'none'; style-src 'self'")
    );
    assert!(index.head.contains("x-content-type-options: nosniff"));
    let target = exporter.body("/targets/bear1");
    for page in [&index.body, &target] {
        for forbidden in [
            "<script",
            "<img",
            "style=",
            "javascript:",
            "http://",
            "https://",
            " onerror=alert(1)>",
        ] {
            assert!(!page.contains(forbidden), "{forbidden} in {page}");
        }
        assert!(
            page.contains("&lt;img src=x onerror=alert(1)&gt;"),
            "{page}"
        );
    }
    for part in [
        "Expired 1",
        "Healthy 1",
        "<a href=\"./targets/bear1\">bear1</a>",
        "cert_expired",
        "100 % of the lifetime is over",
    ] {
        assert!(index.body.contains(part), "{part} in {}", index.body);
    }
    let address = format!("-connect {}", _server.address);
    for part in [
        &*address,
        "openssl s_client -starttls smtp",
        "posttls-finger",
        "Get-ExchangeCertificate",
        "-----BEGIN CERTIFICATE-----",
        "&lt;script&gt;alert(&#39;bear&#39;)&lt;/script&gt;",
        "C: </span>EHLO",
        "key_strength",
    ] {
        let part = part.replace("C: </span>", "C: ");
        assert!(target.contains(&part), "{part} in {target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_is_filtered_by_the_query() {
    let (_den, _server, exporter) = evil_world().await;
    let rows = |path: &str| exporter.body(path).matches("<a href=\"./targets/").count();
    assert_eq!(rows("/"), 2);
    assert_eq!(rows("/?state=Expired"), 1);
    assert_eq!(rows("/?state=expired&q="), 1);
    let unknown = exporter.fetch("/?state=Bogus", &[]);
    assert_eq!(unknown.status, 400);
    assert!(
        unknown
            .body
            .starts_with("no such state, expected one of Unreachable, ")
    );
    let links = exporter.body("/?q=bear0");
    assert!(links.contains("./?state=Expired&amp;q=bear0\""), "{links}");
    assert_eq!(rows("/?q=BEAR0"), 1);
    assert_eq!(rows("/?q=bear%20issuing"), 1);
    assert_eq!(rows("/?q=no%20such%20thing"), 0);
    assert_eq!(rows("/?page=99999999999999999999"), 2);
    let echoed = exporter.body("/?q=%22%3E%3Cscript%3E");
    assert!(echoed.contains("value=\"&quot;&gt;&lt;script&gt;\""));
    assert_eq!(exporter.fetch("/targets/nobody", &[]).status, 404);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium: tests/run.sh"]
async fn a_browser_shows_the_table() {
    let (_den, _server, exporter) = evil_world().await;
    for (path, parts) in [
        ("/", ["Expired 1", "bear0", "bear1", "cert_expired"]),
        (
            "/targets/bear1",
            [
                "Checks",
                "Dialogue",
                "Get-ExchangeCertificate",
                "cert_expired",
            ],
        ),
    ] {
        let profile = tempfile::tempdir().unwrap();
        let output = Command::new("chromium")
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .args(["--dump-dom", "--enable-logging=stderr"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(exporter.url(path))
            .output()
            .unwrap();
        let dom = String::from_utf8_lossy(&output.stdout);
        let console = String::from_utf8_lossy(&output.stderr);
        for part in parts {
            assert!(dom.contains(part), "{part} in {dom}");
        }
        assert!(!dom.contains("<img") && !dom.contains("<script"), "{dom}");
        assert!(
            !console.contains("CONSOLE"),
            "the policy was violated: {console}"
        );
    }
}

/// By contract, view and offer are part of an endpoint.
#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_differ_look_different() {
    let mut den = World::today();
    let bear = den.server("bear.bears.test", 80, Speech::default()).await;
    let text = format!(
        "views: {{inside: {{}}}}\ntrust: {{roots: root.pem}}\ntargets:\n- {{name: bear, host: bear.bears.test, addresses: [{}], ports: [{}], offers: [any, rsa, ecdsa], views: [default, inside]}}\n",
        bear.ip(),
        bear.port()
    );
    let exporter = PROGRAM
        .over(&text)
        .file("root.pem", &den.authority.root_pem())
        .start();
    for path in ["/", "/targets/bear"] {
        let page = exporter.body(path);
        for place in ["(default)", "rsa (default)", "ecdsa (inside)"] {
            assert!(page.contains(&format!("{bear} {place}")), "{place}: {page}");
        }
    }
    for path in [
        "/metrics",
        "/config",
        "/sd",
        "/-/healthy",
        "/nowhere",
        "/-/reload",
    ] {
        let head = exporter.fetch(path, &[]).head;
        for guard in ["x-content-type-options: nosniff", "cache-control: no-store"] {
            assert!(head.contains(guard), "{path}: {head}");
        }
    }
}
