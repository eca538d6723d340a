//! Holds the demo to the incident that it plays.

mod harness;
mod peer;

use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use harness::{Exposition, end, request};

/// The running demo.
struct Demo {
    child: Child,
    /// Kept, because it still prints.
    lines: Lines<BufReader<ChildStdout>>,
}

/// Ends it with the test, whatever its outcome, and as a person does, so that it leaves no file behind.
impl Drop for Demo {
    fn drop(&mut self) {
        end(&mut self.child, "INT");
    }
}

/// Cargo builds the examples before it runs the tests, in a directory beside theirs.
fn program() -> PathBuf {
    let own = std::env::current_exe().expect("a path");
    let profile = own.parent().and_then(|deps| deps.parent());
    profile.expect("target/PROFILE/deps").join("examples/demo")
}

/// Starts it and reads what it prints, up to the address of its metrics.
fn start() -> (Demo, String, SocketAddr) {
    let mut command = Command::new(program());
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .expect("the demo, which `cargo test` builds");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut demo = Demo { child, lines };
    let mut printed = String::new();
    loop {
        let line = demo.lines.next().expect("an address").expect("text");
        let address = line.strip_prefix("Metrics: http://");
        if let Some(address) = address.and_then(|rest| rest.strip_suffix("/metrics")) {
            let address = address.parse().expect("an address");
            return (demo, printed, address);
        }
        printed += &line;
        printed.push('\n');
    }
}

#[tokio::test]
async fn the_demo_plays_the_incident() {
    let (_demo, printed, address) = start();
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
    let answer = request(address, "GET", "/metrics", &[]).await.unwrap();
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
