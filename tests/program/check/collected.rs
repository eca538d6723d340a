//! What the Exchange collector wrote at each moment of the story, through reader and judge to the table, whole.
//! The files in tests/exchange/inventories/ are the real script's; the clock stands a minute after they were collected.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use smtp_tls_exporter::facts::inventory;
use testkit::golden::assert_golden;
use testkit::process::scratch;
use testkit::{Ended, stopped_clock};

use crate::PROGRAM;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// When the inventories of a folder were collected, in Unix time.
fn collected_at(folder: &Path) -> i64 {
    let file = fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    let bytes = fs::read(file.path()).unwrap();
    let read = inventory::read(&bytes, &HashSet::new());
    read.unwrap().collected_at.0
}

/// What `check` says of a folder a minute after its inventories were written.
fn checked(clock: &Path, folder: &Path, more: &[&str]) -> Ended {
    let mut command = PROGRAM.command();
    command.arg("check").arg("--inside").arg(folder).args(more);
    Ended::of(command.env("LD_PRELOAD", clock))
}

fn at(place: &Path, moment: &str) -> (PathBuf, PathBuf) {
    let folder = Path::new(ROOT)
        .join("tests/exchange/inventories")
        .join(moment);
    let clock = stopped_clock(place, collected_at(&folder) + 60);
    (clock, folder)
}

#[test]
fn what_the_script_wrote_becomes_the_table() {
    for (moment, code) in [
        ("0", 0),
        ("1", 2),
        ("2", 2),
        ("2-issuer-changed", 2),
        ("3", 2),
        ("3-old-valid", 2),
        ("4", 2),
        ("4-blind", 2),
        ("5", 0),
        ("edge", 2),
    ] {
        let place = scratch();
        let (clock, folder) = at(place.path(), moment);
        let ended = checked(&clock, &folder, &[]);
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(code), ""),
            "{moment}: {}",
            ended.stdout
        );
        let golden = Path::new(ROOT)
            .join("tests/golden")
            .join(format!("inside-{moment}.txt"));
        assert_golden(&golden, &ended.stdout);
    }
}

/// Nobody can tell on BearD: unknown, never "not enabled".
#[test]
fn a_blind_cmdlet_is_unknown() {
    let place = scratch();
    let (clock, folder) = at(place.path(), "4-blind");
    let json: Value = serde_json::from_str(&checked(&clock, &folder, &["--json"]).stdout).unwrap();
    let fleet = &json["inside"]["connectors"][1];
    assert_eq!(fleet["unknown"], serde_json::json!(["BearD"]));
    assert_eq!(fleet["pass"], serde_json::json!(["BearA"]));
    assert_eq!(fleet["fail"].as_array().unwrap().len(), 3);
}
