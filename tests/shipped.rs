//! Holds what is shipped beside the program to the program: the example configuration, the references, the README.
#![expect(
    clippy::disallowed_methods,
    reason = "reads files of the repository, which is what it tests, and the clock for certificates"
)]

#[path = "shipped/generated.rs"]
mod generated;
#[path = "shipped/metrics.rs"]
mod metrics;
#[path = "shipped/reasons.rs"]
mod reasons;

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use generated::{Outcome, generated, read, root};
use smtp_tls_exporter::reason::Reason;
use smtp_tls_exporter::verdict::{CHECKS, Check, Switch};
use testkit::peer::{Authority, Leaf, Server, Speech};

const PROGRAM: &str = env!("CARGO_BIN_EXE_smtp-tls-exporter");
#[test]
fn the_example_configuration_is_valid() -> Outcome {
    let (complaint, code) = config_check(&root().join("config.example.yml"))?;
    assert_eq!((complaint.as_str(), code), ("", Some(0)));
    Ok(())
}

/// Each section with an unknown key: the program then names all the keys that it knows there.
const SECTIONS: [(&str, &str); 7] = [
    ("", "nonsense: 1\ntargets: [{host: a}]"),
    ("probe.", "probe: {nonsense: 1}\ntargets: [{host: a}]"),
    ("trust.", "trust: {nonsense: 1}\ntargets: [{host: a}]"),
    ("defaults.", "defaults: {nonsense: 1}\ntargets: [{host: a}]"),
    ("targets[].", "targets: [{host: a, nonsense: 1}]"),
    ("expect.", "targets: [{host: a, expect: {nonsense: 1}}]"),
    ("checks.", "targets: [{host: a, checks: {nonsense: off}}]"),
];

#[test]
fn every_key_is_in_the_example_and_in_the_reference() -> Outcome {
    let example = read("config.example.yml");
    let reference = read("docs/configuration.md");
    for (section, text) in SECTIONS {
        for key in known_keys(text)? {
            let shown = match section {
                // One switch for each check: their names stand in a comment, the README explains them.
                "checks." => example.contains(&key),
                // Names files, and the example has none.
                _ if key == "client_certificate" => example.contains("# client_certificate: {"),
                _ => uncommented(&example).contains(&format!("{key}:")),
            };
            assert!(shown, "config.example.yml: show {section}{key}");
            let wanted = match section {
                "" => format!("\n## `{key}`\n"),
                "checks." => continue,
                _ => format!("`{section}{key}`"),
            };
            assert!(
                reference.contains(&wanted),
                "docs/configuration.md: explain {wanted}"
            );
        }
    }
    Ok(())
}

#[test]
fn every_failure_case_names_reasons_and_tests_that_exist() {
    let text = read("docs/failure-cases.md");
    let rows = text.lines().skip_while(|l| *l != "|---|---|---|---|");
    let rows: Vec<_> = rows.skip(1).take_while(|l| l.starts_with('|')).collect();
    assert!(rows.len() >= 30, "docs/failure-cases.md");
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

/// The rules of the Prometheus Operator are those of Prometheus, two spaces further in.
#[test]
fn the_rules_for_kubernetes_are_the_same() -> Outcome {
    let rules = read("alerts/smtp-tls.rules.yml");
    let at = rules.find("\ngroups:\n").ok_or("no groups")?;
    let moved = rules[at..].lines().skip(1).map(|line| match line {
        "" => "\n".to_owned(),
        line => format!("  {line}\n"),
    });
    let file = "examples/kubernetes/prometheusrule.yml";
    generated(file, ("\nspec:\n", ""), &moved.collect::<String>())
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
async fn scrape_of_a_small_world() -> Result<String, Box<dyn Error>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let authority = Authority::new("Bear", i64::try_from(now)?);
    let leaf = authority.issue(&Leaf::server("mx.bears.test", -10, 80));
    let server = Server::start("127.0.0.1:0".parse()?, &leaf, Speech::default()).await?;
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("root.pem"), authority.root_pem())?;
    let config = format!(
        "trust: {{roots: root.pem}}\nviews: {{other: {{family: ipv4}}}}\ntarget_files: more.yml\ntargets:\n\
         - {{host: mx.bears.test, addresses: 127.0.0.1, ports: [{}], views: [default, other]}}\n",
        server.address.port()
    );
    let more = format!("- {{host: gone.bears.test, addresses: 127.0.0.1, ports: {closed}}}\n");
    fs::write(folder.path().join("more.yml"), more)?;
    let file = folder.path().join("config.yml");
    fs::write(&file, config)?;
    let scrape = tokio::task::spawn_blocking(move || {
        let exporter = Exporter::start(&file).map_err(|e| e.to_string())?;
        exporter.scrape().map_err(|e| e.to_string())
    });
    Ok(scrape.await??)
}

/// The real program; ends with its handle.
struct Exporter {
    process: Child,
    address: SocketAddr,
}

impl Exporter {
    fn start(config: &Path) -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(PROGRAM)
            .arg("--config.file")
            .arg(config)
            .arg("--web.listen-address=127.0.0.1:0")
            .stderr(Stdio::piped())
            .spawn()?;
        let log = BufReader::new(process.stderr.take().ok_or("no log")?);
        let mut exporter = Self {
            process,
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
        };
        for line in log.lines() {
            if let Some((_, behind)) = line?.split_once("address=") {
                let address = behind.split(' ').next().unwrap_or_default();
                exporter.address = address.trim_matches('"').parse()?;
                return Ok(exporter);
            }
        }
        Err("the program ended".into())
    }

    fn scrape(&self) -> Result<String, Box<dyn Error>> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: exporter\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("no body")?;
        Ok(body.to_owned())
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What `--config.check` complains of, and its exit code.
fn config_check(file: &Path) -> Result<(String, Option<i32>), Box<dyn Error>> {
    let output = Command::new(PROGRAM)
        .arg("--config.check")
        .arg("--log.level=error")
        .arg("--config.file")
        .arg(file)
        .output()?;
    Ok((String::from_utf8(output.stderr)?, output.status.code()))
}

/// The keys that the program expects where this text has an unknown one.
fn known_keys(text: &str) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config.yml");
    fs::write(&file, text)?;
    let (complaint, _) = config_check(&file)?;
    let (_, listed) = complaint
        .rsplit_once("expected ")
        .ok_or_else(|| format!("no list of keys: {complaint}"))?;
    let keys = listed.trim().trim_start_matches("one of ").split(", ");
    Ok(keys.map(str::to_owned).collect())
}

fn uncommented(yaml: &str) -> String {
    let lines = yaml.lines().filter(|l| !l.trim_start().starts_with('#'));
    lines
        .map(|line| line.split(" #").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}
