//! Target files followed by rounds: what a look at them brings is watched from the next scrape on.

mod peer;
mod scene;

use std::fs;
use std::process::Command;

use scene::{RELAY, Scene, metrics, servers};
use smtp_tls_exporter::config::Config;
use smtp_tls_exporter::report::State;

#[tokio::test]
async fn what_the_files_say_is_watched_and_what_stays_is_kept() {
    let scene = Scene::new();
    let leaf = scene.issue(RELAY, 60);
    let (port, _servers) = servers(&[(71, &leaf), (72, &leaf)]).await;
    let target = |name: &str, last: u8| {
        format!(
            "- {{name: {name}, host: {RELAY}, addresses: 127.0.0.{last}, ports: {port}, expect: {{roots: root.pem}}}}\n"
        )
    };
    let file = scene.directory.path().join("more.yml");
    fs::write(&file, target("a", 71)).unwrap();
    let main = scene.directory.path().join("main.yml");
    let config = Config::parse(&main, b"target_files: '*ore.yml'", "me").unwrap();
    let mut files = config.target_files;
    let rounds = scene.rounds("targets: [{host: localhost}]");
    rounds.watch(files.look().targets.unwrap());
    let first = scene::scrape(&rounds).await;
    assert_eq!(first.targets.len(), 1);
    assert_eq!(first.targets[0].state(), State::Healthy);
    fs::write(&file, target("a", 71) + &target("b", 72)).unwrap();
    rounds.watch(files.look().targets.unwrap());
    let names = |snapshot: &smtp_tls_exporter::report::Snapshot| {
        let targets = snapshot.targets.iter();
        targets.map(|t| t.source.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&scene::scrape(&rounds).await), ["a", "b"]);
    fs::write(&file, "- nonsense").unwrap();
    let change = files.look();
    assert!(change.targets.is_none() && change.complaints.len() == 1);
    let kept = scene::scrape(&rounds).await;
    assert_eq!(names(&kept), ["a", "b"]);
    fs::write(&file, target("b", 72)).unwrap();
    rounds.watch(files.look().targets.unwrap());
    let last = scene::scrape(&rounds).await;
    assert_eq!(names(&last), ["b"]);
    assert!(!metrics(&last).contains("target=\"a\""));
}

#[test]
fn patterns_beside_a_configuration_without_a_folder_are_found() {
    let place = tempfile::tempdir().unwrap();
    let main = place.path().join("smtp-tls-exporter.yml");
    fs::write(main, "target_files: 'more-*.yml'").unwrap();
    let more = "- {name: relay, addresses: 192.0.2.1}\n";
    fs::write(place.path().join("more-a.yml"), more).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_smtp-tls-exporter"));
    let output = command.arg("--config.check").current_dir(place.path());
    let output = output.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("relay: 192.0.2.1"),
        "{output:?}"
    );
}
