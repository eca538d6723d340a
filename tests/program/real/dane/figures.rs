//! What DANE costs: questions to the resolver, and the program's CPU beside that of the same probes without it. A few
//! hosts by default; `SMTP_TLS_EXPORTER_TEST_HOSTS` says how many.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use testkit::peer::{Server, Speech};
use testkit::process::scratch;
use testkit::{Exporter, Exposition};

use super::chain::{Fault, Issuers, Of, Sent, record};
use super::unbound::Unbound;
use super::zones::{NameServer, PLAIN, Records};
use super::{RESOLVERS, namespace, number, say};
use crate::PROGRAM;

/// Hosts of one mail domain.
const A_DOMAIN: usize = 10;
/// Questions about a host that DANE may add, and those in ten seconds about all of them: a resolver that waits for the
/// processor logs those of several seconds in one.
const A_HOST: usize = 4;
const TEN_SECONDS: usize = 600;
/// Scrapes of each program that are measured, unless `SMTP_TLS_EXPORTER_TEST_SCRAPES` says how many.
const SCRAPES: usize = 5;

fn domains(hosts: usize) -> impl Iterator<Item = String> {
    (0..hosts.div_ceil(A_DOMAIN)).map(|n| format!("f{n}.{PLAIN}"))
}

/// Mail domains with so many hosts, all with one server.
fn records(hosts: usize, tlsa: &str) -> Records {
    let mut records = Records::default();
    for n in 0..hosts {
        let [_, _, high, low] = u32::try_from(n).expect("not that many").to_be_bytes();
        records.add(PLAIN, &format!("f{} MX 10 g{n}", n / A_DOMAIN));
        records.add(PLAIN, &format!("g{n} A 127.3.{high}.{low}"));
        records.add(PLAIN, &format!("_25._tcp.g{n} {tlsa}"));
    }
    records
}

fn start(hosts: usize, dane: &str) -> Exporter {
    let targets: String = domains(hosts)
        .map(|domain| format!("- {{mx: {domain}}}\n"))
        .collect();
    let config = format!(
        "probe: {{min_interval: 0s}}\nviews: {{v: {{resolvers: 'udp://{}:53', dnssec: trust}}}}\n\
         defaults: {{views: v, expect: {{dane: {dane}, mta_sts: off, tlsrpt: off}}}}\ntargets:\n{targets}",
        RESOLVERS[0].0
    );
    PROGRAM.over(&config).start()
}

/// Until so many endpoints have completed a handshake and pass the check, if it is asked for; how long that takes.
fn warm(exporter: &Exporter, hosts: usize, is_dane: bool) -> Duration {
    let begun = Instant::now();
    loop {
        let page = Exposition::parse(&exporter.body("/metrics"));
        let count = |name, labels: &[(&str, &str)]| {
            let all = page.all(name, labels);
            all.into_iter().filter(|sample| sample.value == 1.0).count()
        };
        let shaken = count("smtp_tls_handshake_success", &[]);
        let passed = count("smtp_tls_check_success", &[("check", "dane")]);
        if shaken == hosts && (!is_dane || passed == hosts) {
            return begun.elapsed();
        }
        assert!(
            begun.elapsed() < Duration::from_secs(600),
            "{shaken} probed, {passed} passed"
        );
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// What some scrapes cost, of two programs in turn, so that whatever else the machine does meets both alike: the ratio of
/// their CPU in the middle one of all pairs of scrapes, and the longest scrape of each.
fn in_turn(both: &[Exporter; 2], scrapes: usize) -> (f64, [Duration; 2]) {
    let mut longest = [Duration::ZERO; 2];
    let mut ratios = Vec::new();
    for round in 0..scrapes {
        let mut spent = [0.0; 2];
        // The first of a pair is now one, now the other.
        for which in [round % 2, 1 - round % 2] {
            let (each, took) = scrape(&both[which]);
            spent[which] = each.as_secs_f64();
            longest[which] = longest[which].max(took);
        }
        ratios.push(spent[0] / spent[1]);
    }
    ratios.sort_by(f64::total_cmp);
    (ratios[ratios.len() / 2], longest)
}

/// The CPU and the time that a scrape takes.
fn scrape(exporter: &Exporter) -> (Duration, Duration) {
    let before = cpu(exporter.id());
    let begun = Instant::now();
    ask_as_prometheus(exporter);
    let took = begun.elapsed();
    // Connections are closed after the answer.
    std::thread::sleep(Duration::from_millis(200));
    (cpu(exporter.id()).saturating_sub(before), took)
}

/// Prometheus takes the answer compressed.
fn ask_as_prometheus(exporter: &Exporter) {
    let mut stream = TcpStream::connect(exporter.address).expect("it serves");
    let request =
        "GET /metrics HTTP/1.1\r\nHost: bear\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}

/// What all threads of a process spent, to the nanosecond (proc(5), schedstat).
fn cpu(id: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).expect("a process of ours");
    let spent = tasks.filter_map(|task| {
        // A thread may be gone by now.
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum::<u64>())
}

/// Questions about what is published that the resolver got, by second (Unix time).
fn questions(log: &Path) -> BTreeMap<u64, usize> {
    let text = fs::read_to_string(log).expect("a log");
    let mut seconds = BTreeMap::new();
    let published = [" TLSA IN", " CNAME IN", " TXT IN"];
    let is_one = |line: &&str| published.iter().any(|kind| line.ends_with(kind));
    for line in text.lines().filter(is_one) {
        let second = line.trim_start_matches('[').split(']').next();
        let second = second.and_then(|second| second.parse().ok());
        *seconds.entry(second.expect("a time")).or_default() += 1;
    }
    seconds
}

#[test]
#[ignore = "needs root (namespaces), Knot DNS, ldns and Unbound: run tests/run.sh"]
fn dane_costs_little() {
    namespace::within("real::dane::figures::dane_costs_little", async {
        let hosts = number("SMTP_TLS_EXPORTER_TEST_HOSTS").unwrap_or(60);
        let place = scratch();
        let chain =
            Issuers::new(testkit::now()).issue(&["g.plain.test"], Fault::None, Sent::WithIssuer);
        let tlsa = chain.tlsa(&record([3, 1, 1], Of::Leaf));
        let zones = NameServer::start(place.path(), &records(hosts, &tlsa));
        let at = ([0, 0, 0, 0], 25).into();
        let server = Server::start(at, &chain.credentials, Speech::default()).await;
        let _server = server.expect("a port of our own");
        let (address, kind) = RESOLVERS[0];
        let resolver = Unbound::start(place.path(), address, kind, &zones);
        tokio::task::block_in_place(|| {
            let both = ["opportunistic", "off"].map(|dane| {
                let exporter = start(hosts, dane);
                let warm = warm(&exporter, hosts, dane != "off");
                let asked = questions(&resolver.log);
                let total: usize = asked.values().sum();
                let in_ten = |from: &u64| asked.range(from..&(from + 10)).map(|(_, count)| count).sum();
                let most: usize = asked.keys().map(in_ten).max().unwrap_or_default();
                say(&format!(
                    "DANE {dane}: {hosts} hosts known after {warm:?}, {total} questions for TLSA records and aliases so far, at most {most} in ten seconds"
                ));
                assert!(total <= A_HOST * hosts && most <= TEN_SECONDS, "{total}, {most}");
                exporter
            });
            let scrapes = number("SMTP_TLS_EXPORTER_TEST_SCRAPES").unwrap_or(SCRAPES);
            let (ratio, [with, without]) = in_turn(&both, scrapes);
            say(&format!(
                "CPU of a probe: {:+.1} % with DANE, in the middle one of {scrapes} pairs of scrapes; longest scrape {with:?} with, {without:?} without",
                (ratio - 1.0) * 100.0
            ));
        });
    });
}
