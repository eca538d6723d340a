//! Zones of every shape behind every kind of resolver: what the program says of a host's addresses, and what the resolver
//! itself says by its flag, which drill shows.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testkit::process::{program, scratch};

use super::unbound::Unbound;
use super::zones::{
    BOGUS, DNAME, ED448, EXPIRED, ISLAND, NSEC3, NameServer, OPT_OUT, OPT_OUT_CHILD, PLAIN,
    Records, UNSIGNED, WILD,
};
use super::{RESOLVERS, namespace, say};
use crate::PROGRAM;

/// Hosts and the records that they need.
const HOSTS: [(&str, &[(&str, &str)]); 16] = [
    ("h.plain.test", &[(PLAIN, "h A 127.9.0.1")]),
    ("h.nsec3.test", &[(NSEC3, "h A 127.9.0.2")]),
    ("h.optout.test", &[(OPT_OUT, "h A 127.9.0.3")]),
    ("h.sub.optout.test", &[(OPT_OUT_CHILD, "h A 127.9.0.4")]),
    ("h.unsigned.test", &[(UNSIGNED, "h A 127.9.0.5")]),
    ("h.island.test", &[(ISLAND, "h A 127.9.0.6")]),
    ("h.ed448.test", &[(ED448, "h A 127.9.0.7")]),
    ("m.w.wild.test", &[(WILD, "*.w A 127.9.0.8")]),
    ("m.n.w.wild.test", &[]),
    ("m.c.wild.test", &[(WILD, "*.c CNAME h.plain.test.")]),
    (
        "m.t.dname.test",
        &[(DNAME, "t DNAME o"), (DNAME, "m.o A 127.9.0.9")],
    ),
    ("a.plain.test", &[(PLAIN, "a CNAME h")]),
    ("b.plain.test", &[(PLAIN, "b CNAME h.nsec3.test.")]),
    ("c.plain.test", &[(PLAIN, "c CNAME h.unsigned.test.")]),
    ("h.bogus.test", &[(BOGUS, "h A 127.9.9.9")]),
    ("h.expired.test", &[(EXPIRED, "h A 127.9.0.10")]),
];

/// What the resolver says: `secure` by its flag, `insecure` without it, or that it cannot tell.
fn flag(at: &str, host: &str) -> &'static str {
    let mut drill = Command::new(program("drill"));
    let answer = drill.args(["-D", host, &format!("@{at}"), "A"]).output();
    let answer = String::from_utf8_lossy(&answer.expect("drill starts").stdout).into_owned();
    let flags = answer.lines().find(|line| line.starts_with(";; flags:"));
    let flags = flags
        .and_then(|line| line.split(';').nth(2))
        .unwrap_or_default();
    match () {
        () if answer.contains("rcode: SERVFAIL") => "dns_error",
        () if flags.split(' ').any(|flag| flag == "ad") => "secure",
        () if answer.contains("rcode: NOERROR") => "insecure",
        () => panic!("{host} at {at}: {answer}"),
    }
}

/// What the program says of the hosts in each view, a row for each host.
async fn judged(place: &Path, anchor: &Path) -> Vec<Vec<String>> {
    let views = RESOLVERS.iter().enumerate().map(|(n, (at, _))| {
        format!(
            "  trust{n}: {{resolvers: 'udp://{at}:53', dnssec: trust}}\n  \
             validate{n}: {{resolvers: 'udp://{at}:53', dnssec: validate, trust_anchor: {}}}\n",
            anchor.display()
        )
    });
    let names = [
        "trust0",
        "validate0",
        "trust1",
        "validate1",
        "trust2",
        "validate2",
    ];
    let targets = HOSTS
        .iter()
        .map(|(host, _)| format!("- {{host: {host}, ports: 9}}\n"));
    let config = format!(
        "views:\n{}defaults: {{views: [{}], expect: {{dane: off}}}}\ntargets:\n{}",
        views.collect::<String>(),
        names.join(", "),
        targets.collect::<String>()
    );
    let file = place.join("matrix.yml");
    fs::write(&file, config).expect("a file of ours");
    let file = file.display().to_string();
    let ended = PROGRAM
        .run(&["check", "--json", "--config.file", &file])
        .await;
    let report: Value = serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", ended.stderr));
    let of = |host: &str, view: &str| {
        let mut hosts = report["hosts"].as_array().expect("hosts").iter();
        let said = hosts.find(|one| one["host"] == host && one["view"] == view);
        let said = said.unwrap_or_else(|| panic!("{host} in {view}"));
        let word = said["failure"]["reason"]
            .as_str()
            .or_else(|| said["security"].as_str());
        word.unwrap_or_default().to_owned()
    };
    let row = |(host, _): &(&str, _)| names.iter().map(|view| of(host, view)).collect();
    HOSTS.iter().map(row).collect()
}

#[test]
#[ignore = "needs root (namespaces), Knot DNS, ldns and Unbound: run tests/run.sh"]
fn every_zone_is_as_secure_as_its_resolver_says() {
    namespace::within(
        "real::dane::matrix::every_zone_is_as_secure_as_its_resolver_says",
        async {
            let place = scratch();
            let mut records = Records::default();
            for (zone, record) in HOSTS.iter().flat_map(|(_, records)| *records) {
                records.add(zone, record);
            }
            let zones = NameServer::start(place.path(), &records);
            let start = |(at, kind)| Unbound::start(place.path(), at, kind, &zones);
            let _resolvers = RESOLVERS.map(start);
            let judged = judged(place.path(), &zones.anchor).await;
            let mut wrong = Vec::new();
            for ((host, _), judged) in HOSTS.iter().zip(judged) {
                let mut row = format!("{host:20}");
                for ((at, kind), ours) in RESOLVERS.iter().zip(judged.chunks(2)) {
                    let flag = tokio::task::block_in_place(|| flag(at, host));
                    let [trusted, validated] = ours else {
                        unreachable!("two views a resolver")
                    };
                    row += &format!(" | {kind:?}: {flag}, trust {trusted}, validate {validated}");
                    // What does not validate says nothing, whatever its flag.
                    let fits =
                        trusted == flag || (trusted, flag) == (&"unknown".to_owned(), "insecure");
                    let is_false = validated == "dns_error" && flag == "secure";
                    if !fits || is_false {
                        wrong.push(format!("{host} at {kind:?}"));
                    }
                }
                say(&row);
            }
            assert!(wrong.is_empty(), "{wrong:#?}");
        },
    );
}
