//! What DANE costs: questions to the resolver, and the program's CPU beside that of the same probes without it. A few
//! hosts by default; `SMTP_TLS_EXPORTER_TEST_HOSTS` says how many.

use std::collections::BTreeMap;
use std::fs;
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
/// Questions about a host that DANE may add, and those in a second about all of them; the seconds of the log are not
/// those of the program.
const A_HOST: usize = 4;
const A_SECOND: usize = 60;
/// Scrapes that are measured.
const SCRAPES: u32 = 5;

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

/// CPU of the program for each probe of some scrapes, and the longest scrape.
fn measured(exporter: &Exporter, hosts: usize) -> (Duration, Duration) {
    let before = cpu(exporter.id());
    let scrape = || {
        let begun = Instant::now();
        exporter.body("/metrics");
        begun.elapsed()
    };
    let longest = (0..SCRAPES).map(|_| scrape()).max().unwrap_or_default();
    let probes = u32::try_from(hosts).expect("not that many") * SCRAPES;
    ((cpu(exporter.id()) - before) / probes, longest)
}

/// In user and kernel mode, by /proc (100 ticks a second).
fn cpu(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("a process of ours");
    let (_, fields) = stat.rsplit_once(')').expect("its name");
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks
        .map(|field| field.parse::<u64>().expect("a number"))
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Questions about what is published that the resolver got, by second.
fn questions(log: &Path) -> BTreeMap<String, usize> {
    let text = fs::read_to_string(log).expect("a log");
    let mut seconds = BTreeMap::new();
    let published = [" TLSA IN", " CNAME IN", " TXT IN"];
    let is_one = |line: &&str| published.iter().any(|kind| line.ends_with(kind));
    for line in text.lines().filter(is_one) {
        let second = line.split(']').next().unwrap_or_default().to_owned();
        *seconds.entry(second).or_default() += 1;
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
        let per_probe = tokio::task::block_in_place(|| {
            ["opportunistic", "off"].map(|dane| {
                let exporter = start(hosts, dane);
                let warm = warm(&exporter, hosts, dane != "off");
                let asked = questions(&resolver.log);
                let (each, longest) = measured(&exporter, hosts);
                let total: usize = asked.values().sum();
                let most = asked.values().max().copied().unwrap_or_default();
                say(&format!(
                    "DANE {dane}: {hosts} hosts known after {warm:?}, {total} questions for TLSA records and aliases so far, at most {most} in a second; \
                     {each:?} of CPU a probe, longest scrape {longest:?}"
                ));
                assert!(total <= A_HOST * hosts && most <= A_SECOND, "{total}, {most}");
                each
            })
        });
        let [with, without] = per_probe.map(|each| each.as_secs_f64());
        say(&format!(
            "CPU of a probe: {:+.1} % with DANE",
            (with / without - 1.0) * 100.0
        ));
    });
}
