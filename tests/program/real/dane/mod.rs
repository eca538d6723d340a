//! DANE among real parts: zones that ldns has signed and Knot DNS serves, behind Unbound; Postfix and Exim say what becomes
//! of mail. Each test runs in namespaces of its own (needs root and what tests/run.sh installs).

mod case;
mod chain;
mod figures;
mod film;
mod finger;
mod generator;
mod matrix;
mod namespace;
mod oracle;
mod ours;
mod rows;
mod sender;
mod swap;
mod unbound;
mod zones;

use std::env;
use std::fmt::Debug;
use std::io::{self, Write};
use std::net::UdpSocket;
use std::path::Path;
use std::str::FromStr;
use std::sync::Mutex;
use std::thread;

use testkit::peer::Server;
use testkit::process::scratch;

use case::{Case, Owner, Staged};
use chain::Issuers;
use finger::Finger;
use oracle::{Outcome, Said};
use rows::{Row, judged, rows};
use sender::Sender;
use unbound::{Kind, Unbound};
use zones::{NameServer, Records, SILENT};

/// Past the test harness, which shows what `println!` says only when a test fails.
fn say(line: &str) {
    writeln!(io::stdout(), "{line}").expect("standard output");
}

/// The resolvers of every lab. Senders ask the first unless a test says otherwise.
const RESOLVERS: [(&str, Kind); 3] = [
    ("127.0.0.1", Kind::Validating),
    ("127.0.0.2", Kind::Permissive),
    ("127.0.0.3", Kind::Blind),
];

/// Cases at work: their zones, resolvers and servers.
struct Lab {
    cases: Vec<Staged>,
    _servers: Vec<Server>,
    _silent: UdpSocket,
    zones: NameServer,
    resolvers: Vec<Unbound>,
}

impl Lab {
    async fn start(place: &Path, cases: impl IntoIterator<Item = Case>) -> Self {
        let issuers = Issuers::new(testkit::now());
        let mut records = Records::default();
        let mut staged = Vec::new();
        let mut servers = Vec::new();
        for (number, case) in (1..).zip(cases) {
            let case = Staged::new(number, case, &issuers, &mut records);
            servers.extend(case.serve().await);
            staged.push(case);
        }
        let zones = NameServer::start(place, &records);
        let resolvers = RESOLVERS.map(|(at, kind)| Unbound::start(place, at, kind, &zones));
        namespace::resolve_at(place, RESOLVERS[0].0);
        Self {
            cases: staged,
            _servers: servers,
            _silent: UdpSocket::bind((SILENT, 53)).expect("a port of our own"),
            zones,
            resolvers: resolvers.into(),
        }
    }

    /// What Postfix and Exim say of mail to each domain, in the order of the cases.
    fn senders(&self, place: &Path) -> Vec<[Said; 2]> {
        let (finger, sender) = (Finger::new(place), Sender::new(place));
        let domains: Vec<_> = self.cases.iter().map(|case| &case.domain[..]).collect();
        tokio::task::block_in_place(|| {
            thread::scope(|scope| {
                let exim = scope.spawn(|| sender.ask(&domains));
                let postfix = self.each(|case| finger.ask(&case.domain));
                let exim = exim.join().expect("no panic");
                postfix.into_iter().zip(exim).map(|(p, e)| [p, e]).collect()
            })
        })
    }

    /// Nobody answers any more.
    fn stop_resolvers(&mut self) {
        self.resolvers.clear();
    }

    /// What the program says of each domain, in the order of the cases.
    async fn ours(&self, place: &Path, demand: &str) -> Vec<Said> {
        ours::ask(place, RESOLVERS[0].0, demand, &self.cases).await
    }

    /// Some at a time, for most of their time they wait.
    fn each<T: Send>(&self, ask: impl Fn(&Staged) -> T + Sync) -> Vec<T> {
        let next = Mutex::new(self.cases.iter().enumerate());
        let done = Mutex::new(Vec::new());
        let work = || loop {
            let Some((at, case)) = next.lock().expect("no panic").next() else {
                return;
            };
            let answer = ask(case);
            done.lock().expect("no panic").push((at, answer));
        };
        thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
        let mut done = done.into_inner().expect("no panic");
        done.sort_by_key(|(at, _)| *at);
        done.into_iter().map(|(_, answer)| answer).collect()
    }
}

#[test]
#[ignore = "needs root (namespaces), Postfix, Exim, Knot DNS, ldns and Unbound: run tests/run.sh"]
fn senders_do_what_the_table_says() {
    namespace::within("real::dane::senders_do_what_the_table_says", async {
        let (place, rows) = (scratch(), rows());
        let lab = Lab::start(place.path(), rows.iter().map(|row| row.case.clone())).await;
        let senders = lab.senders(place.path());
        let ours = lab.ours(place.path(), "opportunistic").await;
        let strict = lab.ours(place.path(), "required").await;
        let mut wrong = Vec::new();
        say(&line(["row", "what", "ours", "Postfix", "Exim"]));
        for (((row, [postfix, exim]), ours), strict) in
            rows.iter().zip(&senders).zip(&ours).zip(&strict)
        {
            let texts = [ours, postfix, exim].map(Said::to_string);
            let [o, p, e] = texts.each_ref().map(String::as_str);
            say(&line([row.number, row.what, o, p, e]));
            let mut hold = |who: &str, held: bool, said: &Said| {
                if !held {
                    wrong.push(format!(
                        "{} {}, {who}: {said}\n{}",
                        row.number, row.what, said.text
                    ));
                }
            };
            hold("Postfix", postfix.outcome == row.postfix, postfix);
            hold("Exim", exim.outcome == row.exim, exim);
            let [judged, required] = judged(row.number);
            hold("ours", ours.words == judged, ours);
            hold("ours, required", strict.words == required, strict);
            let agrees = ours.outcome == postfix.outcome || DIFFERENT.contains(&row.number);
            hold("ours, not as Postfix does", agrees, ours);
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

/// Rows in which we say another thing than posttls-finger. It believes a certificate that only DNS has (8a) and one that
/// has expired, if it is the anchor (10b); Exim does neither, and we go with the stricter. It says nothing where there is no
/// STARTTLS (12) or nobody listens (18).
const DIFFERENT: [&str; 4] = ["8a", "10b", "12", "18"];

/// One line of a table.
fn line([number, what, ours, postfix, exim]: [&str; 5]) -> String {
    format!("{number:4} {what:56} {ours:38} {postfix:90} {exim}")
}

#[test]
#[ignore = "needs root (namespaces), Postfix, Exim, Knot DNS, ldns and Unbound: run tests/run.sh"]
fn senders_ask_for_no_records_where_nobody_validates() {
    namespace::within(
        "real::dane::senders_ask_for_no_records_where_nobody_validates",
        async {
            let place = scratch();
            let numbers = ["5", "6", "14"];
            // Where nobody answers it makes no difference who validates.
            let is_told = |row: &Row| row.case.owner != Owner::Silent;
            let rows = rows()
                .into_iter()
                .filter(|row| numbers.contains(&row.number) && is_told(row));
            let rows: Vec<_> = rows.collect();
            let lab = Lab::start(place.path(), rows.iter().map(|row| row.case.clone())).await;
            let finger = Finger::new(place.path());
            for (at, kind) in RESOLVERS {
                namespace::resolve_at(place.path(), at);
                let said =
                    tokio::task::block_in_place(|| lab.each(|case| finger.ask(&case.domain)));
                for (row, said) in rows.iter().zip(said) {
                    // The permissive one passes on what is forged or expired, as not signed.
                    let expected = match kind {
                        Kind::Validating => row.postfix,
                        Kind::Permissive if row.number != "14" => row.postfix,
                        Kind::Permissive | Kind::Blind => Outcome::Unauthenticated,
                    };
                    assert_eq!(
                        said.outcome, expected,
                        "{kind:?}, {} {}: {}",
                        row.number, row.what, said.text
                    );
                }
            }
        },
    );
}

#[test]
#[ignore = "needs root (namespaces), Postfix, Exim, Knot DNS, ldns and Unbound: run tests/run.sh"]
fn no_case_is_judged_otherwise_than_senders_do() {
    namespace::within(
        "real::dane::no_case_is_judged_otherwise_than_senders_do",
        async {
            let seed = number("SMTP_TLS_EXPORTER_TEST_SEED").unwrap_or(16);
            let count = number("SMTP_TLS_EXPORTER_TEST_CASES").unwrap_or(150);
            let place = scratch();
            let lab = Lab::start(place.path(), generator::cases(seed, count)).await;
            let senders = lab.senders(place.path());
            let ours = lab.ours(place.path(), "opportunistic").await;
            let mut wrong = Vec::new();
            for ((at, [postfix, exim]), ours) in lab.cases.iter().zip(&senders).zip(&ours) {
                let case = &at.case;
                let known = generator::differs(case);
                // posttls-finger says nothing where there is no STARTTLS.
                let first = if postfix.outcome == Outcome::Silent {
                    exim
                } else {
                    postfix
                };
                let exim_alone = first.outcome != exim.outcome && known.is_none();
                let alone = ours.outcome != first.outcome && !generator::is_stricter(case, ours);
                let unsaid = postfix.outcome == Outcome::Silent && known.is_some();
                if exim_alone || (alone && !unsaid) {
                    let texts = format!("ours {ours}\n  Postfix {postfix}\n  Exim {exim}");
                    wrong.push(format!("{}: {case}\n  {texts}", at.domain));
                }
            }
            say(&format!(
                "{count} cases of seed {seed}: {} differ",
                wrong.len()
            ));
            assert!(wrong.is_empty(), "seed {seed}:\n{}", wrong.join("\n"));
        },
    );
}

/// A number from the environment: for a longer search, or the same one again.
fn number<T: FromStr<Err: Debug>>(variable: &str) -> Option<T> {
    let text = env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}
