//! Inventories that are followed: a scrape sees the file that changed, and one that breaks costs no other server.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use smtp_tls_exporter::timestamp::Timestamp;
use testkit::http::request;
use testkit::{Ended, Exporter, Exposition, World};

use crate::PROGRAM;

const SECTION: &str =
    "probe: {helo: monitor.bears.test}\ninside: {files: 'spool/*.json', servers: {BearC: }}\n";

fn inventory(name: &str, seconds_ago: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let at = Timestamp(i64::try_from(now.as_secs()).unwrap()).plus_seconds(-seconds_ago);
    format!(
        r#"{{"schema": "smtp-tls-inventory/1", "collected_at": "{at}", "server": {{"name": "{name}"}}, "queues": []}}"#
    )
}

fn spool() -> World {
    let world = World::today();
    fs::create_dir(world.directory().join("spool")).unwrap();
    world
}

async fn scrape(exporter: &Exporter) -> Exposition {
    let answer = request(exporter.address, "GET", "/metrics", &[]).await;
    Exposition::parse(&answer.expect("an answer").body)
}

#[tokio::test]
async fn a_scrape_sees_the_file_that_changed() {
    let world = spool();
    let at = |file: &str| world.directory().join("spool").join(file);
    fs::write(at("a.json"), inventory("BearA", 60)).unwrap();
    fs::write(at("b.json"), inventory("beara", 120)).unwrap();
    let exporter = PROGRAM.serving(&world.write("inside.yml", SECTION)).start();
    let success = |metrics: &Exposition, server| {
        metrics.value("smtp_tls_inside_inventory_success", &[("server", server)])
    };
    let failure = |metrics: &Exposition, server, file, reason| {
        let labels = [("server", server), ("file", file), ("reason", reason)];
        metrics.value("smtp_tls_inside_inventory_failure_info", &labels)
    };
    let first = scrape(&exporter).await;
    assert_eq!(
        (success(&first, "BearA"), success(&first, "BearC")),
        (Some(1.0), Some(0.0))
    );
    assert_eq!(failure(&first, "BearC", "", "missing"), Some(1.0));
    fs::write(at("b.json"), inventory("BearB", 60)).unwrap();
    let second = scrape(&exporter).await;
    assert_eq!(success(&second, "BearB"), Some(1.0));
    fs::write(at("a.json"), "{\"schema\": \"smtp-tls-inv").unwrap();
    let third = scrape(&exporter).await;
    assert_eq!(
        (success(&third, "BearA"), success(&third, "BearB")),
        (Some(0.0), Some(1.0))
    );
    assert_eq!(failure(&third, "BearA", "a.json", "not_json"), Some(1.0));
    let age = |metrics: &Exposition| {
        metrics.value(
            "smtp_tls_inside_inventory_timestamp_seconds",
            &[("server", "BearA")],
        )
    };
    assert_eq!(age(&first), age(&third));
}

#[test]
fn the_check_of_a_configuration_tells_the_inventories() {
    let world = spool();
    fs::write(
        world.directory().join("spool/a.json"),
        inventory("BearA", 60),
    )
    .unwrap();
    fs::write(world.directory().join("spool/b.json"), "{}").unwrap();
    let file = world.write("inside.yml", SECTION);
    let mut command = PROGRAM.command();
    let ended = Ended::of(command.args(["--config.check", "--config.file"]).arg(file));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for said in [
        ": 0 targets; ",
        "inside: 1 inventories\nBearA: collected 6",
        " s ago (a.json)\nBearC: no file is about it\n",
        "b.json: schema: missing, expected smtp-tls-inventory/1\n",
    ] {
        assert!(ended.stdout.contains(said), "{}", ended.stdout);
    }
}
