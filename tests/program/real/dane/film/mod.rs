//! The film of a renewal with a new key: what DANE says at each right step, and after each wrong turn, through a resolver
//! that asks anew and through one that keeps what it has, for a TTL has not passed.

mod script;

use std::fs;
use std::path::Path;

use serde_json::Value;
use testkit::peer::{Server, Speech};
use testkit::process::scratch;

use super::chain::{Chain, Fault, Issuers, Of, Sent, record};
use super::finger::Finger;
use super::oracle::Outcome;
use super::unbound::{Kind, Unbound};
use super::zones::{NAME_SERVER, NameServer, PLAIN, Records};
use super::{namespace, say};
use crate::PROGRAM;
use script::{Key, Next, Present, RIGHT, Step, WRONG};

const FRESH: &str = "127.0.0.1";
const KEEPING: &str = "127.0.0.2";
/// A second name server.
const SECONDARY: &str = "127.0.0.54";
const HOST: &str = "mx.plain.test";
const DOMAIN: &str = "film.plain.test";

/// The certificates of both keys.
struct Keys {
    present: [Chain; 2],
    next: [Chain; 2],
}

impl Keys {
    fn new() -> Self {
        let issuers = Issuers::new(testkit::now());
        let both =
            || [Fault::None, Fault::Rsa].map(|kind| issuers.issue(&[HOST], kind, Sent::WithIssuer));
        Self {
            present: both(),
            next: both(),
        }
    }

    fn of(&self, key: Key) -> &[Chain; 2] {
        match key {
            Present => &self.present,
            Next => &self.next,
        }
    }

    fn records(&self, published: &[Key]) -> Records {
        let mut records = Records::default();
        records.add(PLAIN, &format!("film MX 10 {HOST}."));
        for server in 1..=5 {
            records.add(PLAIN, &format!("mx A 127.2.0.{server}"));
        }
        for chain in published.iter().flat_map(|key| self.of(*key)) {
            let tlsa = chain.tlsa(&record([3, 1, 1], Of::Leaf));
            records.add(PLAIN, &format!("_25._tcp.mx {tlsa}"));
        }
        records
    }
}

/// The stage: zones, servers, and two files with the keys to come.
struct Film {
    keys: Keys,
    zones: NameServer,
    servers: Vec<Server>,
}

impl Film {
    async fn start(place: &Path) -> Self {
        let keys = Keys::new();
        let zones = NameServer::start(place, &keys.records(&[Present]));
        let mut servers = Vec::new();
        for last in 1..=5 {
            let at = ([127, 2, 0, last], 25).into();
            let server = Server::start(at, &keys.present[0].credentials, Speech::default()).await;
            servers.push(server.expect("a port of our own"));
        }
        for (name, chain) in ["next-ecdsa.pem", "next-rsa.pem"].iter().zip(&keys.next) {
            fs::write(place.join(name), chain.leaf_pem()).expect("a file of ours");
        }
        Self {
            keys,
            zones,
            servers,
        }
    }

    fn play(&self, step: &Step) {
        for (server, key) in self.servers.iter().zip(step.served) {
            let [ecdsa, _] = self.keys.of(key);
            let [_, rsa] = self.keys.of(step.rsa);
            server.present_all(&[&ecdsa.credentials, &rsa.credentials]);
        }
    }

    /// What is to be seen in both views, each from a resolver of its own.
    async fn seen(&self, place: &Path, step: &Step) -> [Seen; 2] {
        self.play(step);
        self.zones.change(&self.keys.records(step.kept));
        let secondary = step
            .is_stale
            .then(|| self.zones.secondary(place, SECONDARY));
        let asked = if step.is_stale {
            SECONDARY
        } else {
            NAME_SERVER
        };
        let _keeping = Unbound::through(place, KEEPING, Kind::Validating, &self.zones, asked);
        let finger = Finger::new(place);
        let ask = |at| {
            namespace::resolve_at(place, at);
            tokio::task::block_in_place(|| finger.ask(DOMAIN)).outcome
        };
        ask(KEEPING);
        self.zones.change(&self.keys.records(step.published));
        let _fresh = Unbound::start(place, FRESH, Kind::Validating, &self.zones);
        let postfix = [ask(FRESH), ask(KEEPING)];
        let report = look(place).await;
        let mut seen = ["fresh", "keeping"].map(|view| Seen::of(&report, view));
        for (seen, postfix) in seen.iter_mut().zip(postfix) {
            seen.postfix = Some(postfix);
        }
        drop(secondary);
        seen
    }
}

async fn look(place: &Path) -> Value {
    let config = format!(
        "views:\n  fresh: {{resolvers: 'udp://{FRESH}:53', dnssec: trust}}\n  \
         keeping: {{resolvers: 'udp://{KEEPING}:53', dnssec: trust}}\n\
         targets: [{{mx: {DOMAIN}, views: [fresh, keeping], offers: [ecdsa, rsa], \
         expect: {{mta_sts: off, tlsrpt: off, dane_next: [next-ecdsa.pem, next-rsa.pem]}}}}]\n"
    );
    let file = place.join("film.yml");
    fs::write(&file, config).expect("a file of ours");
    let file = file.display().to_string();
    let ended = PROGRAM
        .run(&["check", "--json", "--config.file", &file])
        .await;
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stderr))
}

/// What one view shows.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    delivered: u32,
    next: bool,
    postfix: Option<Outcome>,
    /// The reasons for which checks about DANE fail, each once.
    reasons: Vec<String>,
}

impl Seen {
    fn of(report: &Value, view: &str) -> Self {
        let endpoints = list(&report["targets"][0]["endpoints"]);
        let hosts = list(&report["hosts"]);
        let ours = |one: &&Value| one["view"] == view;
        let checks: Vec<_> = endpoints
            .iter()
            .chain(hosts)
            .filter(ours)
            .flat_map(|one| list(&one["checks"]))
            .collect();
        let of = |name: &str, result: &str| {
            let mut all = checks.iter();
            all.by_ref()
                .filter(|check| check["check"] == name && check["result"] == result)
                .count()
        };
        let is_dane = |check: &&&Value| {
            check["check"]
                .as_str()
                .is_some_and(|name| name.starts_with("dane"))
        };
        let reasons = checks
            .iter()
            .filter(is_dane)
            .filter_map(|check| check["reason"].as_str());
        let mut reasons: Vec<_> = reasons.map(str::to_owned).collect();
        reasons.sort();
        reasons.dedup();
        Self {
            delivered: u32::try_from(of("dane", "pass")).expect("a few"),
            next: of("dane_records", "pass") == 1,
            postfix: None,
            reasons,
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[test]
#[ignore = "needs root (namespaces), Postfix, Knot DNS, ldns and Unbound: run tests/run.sh"]
fn a_renewal_is_seen_step_by_step() {
    namespace::within("real::dane::film::a_renewal_is_seen_step_by_step", async {
        let place = scratch();
        let film = Film::start(place.path()).await;
        let mut wrong = Vec::new();
        for step in RIGHT.iter().chain(&WRONG) {
            let seen = film.seen(place.path(), step).await;
            for (at, (view, seen)) in ["asked anew", "kept"].iter().zip(&seen).enumerate() {
                let Seen {
                    delivered,
                    next,
                    postfix,
                    reasons,
                } = seen;
                let next_word = if *next { "published" } else { "missing" };
                let postfix_word = postfix
                    .map(|outcome| outcome.to_string())
                    .unwrap_or_default();
                say(&format!(
                    "{:52} {view:10} {delivered:2} of 10, next key {next_word:9} Postfix {postfix_word:15} {}",
                    step.what,
                    reasons.join(", ")
                ));
                let expected = (step.delivered[at], step.next[at]);
                // Postfix asks any one of the servers.
                let is_chance = step.delivered[at] == 9;
                let agrees = is_chance || *postfix == Some(step.postfix[at]);
                if (*delivered, *next) != expected || !agrees {
                    wrong.push(format!("{}, {view}: {seen:?}, not {expected:?}", step.what));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}
