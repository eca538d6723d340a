//! Hostile bytes into everything that reads what strangers wrote: nothing panics, nothing grows beyond its bounds, and
//! what is read once is read the same way again.
//!
//! Plain `cargo test` runs every seed and some thousand damaged ones. `tests/fuzz/run.sh` searches on with libFuzzer.
//! A new target is one line in the list below, a function in `targets.rs`, and a directory of small seeds.
#![expect(clippy::disallowed_methods, reason = "reads seeds")]

mod damage;
mod targets;

use std::fs;
use std::path::Path;

/// Damaged seeds a target and test run; together some seconds. `BOLERO_RANDOM_ITERATIONS` overrides it.
const ITERATIONS: usize = 3_000;

/// `name: directory of seeds => what to do with the bytes`.
macro_rules! targets {
    ($($name:ident: $seeds:literal => $target:path;)+) => {$(
        #[test]
        fn $name() {
            let seeds = seeds($seeds);
            let target: fn(&[u8]) = $target;
            let check = bolero::check!().with_iterations(ITERATIONS);
            seeds.iter().for_each(|seed| target(seed));
            check.for_each(|bytes: &[u8]| {
                // libFuzzer damages the seeds itself, and remembers what led somewhere.
                if cfg!(fuzzing) {
                    target(bytes);
                } else {
                    target(&damage::damaged(&seeds, bytes));
                }
            });
        }
    )+};
}

targets! {
    certificate: "fixtures/certificates" => targets::certificate;
    staple: "fixtures/ocsp" => targets::staple;
    name: "fuzz/seeds/names" => targets::name;
    connector_string: "fuzz/seeds/connector_strings" => targets::connector_string;
    replies: "fuzz/seeds/replies" => targets::replies;
    dialogue: "fuzz/seeds/replies" => targets::dialogue;
    legacy_reader: "fuzz/seeds/first_flights" => targets::legacy_reader;
    configuration: "fuzz/seeds/configurations" => targets::configuration;
    inventory: "fuzz/seeds/inventories" => targets::inventory;
    published_texts: "fuzz/seeds/published_texts" => targets::published_texts;
    tlsa: "fuzz/seeds/tlsa" => targets::tlsa;
    mta_sts_policy: "fuzz/seeds/mta_sts_policies" => targets::mta_sts_policy;
}

/// The files of a directory below `tests/`, in the order of their names.
fn seeds(directory: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(directory);
    let files = fs::read_dir(&directory).expect("a directory of seeds");
    let mut paths: Vec<_> = files.map(|file| file.expect("a seed").path()).collect();
    // Beside the seeds stands how they were made.
    paths.retain(|path| {
        path.extension()
            .is_none_or(|kind| kind != "md" && kind != "sh")
    });
    paths.sort();
    let seeds: Vec<_> = paths
        .iter()
        .map(|path| fs::read(path).expect("a seed"))
        .collect();
    assert!(!seeds.is_empty(), "no seeds in {}", directory.display());
    seeds
}
