//! DANE among real parts: zones that ldns has signed and Knot DNS serves, behind Unbound; Postfix and Exim say what becomes
//! of mail. Each test runs in namespaces of its own (needs root and what tests/run.sh installs).

mod case;
mod chain;
mod finger;
mod namespace;
mod oracle;
mod rows;
mod sender;
mod unbound;
mod zones;

use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use testkit::peer::Server;
use testkit::process::scratch;

use case::{Case, Staged};
use chain::Issuers;
use finger::Finger;
use oracle::{Outcome, Said};
use rows::rows;
use sender::Sender;
use unbound::{Kind, Unbound};
use zones::{NameServer, Records};

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
    _zones: NameServer,
    _resolvers: [Unbound; 3],
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
            _zones: zones,
            _resolvers: resolvers,
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
        say(&line(["row", "what", "Postfix", "Exim"]));
        let mut wrong = Vec::new();
        for (row, said) in rows.iter().zip(senders) {
            let [postfix, exim] = &said;
            say(&line([
                row.number,
                row.what,
                &postfix.to_string(),
                &exim.to_string(),
            ]));
            for (expected, said) in [row.postfix, row.exim].iter().zip(&said) {
                if *expected != said.outcome {
                    wrong.push(format!(
                        "{} {}: not {expected}:\n{}",
                        row.number, row.what, said.text
                    ));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

/// One line of a table.
fn line([number, what, postfix, exim]: [&str; 4]) -> String {
    format!("{number:4} {what:56} {postfix:85} {exim}")
}

#[test]
#[ignore = "needs root (namespaces), Postfix, Exim, Knot DNS, ldns and Unbound: run tests/run.sh"]
fn senders_ask_for_no_records_where_nobody_validates() {
    namespace::within(
        "real::dane::senders_ask_for_no_records_where_nobody_validates",
        async {
            let place = scratch();
            let numbers = ["5", "6", "14"];
            let rows = rows()
                .into_iter()
                .filter(|row| numbers.contains(&row.number));
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
