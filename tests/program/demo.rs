//! Holds the command `demo` to the incident that it plays, and to leaving nothing behind.

use std::fs;
use std::process::Command;

use testkit::http::request;
use testkit::{Exposition, ended};

use crate::{PROGRAM, run};

#[tokio::test]
async fn the_demo_plays_the_incident() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = PROGRAM.demo(folder.path());
    let printed = demo.log();
    assert!(printed.contains("internal: valid until "), "{printed}");
    for state in [
        "Inconsistent",
        "Expired",
        "Mismatch",
        "Untrusted",
        "Unreachable",
        "Healthy",
    ] {
        assert!(printed.contains(state), "{state}: {printed}");
    }
    let answer = request(demo.address, "GET", "/metrics", &[]).await.unwrap();
    let metrics = Exposition::parse(&answer.body);
    let relay = [("target", "hybrid-relay")];
    let left = metrics.all("smtp_tls_cert_expiry_seconds", &relay);
    assert_eq!(left.len(), 5);
    let expired = left.iter().filter(|sample| sample.value < 0.0);
    let at: Vec<_> = expired
        .filter_map(|sample| sample.label("address"))
        .collect();
    assert_eq!(at, ["127.0.0.12", "127.0.0.13", "127.0.0.14", "127.0.0.15"]);
    let distinct = metrics.value("smtp_tls_target_distinct_certificates", &relay);
    assert_eq!(distinct, Some(2.0));
    let split = [("target", "split-horizon")];
    let agree = metrics.value("smtp_tls_target_views_agree", &split);
    assert_eq!(agree, Some(0.0));
    let failures = metrics.all("smtp_tls_probe_failure_info", &[]);
    let reasons: Vec<_> = failures.iter().filter_map(|f| f.label("reason")).collect();
    assert_eq!(reasons, ["starttls_not_offered"]);
}

#[tokio::test]
async fn its_pages_show_the_inside_and_what_to_do_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = PROGRAM.demo(folder.path());
    let page = async |path| request(demo.address, "GET", path, &[]).await.unwrap().body;
    let first = page("/").await;
    for part in [
        "<h2>Inside mail servers</h2>",
        "href=\"./inside/BearC\"",
        "2 connectors, 443 messages in 1 queue",
        "<span class=\"reason\">connector_cert_key_missing</span> ",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    let next = async |path| {
        let page = page(path).await;
        let (_, next) = page.split_once("<strong>Next:</strong> ")?;
        next.split_once("</p>").map(|(step, _)| step.to_owned())
    };
    let of_b = next("/inside/BearB").await.expect("a step");
    assert!(of_b.starts_with("enable "), "{of_b}");
    assert!(
        of_b.contains(" on BearB: Enable-ExchangeCertificate -Server BearB "),
        "{of_b}"
    );
    let of_c = next("/inside/BearC").await.expect("a step");
    assert!(of_c.contains(" with its private key on BearC, "), "{of_c}");
    assert_eq!(next("/inside/BearA").await, None, "BearA is well");
}

#[tokio::test]
async fn three_sentences_open_it_and_every_address_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = PROGRAM.demo(folder.path());
    let printed = demo.log();
    let (opening, rest) = printed.split_once("\n\n").expect("a paragraph");
    let sentences = opening.replace('\n', " ");
    assert_eq!(
        format!("{sentences} ").matches(". ").count(),
        3,
        "{opening}"
    );
    assert!(rest.starts_with("TARGET "), "{rest}");
    let root = format!("http://{}", demo.address);
    for path in ["/", "/metrics", "/config"] {
        assert!(rest.contains(&format!(" {root}{path}\n")), "{path}: {rest}");
        let answer = request(demo.address, "GET", path, &[]).await.unwrap();
        assert_eq!(answer.status, 200, "{path}");
    }
    let metrics = request(demo.address, "GET", "/metrics", &[]).await.unwrap();
    let (_, wanted) = rest.split_once("/metrics | grep ^").expect("a curl line");
    let wanted = wanted.lines().next().expect("what is looked for");
    assert!(metrics.body.contains(&format!("\n{wanted}")), "{wanted}");
}

#[test]
fn a_signal_ends_it_and_nothing_is_left() {
    for signal in ["INT", "TERM", "HUP"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut demo = PROGRAM.demo(folder.path());
        let printed = demo.log();
        demo.signal(signal);
        assert_eq!(demo.ended().code(), Some(0), "{signal}");
        assert_eq!(demo.log(), printed, "{signal}");
        let left = fs::read_dir(folder.path()).expect("the folder").count();
        assert_eq!(left, 0, "{signal}: files are left");
    }
}

#[tokio::test]
async fn wrong_use_is_one_line() {
    for (arguments, line) in [
        (
            &["demo", "--nonsense"][..],
            "unexpected argument '--nonsense' found",
        ),
        (&["demo", "bears"], "unexpected argument 'bears' found"),
        (
            &["--config.check", "demo"],
            "the subcommand 'demo' cannot be used with '--config.check', expected the subcommand before all options",
        ),
    ] {
        let ended = run(arguments).await;
        let complaint = ended.complaint();
        assert_eq!(complaint, format!("smtp-tls-exporter: {line}"));
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    }
    // A full disk.
    let mut command = Command::new("sh");
    command.args(["-c", "\"$0\" demo >/dev/full", PROGRAM.path()]);
    let ended = ended(command).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.complaint().contains("standard output: "), "{ended:?}");
}
