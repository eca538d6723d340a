//! Signed zones of every shape, straight from Knot DNS and behind an Unbound that minimises query names: sound ones are
//! found, forged ones are not.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use smtp_tls_exporter::dns::{AddressFamily, Lookup, Resolvers};
use testkit::World;
use testkit::process::scratch;

use super::certificate_of;
use super::knot::{Knot, ZONE, signed_as, zone};
use super::unbound::Unbound;
use crate::watched::{Watched, world};

const RECORDS: &str = "good A 192.0.2.1
dual A 192.0.2.1
dual AAAA 2001:db8::1
alias CNAME good
chain CNAME alias
*.w A 192.0.2.2
a.b.x A 192.0.2.3
*.c CNAME good
tree DNAME other
host.other A 192.0.2.4
dangling CNAME nobody
nothing TXT bears
*.p.q.w2 A 192.0.2.5
@ MX 10 good
z A 192.0.2.9";

/// Names below the zone, and how looking them up in both families ends.
const SOUND: [(&str, &str); 15] = [
    ("good", "192.0.2.1 secure"),
    ("dual", "192.0.2.1 2001:db8::1 secure"),
    ("alias", "192.0.2.1 secure"),
    ("chain", "192.0.2.1 secure"),
    ("m.w", "192.0.2.2 secure"),
    ("m.n.w", "192.0.2.2 secure"),
    ("a.b.x", "192.0.2.3 secure"),
    ("m.c", "192.0.2.1 secure"),
    ("m.n.c", "192.0.2.1 secure"),
    ("host.tree", "192.0.2.4 secure"),
    ("m.p.q.w2", "192.0.2.5 secure"),
    ("b.x", "dns_not_found"),
    ("nothing", "dns_not_found"),
    ("missing", "dns_not_found"),
    ("dangling", "dns_error"),
];

struct Zones<'a> {
    place: &'a Path,
    world: &'a World,
}

impl Zones<'_> {
    /// How these names end, validated here, straight from the server and behind Unbound.
    async fn ends(&self, name: &str, text: &str, anchor: &str, hosts: &[&str]) -> [Vec<String>; 2] {
        let knot = Knot::start(self.place, name, text);
        let (chain, key) = certificate_of(self.world, "dns.bears.test");
        let unbound = Unbound::start(self.place, knot.address, anchor, (&chain, &key));
        let anchor_file = self.world.directory().join("anchor");
        std::fs::write(anchor_file, anchor).unwrap();
        let yaml = format!(
            "views:\n  straight: {{resolvers: 'udp://{}', dnssec: validate, trust_anchor: anchor}}\n  \
             behind: {{resolvers: 'udp://{}', dnssec: validate, trust_anchor: anchor}}\n\
             targets: [{{host: a}}]",
            knot.address, unbound.plain
        );
        let settings = self.world.settings(&yaml);
        let resolvers = Resolvers::new(settings.policies(), Duration::from_secs(10));
        let mut ends = [Vec::new(), Vec::new()];
        for host in hosts {
            for (ends, view) in ends.iter_mut().zip(["straight", "behind"]) {
                ends.push(end(&resolvers, view, &format!("{host}.{ZONE}")).await);
            }
        }
        ends
    }
}

/// Addresses and what DNSSEC says of them, or the reason; a half answer is marked.
async fn end(resolvers: &Resolvers, view: &str, name: &str) -> String {
    match resolvers.addresses(view, name, AddressFamily::Any).await {
        Ok(found) => {
            let security = found.security.as_str().to_owned();
            let found = found.value;
            let records = found.records.iter().map(|r| r.address.to_string());
            let lost = found
                .lost
                .map(|(family, fault)| format!("{family:?} lost: {}", fault.detail));
            let told = records.chain(lost).chain([security]);
            told.collect::<Vec<_>>().join(" ")
        }
        Err(fault) => {
            println!("{view}: {}", fault.detail);
            fault.reason.as_str().to_owned()
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Knot DNS and Unbound: run tests/run.sh"]
async fn sound_zones_of_every_shape_are_found() {
    let (world, place) = (world(), scratch());
    let (place, world) = (place.path(), &world);
    let hosts = SOUND.map(|(host, _)| host);
    let expected = SOUND.map(|(_, end)| end.to_owned()).to_vec();
    let mut wrong = BTreeMap::new();
    for nsec3 in ["off", "on"] {
        let (text, anchor) = signed_as(place, &zone(RECORDS), nsec3, &[]);
        let zones = Zones { place, world };
        let ends = zones
            .ends(&format!("sound-{nsec3}"), &text, &anchor, &hosts)
            .await;
        for (ends, way) in ends.into_iter().zip(["straight", "behind"]) {
            for ((end, right), host) in ends.into_iter().zip(&expected).zip(hosts) {
                if end != *right {
                    wrong.insert(format!("nsec3 {nsec3}, {way}: {host}"), end);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Knot DNS and Unbound: run tests/run.sh"]
async fn forged_zones_are_not_believed() {
    let (world, place) = (world(), scratch());
    let (place, world) = (place.path(), &world);
    let hosts = ["good", "alias", "m.w", "m.c", "host.tree", "missing"];
    for nsec3 in ["off", "on"] {
        let (text, anchor) = signed_as(place, &zone(RECORDS), nsec3, &[]);
        let lines = |keep: &dyn Fn(&str) -> bool| -> String {
            let kept = text.lines().filter(|line| keep(line));
            kept.map(|line| format!("{line}\n")).collect()
        };
        let (old, old_anchor) = signed_as(place, &zone(RECORDS), nsec3, &["-t", "1577836800"]);
        let others = text
            .replace("192.0.2.", "192.0.3.")
            .replace("DNAME\tother", "DNAME\tgood");
        for (what, text, anchor) in [
            ("expired", &old, &old_anchor),
            ("keyless", &lines(&|line| !line.contains("DNSKEY")), &anchor),
            ("unsigned", &lines(&|line| !line.contains("RRSIG")), &anchor),
            ("changed", &others, &anchor),
        ] {
            let zones = Zones { place, world };
            let ends = zones
                .ends(&format!("{what}-{nsec3}"), text, anchor, &hosts)
                .await;
            for (ends, way) in ends.into_iter().zip(["straight", "behind"]) {
                let wrong: Vec<_> = hosts
                    .iter()
                    .zip(&ends)
                    .filter(|(host, end)| {
                        *end != "dns_error" && !(what == "changed" && **host == "missing")
                    })
                    .collect();
                assert!(wrong.is_empty(), "{what}, nsec3 {nsec3}, {way}: {wrong:?}");
            }
        }
    }
}
