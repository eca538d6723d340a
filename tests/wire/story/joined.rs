//! What a server presents beside what it has: joined by address, judged anew when an inventory or a date says so.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use smtp_tls_exporter::certificate::Certificate;
use smtp_tls_exporter::facts::inventory::{InsideFacts, ServerFacts};
use smtp_tls_exporter::report::State;
use smtp_tls_exporter::timestamp::Timestamp;
use testkit::peer::Credentials;
use testkit::{Exposition, fleet};

use super::bears::{bear, known, stored};
use crate::watched::{NOW, Names, RELAY, Watched, metrics, over, scrape, world};

/// The server at this address, with these certificates.
fn server(collected_at: i64, last: u8, certificates: &[&Credentials]) -> ServerFacts {
    let mut inventory = bear("BearA", Timestamp(collected_at));
    inventory.server.addresses = vec![IpAddr::from([127, 0, 0, last])];
    let each = certificates.iter().map(|one| {
        let certificate = Certificate::from_der(&one.chain[0]);
        stored(&certificate, Some("SMTP"), true)
    });
    inventory.certificates = Some(each.collect());
    known("BearA", Some(inventory))
}

#[tokio::test]
async fn the_wire_is_compared_with_the_store() {
    static CLOCK: AtomicI64 = AtomicI64::new(NOW);
    let world = world();
    let old = world.issue(RELAY, -60, 60);
    let new = world.issue(RELAY, -3, 117);
    let (port, _servers) = fleet(0, &[(61, &old)]).await;
    let yaml = format!(
        "probe: {{timeout: 4s, min_interval: 1d}}\ntrust: {{roots: root.pem}}\ntargets: [{{name: relay, host: {RELAY}, addresses: 127.0.0.61, ports: {port}}}]"
    );
    let clock = || Timestamp(CLOCK.load(Ordering::SeqCst));
    let rounds = over(world.parsed(&yaml), Names([].into()), clock);
    let tell = |server: ServerFacts| {
        rounds.inventories().tell(InsideFacts {
            servers: vec![server],
            strays: Vec::new(),
        });
    };
    let said = async || {
        let snapshot = scrape(&rounds).await;
        let seen = Exposition::parse(&metrics(&snapshot));
        let check = |name| seen.value("smtp_tls_check_success", &[("check", name)]);
        let found = [check("in_store"), check("store_newest")];
        (found, snapshot.targets[0].state())
    };
    let (yes, no) = (Some(1.0), Some(0.0));

    assert_eq!(said().await, ([None, None], State::Healthy), "no pair");
    tell(server(NOW, 62, &[&old]));
    assert_eq!(
        said().await,
        ([None, None], State::Healthy),
        "another address"
    );
    tell(server(NOW, 61, &[&old, &new]));
    assert_eq!(
        said().await,
        ([yes, yes], State::Healthy),
        "it came just now"
    );
    CLOCK.store(NOW + 900, Ordering::SeqCst);
    assert_eq!(
        said().await,
        ([yes, no], State::Inconsistent),
        "for 15 minutes"
    );
    CLOCK.store(NOW + 901, Ordering::SeqCst);
    assert_eq!(
        said().await,
        ([None, None], State::Healthy),
        "the inventory is old"
    );
    tell(server(NOW + 901, 61, &[&new]));
    assert_eq!(said().await, ([no, yes], State::Inconsistent));
    let snapshot = scrape(&rounds).await;
    let again = scrape(&rounds).await;
    assert!(Arc::ptr_eq(&snapshot.inside, &again.inside));
    assert!(Arc::ptr_eq(&snapshot.targets[0], &again.targets[0]));
}
