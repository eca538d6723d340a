//! Target files followed by rounds: what a look at them brings is watched from the next scrape on.

use std::fs;

use smtp_tls_exporter::config::Config;
use smtp_tls_exporter::report::State;
use testkit::{Ended, fleet};

use crate::PROGRAM;
use crate::watched::{RELAY, Watched, metrics, scrape, world};

#[tokio::test]
async fn what_the_files_say_is_watched_and_what_stays_is_kept() {
    let world = world();
    let leaf = world.issue(RELAY, -30, 60);
    let (port, _servers) = fleet(0, &[(71, &leaf), (72, &leaf)]).await;
    let target = |name: &str, last: u8| {
        format!(
            "- {{name: {name}, host: {RELAY}, addresses: 127.0.0.{last}, ports: {port}, expect: {{roots: root.pem}}}}\n"
        )
    };
    let file = world.directory().join("more.yml");
    fs::write(&file, target("a", 71)).unwrap();
    let main = world.directory().join("main.yml");
    let config = Config::parse(&main, b"target_files: '*ore.yml'", "me").unwrap();
    let mut files = config.target_files;
    let rounds = world.rounds("targets: [{host: localhost}]");
    rounds.watch(files.look().targets.unwrap());
    let first = scrape(&rounds).await;
    assert_eq!(first.targets.len(), 1);
    assert_eq!(first.targets[0].state(), State::Healthy);
    fs::write(&file, target("a", 71) + &target("b", 72)).unwrap();
    rounds.watch(files.look().targets.unwrap());
    let names = |snapshot: &smtp_tls_exporter::report::Snapshot| {
        let targets = snapshot.targets.iter();
        targets.map(|t| t.source.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&scrape(&rounds).await), ["a", "b"]);
    fs::write(&file, "- nonsense").unwrap();
    let change = files.look();
    assert!(change.targets.is_none() && change.complaints.len() == 1);
    let kept = scrape(&rounds).await;
    assert_eq!(names(&kept), ["a", "b"]);
    fs::write(&file, target("b", 72)).unwrap();
    rounds.watch(files.look().targets.unwrap());
    let last = scrape(&rounds).await;
    assert_eq!(names(&last), ["b"]);
    assert!(!metrics(&last).contains("target=\"a\""));
}

/// A directory with `exporter.yml`, which names `t.json`; what `--config.check` says of this in it, and its exit code.
fn checked(list: &str) -> (Option<i32>, String, String) {
    let place = tempfile::tempdir().expect("a place to run in");
    let main = "probe: {helo: probe.bears.test}\ntarget_files: [t.json]\n";
    fs::write(place.path().join("exporter.yml"), main).expect("a place to run in");
    fs::write(place.path().join("t.json"), list).expect("a place to run in");
    let mut command = PROGRAM.command();
    command.args(["--config.check", "--config.file", "exporter.yml"]);
    let ended = Ended::of(command.current_dir(place.path()));
    // The log escapes quotes.
    (ended.code, ended.stdout, ended.stderr.replace('\\', ""))
}

#[test]
fn a_bad_entry_costs_that_entry() {
    let (code, understood, said) = checked(
        r#"[{"targets": ["a.test:25", "b.test:smtp", "mx:192.0.2.1", "mx:bears.test"]},
            {"targets": ["c.test"], "labels": {"port": "x"}}, {"host": "d.test", "prots": 25}, {"host": "e.test"}]"#,
    );
    assert_eq!(code, Some(0), "{said}");
    for good in [
        "a.test:25: a.test (25",
        "mx:bears.test: mx:bears.test (25",
        "e.test: e.test (25",
    ] {
        assert!(understood.contains(good), "{understood}");
    }
    for bad in [
        "t.json:1: [0].targets[1]: 'b.test:smtp'",
        "t.json:1: [0].targets[2]: ",
        "t.json:2: [1].labels.port: a label of",
        "t.json:2: [2].prots: unknown key (did you mean ports?)",
    ] {
        assert!(said.contains(bad), "{said}");
    }
    assert_eq!(said.lines().count(), 4, "{said}");
    let many: Vec<_> = (0..500).map(|n| format!("\"b{n}.test:x\"")).collect();
    let (code, _, said) = checked(&format!(
        "[{{\"targets\": [\"a.test\", {}]}}]",
        many.join(",")
    ));
    assert_eq!((code, said.lines().count()), (Some(0), 10), "{said}");
    assert!(said.contains("and 490 more"), "{said}");
}

#[test]
fn one_host_in_two_groups_is_one_target_or_two() {
    let (code, understood, said) = checked(
        r#"[{"targets": ["a.test:25"], "labels": {"team": "x", "__meta_id": "1"}},
            {"targets": ["a.test:25"], "labels": {"team": "x", "__meta_id": "2"}},
            {"targets": ["a.test:25"], "labels": {"team": "y"}},
            {"targets": ["a.test:25", "a.test:25"], "labels": {"site": "den"}}]"#,
    );
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let names = "a.test:25: a.test (25 starttls)\na.test:25 (team=y): a.test (25 starttls)\n\
                 a.test:25 (site=den, team=): a.test (25 starttls)\n";
    assert!(understood.ends_with(names), "{understood}");
}

#[test]
fn a_file_that_is_wrong_as_a_whole_is_refused() {
    for (list, said) in [
        (
            "",
            "t.json:1: empty, expected a list of targets ([] for none)",
        ),
        (" \n# later\n", "empty, expected a list of targets"),
        ("[{\"targets\": [\"a.test\"", "no YAML"),
        ("{}", "a map, expected a list"),
        ("[{\"targets\": [\"a.test:x\"]}]", "'x' is not a port"),
    ] {
        let (code, _, told) = checked(list);
        assert_eq!(code, Some(1), "{list}");
        assert!(told.lines().count() == 1 && told.contains(said), "{told}");
    }
    assert_eq!(checked("[]").0, Some(0));
}

#[test]
fn patterns_beside_a_configuration_without_a_folder_are_found() {
    let place = tempfile::tempdir().unwrap();
    let main = place.path().join("smtp-tls-exporter.yml");
    fs::write(main, "target_files: 'more-*.yml'").unwrap();
    let more = "- {name: relay, addresses: 192.0.2.1}\n";
    fs::write(place.path().join("more-a.yml"), more).unwrap();
    let mut command = PROGRAM.command();
    let ended = Ended::of(command.arg("--config.check").current_dir(place.path()));
    assert!(
        ended.code == Some(0) && ended.stdout.contains("relay: 192.0.2.1"),
        "{ended:?}"
    );
}
