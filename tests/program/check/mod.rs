//! Holds the command `check` to what a person at night, a script and a monitoring system read from it.

mod collected;
mod inside;
mod path;

use std::fs::{self, File};
use std::process::{Command, Output, Stdio};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use smtp_tls_exporter::certificate::Certificate;
use smtp_tls_exporter::timestamp::Timestamp;
use testkit::peer::acts::farewell;
use testkit::peer::{Answer, Credentials, Dns, Leaf, Script, Speech};
use testkit::{Ended, Role, Stage, World, any_port, early_clock, ended};
use tokio::net::TcpSocket;

use crate::{PROGRAM, run};

const HOST: &str = "mx.bears.test";
const DAY: i64 = 86_400;
const NAME: &str = "<I>CN=Bear Issuing CA, O=BearWorld, L=Bearville, C=US\
                    <S>CN=mx.bears.test, O=BearWorld, L=Bearville, C=US";

/// Runs `check` over the targets of this stage.
async fn check(world: &World, stage: &Stage, more: &[&str]) -> Ended {
    let file = world.write("check.yml", &stage.config);
    let file = file.display().to_string();
    run(&[&["check", "--config.file", &file], more].concat()).await
}

/// One server, as `check` is given it on the command line.
async fn server(credentials: Credentials) -> (Stage, String) {
    let roles = vec![Role::new("one", credentials)];
    let stage = Stage::set(HOST, roles).await.expect("a server");
    let at = stage.servers[0].address.to_string();
    (stage, at)
}

/// Runs `check` for one address, with our root and the name that its certificate has.
async fn check_one(world: &World, at: &str, more: &[&str]) -> Ended {
    let roots = world.path("root.pem").display().to_string();
    let arguments = ["check", at, "--roots", &roots, "--server-name", HOST];
    run(&[&arguments, more].concat()).await
}

/// The cells of one line of the table.
fn cells(line: &str) -> Vec<&str> {
    let parts = line.split("  ").map(str::trim);
    parts.filter(|cell| !cell.is_empty()).collect()
}

async fn mixed_stage(world: &World) -> Stage {
    let silent = Role {
        speech: Speech {
            offers_starttls: false,
            ..Speech::default()
        },
        ..Role::new("fax", world.issue(HOST, -30, 60))
    };
    let other = world
        .authority
        .issue(&Leaf::server("old.bears.test", -30, 60));
    let roles = vec![
        Role::new("good", world.issue(HOST, -30, 60)),
        Role::new("late", world.issue(HOST, -371, -6)),
        Role::new("other", other),
        silent,
    ];
    Stage::set(HOST, roles).await.expect("servers")
}

#[tokio::test]
async fn the_table_says_where_how_long_and_why() {
    let world = World::today();
    let stage = mixed_stage(&world).await;
    let ended = check(&world, &stage, &[]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(2), ""));
    let lines: Vec<_> = ended.stdout.lines().collect();
    let head = ["TARGET", "ADDRESS", "NOT AFTER", "DAYS", "STATE", "WHY"];
    assert_eq!(cells(lines[0]), head);
    let date = |days: i64| Timestamp(world.moment + days * DAY).date();
    let at = |nth: usize| stage.servers[nth].address.to_string();
    assert_eq!(
        cells(lines[1]),
        ["good", &at(0), &date(60), "60", "Healthy"]
    );
    let late = cells(lines[2]);
    assert_eq!(late[..5], ["late", &at(1), &date(-6), "-6", "Expired"]);
    assert!(late[5].starts_with("cert_expired: expired "), "{late:?}");
    let other = cells(lines[3]);
    assert_eq!(other[..5], ["other", &at(2), &date(60), "60", "Mismatch"]);
    let why = "name_mismatch: does not cover mx.bears.test: it names old.bears.test";
    assert_eq!(other[5], why);
    let fax = cells(lines[4]);
    assert_eq!(fax[..5], ["fax", &at(3), "-", "-", "Unreachable"]);
    assert!(fax[5].starts_with("starttls_not_offered: "), "{fax:?}");
    let summary = "4 endpoints of 4 targets: 1 Unreachable, 1 Expired, 1 Mismatch, 1 Healthy";
    assert_eq!(lines[5..7], ["", summary]);
    let hints = &lines[7..];
    assert!(
        hints.iter().all(|line| line.starts_with("Next: ")),
        "{hints:?}"
    );
    assert!(
        hints
            .iter()
            .any(|line| line.contains("renew the certificate of late"))
    );
}

#[tokio::test]
async fn json_has_all_of_it() {
    let world = World::today();
    let stage = mixed_stage(&world).await;
    let ended = check(&world, &stage, &["--json"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(2), ""));
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["exit_code"], 2);
    let targets = report["targets"].as_array().unwrap();
    let states: Vec<_> = targets.iter().map(|t| &t["state"]).collect();
    assert_eq!(states, ["Healthy", "Expired", "Mismatch", "Unreachable"]);
    let endpoints: Vec<_> = targets.iter().map(|t| &t["endpoints"][0]).collect();
    assert_eq!(endpoints[0]["reason"], "");
    assert_eq!(endpoints[1]["reason"], "cert_expired");
    assert_eq!(endpoints[2]["reason"], "name_mismatch");
    assert_eq!(endpoints[3]["reason"], "starttls_not_offered");
    assert_eq!(endpoints[3]["probe"]["failure"]["phase"], "starttls");
    assert_eq!(endpoints[3]["certificate"], Value::Null);
    for (endpoint, server) in endpoints.iter().zip(&stage.servers) {
        assert_eq!(endpoint["address"], "127.0.0.1");
        assert_eq!(endpoint["port"], server.address.port());
        assert_eq!(endpoint["probe"]["banner"], "bear.bears.test ESMTP");
    }
    let good = endpoints[0];
    assert_eq!(good["certificate"]["tls_certificate_name"], NAME);
    assert_eq!(good["chain"].as_array().map(Vec::len), Some(2));
    assert_eq!(good["trust"]["trusted"], true);
    assert_eq!(good["probe"]["tls_version"], "TLSv1.3");
    let left = good["expires_in_seconds"].as_i64().unwrap();
    assert_eq!(left / DAY, 60);
    let checks = good["checks"].as_array().unwrap();
    let failed = checks.iter().filter(|check| check["result"] == "fail");
    assert_eq!(failed.count(), 0);
    let spoken = good["transcript"].as_array().unwrap();
    let first = "220 bear.bears.test ESMTP";
    assert!(
        spoken
            .iter()
            .any(|l| l["from"] == "server" && l["text"] == first)
    );
}

#[tokio::test]
async fn the_exit_status_is_that_of_the_worst() {
    let world = World::today();
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind(any_port([127, 0, 0, 1])).unwrap();
    let nobody = closed.local_addr().unwrap().to_string();
    let (_healthy, healthy) = server(world.issue(HOST, -30, 60)).await;
    let (_warning, warning) = server(world.issue(HOST, -340, 25)).await;
    let (_expired, expired) = server(world.issue(HOST, -371, -6)).await;
    for (targets, code) in [
        (&[&healthy][..], 0),
        (&[&healthy, &warning], 1),
        (&[&healthy, &warning, &expired], 2),
        (&[&nobody], 3),
        (&[&nobody, &warning, &healthy], 3),
        (&[&nobody, &expired, &healthy], 2),
    ] {
        let more: Vec<_> = targets[1..].iter().map(|t| t.as_str()).collect();
        let ended = check_one(&world, targets[0], &more).await;
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stdout.lines().count() >= targets.len() + 3);
    }
}

#[tokio::test]
async fn the_last_line_is_for_the_monitoring_plugin() {
    let world = World::today();
    let (_good, good) = server(world.issue(HOST, -30, 60)).await;
    let (_late, late) = server(world.issue(HOST, -371, -6)).await;
    let ended = check_one(&world, &good, &["--nagios"]).await;
    let line = ended.stdout.lines().last().unwrap_or_default();
    assert!(line.starts_with(&format!(
        "SMTP TLS OK - {good} {good} Healthy | '{good}@{good}'="
    )));
    let value = line.rsplit_once('=').unwrap().1;
    let limits = format!("s;{}:;{}:", 45 * 86_400 / 2, 7 * 86_400);
    let seconds: i64 = value.strip_suffix(&limits).unwrap().parse().unwrap();
    assert_eq!(seconds / DAY, 60);
    let ended = check_one(&world, &good, &[&late, "--nagios"]).await;
    assert_eq!(ended.code, Some(2));
    let line = ended.stdout.lines().last().unwrap_or_default();
    let text = format!("SMTP TLS CRITICAL - {late} {late} Expired cert_expired | ");
    assert!(line.starts_with(&text), "{line}");
    assert_eq!(line.matches('|').count(), 1);
    assert_eq!(line.matches("s;").count(), 2, "{line}");
}

#[tokio::test]
async fn the_certificates_can_be_read_back() {
    let world = World::today();
    let credentials = world.issue(HOST, -30, 60);
    let (_server, at) = server(credentials.clone()).await;
    let ended = check_one(&world, &at, &["--pem"]).await;
    assert_eq!(ended.code, Some(0));
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(ended.stdout.as_bytes()).collect();
    assert_eq!(chain.unwrap(), credentials.chain);
    let (_, pem) = ended.stdout.split_once("-----BEGIN").unwrap();
    assert!(
        pem.lines()
            .all(|line| line.len() <= 64 || line.starts_with('#'))
    );
    let json = check_one(&world, &at, &["--json"]).await.stdout;
    let leaf = Certificate::from_der(&credentials.chain[0]);
    assert!(json.contains(&leaf.fingerprints().sha256_hex()));
}

#[tokio::test]
async fn options_change_what_is_expected() {
    let world = World::today();
    let (_server, at) = server(world.issue(HOST, -30, 60)).await;
    let other_name = NAME.replace("Issuing CA", "Issuing CA 2");
    for (options, code, why) in [
        (&["--warning", "99%"][..], 1, "expires_soon"),
        (&["--warning", "61d"], 1, "expires_soon"),
        (&["--critical", "99%,61d"], 2, "expires_soon"),
        (&["--critical", "99%,1d"], 0, ""),
        (&["--warning", "1d", "--critical", "1h"], 0, ""),
        (&["--expect-tls-certificate-name", NAME], 0, ""),
        (
            &["--expect-tls-certificate-name", &other_name],
            2,
            "tls_certificate_name_mismatch",
        ),
        (&["--tls", "starttls", "--view", "default"], 0, ""),
        (&["--tls", "implicit"], 3, "not_tls"),
    ] {
        let ended = check_one(&world, &at, options).await;
        assert_eq!(ended.code, Some(code), "{options:?}: {ended:?}");
        assert!(ended.stdout.contains(why), "{options:?}: {}", ended.stdout);
    }
}

#[tokio::test]
async fn the_name_and_the_roots_are_expectations_too() {
    let world = World::today();
    let (_server, at) = server(world.issue(HOST, -30, 60)).await;
    let roots = world.path("root.pem").display().to_string();
    let named = ["check", &at, "--roots", &roots, "--server-name"];
    let ended = run(&[&named[..], &["relay.bears.test"]].concat()).await;
    assert_eq!(ended.code, Some(2));
    assert!(ended.stdout.contains("name_mismatch"), "{}", ended.stdout);
    let ended = run(&["check", &at, "--server-name", HOST]).await;
    assert_eq!(ended.code, Some(2), "not a root of Mozilla's");
    assert!(ended.stdout.contains("unknown_issuer"), "{}", ended.stdout);
}

#[tokio::test]
async fn bad_arguments_are_one_line() {
    for (arguments, expected) in [
        (&["mx.bears.test:0"][..], "mx.bears.test:0"),
        (&["mx.bears.test:smtp"], "not a port from 1 to 65535"),
        (&["a b"], "'a b'"),
        (
            &["--warning", "25", "mx.bears.test"],
            "expected a share such as 25%",
        ),
        (&["--critical", "101%", "mx.bears.test"], "'101%'"),
        (&["--server-name", "a..b", "mx.bears.test"], "--server-name"),
        (
            &["--expect-tls-certificate-name", "CN=x", "mx.bears.test"],
            "CN=x",
        ),
        (
            &["--tls", "ssl", "mx.bears.test"],
            "expected starttls or implicit",
        ),
        (
            &["--roots", "/no/such/roots.pem", "mx.bears.test"],
            "/no/such/roots.pem",
        ),
        (&["--json", "--nagios", "mx.bears.test"], "--nagios"),
        (&["--frobnicate"], "--frobnicate"),
        (
            &["--config.file", "/no/such/file.yml"],
            "/no/such/file.yml: cannot be read",
        ),
        (&["mx.bears.test", "\u{1b}[31m"], "not a host name"),
        (&["\u{202e}tset"], r"\u{202e}tset"),
    ] {
        let ended = run(&[&["check"], arguments].concat()).await;
        assert_eq!(ended.code, Some(3), "{arguments:?}");
        assert_eq!(ended.stdout, "", "{arguments:?}");
        let line = ended.complaint();
        assert!(line.starts_with("smtp-tls-exporter: "), "{line}");
        assert!(line.contains(expected), "{line}");
        assert!(!line.contains('\u{1b}'), "{line}");
    }
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told_in_time() {
    let ended = run(&["check", "mx.nowhere.invalid"]).await;
    assert_eq!(ended.code, Some(3));
    let line = ended.stdout.lines().nth(1).unwrap_or_default();
    let row = cells(line);
    assert_eq!(row[0], "mx.nowhere.invalid", "{line}");
    assert!(row[row.len() - 1].starts_with("dns_"), "{line}");
    assert!(
        ended
            .stdout
            .contains("0 endpoints of 1 target: none was found")
    );
}

#[tokio::test]
async fn what_servers_say_cannot_steer_a_terminal() {
    let world = World::today();
    let hidden = "\u{1b}[2J\u{7}\u{85}\u{ad}\u{61c}\u{202e}\u{2066}\u{2028}\u{3164}\u{fe0f}\u{e0041}\u{10ffff}";
    let script = farewell(&format!("554 {hidden}grüße"));
    let script = Script::start(script).await.unwrap();
    let at = script.address.to_string();
    for options in [&[][..], &["--nagios"], &["--json"], &["--pem"]] {
        let ended = check_one(&world, &at, options).await;
        assert_eq!(ended.code, Some(3));
        assert!(ended.stdout.contains("greeting_5xx"), "{}", ended.stdout);
        let steering =
            |c: char| c != '\n' && (c.is_control() || hidden.contains(c) && !c.is_ascii());
        assert!(
            !ended.stdout.contains(steering),
            "{options:?}: {}",
            ended.stdout
        );
    }
    let table = check_one(&world, &at, &[]).await.stdout;
    let shown: String = hidden
        .chars()
        .map(|c| c.escape_default().to_string())
        .collect();
    assert!(table.contains(&format!("554 {shown}grüße")), "{table}");
    let json = check_one(&world, &at, &["--json"]).await.stdout;
    assert!(
        json.contains(r"\u202e\u2066\u2028\u3164\ufe0f\udb40\udc41\udbff\udfffgrüße"),
        "{json}"
    );
    let report: Value = serde_json::from_str(&json).unwrap();
    let said = report["targets"][0]["endpoints"][0]["transcript"][0]["text"].as_str();
    assert!(
        said.is_some_and(|said| said.ends_with(&format!("{hidden}grüße"))),
        "{said:?}"
    );
}

/// Where nothing can be written.
#[derive(Debug, Clone, Copy)]
enum Nowhere {
    Full,
    Closed,
    Broken,
}

impl Nowhere {
    const ALL: [Self; 3] = [Self::Full, Self::Closed, Self::Broken];

    fn stream(self) -> Stdio {
        match self {
            Self::Full => File::options()
                .write(true)
                .open("/dev/full")
                .expect("a device")
                .into(),
            Self::Broken => std::io::pipe().expect("a pipe").1.into(),
            Self::Closed => Stdio::null(),
        }
    }

    /// Runs the program; a shell closes what is to be closed: 1 is standard output, 2 standard error.
    async fn run(self, number: u8, arguments: &[&str]) -> Output {
        let mut command = match self {
            Self::Closed => {
                let mut shell = Command::new("sh");
                let script = format!("exec \"$0\" \"$@\" {number}>&-");
                shell.args(["-c", &script, PROGRAM.path()]);
                shell
            }
            Self::Full | Self::Broken => PROGRAM.command(),
        };
        command.args(arguments).stdin(Stdio::null());
        if number == 1 {
            command.stdout(self.stream()).stderr(Stdio::piped());
        } else {
            command.stdout(Stdio::piped()).stderr(self.stream());
        }
        let running = tokio::task::spawn_blocking(move || command.output());
        running.await.expect("no panic").expect("its output")
    }
}

fn one_line(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).expect("UTF-8");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[tokio::test]
async fn a_report_that_is_lost_is_no_success() {
    let world = World::today();
    let (_server, at) = server(world.issue(HOST, -30, 60)).await;
    let roots = world.path("root.pem").display().to_string();
    let check = ["check", &at, "--roots", &roots, "--server-name", HOST];
    for nowhere in Nowhere::ALL {
        for form in [&[][..], &["--json"], &["--pem"], &["--nagios"]] {
            let output = nowhere.run(1, &[&check, form].concat()).await;
            assert_eq!(output.status.code(), Some(3), "{nowhere:?} {form:?}");
            let said = one_line(&output);
            let why = "standard output: the report could not be written: ";
            assert!(said.contains(why), "{nowhere:?} {form:?}: {said}");
        }
    }
    // Shells open it for writing only; Python and daemon(3) for both, as the standard library does where nothing is open.
    for reads_too in [false, true] {
        let mut null = File::options();
        let null = null.write(true).read(reads_too).open("/dev/null").unwrap();
        let mut unread = PROGRAM.command();
        unread.args(check).stdout(null);
        let unread = tokio::task::spawn_blocking(move || unread.status());
        let code = unread.await.unwrap().unwrap().code();
        assert_eq!(code, Some(0), "whoever wants the status only has it");
    }
}

#[tokio::test]
async fn what_else_is_printed_and_lost_is_one_line() {
    let world = World::today();
    let file = world.path("good.yml");
    fs::write(
        &file,
        "probe: {helo: monitor.bears.test}\ntargets: [{host: mx.bears.test}]\n",
    )
    .unwrap();
    let config = format!("--config.file={}", file.display());
    for nowhere in Nowhere::ALL {
        let is_enough = matches!(nowhere, Nowhere::Broken);
        for (arguments, code) in [
            (&["--help"][..], 1),
            (&["--version"], 1),
            (&["check", "--help"], 3),
        ] {
            let output = nowhere.run(1, arguments).await;
            let expected = if is_enough { 0 } else { code };
            assert_eq!(
                output.status.code(),
                Some(expected),
                "{nowhere:?} {arguments:?}"
            );
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(said.lines().count(), usize::from(!is_enough), "{said}");
        }
        let output = nowhere.run(1, &["--config.check", &config]).await;
        assert_eq!(output.status.code(), Some(1), "{nowhere:?}");
        let said = one_line(&output);
        assert!(
            said.contains("what was understood could not be written"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn complaints_that_are_lost_change_no_status() {
    let world = World::today();
    let (_server, at) = server(world.issue(HOST, -30, 60)).await;
    let roots = world.path("root.pem").display().to_string();
    for nowhere in Nowhere::ALL {
        for (arguments, code) in [
            (&["check", "--frobnicate"][..], 3),
            (&["--frobnicate"], 1),
            (&["check", "--config.file=/no/such/file.yml"], 3),
            (&["--config.check", "--config.file=/no/such/file.yml"], 1),
            (&["--config.file=/no/such/file.yml"], 1),
            (&["check", &at, "--roots", &roots, "--server-name", HOST], 0),
        ] {
            let output = nowhere.run(2, arguments).await;
            assert_eq!(
                output.status.code(),
                Some(code),
                "{nowhere:?} {arguments:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_clock_before_1970_breaks_nothing() {
    let world = World::today();
    let (_server, at) = server(world.issue(HOST, -30, 60)).await;
    let library = early_clock(world.directory());
    let roots = world.path("root.pem");
    for form in [&[][..], &["--json"]] {
        let mut command = PROGRAM.command();
        command.args(["check", &at, "--server-name", HOST, "--roots"]);
        command.arg(&roots).args(form).env("LD_PRELOAD", &library);
        let ended = ended(command).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(2), ""));
        assert!(ended.stdout.contains("NotYetValid"), "{}", ended.stdout);
        let is_dated = ended.stdout.contains("1969-12-31T");
        assert_eq!(is_dated, !form.is_empty(), "{}", ended.stdout);
    }
}

#[tokio::test]
async fn names_are_found_with_a_clock_before_1970() {
    let world = World::today();
    let (stage, _) = server(world.issue(HOST, -30, 60)).await;
    let here = vec![Answer::Address([127, 0, 0, 1].into())];
    let dns = Dns::start([(HOST, here)].into()).await.unwrap();
    let library = early_clock(world.directory());
    let (at, port) = (dns.address, stage.servers[0].address.port());
    for (resolver, dnssec, expected) in [
        (format!("udp://{at}"), "off", "NotYetValid"),
        (format!("tcp://{at}"), "off", "NotYetValid"),
        // No signature is valid so early, and this zone has none.
        (format!("udp://{at}"), "validate", "dns_error"),
    ] {
        let config = format!(
            "views: {{v: {{resolvers: '{resolver}', dnssec: {dnssec}}}}}\ntrust: {{roots: root.pem}}\n\
             targets: [{{host: {HOST}, ports: {port}, views: v}}]"
        );
        fs::write(world.path("names.yml"), config).unwrap();
        let mut command = PROGRAM.command();
        command.args(["check", "--config.file"]);
        command.arg(world.path("names.yml"));
        command.env("LD_PRELOAD", &library);
        let ended = ended(command).await;
        assert_eq!(ended.stderr, "", "{resolver} {dnssec}");
        assert!(ended.stdout.contains(expected), "{}", ended.stdout);
    }
}
