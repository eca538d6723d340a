//! What the program says of mail to a domain: `check --json` behind a resolver that validates, read as what becomes of the
//! mail.

use std::path::Path;

use serde_json::Value;

use super::case::Staged;
use super::oracle::{Outcome, Said};
use crate::PROGRAM;

/// So many domains are asked about at a time: questions about what is published take turns, and `check` waits for none
/// that takes long.
const AT_A_TIME: usize = 25;

/// What is said of each domain, when this is demanded of it (`opportunistic` or `required`).
pub(super) async fn ask(place: &Path, resolver: &str, demand: &str, cases: &[Staged]) -> Vec<Said> {
    let mut said = Vec::new();
    for cases in cases.chunks(AT_A_TIME) {
        let report = check(place, resolver, demand, cases).await;
        let targets = report["targets"].as_array().expect("targets");
        said.extend(cases.iter().map(|case| read(find(targets, &case.domain))));
    }
    said
}

async fn check(place: &Path, resolver: &str, demand: &str, cases: &[Staged]) -> Value {
    let targets: String = cases
        .iter()
        .map(|case| format!("- {{name: {0}, mx: {0}}}\n", case.domain))
        .collect();
    let config = format!(
        "views: {{v: {{resolvers: 'udp://{resolver}:53', dnssec: trust}}}}\n\
         defaults: {{views: v, expect: {{dane: {demand}, mta_sts: off, tlsrpt: off}}}}\ntargets:\n{targets}"
    );
    let file = place.join(format!("{demand}.yml"));
    std::fs::write(&file, config).expect("a file of ours");
    let file = file.display().to_string();
    let ended = PROGRAM
        .run(&["check", "--json", "--config.file", &file])
        .await;
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stderr))
}

fn find<'a>(targets: &'a [Value], name: &str) -> &'a Value {
    let target = targets.iter().find(|target| target["target"] == name);
    target.expect("every target is in the report")
}

/// A pass says that who follows the records delivers, a failure that he does not, or delivers to whomever if nobody can
/// use the records.
fn read(target: &Value) -> Said {
    let text = target.to_string();
    let checks = &target["endpoints"][0]["checks"];
    let checks = checks.as_array().map_or(&[][..], Vec::as_slice);
    let dane = checks.iter().find(|check| check["check"] == "dane");
    let Some(dane) = dane else {
        let reason = target["resolutions"][0]["reason"]
            .as_str()
            .unwrap_or_default();
        let outcome = match reason {
            "dns_error" => Outcome::Deferred,
            _ => Outcome::Silent,
        };
        let words = format!("no endpoint, {reason}");
        return Said {
            outcome,
            words,
            text,
        };
    };
    let word = |key| dane[key].as_str().unwrap_or_default();
    let (result, reason) = (word("result"), word("reason"));
    let outcome = match (result, reason) {
        ("pass", _) => Outcome::Authenticated,
        ("fail", "dane_unusable") | ("not_applicable", _) => Outcome::Unauthenticated,
        ("fail", _) => Outcome::Deferred,
        _ => Outcome::Silent,
    };
    let words = [result, reason].join(" ").trim().to_owned();
    Said {
        outcome,
        words,
        text,
    }
}
