//! Files that the configuration names: followed, kept where they break, and none held up by another.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use testkit::exposition::value as sample;
use testkit::peer::{Leaf, Speech};
use testkit::{Exporter, World};

use super::config;
use crate::PROGRAM;

const LOADED: &str = "smtp_tls_exporter_file_last_load_successful";
const RELOADED: &str = "smtp_tls_exporter_config_last_reload_successful ";

/// The last words about a file, or nothing where it is not named.
fn loaded(exporter: &Exporter, kind: &str, file: &str) -> Option<f64> {
    let labels = format!("{{file=\"{file}\",kind=\"{kind}\"}} ");
    sample(&exporter.body("/metrics"), &format!("{LOADED}{labels}"))
}

fn passes(exporter: &Exporter, target: &str, check: &str) -> bool {
    let metrics = exporter.body("/metrics");
    let target = format!("smtp_tls_check_success{{target=\"{target}\"");
    let mut lines = metrics.lines().filter(|line| line.starts_with(&target));
    lines.any(|line| line.contains(&format!("check=\"{check}\"")) && line.ends_with(" 1"))
}

/// `POST /-/reload`, which succeeds: what it says.
fn reload(exporter: &Exporter) -> String {
    let answer = exporter.fetch("/-/reload", &["-X", "POST"]);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// Lines of the log that say of this file that its old content is kept.
fn told(exporter: &Exporter, file: &str) -> usize {
    let (log, begin) = (exporter.log(), format!("{file}: "));
    let lines = log.lines().filter(|line| line.contains(&begin));
    lines.filter(|line| line.contains("before is kept")).count()
}

/// A certificate that a client shows, and its key.
fn pair() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// Every kind of file, with one target in the configuration and one in a file with targets.
fn every_kind(server: SocketAddr, per_address: usize) -> String {
    let port = server.port();
    format!(
        "probe: {{min_interval: 0s, per_address: {per_address}}}\n\
         trust: {{roots: root.pem, crls: [other.crl, own.crl]}}\n\
         views: {{signed: {{resolvers: 'udp://127.0.0.1:9', trust_anchor: anchor.key}}}}\n\
         target_files: more.yml\n\
         targets:\n\
         - {{name: bear0, host: bear.bears.test, addresses: 127.0.0.1, ports: {port}, \
         client_certificate: {{cert_file: c.pem, key_file: k.pem}}}}\n"
    )
}

fn one_more(server: SocketAddr, roots: &str) -> String {
    let port = server.port();
    format!(
        "- {{name: other, host: bear.bears.test, addresses: 127.0.0.1, ports: {port}, \
         expect: {{roots: {roots}}}}}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_keeps_what_it_said_and_holds_up_no_other() {
    let mut den = World::today();
    let bear = den.server("bear.bears.test", 80, Speech::default()).await;
    let (root, list) = (den.authority.root_pem(), den.authority.empty_list());
    let (certificate, key) = pair();
    let anchor = format!(". 3600 IN DNSKEY 257 3 13 {}==\n", "A".repeat(86));
    let files = [
        ("roots", "root.pem", root.as_str()),
        ("roots", "more.pem", &root),
        ("crl", "own.crl", &list),
        ("client_certificate", "c.pem", &certificate),
        ("client_certificate", "k.pem", &key),
        ("trust_anchor", "anchor.key", &anchor),
    ];
    let mut setup = PROGRAM
        .over(&every_kind(bear, 2))
        .file("more.yml", &one_more(bear, "more.pem"))
        .file("other.crl", &World::today().authority.empty_list())
        .argument("--config.reload-interval=0.1s")
        .inside();
    for (_, file, content) in files {
        setup = setup.file(file, content);
    }
    let exporter = setup.start();
    let all_is_well = |exporter: &Exporter| {
        let trusted = ["bear0", "other"].map(|target| passes(exporter, target, "trust"));
        trusted == [true; 2] && passes(exporter, "bear0", "revocation")
    };
    assert!(all_is_well(&exporter), "{}", exporter.body("/metrics"));
    for (nth, (kind, file, content)) in files.into_iter().enumerate() {
        exporter.rewrite(file, "broken");
        exporter.until("noticed", |e| loaded(e, kind, file) == Some(0.0));
        let others = files.iter().filter(|other| other.1 != file);
        for (kind, other, _) in others {
            assert_eq!(loaded(&exporter, kind, other), Some(1.0), "{file}: {other}");
        }
        assert_eq!(sample(&exporter.body("/metrics"), RELOADED), Some(1.0));
        exporter.rewrite("exporter.yml", &every_kind(bear, nth + 3));
        let changed = format!("per_address: {}", nth + 3);
        exporter.until("changed", |e| e.body("/config").contains(&changed));
        let said = reload(&exporter);
        let begin = format!("reloaded, but {file}: ");
        assert!(said.starts_with(&begin), "{said}");
        assert!(said.trim_end().ends_with("said before is kept)"), "{said}");
        assert_eq!(loaded(&exporter, kind, file), Some(0.0), "{file}");
        assert!(all_is_well(&exporter), "{file}");
        assert_eq!(told(&exporter, file), 1, "{}", exporter.log());
        exporter.rewrite(file, content);
        exporter.until("mended", |e| loaded(e, kind, file) == Some(1.0));
        assert_eq!(reload(&exporter), "reloaded\n");
    }
    assert!(!exporter.log().contains("not reloaded"));
}

/// What a proxy hears of who asks it, the last first.
fn gate() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, heard) = (listener.local_addr().unwrap(), Arc::default());
    let told: Arc<Mutex<Vec<String>>> = Arc::clone(&heard);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut lines = BufReader::new(stream.unwrap())
                .lines()
                .map_while(Result::ok);
            let login = lines.find_map(|line| {
                Some(line.strip_prefix("Proxy-Authorization: Basic ")?.to_owned())
            });
            told.lock().unwrap().insert(0, login.unwrap_or_default());
        }
    });
    (address, heard)
}

#[test]
fn a_proxys_password_is_read_again_and_shown_nowhere() {
    let (gate, heard) = gate();
    let text = format!(
        "probe: {{min_interval: 0s}}\nviews: {{out: {{proxy: {{url: 'http://{gate}', username: bear, password_file: gate.password}}}}}}\n\
         targets: [{{name: bear, host: bear.bears.test, views: out}}]\n"
    );
    let exporter = PROGRAM
        .over(&text)
        .file("gate.password", "hunter2\n")
        .argument("--config.reload-interval=0.1s")
        .start();
    let login =
        |password: &str| data_encoding::BASE64.encode(format!("bear:{password}").as_bytes());
    let until_heard = |password: &str| {
        exporter.until("heard", |e| {
            e.body("/metrics");
            heard.lock().unwrap().first() == Some(&login(password))
        });
    };
    until_heard("hunter2");
    exporter.rewrite("gate.password", "hunter3");
    until_heard("hunter3");
    exporter.rewrite("gate.password", "hunter4\nhunter5\n");
    exporter.until("noticed", |e| {
        loaded(e, "proxy_password", "gate.password") == Some(0.0)
    });
    heard.lock().unwrap().clear();
    until_heard("hunter3");
    let mut seen = String::new();
    for path in [
        "/",
        "/config",
        "/targets/bear",
        "/api/v1/report",
        "/metrics",
    ] {
        seen += &exporter.fetch(path, &[]).body;
    }
    let told = reload(&exporter);
    assert!(told.starts_with("reloaded, but ") && told.contains("gate.password: is empty"));
    seen += &exporter.log();
    assert!(
        !seen.contains("hunter") && !seen.contains(&login("hunter3")),
        "{seen}"
    );
}

/// A certificate that is renewed counts when its key is there, too: never one without the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_is_renewed_file_by_file_counts_when_both_are_there() {
    let mut den = World::today();
    let speech = Speech {
        demands_client_certificate: true,
        ..Speech::default()
    };
    let bear = den.server("bear.bears.test", 80, speech).await;
    let client = Leaf {
        purposes: &[ExtendedKeyUsagePurpose::ClientAuth],
        ..Leaf::server("monitor.bears.test", -10, 80)
    };
    let mine = den.authority.issue(&client);
    let stranger = pair();
    let target = config("probe: {min_interval: 0s}", &[bear]);
    let shown = "], client_certificate: {cert_file: c.pem, key_file: k.pem}}\n";
    let text = target.replace("]}\n", shown);
    let exporter = PROGRAM
        .over(&text)
        .file("root.pem", &den.authority.root_pem())
        .file("c.pem", &pem("CERTIFICATE", &mine.chain[0]))
        .file("k.pem", &pem("PRIVATE KEY", mine.key.secret_der()))
        .argument("--config.reload-interval=0.1s")
        .start();
    let success = |exporter: &Exporter| {
        let metrics = exporter.body("/metrics");
        sample(&metrics, "smtp_tls_probe_success{target=\"bear0\"")
    };
    let pair = |exporter: &Exporter| {
        ["c.pem", "k.pem"].map(|file| loaded(exporter, "client_certificate", file))
    };
    assert_eq!(success(&exporter), Some(1.0));
    exporter.rewrite("c.pem", &stranger.0);
    exporter.until("noticed", |e| pair(e) == [Some(0.0), Some(1.0)]);
    assert_eq!(success(&exporter), Some(1.0), "the old pair is shown");
    let said = reload(&exporter);
    assert!(
        said.contains("k.pem: the private key does not belong"),
        "{said}"
    );
    exporter.rewrite("k.pem", &stranger.1);
    exporter.until("renewed", |e| pair(e) == [Some(1.0), Some(1.0)]);
    assert_eq!(success(&exporter), Some(0.0), "the server knows it not");
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// What a file with targets names for the first time is followed from then on, without a reload in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_a_new_target_names_is_followed() {
    let mut den = World::today();
    let bear = den.server("bear.bears.test", 80, Speech::default()).await;
    let root = den.authority.root_pem();
    let text = config(
        "probe: {min_interval: 0s}\ntarget_files: lists/*.yml",
        &[bear],
    );
    let setup = PROGRAM.over(&text);
    std::fs::create_dir(setup.path("lists")).unwrap();
    let exporter = setup
        .file("root.pem", &root)
        .file("lists/more.yml", "[]")
        .argument("--config.reload-interval=0.1s")
        .inside()
        .start();
    exporter.rewrite("lists/more.pem", &root);
    let two = one_more(bear, "more.pem") + &one_more(bear, "gone.pem").replace("other", "third");
    exporter.rewrite("lists/more.yml", &two);
    let state = |file: &'static str| move |e: &Exporter| loaded(e, "roots", file);
    let (more, gone) = (state("lists/more.pem"), state("lists/gone.pem"));
    exporter.until("named", |e| more(e) == Some(1.0));
    assert_eq!(gone(&exporter), Some(0.0), "of this nothing was ever good");
    assert!(passes(&exporter, "other", "trust"));
    exporter.rewrite("lists/more.pem", "broken");
    exporter.until("noticed", |e| more(e) == Some(0.0));
    assert!(passes(&exporter, "other", "trust"));
    assert_eq!(told(&exporter, "lists/more.pem"), 1);
    exporter.rewrite("lists/more.pem", &World::today().authority.root_pem());
    exporter.until("mended", |e| more(e) == Some(1.0));
    assert!(!passes(&exporter, "other", "trust"));
    exporter.rewrite("lists/gone.pem", &root);
    exporter.until("there", |e| passes(e, "third", "trust"));
    assert_eq!(gone(&exporter), Some(1.0));
}

/// Nothing follows the configuration here; a target file that is read again still loses no target by a broken root.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_costs_no_target_when_its_target_file_is_read_again() {
    let mut den = World::today();
    let bear = den.server("bear.bears.test", 80, Speech::default()).await;
    let head = "probe: {min_interval: 0s}\ntarget_files: more.yml";
    let exporter = PROGRAM
        .over(&config(head, &[bear]))
        .file("root.pem", &den.authority.root_pem())
        .file("more.yml", &one_more(bear, "root.pem"))
        .argument("--config.reload-interval=0s")
        .start();
    assert!(passes(&exporter, "other", "trust"));
    exporter.rewrite("root.pem", "broken");
    let third = one_more(bear, "root.pem").replace("other", "third");
    exporter.rewrite("more.yml", &(one_more(bear, "root.pem") + &third));
    exporter.until("read again", |e| passes(e, "third", "trust"));
    for target in ["bear0", "other"] {
        assert!(passes(&exporter, target, "trust"), "{target}");
    }
    assert_eq!(loaded(&exporter, "roots", "root.pem"), Some(0.0));
    assert!(reload(&exporter).starts_with("reloaded, but "));
    assert_eq!(told(&exporter, "root.pem"), 1, "{}", exporter.log());
}

/// There is nothing to keep yet: as at the start, the mistake is told; when it is mended nothing has to be reloaded.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_never_good_is_a_mistake_and_followed() {
    let mut den = World::today();
    let bear = den.server("bear.bears.test", 80, Speech::default()).await;
    let text = config("", &[bear]);
    let exporter = PROGRAM
        .over(&text)
        .file("root.pem", &den.authority.root_pem())
        .file("new.pem", "broken")
        .argument("--config.reload-interval=0.1s")
        .start();
    exporter.rewrite("exporter.yml", &text.replace("root.pem", "new.pem"));
    exporter.until("refused", |e| e.log().contains("not reloaded"));
    let refused = exporter.fetch("/-/reload", &["-X", "POST"]);
    assert_eq!(refused.status, 500);
    assert!(refused.body.contains("new.pem: no certificate inside"));
    exporter.rewrite("new.pem", &den.authority.root_pem());
    exporter.until("mended", |e| loaded(e, "roots", "new.pem") == Some(1.0));
    assert_eq!(loaded(&exporter, "roots", "root.pem"), None);
}

/// A list that cannot be used is left out at the start, its file is not in force, and nothing is loaded again for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_broken_from_the_start_is_told_and_followed() {
    let mut den = World::today();
    let bear = den.server("bear.bears.test", 80, Speech::default()).await;
    let text = config("probe: {min_interval: 0s}", &[bear]);
    let lists = "root.pem, crls: [other.crl, fifo.crl, own.crl]";
    let setup = PROGRAM.over(&text.replace("root.pem", lists));
    let fifo = setup.path("fifo.crl");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let exporter = setup
        .file("root.pem", &den.authority.root_pem())
        .file("other.crl", &World::today().authority.empty_list())
        .file("own.crl", "broken")
        .argument("--config.reload-interval=0.1s")
        .start();
    let files = ["other.crl", "fifo.crl", "own.crl"];
    let states = |e: &Exporter| files.map(|file| loaded(e, "crl", file));
    assert_eq!(states(&exporter), [Some(1.0), Some(0.0), Some(0.0)]);
    exporter.rewrite("own.crl", &den.authority.empty_list());
    exporter.until("mended", |e| states(e) == [Some(1.0), Some(0.0), Some(1.0)]);
    assert!(passes(&exporter, "bear0", "revocation"));
    // The line is written a moment after the new lists are in force.
    let reloads = |e: &Exporter| e.log().matches("configuration reloaded").count();
    exporter.until("told", |e| reloads(e) > 0);
    assert_eq!(reloads(&exporter), 1, "{}", exporter.log());
}
