//! What a reader is told to do next, in the table and on the page: never to enable a certificate that is no better.

use std::net::SocketAddr;

use smtp_tls_exporter::render;
use smtp_tls_exporter::report::{Snapshot, State};
use testkit::World;
use testkit::peer::{Credentials, Leaf, Server, Speech};

use crate::watched::{RELAY, Watched, table, world};

/// Exchange servers at 127.0.0.71 and after it, with one certificate each.
async fn fleet(world: &World, cast: &[&Credentials]) -> (Snapshot, Vec<Server>) {
    let banner = "ex.bears.test Microsoft ESMTP MAIL Service ready";
    greeting_with(banner, world, cast).await
}

async fn greeting_with(
    banner: &str,
    world: &World,
    cast: &[&Credentials],
) -> (Snapshot, Vec<Server>) {
    let mut servers = Vec::new();
    let mut port = 0;
    for (nth, credentials) in cast.iter().enumerate() {
        let last = 71 + u8::try_from(nth).expect("few servers");
        let speech = Speech {
            banner: banner.to_owned(),
            ..Speech::default()
        };
        let address = SocketAddr::from(([127, 0, 0, last], port));
        let server = Server::start(address, credentials, speech)
            .await
            .expect("a server");
        port = server.address.port();
        servers.push(server);
    }
    let addresses: Vec<_> = servers.iter().map(|s| s.address.ip().to_string()).collect();
    let config = format!(
        "targets: [{{name: fleet, host: {RELAY}, addresses: [{}], ports: [{port}]}}]",
        addresses.join(", ")
    );
    (world.look(&config).await, servers)
}

fn states(snapshot: &Snapshot) -> Vec<State> {
    let entries = snapshot.entries();
    entries.map(|(_, entry)| entry.state).collect()
}

/// The thumbprints that the page says to enable, in the order of its endpoints, worst first.
fn enabled(snapshot: &Snapshot) -> Vec<String> {
    let page = render::target(&snapshot.targets[0], snapshot, "0");
    let command = "Enable-ExchangeCertificate -Thumbprint ";
    let told = page.split(command).skip(1);
    told.map(|rest| {
        rest.split(" -Services")
            .next()
            .unwrap_or_default()
            .to_owned()
    })
    .collect()
}

fn thumbprint(snapshot: &Snapshot, nth: usize) -> String {
    let entry = &snapshot.targets[0].entries[nth];
    entry
        .observation
        .leaf()
        .expect("a leaf")
        .fingerprints()
        .sha1_hex()
}

const PLACEHOLDER: &str = "&lt;thumbprint of the right certificate&gt;";

#[tokio::test]
async fn the_renewed_certificate_is_the_one_to_enable() {
    let world = world();
    let (old, new) = (world.issue(RELAY, -30, 60), world.issue(RELAY, -5, 85));
    let (snapshot, _servers) = fleet(&world, &[&old, &new]).await;
    assert_eq!(states(&snapshot), [State::Inconsistent, State::Healthy]);
    assert_eq!(enabled(&snapshot), [thumbprint(&snapshot, 1)]);
    assert!(table(&snapshot).contains("Next: fleet has a newer certificate at 127.0.0.72:"));
}

#[tokio::test]
async fn what_has_expired_as_well_is_not_recommended() {
    let world = world();
    let (older, newer) = (world.issue(RELAY, -95, -5), world.issue(RELAY, -92, -2));
    let (snapshot, _servers) = fleet(&world, &[&older, &newer]).await;
    assert_eq!(states(&snapshot), [State::Expired, State::Expired]);
    assert_eq!(enabled(&snapshot), [PLACEHOLDER, PLACEHOLDER]);
    let said = table(&snapshot);
    assert!(
        said.contains("Next: renew the certificate of fleet"),
        "{said}"
    );
    assert!(!said.contains("has a newer certificate"), "{said}");
}

#[tokio::test]
async fn one_servers_fallback_does_not_blame_the_others() {
    let world = world();
    let good = world.issue(RELAY, -30, 60);
    let fallback = Leaf::server("ex3", -1, 1800);
    let fallback = world.authority.self_signed(&fallback);
    let (snapshot, _servers) = fleet(&world, &[&good, &good, &fallback]).await;
    // Its name is another one, too.
    let expected = [State::Healthy, State::Healthy, State::Mismatch];
    assert_eq!(states(&snapshot), expected);
    assert_eq!(enabled(&snapshot), [thumbprint(&snapshot, 0)]);
}

#[tokio::test]
async fn the_newest_is_renewed_and_not_replaced_by_an_older_one() {
    let world = world();
    let old = Leaf::server(RELAY, -300, 98);
    let new = Leaf::server(RELAY, -6, 1);
    let (old, new) = (world.authority.issue(&old), world.authority.issue(&new));
    let (snapshot, _servers) = fleet(&world, &[&old, &new]).await;
    assert_eq!(states(&snapshot), [State::Inconsistent, State::Warning]);
    let newest = thumbprint(&snapshot, 1);
    assert_eq!(enabled(&snapshot), [newest.as_str(), PLACEHOLDER]);
    let said = table(&snapshot);
    assert!(
        said.contains("Next: renew the certificate of fleet"),
        "{said}"
    );
}

#[tokio::test]
async fn commands_of_exchange_are_for_exchange() {
    let world = world();
    let late = world.issue(RELAY, -95, -5);
    for banner in [
        "mx.bears.test ESMTP Postfix",
        "iis.bears.test Microsoft ESMTP MAIL Service, Version: 10.0.17763.1697 ready",
        "bear.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready",
    ] {
        let (snapshot, _servers) = greeting_with(banner, &world, &[&late]).await;
        assert_eq!(states(&snapshot), [State::Expired]);
        assert!(enabled(&snapshot).is_empty(), "{banner}");
    }
}

#[tokio::test]
async fn a_step_names_every_address_that_needs_it() {
    let world = world();
    let (old, new) = (world.issue(RELAY, -95, -5), world.issue(RELAY, -5, 85));
    let few = [&old, &old, &old, &old, &new];
    let (snapshot, servers) = fleet(&world, &few).await;
    let said = table(&snapshot);
    let at: Vec<_> = servers.iter().map(|s| s.address.to_string()).collect();
    let step = format!(
        "fleet has a newer certificate at {}: enable it at {}, {}, {} and {} too",
        at[4], at[0], at[1], at[2], at[3]
    );
    assert!(said.contains(&step), "{said}");
    let mut many = vec![&old; 20];
    many.push(&new);
    let (snapshot, _servers) = fleet(&world, &many).await;
    let said = table(&snapshot);
    assert!(said.contains(" and 12 more too"), "{said}");
    assert_eq!(said.matches("Next: ").count(), 1, "{said}");
}

/// Whatever is wrong: one step, and the command for the first.
#[tokio::test]
async fn targets_with_the_same_trouble_share_a_step() {
    let world = world();
    let config = "targets:\n\
        - {name: one, addresses: [127.0.0.71, 127.0.0.72], ports: [1]}\n\
        - {name: two, addresses: [127.0.0.73], ports: [1]}\n";
    let said = table(&world.look(config).await);
    let step = "in at 127.0.0.71:1, 127.0.0.72:1 and 127.0.0.73:1: nc -vz 127.0.0.71 1";
    assert!(said.contains(step), "{said}");
}

/// The table, the page and the JSON repeat the same words.
#[tokio::test]
async fn advice_is_the_same_everywhere() {
    let world = world();
    let config = "targets: [{name: one, addresses: [127.0.0.71], ports: [1]}]";
    let snapshot = world.look(config).await;
    let step = "see whether the service runs and a firewall lets the exporter in at 127.0.0.71:1: nc -vz 127.0.0.71 1";
    let said = table(&snapshot);
    assert!(said.contains(&format!("Next: {step}\n")), "{said}");
    let page = render::target(&snapshot.targets[0], &snapshot, "0");
    assert!(
        page.contains(&format!("<strong>Next:</strong> {step}")),
        "{page}"
    );
    let json: serde_json::Value = serde_json::from_str(&render::json(&snapshot)).expect("JSON");
    assert_eq!(json["targets"][0]["endpoints"][0]["advice"], step);
}

#[tokio::test]
async fn a_healthy_endpoint_needs_no_advice() {
    let world = world();
    let (snapshot, _servers) = fleet(&world, &[&world.issue(RELAY, -30, 60)]).await;
    let json: serde_json::Value = serde_json::from_str(&render::json(&snapshot)).expect("JSON");
    assert!(json["targets"][0]["endpoints"][0]["advice"].is_null());
    assert!(!table(&snapshot).contains("Next: "));
}
