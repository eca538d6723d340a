//! What rounds publish: judged when something is new or a date has passed, and the same for all who read.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use smtp_tls_exporter::dns::Resolvers;
use smtp_tls_exporter::report::{Snapshot, State};
use smtp_tls_exporter::timestamp::Timestamp;
use smtp_tls_exporter::watch::{Part, Rounds};
use testkit::peer::{Server, Speech};
use testkit::{Exposition, World, serve};
use tokio::time::Instant;

use crate::watched::{NOW, RELAY, Watched, metrics, over, world};

/// One clock for all tests here would have them disturb each other: each has its own.
macro_rules! moved {
    ($clock:ident) => {{
        static $clock: AtomicI64 = AtomicI64::new(NOW);
        (
            &$clock,
            (|| Timestamp($clock.load(Ordering::SeqCst))) as fn() -> Timestamp,
        )
    }};
}

/// A server whose leaf ends in so many days, and rounds that keep its result for a day.
async fn watched(days: i64, clock: fn() -> Timestamp) -> (World, Server, Arc<Rounds>) {
    let world = world();
    let server = serve(&world.issue(RELAY, days - 90, days), Speech::default()).await;
    let yaml = format!(
        "probe: {{timeout: 4s, min_interval: 1d}}\ntrust: {{roots: root.pem}}\n\
         targets: [{{name: relay, host: {RELAY}, addresses: 127.0.0.1, ports: {}}}]",
        server.address.port()
    );
    let settings = world.parsed(&yaml);
    let resolvers = Resolvers::new(settings.policies(), Duration::from_secs(2));
    (world, server, over(settings, resolvers, clock))
}

async fn read(rounds: &Arc<Rounds>) -> Arc<Snapshot> {
    rounds
        .scrape(Instant::now() + Duration::from_secs(30))
        .await
}

#[tokio::test]
async fn a_certificate_that_expires_between_two_looks_is_seen_without_a_probe() {
    let (now, clock) = moved!(EXPIRING);
    let (_world, server, rounds) = watched(1, clock).await;
    let end = NOW + 86_400;
    for (at, state) in [
        (NOW, State::Critical),
        (end, State::Critical),
        (end + 1, State::Expired),
        // A clock that was set right again.
        (NOW + 7, State::Critical),
    ] {
        now.store(at, Ordering::SeqCst);
        let snapshot = read(&rounds).await;
        assert_eq!(snapshot.targets[0].state(), state, "{at}");
        let seen = Exposition::parse(&metrics(&snapshot));
        let left = seen.value("smtp_tls_cert_expiry_seconds", &[("target", "relay")]);
        assert_eq!(left, Some((end - at) as f64), "as of the scrape");
    }
    assert_eq!(server.connections(), 1, "one probe for all of it");
}

#[tokio::test]
async fn what_stays_is_judged_once_and_all_who_read_share_it() {
    let (now, clock) = moved!(STAYING);
    let (_world, _server, rounds) = watched(60, clock).await;
    let first = read(&rounds).await;
    let again = read(&rounds).await;
    assert!(Arc::ptr_eq(&first, &again), "at the same moment");
    now.fetch_add(15, Ordering::SeqCst);
    let later = read(&rounds).await;
    assert_eq!(later.at.seconds_since(first.at), 15);
    assert!(
        Arc::ptr_eq(&first.targets[0], &later.targets[0]),
        "not judged again"
    );
    now.fetch_add(60, Ordering::SeqCst);
    let last = read(&rounds).await;
    assert!(
        !Arc::ptr_eq(&first.targets[0], &last.targets[0]),
        "evidence tells how long ago"
    );
}

#[tokio::test]
async fn whoever_asks_is_given_nothing_older_than_his_question() {
    let (_, clock) = moved!(ASKING);
    let (_world, _server, rounds) = watched(60, clock).await;
    let asked = rounds.begun();
    rounds
        .catch_up(Instant::now() + Duration::from_secs(30))
        .await;
    let finished = rounds.publish(Part::Finished, asked);
    assert_eq!(finished.snapshot.targets[0].state(), State::Healthy);
    let first = rounds.publish(Part::Everything, asked);
    let shared = rounds.publish(Part::Everything, asked);
    assert!(first.number > finished.number && shared.number == first.number);
    let own = rounds.publish(Part::Everything, rounds.begun());
    assert!(own.number > first.number);
}
