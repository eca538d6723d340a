//! Holds every alert rule to its tests, its runbook and the metrics and checks that exist.

use std::collections::BTreeSet;
use std::path::Path;

use serde_yaml::Value;
use smtp_tls_exporter::facts::observation::Phase;
use smtp_tls_exporter::reason::Reason;
use smtp_tls_exporter::render::described;
use smtp_tls_exporter::report::State;
use smtp_tls_exporter::verdict::CHECKS;

use crate::{files, read};

/// Alerts about more than one exporter, or about one that does not answer: they ask for one that has the runbook.
const ASKING: [&str; 3] = [
    "SmtpTlsExporterDown",
    "SmtpTlsTargetsMissing",
    "SmtpTlsVantagesDisagree",
];

#[test]
fn every_alert_says_what_a_woken_reader_needs() {
    for alert in rules("alert") {
        let name = text(&alert["alert"]);
        let annotation = |key: &str| text(&alert["annotations"][key]).to_owned();
        assert!(name.starts_with("SmtpTls"), "{name}");
        let severity = text(&alert["labels"]["severity"]);
        assert!(["critical", "warning"].contains(&severity), "{name}");
        let summary = annotation("summary");
        assert!(
            summary.ends_with('.') && !summary.contains("{{"),
            "{name}: the summary is one sentence, the same for all: {summary}"
        );
        let description = annotation("description");
        assert!(description.contains("{{ $labels."), "{name}: says not what");
        assert!(description.contains("First: "), "{name}: what comes first?");
    }
}

#[test]
fn names_are_given_once_a_severity() {
    let all = rules("alert");
    let distinct: BTreeSet<_> = all
        .iter()
        .map(|rule| (text(&rule["alert"]), text(&rule["labels"]["severity"])))
        .collect();
    assert_eq!(distinct.len(), all.len(), "two alerts of one name");
}

#[test]
fn every_alert_has_a_runbook() {
    for alert in rules("alert") {
        let name = text(&alert["alert"]);
        let runbook = read(format!("docs/runbooks/{name}.md"));
        // Every second part is a block of commands, whose comments are no headings.
        let prose = runbook.split("```").step_by(2);
        let headings: Vec<_> = prose
            .flat_map(str::lines)
            .filter(|l| l.starts_with('#'))
            .collect();
        let expected = [
            &*format!("# {name}"),
            "## Meaning",
            "## Impact",
            "## Diagnosis",
            "## Mitigation",
        ];
        assert_eq!(headings, expected, "{name}");
        assert!(runbook.contains("```"), "{name}: a runbook has commands");
    }
}

/// The exporter serves its runbooks; nothing else is sure to be there.
#[test]
fn every_alert_opens_its_runbook_in_the_exporter() {
    for alert in rules("alert") {
        let name = text(&alert["alert"]);
        let url = text(&alert["annotations"]["runbook_url"]);
        if ASKING.contains(&name) {
            let asks = url.contains("query") && url.contains("first | label \"instance\"");
            assert!(asks && url.contains(&format!("/runbooks/{name}")), "{url}");
        } else {
            let expected = format!("http://{{{{ $labels.instance }}}}/runbooks/{name}");
            assert_eq!(url, expected);
        }
        let dashboard = &alert["annotations"]["dashboard_url"];
        assert!(dashboard.is_null(), "{name}: whose Grafana? {dashboard:?}");
    }
    for file in files("alerts/tests", "yml") {
        assert!(!read(&file).contains("http:///"), "{}", file.display());
    }
}

#[test]
fn every_alert_is_tested_to_fire_and_every_tested_name_is_an_alert() {
    let known = names("alert");
    let (tested, fired) = tested();
    let strangers: Vec<_> = tested.difference(&known).collect();
    assert!(strangers.is_empty(), "no such alerts: {strangers:?}");
    let untested: Vec<_> = known.difference(&fired).collect();
    assert!(untested.is_empty(), "no test makes them fire: {untested:?}");
}

#[test]
fn the_index_of_runbooks_lists_every_alert() {
    let index = read("docs/runbooks/README.md");
    let listed: Vec<_> = index.lines().filter(|l| l.starts_with("| [")).collect();
    let expected = rules("alert");
    let expected = expected.iter().map(|alert| {
        let name = text(&alert["alert"]);
        let severity = text(&alert["labels"]["severity"]);
        let summary = text(&alert["annotations"]["summary"]);
        format!("| [{name}]({name}.md) | {severity} | {summary} |")
    });
    assert_eq!(listed, expected.collect::<Vec<_>>());
}

#[test]
fn every_metric_of_a_rule_or_of_its_tests_exists() {
    let exported = exported();
    let known: BTreeSet<_> = exported.union(&names("record")).cloned().collect();
    for file in [files("alerts", "yml"), files("alerts/tests", "yml")].concat() {
        let page = read(&file);
        let code: String = page
            .lines()
            .filter(|l| !l.trim().starts_with('#'))
            .collect();
        let used: BTreeSet<String> = words(&code)
            .filter(|word| {
                ["smtp_tls_", "endpoint:", "server:smtp_tls_"]
                    .iter()
                    .any(|start| word.starts_with(start))
            })
            .collect();
        assert!(!used.is_empty(), "{}", file.display());
        let missing: Vec<_> = used.difference(&known).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", file.display());
    }
}

/// A selector with a word that the exporter never says is an alert that never fires.
#[test]
fn every_check_reason_and_phase_of_a_rule_exists() {
    let checks: BTreeSet<_> = CHECKS.iter().map(|check| check.name).collect();
    let reasons: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    let phases: BTreeSet<_> = Phase::ALL.iter().map(|phase| phase.as_str()).collect();
    let states: BTreeSet<_> = State::ALL.iter().map(|state| state.as_str()).collect();
    let page = read("alerts/smtp-tls.rules.yml").replace('\\', "");
    let known = [
        ("check", checks),
        ("reason", reasons),
        ("phase", phases),
        ("{state", states),
    ];
    for (label, known) in known {
        let mut seen = 0;
        for operator in ["=", "=~", "!~"] {
            for place in page.split(&format!("{label}{operator}\"")).skip(1) {
                let words = place.split('"').next().unwrap_or_default();
                for word in words.split('|') {
                    assert!(known.contains(word), "{label}: {word}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 0, "no rule asks for a {label}");
    }
}

/// Alerts named in the rules' tests, and those of them that some test expects to fire with all that they say.
fn tested() -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut tested, mut fired) = (BTreeSet::new(), BTreeSet::new());
    for file in files("alerts/tests", "yml") {
        let page: Value = yaml(&file);
        for case in list(&page["tests"]) {
            for expected in list(&case["alert_rule_test"]) {
                let name = text(&expected["alertname"]).to_owned();
                if !list(&expected["exp_alerts"]).is_empty() {
                    fired.insert(name.clone());
                }
                tested.insert(name);
            }
            for sample in list(&case["promql_expr_test"])
                .iter()
                .flat_map(|expected| list(&expected["exp_samples"]))
            {
                let labels = text(&sample["labels"]);
                tested.extend(words(labels).filter(|word| word.starts_with("SmtpTls")));
            }
        }
    }
    (tested, fired)
}

/// All rules of one kind: `alert` or `record`.
fn rules(kind: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for file in files("alerts", "yml") {
        for group in list(&yaml(&file)["groups"]) {
            let of_kind = list(&group["rules"]).iter().filter(|r| !r[kind].is_null());
            all.extend(of_kind.cloned());
        }
    }
    assert!(!all.is_empty(), "no rules");
    all
}

fn names(kind: &str) -> BTreeSet<String> {
    let name = |rule: &Value| text(&rule[kind]).to_owned();
    rules(kind).iter().map(name).collect()
}

fn exported() -> BTreeSet<String> {
    let metrics = described().concat();
    metrics
        .iter()
        .map(|metric| metric.name.to_owned())
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c| !in_word(c)).map(str::to_owned)
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

fn yaml(file: &Path) -> Value {
    serde_yaml::from_str(&read(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_sequence().map_or(&[], Vec::as_slice)
}
