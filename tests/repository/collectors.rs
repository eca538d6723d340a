//! The collector for Exchange, without PowerShell: how long it is, and that the inventories kept for other tests are what
//! this very script wrote.

use std::collections::HashSet;
use std::fs;

use aws_lc_rs::digest;
use serde_json::Value;
use smtp_tls_exporter::facts::inventory;

use crate::{files, read, root};

const INVENTORIES: &str = "tests/exchange/inventories";
const AGAIN: &str = "write the inventories anew and look at what changed: \
                     pwsh -NoProfile -File tests/exchange/regenerate.ps1";

#[test]
fn the_inventories_are_of_this_script() {
    let sums = read(format!("{INVENTORIES}/made-by.sha256"));
    let mut made_by = Vec::new();
    for line in sums.lines() {
        let (sum, file) = line.split_once("  ").expect("a checksum and a file");
        let now = digest::digest(&digest::SHA256, read(file).as_bytes());
        let now = data_encoding::HEXLOWER.encode(now.as_ref());
        assert_eq!(now, sum, "{file} has changed: {AGAIN}");
        made_by.push(file);
    }
    let expected = [
        "collectors/exchange/Get-SmtpTlsInside.ps1",
        "tests/exchange/Story.ps1",
    ];
    assert_eq!(made_by, expected);
}

#[test]
fn every_moment_of_the_story_has_its_five_servers() {
    let moments = ["0", "1", "2", "3", "4", "5"];
    let besides = ["2-issuer-changed", "3-old-valid", "4-blind"];
    for moment in moments.iter().chain(&besides) {
        let names = names(moment);
        assert_eq!(
            names,
            ["BearA", "BearB", "BearC", "BearD", "BearE"],
            "{moment}"
        );
    }
    assert_eq!(names("edge"), ["EdgeA"]);
    assert_eq!(names("broken"), ["BearB"]);
}

#[test]
fn the_reader_understands_every_inventory() {
    let mut read_in_all = 0;
    for folder in fs::read_dir(root().join(INVENTORIES)).expect("the inventories") {
        let folder = folder.expect("an entry").path();
        if !folder.is_dir() {
            continue;
        }
        for path in files(folder.to_str().expect("a name"), "json") {
            let text = read(&path);
            let json: Value = serde_json::from_str(&text).expect("JSON");
            let inventory = inventory::read(text.as_bytes(), &HashSet::new());
            let inventory =
                inventory.unwrap_or_else(|fault| panic!("{}: {fault:?}", path.display()));
            let counted = [
                Some(inventory.errors.len()),
                inventory.queues.map(|all| all.len()),
                inventory.certificates.map(|all| all.len()),
                inventory.uses.map(|all| all.len()),
            ];
            let written = ["errors", "queues", "certificates", "uses"]
                .map(|list| json[list].as_array().map(Vec::len));
            assert_eq!(counted, written, "{}", path.display());
            read_in_all += 1;
        }
    }
    assert_eq!(read_in_all, 47);
}

/// The servers of one moment; each file is named after its own.
fn names(moment: &str) -> Vec<String> {
    let mut names = Vec::new();
    for path in files(&format!("{INVENTORIES}/{moment}"), "json") {
        let text = read(&path);
        let inventory: Value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(
            inventory["schema"],
            "smtp-tls-inventory/1",
            "{}",
            path.display()
        );
        assert!(!text.contains('@'), "{}: no addresses", path.display());
        let name = inventory["server"]["name"].as_str().expect("a name");
        assert_eq!(path.file_stem().and_then(|stem| stem.to_str()), Some(name));
        names.push(name.to_owned());
    }
    names
}

#[test]
fn the_collector_is_short_and_plain() {
    for script in files("collectors/exchange", "ps1") {
        let text = read(&script);
        let script = script.strip_prefix(root()).expect("below the root");
        assert!(text.lines().count() <= 300, "{}", script.display());
        assert!(text.is_ascii(), "{}: 5.1 reads no UTF-8", script.display());
    }
}
