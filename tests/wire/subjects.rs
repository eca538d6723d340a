//! One fact about each of the five subjects: endpoint, target, host, mail domain, server; all outputs show it.

use std::future::ready;
use std::net::IpAddr;
use std::sync::Arc;

use smtp_tls_exporter::dns::{
    AddressFamily, AddressRecord, Addresses, Answer, Asking, Exchanger, Lookup, Security,
};
use smtp_tls_exporter::facts::inventory::{
    Collector, InsideFacts, Inventory, ServerFacts, ServerIdentity, ServerKey, ServerKind,
};
use smtp_tls_exporter::reason::Reason;
use smtp_tls_exporter::render::{self, Filter};
use smtp_tls_exporter::report::{Snapshot, State};
use smtp_tls_exporter::timestamp::Timestamp;
use testkit::{Exposition, fleet};

use crate::watched::{NOW, Names, Watched, clock, loaded, metrics, scrape, world};

/// A signed domain whose one host is in a zone that is not signed.
struct Signed;

impl Lookup for Signed {
    fn addresses<'a>(
        &'a self,
        _view: &'a str,
        _name: &'a str,
        _family: AddressFamily,
    ) -> Asking<'a, Addresses> {
        let record = |last| AddressRecord {
            address: IpAddr::from([127, 0, 0, last]),
            ttl: None,
        };
        let told = Answer {
            value: Addresses {
                records: vec![record(51), record(52)],
                ..Addresses::default()
            },
            security: Security::Insecure,
        };
        Box::pin(ready(Ok(told)))
    }

    fn exchangers<'a>(&'a self, _view: &'a str, _domain: &'a str) -> Asking<'a, Vec<Exchanger>> {
        let host = "mx1.bears.test".to_owned();
        let preference = 10;
        let told = Answer {
            value: vec![Exchanger { preference, host }],
            security: Security::Secure,
        };
        Box::pin(ready(Ok(told)))
    }
}

#[tokio::test]
async fn every_subject_is_shown_by_every_output() {
    let world = world();
    let old = world.issue("mx1.bears.test", -60, 30);
    let new = world.issue("mx1.bears.test", -3, 87);
    let (port, _servers) = fleet(0, &[(51, &old), (52, &new)]).await;
    let yaml = format!("targets: [{{name: den, mx: bears.test, ports: {port}}}]");
    let rounds = world.rounds_with(&yaml, Signed, clock);
    rounds.inventories().tell(InsideFacts {
        servers: vec![bear_a()],
        strays: Vec::new(),
    });
    let snapshot = scrape(&rounds).await;

    in_metrics(&snapshot, port);
    in_json(&snapshot);
    on_pages(&snapshot);
}

/// A server with an empty inventory that was written three minutes ago.
fn bear_a() -> ServerFacts {
    let inventory = Inventory {
        collected_at: Timestamp(NOW - 180),
        collector: Collector::default(),
        server: ServerIdentity {
            name: "BearA".to_owned(),
            fqdn: None,
            kind: ServerKind::Exchange,
            version: String::new(),
            addresses: Vec::new(),
            running: None,
        },
        errors: Vec::new(),
        queues: None,
        certificates: None,
        uses: None,
    };
    ServerFacts {
        key: ServerKey(Arc::from("BearA")),
        newest: Some(Arc::new(inventory)),
        earlier: None,
        file: "beara.json".to_owned(),
        fault: None,
        max_age: 900,
        addresses: None,
        certificates_since: Arc::default(),
    }
}

fn in_metrics(snapshot: &Snapshot, port: u16) {
    let seen = Exposition::parse(&metrics(snapshot));
    let port = port.to_string();
    let said = |name, labels: &[(&str, &str)]| seen.value(name, labels);
    let expiry = said("smtp_tls_cert_expiry_seconds", &[("address", "127.0.0.52")]);
    assert_eq!(expiry, Some(87.0 * 86400.0));
    let den = ("target", "den");
    let leaves = said("smtp_tls_target_distinct_certificates", &[den]);
    assert_eq!(leaves, Some(2.0));
    let host = [
        den,
        ("host", "mx1.bears.test"),
        ("port", &port),
        ("view", "default"),
    ];
    assert_eq!(said("smtp_tls_host_secure", &host), Some(0.0));
    let domain = [den, ("domain", "bears.test"), ("view", "default")];
    assert_eq!(said("smtp_tls_domain_secure", &domain), Some(1.0));
    let name = "smtp_tls_inside_inventory_timestamp_seconds";
    assert_eq!(said(name, &[("server", "BearA")]), Some((NOW - 180) as f64));
}

fn in_json(snapshot: &Snapshot) {
    let json: serde_json::Value = serde_json::from_str(&render::json(snapshot)).unwrap();
    let said = |pointer: &str| {
        json.pointer(pointer)
            .unwrap_or(&serde_json::Value::Null)
            .to_string()
    };
    for (pointer, value) in [
        ("/targets/0/endpoints/0/address", "\"127.0.0.51\""),
        ("/targets/0/checks/0/check", "\"same_certificate\""),
        ("/targets/0/checks/0/result", "\"fail\""),
        ("/targets/0/checks/1/result", "\"not_applicable\""),
        ("/hosts/0/host", "\"mx1.bears.test\""),
        ("/hosts/0/addresses", "[\"127.0.0.51\",\"127.0.0.52\"]"),
        ("/hosts/0/security", "\"insecure\""),
        ("/hosts/0/state", "\"Healthy\""),
        ("/domains/0/domain", "\"bears.test\""),
        ("/domains/0/mx/0/preference", "10"),
        ("/domains/0/security", "\"secure\""),
        ("/inside/servers/0/server", "\"BearA\""),
        ("/inside/servers/0/collected_at", "\"2026-05-31T23:57:00Z\""),
    ] {
        assert_eq!(said(pointer), value, "{pointer}");
    }
}

fn on_pages(snapshot: &Snapshot) {
    let page = render::target(&snapshot.targets[0], snapshot, "1.0");
    for text in [
        "<dt>Check same_certificate</dt>",
        "127.0.0.51:",
        ">bears.test MX</td>",
        ">10 mx1.bears.test</td><td></td><td>secure</td>",
        ">127.0.0.51, 127.0.0.52</td><td></td><td>insecure</td>",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let page = render::index(snapshot, &Filter::default(), &loaded(), "1.0");
    assert!(page.contains(">BearA</a>"), "{page}");
    assert!(page.contains(">3 min ago<"), "{page}");
}

#[tokio::test]
async fn a_host_that_was_not_found_says_so_itself() {
    let names = Names([("gone.bears.test", Err(Reason::DnsError))].into());
    let rounds = world().named("targets: [{host: gone.bears.test}]", names);
    let snapshot = scrape(&rounds).await;
    let host = &snapshot.hosts[0];
    assert_eq!(host.state, State::Unreachable);
    assert_eq!(host.causes[0].reason, Reason::DnsError);
    assert_eq!(snapshot.targets[0].state(), State::Unreachable);
    let page = render::target(&snapshot.targets[0], &snapshot, "1.0");
    let told =
        ">dns_error: no answer for gone.bears.test</td><td><span class=\"badge lost\">Unreachable<";
    assert!(page.contains(told), "{page}");
}
