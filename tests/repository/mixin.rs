//! Holds the mixin to what it promises: its default is what is shipped, and each setting changes what it says and no more.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use promql_parser::parser::{Expr, VectorSelector};
use serde_json::Value;

use crate::dashboards::{array, panels, parsed, parts, selector, text};
use crate::{files, read, root};

/// Everything changed at once.
const CHANGED: &str = r#"{ _config+:: {
    selector: 'env="prod", dc=~"a|b"', job: 'mail-tls', clusterLabel: 'cluster',
    severities: { critical: 'page', warning: 'ticket' }, alertLabels: { team: 'bears' },
    alerts: {
        SmtpTlsWeakCrypto: { severity: 'info', 'for': '1d' },
        'SmtpTlsQueueWaiting/critical': { 'for': '31m' },
        SmtpTlsUndecided: { off: true },
    },
    limits: {
        chainExpiringSoonSeconds: 70001, queueWaiting: 70002, queueWaitingCritical: 70003, queueGrowing: 70004,
        queueUnreachable: 70005, queuePoison: 70006, resultsStaleSeconds: 70007,
    },
    waitingQueues: 'next_hop!="other"', dashboardUrl: 'https://grafana.bears.test',
} }"#;

/// What the parser calls the matchers that `CHANGED` adds.
const ADDED: [&str; 2] = [r#"env="prod""#, r#"dc=~"a|b""#];

#[test]
fn the_mixin_reads_the_shipped_rules() -> Result<(), Box<dyn std::error::Error>> {
    let rules: Value = serde_yaml::from_str(&read("alerts/smtp-tls.rules.yml"))?;
    let json = serde_json::to_string_pretty(&rules)? + "\n";
    crate::shipped::generated::whole("mixin/rules.json", &json)
}

#[test]
#[ignore = "needs jsonnet and promtool: tests/run.sh"]
fn the_default_is_what_is_shipped() {
    let made = Rendered::default();
    for (name, shipped) in [
        ("smtp-tls.rules.yml", "alerts/smtp-tls.rules.yml"),
        (
            "prometheusrule.yml",
            "examples/kubernetes/prometheusrule.yml",
        ),
    ] {
        let shipped: Value = serde_yaml::from_str(&read(shipped)).expect("YAML");
        assert_eq!(made.json(name), shipped, "{name}");
    }
    let boards = files("dashboards", "json");
    for board in &boards {
        let name = file_name(board);
        let shipped: Value = serde_json::from_str(&read(board)).expect("JSON");
        assert!(
            made.json(&format!("dashboards/{name}")) == shipped,
            "{name}"
        );
    }
    let rendered = fs::read_dir(made.0.join("dashboards")).expect("boards");
    assert_eq!(rendered.count(), boards.len());
}

#[test]
#[ignore = "needs jsonnet and promtool: tests/run.sh"]
fn every_selector_is_narrowed_and_nothing_else_changes() {
    let made = Rendered::changed();
    let check = Command::new("promtool")
        .args(["check", "rules"])
        .arg(made.0.join("smtp-tls.rules.yml"))
        .output()
        .expect("promtool");
    assert!(check.status.success(), "{check:?}");
    let rules = made.json("smtp-tls.rules.yml");
    let mut seen = 0;
    for rule in all_rules(&rules) {
        seen += narrowed(text(&rule, "/expr"));
        for annotation in ["description", "runbook_url"] {
            let said = text(&rule, &format!("/annotations/{annotation}"));
            for rest in said.split("smtp_tls_").skip(1) {
                let name =
                    rest.trim_start_matches(|c: char| c.is_alphanumeric() || "_:".contains(c));
                assert!(name.starts_with(r#"{env=\"prod\", dc=~\"a|b\""#), "{said}");
            }
            let counted = |word| said.matches(word).count();
            assert_eq!(
                counted("instance=%q"),
                counted("cluster=%q, job=%q, instance=%q"),
                "{said}"
            );
            assert!(!said.contains("(job, instance"), "{said}");
        }
    }
    assert!(seen > 100, "{seen}");
    for file in files("dashboards", "json") {
        let name = file_name(&file);
        let board = made.json(&format!("dashboards/{name}"));
        for panel in panels(&board) {
            for target in array(panel, "/targets") {
                seen += narrowed(text(target, "/expr"));
            }
        }
        for variable in array(&board, "/templating/list") {
            let query = text(variable, "/definition");
            assert!(
                query.is_empty() || query.contains(r#"{env="prod", dc=~"a|b""#),
                "{query}"
            );
        }
        let first = text(&board, "/templating/list/1/name");
        assert_eq!(first, "cluster", "{name}");
    }
    assert!(seen > 300, "{seen}");
}

#[test]
#[ignore = "needs jsonnet and promtool: tests/run.sh"]
fn a_setting_changes_what_it_says() {
    let (made, default) = (Rendered::changed(), Rendered::default());
    let changed = all_rules(&made.json("smtp-tls.rules.yml"));
    let shipped = all_rules(&default.json("smtp-tls.rules.yml"));
    let before: Vec<_> = shipped
        .iter()
        .filter(|r| r["alert"] != "SmtpTlsUndecided")
        .collect();
    assert_eq!(before.len() + 1, shipped.len());
    assert_eq!(before.len(), changed.len());
    let mut limits = Vec::new();
    for (new, old) in changed.iter().zip(before) {
        assert_eq!(
            (&new["alert"], &new["record"]),
            (&old["alert"], &old["record"])
        );
        let name = text(new, "/alert");
        limits.extend(other_numbers(name, text(old, "/expr"), text(new, "/expr")));
        if name.is_empty() {
            continue;
        }
        let severity = match (name, text(old, "/labels/severity")) {
            ("SmtpTlsWeakCrypto", _) => "info",
            (_, "critical") => "page",
            _ => "ticket",
        };
        assert_eq!(text(new, "/labels/severity"), severity, "{name}");
        assert_eq!(text(new, "/labels/team"), "bears", "{name}");
        let lasting = match (name, severity) {
            ("SmtpTlsWeakCrypto", _) => "1d",
            ("SmtpTlsQueueWaiting", "page") => "31m",
            _ => text(old, "/for"),
        };
        assert_eq!(text(new, "/for"), lasting, "{name}");
        opens_a_board(name, text(new, "/annotations/dashboard_url"));
    }
    let expected = [
        ("SmtpTlsChainExpiringSoon", "30 * 86400", "70001"),
        ("SmtpTlsQueueWaiting", "10", "70002"),
        ("SmtpTlsQueueWaiting", "100", "70003"),
        ("SmtpTlsQueueGrowing", "100", "70004"),
        ("SmtpTlsQueueUnroutable", "10", "70005"),
        ("SmtpTlsQueueUnroutable", "0", "70006"),
        ("SmtpTlsResultsStale", "1800", "70007"),
    ];
    let expected =
        expected.map(|(name, old, new)| (name.to_owned(), old.to_owned(), new.to_owned()));
    assert_eq!(limits, expected);
}

#[test]
#[ignore = "needs jsonnet and promtool: tests/run.sh"]
fn what_is_uploaded_asks_for_its_data_source() {
    let made = Rendered::default();
    for file in files("dashboards", "json") {
        let name = file_name(&file);
        let board = made.json(&format!("upload/{name}"));
        assert_eq!(text(&board, "/__inputs/0/name"), "DS_PROMETHEUS", "{name}");
        let required: BTreeSet<_> = array(&board, "/__requires")
            .iter()
            .map(|r| text(r, "/id"))
            .collect();
        for panel in panels(&board) {
            let kind = text(panel, "/type");
            assert!(kind == "row" || required.contains(kind), "{name}: {kind}");
        }
        let all = board.to_string();
        assert!(!all.contains("${datasource"), "{name}");
        assert!(all.contains("${DS_PROMETHEUS}"), "{name}");
    }
}

#[test]
#[ignore = "needs jsonnet and promtool: tests/run.sh"]
fn boards_begin_with_the_limits_and_mark_what_alerts_keep() {
    let made = Rendered::changed();
    for (name, limits) in [
        ("exporter", vec!["70007"]),
        ("fleet", vec![]),
        ("inside", vec!["70002", "70003"]),
        ("target", vec!["70007"]),
    ] {
        let board = made.json(&format!("dashboards/smtp-tls-{name}.json"));
        let variables = array(&board, "/templating/list").iter();
        let typed = variables.filter(|v| text(v, "/type") == "textbox");
        let typed: Vec<_> = typed
            .inspect(|v| assert_eq!(v["query"], v["current"]["value"], "{name}"))
            .map(|v| text(v, "/query"))
            .collect();
        assert_eq!(typed, limits, "{name}");
        for annotation in array(&board, "/annotations/list") {
            let expr = text(annotation, "/expr");
            if expr.starts_with("ALERTS") {
                assert!(expr.starts_with(r#"ALERTS{cluster=~"$cluster", alert"#));
            } else {
                assert!(narrowed(expr) > 0, "{expr}");
            }
        }
    }
}

#[test]
#[ignore = "needs jsonnet and promtool: tests/run.sh"]
fn one_line_leads_alerts_and_boards_to_the_exporter() {
    let made =
        r#"(import 'mixin.libsonnet') + { _config+:: { exporterUrl: 'https://tls.bears.test' } }"#;
    let asked = format!(
        "local made = {made}; [made.prometheusAlerts.groups[0].rules[1].annotations.runbook_url, \
         std.filter(function(p) p.title == 'Targets', made.grafanaDashboards['smtp-tls-fleet.json'].panels)[0]]"
    );
    let done = Command::new("jsonnet")
        .current_dir(root().join("mixin"))
        .args(["-e", &asked])
        .output()
        .expect("jsonnet");
    assert!(done.status.success(), "{done:?}");
    let said: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    let runbook = text(&said, "/0");
    assert!(
        runbook.starts_with("https://tls.bears.test/runbooks/SmtpTls"),
        "{runbook}"
    );
    let panel = said[1].to_string();
    let page = "https://tls.bears.test/targets/${__data.fields.Target:percentencode}";
    assert!(
        panel.contains(page) && !panel.contains("http://${"),
        "{panel}"
    );
}

#[test]
#[ignore = "needs jsonnet and promtool: tests/run.sh"]
fn a_name_that_no_alert_has_is_refused() {
    for (config, complaint) in [
        (
            "alerts: { SmtpTlsNoSuch: { off: true } }",
            "alerts: there is no",
        ),
        ("selector: 'a=~\"b\\\\d\"'", "selector: no"),
    ] {
        let (_, said) = render("refused", Some(&format!("{{ _config+:: {{ {config} }} }}")));
        assert!(
            said.as_ref().is_some_and(|said| said.contains(complaint)),
            "{said:?}"
        );
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().expect("a name");
    name.to_string_lossy().into_owned()
}

/// How many selectors a query has; each must have what was asked for.
fn narrowed(query: &str) -> usize {
    let tree = parsed(query).unwrap_or_else(|error| panic!("{error}: {query}"));
    let mut seen = 0;
    for (part, _) in parts(&tree, "") {
        if let Some(VectorSelector { matchers, .. }) = selector(part) {
            let all: Vec<_> = matchers.matchers.iter().map(ToString::to_string).collect();
            for added in ADDED {
                let times = all.iter().filter(|m| *m == added).count();
                assert_eq!(times, 1, "{added} in {query}");
            }
            seen += 1;
        }
        // What is matched or grouped by instance is so by cluster.
        let labels = crate::dashboards::labels_named(part);
        let plain = !matches!(
            part,
            Expr::VectorSelector(_) | Expr::MatrixSelector(_) | Expr::Call(_)
        );
        if plain && labels.contains(&"instance") && labels.contains(&"job") {
            assert!(labels.contains(&"cluster"), "{query}");
        }
    }
    seen
}

/// The comparisons with another number than before. Both queries must be the same apart from these, added matchers and the
/// label of the clusters.
fn other_numbers(name: &str, old: &str, new: &str) -> Vec<(String, String, String)> {
    let bare = new
        .replace(r#"{env="prod", dc=~"a|b"}"#, "")
        .replace(r#"{env="prod", dc=~"a|b", "#, "{")
        .replace("(cluster, job,", "(job,")
        .replace(
            r#"next_hop!="other", kind="delivery""#,
            r#"kind="delivery""#,
        )
        .replace(r#"job="mail-tls""#, r#"job="smtp-tls""#);
    let [old, bare] = [old, &bare].map(|query| query.replace("30 * 86400", "30_*_86400"));
    let (before, after) = (old.split_whitespace(), bare.split_whitespace());
    assert_eq!(before.clone().count(), after.clone().count(), "{name}");
    let differ = before.zip(after).filter(|(before, after)| before != after);
    differ
        .map(|(before, after)| (name.to_owned(), before.replace('_', " "), after.to_owned()))
        .collect()
}

/// The board exists, and has a variable for each value.
fn opens_a_board(alert: &str, url: &str) {
    let path = url
        .strip_prefix("https://grafana.bears.test/d/")
        .unwrap_or_default();
    let (uid, query) = path.split_once('?').unwrap_or((path, ""));
    let board: Value = serde_json::from_str(&read(format!("dashboards/{uid}.json"))).expect("JSON");
    let known: BTreeSet<_> = array(&board, "/templating/list")
        .iter()
        .map(|v| text(v, "/name"))
        .collect();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let variable = pair.strip_prefix("var-").and_then(|p| p.split('=').next());
        assert!(
            variable.is_some_and(|v| known.contains(v)),
            "{alert}: {url}"
        );
    }
}

fn all_rules(rules: &Value) -> Vec<Value> {
    let groups = array(rules, "/groups").iter();
    groups
        .flat_map(|group| array(group, "/rules").to_vec())
        .collect()
}

/// A folder with what the mixin makes.
struct Rendered(PathBuf);

impl Rendered {
    /// Without a configuration; made once for all tests, as the next.
    fn default() -> &'static Self {
        static MADE: LazyLock<Rendered> = LazyLock::new(|| Rendered::of("default", None));
        &MADE
    }

    /// With `CHANGED`.
    fn changed() -> &'static Self {
        static MADE: LazyLock<Rendered> = LazyLock::new(|| Rendered::of("changed", Some(CHANGED)));
        &MADE
    }

    fn of(name: &str, config: Option<&str>) -> Self {
        let (folder, complaint) = render(name, config);
        assert_eq!(complaint, None);
        Self(folder)
    }

    fn json(&self, file: &str) -> Value {
        serde_json::from_str(&read(self.0.join(file))).expect("JSON")
    }
}

/// Where it was rendered, and what the mixin complained of.
fn render(name: &str, config: Option<&str>) -> (PathBuf, Option<String>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mixin-{name}"));
    fs::create_dir_all(&folder).expect("a folder");
    let mut script = Command::new(root().join("mixin/render.sh"));
    script.arg(&folder);
    if let Some(config) = config {
        let file = folder.join("config.libsonnet");
        fs::write(&file, config).expect("a file");
        script.arg(file);
    }
    let done = script.output().expect("mixin/render.sh starts");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    (folder, (!done.status.success()).then_some(said))
}
