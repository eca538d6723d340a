//! The real binary among 200 peers that drip, flood, hang and reset: one scrape still reports 50 good servers, names
//! what each bad one does, and memory stays within its bound.

mod maze;
mod readers;

use std::fs;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use testkit::network::get;
use testkit::odd::issued::Ca;
use testkit::peer::{Act, Authority, Leaf, Script, Speech};
use testkit::process::until;
use testkit::{Exposition, now, serve};
use tokio::time::Instant;

use crate::PROGRAM;
use maze::{Maze, ROOT};

const HOST: &str = "mx.bears.test";
const GOOD: usize = 50;
const BAD: usize = 200;
/// One after another, so that what a round leaves behind would add up.
const ROUNDS: usize = 3;
/// The most that the process may ever have held, in MiB. Measured on x86-64: 24 after 3 rounds, 25 after 7 and after 14.
const MEMORY: f64 = 48.0;
const SLOW: Duration = Duration::from_millis(250);

/// A record of 16 KiB that begins a Certificate message of 16 MiB.
static ENDLESS_CERTIFICATE: [u8; 16_389] = {
    let mut record = [0; 16_389];
    let head = *b"\x16\x03\x03\x40\x00\x0b\xff\xff\xff";
    let mut at = 0;
    while at < head.len() {
        record[at] = head[at];
        at += 1;
    }
    record
};

/// What a peer does, and the reasons that may be given for it.
type Kind = (Vec<Act>, &'static [&'static str]);

/// As far as the handshake.
fn starttls(then: Vec<Act>) -> Vec<Act> {
    let before = [
        Act::say("220 bear ESMTP"),
        Act::Await("EHLO"),
        Act::say("250-bear\r\n250 STARTTLS"),
        Act::Await("STARTTLS"),
        Act::say("220 go"),
        Act::AwaitBytes,
    ];
    before.into_iter().chain(then).collect()
}

fn kinds() -> Vec<Kind> {
    let greeted = |then| vec![Act::say("220 bear ESMTP"), Act::Await("EHLO"), then];
    vec![
        (
            vec![Act::Drip(b"220 a very slow bear greets you", SLOW)],
            &["greeting_timeout"],
        ),
        (vec![Act::Flood(b"220-bear\r\n")], &["protocol_error"]),
        (vec![Act::Flood(&[b'2'; 8192])], &["protocol_error"]),
        (vec![Act::Hang], &["greeting_timeout"]),
        (greeted(Act::Reset), &["connection_closed"]),
        (greeted(Act::Flood(b"250-bear\r\n")), &["protocol_error"]),
        (
            greeted(Act::Drip(b"250-b\r\n250-e\r\n250-a\r\n250-r", SLOW)),
            &["ehlo_timeout"],
        ),
        (starttls(vec![Act::Hang]), &["tls_timeout"]),
        (starttls(vec![Act::Reset]), &["tls_closed"]),
        (
            starttls(vec![Act::Flood(&ENDLESS_CERTIFICATE)]),
            &["chain_too_large"],
        ),
    ]
}

fn target(name: &str, nth: usize, address: SocketAddr) -> String {
    testkit::target(&format!("{name}{nth}"), HOST, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_hostile_peers_cost_neither_results_nor_memory() {
    let authority = Authority::new("Bear", now());
    let leaf = authority.issue(&Leaf::server(HOST, -1, 89));
    let kinds = kinds();
    let (mut servers, mut scripts, mut targets) = (Vec::new(), Vec::new(), String::new());
    for nth in 0..BAD {
        let acts = kinds[nth % kinds.len()].0.clone();
        let script = Script::start(acts).await.unwrap();
        targets += &target("bad", nth, script.address);
        scripts.push(script);
    }
    for nth in 0..GOOD {
        let server = serve(&leaf, Speech::default()).await;
        targets += &target("good", nth, server.address);
        servers.push(server);
    }
    // All of them have one address here, so that its manners must not be what makes them wait.
    let probe = "{timeout: 4s, min_interval: 0s, per_address: 250, helo: monitor.bears.test}";
    let config = format!("probe: {probe}\ntrust: {{roots: root.pem}}\ntargets:\n{targets}");
    let root = authority.root_pem();
    let reasons: Vec<_> = kinds.iter().map(|kind| kind.1).collect();
    let scraping = move || scrape(&config, &root, &reasons);
    tokio::task::spawn_blocking(scraping).await.unwrap();
}

/// Probes of peers that show another certificate of 60 kB every time: so many targets, so many scrapes. With all of
/// them in memory there would be 150 MiB.
const FRESH_TARGETS: usize = 16;
const FRESH_ROUNDS: usize = 25;
/// The most that this may cost, in MiB: the process itself, what is remembered, and the results of all targets, once
/// more while they are replaced. Alone it costs 65 to 70, and up to 82 beside all other tests.
const FRESH_MEMORY: f64 = 100.0;

#[tokio::test(flavor = "multi_thread")]
async fn fresh_certificates_at_every_probe_fill_no_memory() {
    let acts = starttls(vec![Act::SendFresh(fresh_flight), Act::AwaitBytes]);
    let script = Script::start(acts).await.unwrap();
    let targets: String = (0..FRESH_TARGETS)
        .map(|nth| target("fresh", nth, script.address))
        .collect();
    let probe = "{timeout: 4s, min_interval: 0s, per_address: 250, helo: monitor.bears.test}";
    let config = format!("probe: {probe}\ntargets:\n{targets}");
    let scraping = move || {
        let exporter = PROGRAM.over(&config).start();
        for round in 0..FRESH_ROUNDS {
            let page =
                get(exporter.address, "/metrics").expect("an answer within the scrape's deadline");
            let samples = Exposition::parse(&page);
            let name = format!("fresh{}", round % FRESH_TARGETS);
            let at = [("target", name.as_str())];
            assert_eq!(samples.value("smtp_tls_probe_success", &at), Some(0.0));
        }
        peak(exporter.id())
    };
    let peak = tokio::task::spawn_blocking(scraping).await.unwrap();
    eprintln!("at most {peak:.1} MiB");
    assert!(script.connections() >= FRESH_TARGETS * FRESH_ROUNDS);
    assert!(peak < FRESH_MEMORY, "{peak} MiB");
}

/// ServerHello to ServerHelloDone of TLS 1.2 by a server without the key of its certificate, which nobody has seen
/// before: every second one is of thousands of names, the others are no certificates at all.
fn fresh_flight(nth: usize) -> Vec<u8> {
    let mut certificate = many_names().to_vec();
    if nth % 2 == 1 {
        certificate[4..].fill(7);
    }
    // Within the signature, which nobody can check: the issuer is not there.
    let end = certificate.len();
    certificate[end - 8..].copy_from_slice(&nth.to_be_bytes());
    let hello = [&[3, 3][..], &[7; 32], b"\0\xc0\x2f\0\0\x05\xff\x01\0\x01\0"].concat();
    let key = [
        b"\x03\0\x1d\x20\x09",
        &[0; 31][..],
        b"\x08\x04\x01\0",
        &[7; 256],
    ]
    .concat();
    let flight = [
        message(2, &hello),
        message(11, &counted(&counted(&certificate))),
        message(12, &key),
        message(14, b""),
    ]
    .concat();
    let record = |piece: &[u8]| {
        let length = u16::try_from(piece.len())
            .expect("a short piece")
            .to_be_bytes();
        [&[0x16, 3, 3][..], &length, piece].concat()
    };
    flight.chunks(16_000).flat_map(record).collect()
}

fn message(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind][..], &counted(content)].concat()
}

/// Behind its length in three bytes.
fn counted(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len())
        .expect("a short message")
        .to_be_bytes();
    [&length[1..], content].concat()
}

/// A certificate of nearly 64 KiB, which is mostly names of a few letters.
fn many_names() -> &'static [u8] {
    static DER: OnceLock<Vec<u8>> = OnceLock::new();
    DER.get_or_init(|| {
        let names = (0..10_000).map(|nth| format!("{nth:x}"));
        let params = rcgen::CertificateParams::new(names.collect::<Vec<_>>()).expect("names");
        let key = rcgen::KeyPair::generate().expect("a key");
        let der = params
            .self_signed(&key)
            .expect("a certificate")
            .der()
            .to_vec();
        assert!((50_000..65_000).contains(&der.len()), "{}", der.len());
        der
    })
}

/// Starts the exporter and judges some scrapes of it.
fn scrape(config: &str, root: &str, reasons: &[&[&str]]) {
    let exporter = PROGRAM.over(config).file("root.pem", root).start();
    for round in 0..ROUNDS {
        let page =
            get(exporter.address, "/metrics").expect("an answer within the scrape's deadline");
        let samples = Exposition::parse(&page);
        judge(&samples, reasons);
        let resident = samples.value("process_resident_memory_bytes", &[]);
        let resident = resident.expect("on Linux") / f64::from(1 << 20);
        eprintln!("round {round}: {resident:.1} MiB resident");
    }
    let peak = peak(exporter.id());
    eprintln!("at most {peak:.1} MiB");
    assert!(peak < MEMORY, "{peak} MiB");
}

fn judge(samples: &Exposition, reasons: &[&[&str]]) {
    for nth in 0..GOOD {
        let name = format!("good{nth}");
        let at = [("target", name.as_str())];
        assert_eq!(samples.value("smtp_tls_probe_success", &at), Some(1.0));
        let left = samples.value("smtp_tls_cert_expiry_seconds", &at);
        let days = left.expect("a certificate") / 86_400.0;
        assert!((88.0..=89.0).contains(&days), "{name}: {days}");
    }
    for nth in 0..BAD {
        let name = format!("bad{nth}");
        let at = [("target", name.as_str())];
        assert_eq!(samples.value("smtp_tls_probe_success", &at), Some(0.0));
        let failure = samples.one("smtp_tls_probe_failure_info", &at);
        let reason = failure.and_then(|f| f.label("reason"));
        let reason = reason.expect("one failure");
        let expected = reasons[nth % reasons.len()];
        assert!(
            expected.contains(&reason),
            "{name}: {reason}, not {expected:?}"
        );
    }
}

/// The most memory that a process has ever held, in MiB.
fn peak(id: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.expect("VmHWM").trim().trim_end_matches(" kB");
    kib.parse::<f64>().expect("a number") / 1024.0
}

/// How many show a maze, and how long an answer may take that has nothing to do with them.
const MAZES: usize = 60;
const AT_ONCE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn mazes_of_issuers_hold_up_neither_answers_nor_the_end() {
    visit(Maze::new(), 18.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mazes_of_names_hold_up_neither_answers_nor_the_end() {
    visit(Maze::of_names(), 8.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_are_long_in_reading_hold_up_neither_answers_nor_the_end() {
    visit(Maze::of_ids(), 1.0).await;
}

/// Many servers that show a maze of so many certificates.
async fn visit(maze: Maze, certificates: f64) {
    let (mut scripts, mut targets) = (Vec::new(), String::new());
    for nth in 0..MAZES {
        let acts = starttls(vec![Act::Send(maze.flight()), Act::AwaitBytes]);
        let script = Script::start(acts).await.expect("a server");
        targets += &target("maze", nth, script.address);
        scripts.push(script);
    }
    let probe = "{timeout: 9s, min_interval: 0s, per_address: 250, helo: monitor.bears.test}";
    let config = format!("probe: {probe}\ntrust: {{roots: root.pem}}\ntargets:\n{targets}");
    let walking = move || walk(&config, certificates);
    tokio::task::spawn_blocking(walking)
        .await
        .expect("what is played");
}

/// Scrapes while others ask, and ends the exporter in the middle of the next scrape.
fn walk(config: &str, certificates: f64) {
    let root = Ca::new(ROOT);
    let root = root.by(&root, (2020, 2200)).pem();
    let mut exporter = PROGRAM.over(config).file("root.pem", &root).start();
    let address = exporter.address;
    let scraping = || thread::spawn(move || get(address, "/metrics"));
    let (first, mut longest) = (scraping(), Duration::ZERO);
    while !first.is_finished() {
        let asked = Instant::now();
        get(address, "/-/healthy").expect("healthy");
        longest = longest.max(asked.elapsed());
        assert!(longest < AT_ONCE, "{longest:?}");
    }
    eprintln!("healthy within {longest:?}");
    let page = first.join().expect("a scrape").expect("an answer in time");
    let mut page = Some(page);
    until("all are read, if not by the first deadline", || {
        let page = page.take().map_or_else(|| get(address, "/metrics"), Ok)?;
        all_are_read(&Exposition::parse(&page), certificates)
    });
    let _second = scraping();
    let asked = Instant::now();
    exporter.signal("TERM");
    exporter.ended();
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
}

fn all_are_read(samples: &Exposition, certificates: f64) -> Result<(), String> {
    (0..MAZES).try_for_each(|nth| {
        let name = format!("maze{nth}");
        let at = [("target", name.as_str())];
        match samples.value("smtp_tls_chain_certificates", &at) {
            Some(chain) if chain == certificates => Ok(()),
            other => Err(format!("{name}: {other:?}")),
        }
    })
}
