//! Holds what is shipped beside the program to the program: the example configuration, the references, the README.

mod alerts;
mod chart;
pub(crate) mod generated;
mod inventory_schema;
mod keys;
mod metrics;
mod reasons;
mod schema;
mod wrapped;

use std::error::Error;
use std::path::Path;

use smtp_tls_exporter::reason::Reason;
use smtp_tls_exporter::verdict::{CHECKS, Check, Switch};
use testkit::http::request;
use testkit::network::free_address;
use testkit::peer::Speech;
use testkit::{Exposition, World};

use self::generated::{Outcome, generated, read, root};
use crate::PROGRAM;

#[test]
fn the_example_configuration_is_valid() -> Outcome {
    let (complaint, code) = config_check(&root().join("config.example.yml"));
    assert_eq!((complaint.as_str(), code), ("", Some(0)));
    Ok(())
}

#[test]
fn every_failure_case_names_reasons_and_tests_that_exist() {
    let text = read("docs/failure-cases.md");
    let rows = text.lines().filter(|l| l.starts_with("| "));
    let rows: Vec<_> = rows.filter(|l| !l.starts_with("| case |")).collect();
    assert!(rows.len() >= 50, "docs/failure-cases.md");
    for row in rows {
        let cells: Vec<_> = row.split(" | ").collect();
        let [_, _, reasons, tests] = cells[..] else {
            panic!("not four cells: {row}");
        };
        let (reasons, tests) = (quoted(reasons), quoted(tests));
        assert!(!reasons.is_empty() && !tests.is_empty(), "{row}");
        for reason in reasons {
            let exists = Reason::ALL.iter().any(|known| known.as_str() == reason);
            assert!(exists, "there is no reason {reason}: {row}");
        }
        for test in tests {
            let (file, function) = test.split_once("::").unwrap_or_else(|| panic!("{row}"));
            assert!(is_test(&read(file), function), "there is no {test}: {row}");
        }
    }
}

/// What stands in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Whether a file has a test of this name: a function behind an attribute.
fn is_test(source: &str, function: &str) -> bool {
    let names = |line: &str| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        let name = line
            .strip_prefix("fn ")
            .and_then(|l| l.strip_suffix("() {"));
        name == Some(function)
    };
    let lines: Vec<_> = source.lines().collect();
    let mut pairs = lines.windows(2);
    pairs.any(|pair| names(pair[1]) && pair[0].starts_with("#["))
}

#[test]
fn the_tables_of_checks_are_those_of_the_program() -> Outcome {
    let mut rows = String::from("| check | default | passes when |\n|---|---|---|\n");
    for Check {
        name,
        default,
        help,
        ..
    } in CHECKS
    {
        let default = match default {
            Switch::On => "on",
            Switch::Off => "off",
        };
        rows += &format!("| `{name}` | {default} | {help} |\n");
    }
    generated(
        "README.md",
        ("<!-- checks -->\n\n", "\n<!-- end -->"),
        &rows,
    )?;
    let names: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
    let listed: String = names
        .chunks(6)
        .map(|line| format!("    #   {}\n", line.join(", ")))
        .collect();
    let around = ("off where it is on, by its name:\n", "    checks: ");
    generated("config.example.yml", around, &listed)
}

#[test]
fn files_that_are_named_exist() {
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = read(document);
        let quoted = text.split('`').skip(1).step_by(2);
        for file in quoted.filter(|word| word.ends_with(".rs") && !word.contains("client_auth")) {
            let exists = root().join("src").join(file).exists() || root().join(file).exists();
            assert!(exists, "{document}: there is no {file}");
        }
    }
}

/// One server that is well and one port where nobody listens, scraped from the real program.
async fn scrape_of_a_small_world() -> Result<Exposition, Box<dyn Error>> {
    let mut world = World::today();
    let at = world.server("mx.bears.test", 80, Speech::default()).await;
    let closed = free_address().port();
    let config = format!(
        "trust: {{roots: root.pem}}\nviews: {{other: {{family: ipv4}}}}\ntarget_files: more.yml\ntargets:\n\
         - {{host: mx.bears.test, addresses: 127.0.0.1, ports: [{}], views: [default, other]}}\n",
        at.port()
    );
    let more = format!("- {{host: gone.bears.test, addresses: 127.0.0.1, ports: {closed}}}\n");
    world.write("more.yml", &more);
    let exporter = PROGRAM.serving(&world.write("config.yml", &config)).start();
    let answer = request(exporter.address, "GET", "/metrics", &[]).await?;
    Ok(Exposition::parse(&answer.body))
}

/// What `--config.check` complains of, and its exit code.
fn config_check(file: &Path) -> (String, Option<i32>) {
    let file = file.display().to_string();
    let arguments = [
        "--config.check",
        "--log.level=error",
        "--config.file",
        &file,
    ];
    let ended = PROGRAM.run_alone(&arguments);
    (ended.stderr, ended.code)
}
