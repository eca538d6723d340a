//! Holds `check --inside` to the story of a renewal: what the second table says at each moment, and the exit status.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use smtp_tls_exporter::certificate::Certificate;
use smtp_tls_exporter::timestamp::Timestamp;
use testkit::story::{CONNECTORS, Moment, NEXT_HOP, SERVERS, Story};
use testkit::{Ended, World, now};

use super::cells;
use crate::run;

/// The inventories of a moment, a minute old, in a folder of their own.
fn told(world: &World, story: &Story, moment: Moment) -> PathBuf {
    let folder = world.path("inside");
    fs::create_dir_all(&folder).unwrap();
    story.write(moment, &Timestamp(now() - 60).to_string(), &folder);
    folder
}

async fn check(folder: &std::path::Path, more: &[&str]) -> Ended {
    let folder = folder.display().to_string();
    run(&[&["check", "--inside", &folder], more].concat()).await
}

/// The row about this on this server, in its cells.
fn row<'a>(stdout: &'a str, server: &str, what: &str) -> Vec<&'a str> {
    let mut rows = stdout.lines().map(cells);
    let is_it = |row: &Vec<&str>| {
        row.first() == Some(&server) && row.get(1).is_some_and(|cell| cell.starts_with(what))
    };
    rows.find(is_it)
        .unwrap_or_else(|| panic!("{what} on {server}: {stdout}"))
}

/// What the story has come to: exit status, the state of the send connectors of BearA, BearB and BearC.
fn judged(moment: Moment) -> (i32, [&'static str; 3]) {
    match moment {
        Moment::Healthy | Moment::EnabledOnAll | Moment::Drained => (0, ["Healthy"; 3]),
        Moment::Late => (2, ["Critical"; 3]),
        Moment::Expired => (2, ["Expired"; 3]),
        Moment::Imported => (2, ["Missing"; 3]),
        Moment::EnabledOnOne => (2, ["Healthy", "Missing", "Missing"]),
    }
}

#[tokio::test]
async fn the_table_follows_the_story() {
    let world = World::today();
    let story = Story::new(&world.authority);
    for moment in Moment::ALL {
        let folder = told(&world, &story, moment);
        let ended = check(&folder, &[]).await;
        let (code, states) = judged(moment);
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(code), ""),
            "{moment:?}: {}",
            ended.stdout
        );
        for (server, state) in SERVERS.iter().zip(states) {
            for connector in CONNECTORS {
                let row = row(&ended.stdout, server, &format!("send {connector}"));
                assert_eq!(row[2], state, "{moment:?}: {}", ended.stdout);
            }
        }
    }
}

#[tokio::test]
async fn at_night_the_table_says_what_to_type() {
    let world = World::today();
    let story = Story::new(&world.authority);
    let folder = told(&world, &story, Moment::Imported);
    let ended = check(&folder, &[]).await;
    let queue = row(&ended.stdout, "BearA", "queue growllikeabear");
    assert_eq!(queue[2..4], ["Stuck", "1443"], "{}", ended.stdout);
    let why = queue.last().unwrap();
    assert!(why.starts_with("own_cert_not_found: "), "{why}");
    assert!(why.ends_with(&format!("({})", CONNECTORS[1])), "{why}");
    let sum = "10 connectors on 5 servers: 10 Missing; 7694 messages wait in 5 queues, 7694 of them for a certificate";
    assert!(ended.stdout.contains(sum), "{}", ended.stdout);
    let thumbprint = Certificate::from_der(&story.renewed().chain[0])
        .fingerprints()
        .sha1_hex();
    let next: Vec<_> = ended
        .stdout
        .lines()
        .filter(|line| line.starts_with("Next: "))
        .collect();
    assert!(next.len() <= 3, "one line a fault: {next:#?}");
    let enable = next
        .iter()
        .find(|line| line.contains("Enable-ExchangeCertificate"));
    let enable = enable.unwrap_or_else(|| panic!("{next:#?}"));
    for word in [&*thumbprint, "BearA", "BearB", "BearD", "BearE"] {
        assert!(enable.contains(word), "{word}: {enable}");
    }
}

#[tokio::test]
async fn two_inventories_of_a_server_tell_the_trend() {
    let world = World::today();
    let story = Story::new(&world.authority);
    let folder = told(&world, &story, Moment::EnabledOnOne);
    let before = story.inventory(Moment::Expired, 0, &Timestamp(now() - 360).to_string());
    fs::write(folder.join("before.json"), before).unwrap();
    let ended = check(&folder, &[]).await;
    let queue = row(&ended.stdout, "BearA", "queue");
    assert_eq!(queue[2..5], ["Healthy", "443", "-1000"], "{}", ended.stdout);
}

#[tokio::test]
async fn json_and_the_plugin_line_say_the_same() {
    let world = World::today();
    let story = Story::new(&world.authority);
    let folder = told(&world, &story, Moment::Imported);
    let ended = check(&folder, &["--json"]).await;
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    let said = |pointer: &str| json.pointer(pointer).unwrap_or(&Value::Null).clone();
    assert_eq!(said("/exit_code"), 2);
    assert_eq!(said("/inside/servers/0/server"), "BearA");
    assert_eq!(said("/inside/servers/0/queues/0/next_hop"), NEXT_HOP);
    assert_eq!(
        said("/inside/servers/0/queues/0/failed/0/reason"),
        "own_cert_not_found"
    );
    assert_eq!(
        said("/inside/servers/2/connectors/0/reason"),
        "connector_cert_key_missing"
    );
    assert_eq!(said("/inside/connectors/0/fail/0/server"), "BearA");
    let ended = check(&folder, &["--nagios"]).await;
    let line = ended.stdout.lines().last().unwrap();
    assert!(line.starts_with("SMTP TLS CRITICAL - BearA"), "{line}");
}

#[tokio::test]
async fn an_inventory_that_is_old_or_broken_blinds_one_server_only() {
    let world = World::today();
    let story = Story::new(&world.authority);
    let folder = told(&world, &story, Moment::EnabledOnAll);
    let stale = story.inventory(
        Moment::EnabledOnAll,
        4,
        &Timestamp(now() - 7200).to_string(),
    );
    fs::write(folder.join("BearE.json"), stale).unwrap();
    fs::write(folder.join("odd.json"), "{").unwrap();
    let ended = check(&folder, &[]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.stdout);
    let row_of_e = row(&ended.stdout, "BearE", "inventory");
    assert_eq!(row_of_e[2], "Blind");
    assert!(row_of_e[3].starts_with("stale: "), "{row_of_e:?}");
    assert_eq!(row(&ended.stdout, "BearD", "send")[2], "Healthy");
    let odd = row(&ended.stdout, "-", "inventory");
    assert!(
        odd.last().unwrap().contains("not_json: odd.json"),
        "{odd:?}"
    );
}

#[tokio::test]
async fn what_is_no_inventory_is_said_in_one_line() {
    let ended = run(&["check", "--inside", "/nowhere/at/all"]).await;
    assert_eq!(ended.code, Some(3));
    assert!(
        ended.stderr.contains("/nowhere/at/all: "),
        "{}",
        ended.stderr
    );
    assert!(ended.stdout.contains("missing: all: "), "{}", ended.stdout);
    let world = World::today();
    let empty = world.directory().display().to_string();
    let ended = run(&["check", "--inside", &empty]).await;
    assert_eq!((ended.code, ended.stderr.lines().count()), (Some(3), 1));
    assert!(
        ended.stderr.contains("no inventory there"),
        "{}",
        ended.stderr
    );
}
