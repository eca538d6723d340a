//! Holds the dashboards to the rules of Grafana's dashboard-linter, and dashboards and alert rules to the metrics that exist.
#![expect(
    clippy::disallowed_methods,
    reason = "reads files of the repository, which is what it tests"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Panel types that need a title, a description, a unit and queries.
const PLOTTED: [&str; 7] = [
    "bargauge",
    "gauge",
    "graph",
    "singlestat",
    "stat",
    "table",
    "timeseries",
];

/// The units in use, by Grafana's ids; a new one is added here after a look into Grafana's list.
const UNITS: [&str; 6] = ["bytes", "dateTimeAsIso", "none", "opm", "percentunit", "s"];

/// PromQL words that are followed by a list of labels.
const GROUPING: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];

/// Other PromQL words that are no metric.
const WORDS: [&str; 9] = [
    "and", "or", "unless", "bool", "offset", "NaN", "nan", "Inf", "inf",
];

#[test]
fn dashboards_pass_every_rule() {
    let files = files("dashboards", "json");
    assert!(!files.is_empty(), "there are no dashboards");
    for file in files {
        let dashboard = serde_json::from_str(&read(&file)).expect("a dashboard is JSON");
        let found = findings(&dashboard);
        assert!(
            found.is_empty(),
            "{}:\n{}",
            file.display(),
            found.join("\n")
        );
    }
}

#[test]
fn dashboards_have_distinct_uids() {
    let mut seen = BTreeSet::new();
    for file in files("dashboards", "json") {
        let dashboard: Value = serde_json::from_str(&read(&file)).expect("a dashboard is JSON");
        assert!(
            seen.insert(text(&dashboard, "/uid").to_owned()),
            "{}",
            file.display()
        );
    }
}

#[test]
fn every_metric_in_use_exists() {
    let known = known_metrics();
    assert!(
        known.len() > 20,
        "docs/metrics.md lists hardly any: {known:?}"
    );
    for file in files("dashboards", "json") {
        let dashboard: Value = serde_json::from_str(&read(&file)).expect("a dashboard is JSON");
        let queries = panels(&dashboard).into_iter().flat_map(expressions);
        let asked: BTreeSet<_> = queries.flat_map(selectors).map(|s| s.name).collect();
        assert!(!asked.is_empty(), "{} asks for nothing", file.display());
        let missing: Vec<_> = asked.iter().filter(|m| !known.contains(**m)).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", file.display());
    }
}

/// What the exporter writes (tests/shipped.rs holds the reference to a scrape), what the rules record, and what Prometheus
/// adds.
fn known_metrics() -> BTreeSet<String> {
    let reference = read(&root().join("docs/metrics.md"));
    let rows = reference
        .lines()
        .filter_map(|line| line.strip_prefix("| `"));
    let exported = rows.filter_map(|row| row.split('`').next());
    let rules = read(&root().join("alerts/smtp-tls.rules.yml"));
    let recorded = rules.split("- record: ").skip(1);
    let recorded = recorded.filter_map(|rest| rest.lines().next());
    let added = ["up", "scrape_duration_seconds"];
    exported
        .chain(recorded)
        .chain(added)
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_rules_see_a_bad_dashboard() {
    for (place, value, finding) in [
        ("/editable", json!(true), "editable"),
        ("/uid", json!(""), "uid"),
        ("/schemaVersion", json!(42), "schemaVersion"),
        (
            "/templating/list/0/name",
            json!("x"),
            "no variable datasource",
        ),
        ("/templating/list/1/multi", json!(false), "job: multi"),
        (
            "/templating/list/2/allValue",
            json!(""),
            "instance: allValue",
        ),
        ("/templating/list/3/refresh", json!(1), "target: refresh"),
        (
            "/templating/list/3/query/query",
            json!("up"),
            "target: query",
        ),
    ] {
        assert_found(place, value, finding);
    }
}

#[test]
fn the_rules_see_a_bad_panel() {
    let defaults = "/panels/0/fieldConfig/defaults";
    for (place, value, finding) in [
        ("/panels/1/id", json!(1), "id is not unique"),
        ("/panels/1/gridPos/x", json!(2), "overlaps"),
        ("/panels/4/gridPos/w", json!(10), "wider than the grid"),
        ("/panels/0/datasource/uid", json!("abc"), "datasource"),
        ("/panels/0/targets/0/datasource/uid", json!("abc"), "target"),
        ("/panels/0/title", json!(""), "no title"),
        ("/panels/0/description", json!(""), "no description"),
        (&format!("{defaults}/unit"), json!("suffix:x"), "unit"),
        (&format!("{defaults}/noValue"), json!(""), "noValue"),
        ("/panels/0/targets", json!([]), "no targets"),
        (
            "/panels/1/fieldConfig/defaults/mappings",
            json!([]),
            "judges",
        ),
    ] {
        assert_found(place, value, finding);
    }
}

#[test]
fn the_rules_see_a_bad_query() {
    let both = r#"{job=~"$job", instance=~"$instance"}"#;
    for (expr, finding) in [
        (format!("count(up{both}"), "unbalanced"),
        ("count by (job) (up)".to_owned(), "up lacks job"),
        (r#"up{job=~"$job"}"#.to_owned(), "up lacks instance"),
        (both.replace("$job", "$job.*"), "{} lacks job"),
        (format!("up{both} and on (job) down"), "down lacks job"),
        (format!("sum(x_total{both})"), "x_total is a counter"),
        (format!("rate(x_total{both}[5m])"), "$__rate_interval"),
    ] {
        assert_found("/panels/0/targets/0/expr", json!(expr), finding);
    }
}

/// Puts one value into the fleet dashboard and expects one finding.
fn assert_found(place: &str, value: Value, finding: &str) {
    let fleet = read(&root().join("dashboards/smtp-tls-fleet.json"));
    let mut dashboard: Value = serde_json::from_str(&fleet).expect("a dashboard is JSON");
    *dashboard.pointer_mut(place).expect(place) = value;
    let found = findings(&dashboard);
    assert!(
        found.iter().any(|line| line.contains(finding)),
        "{place}, {finding}: {found:?}"
    );
}

/// What is wrong with a dashboard, one line each.
fn findings(dashboard: &Value) -> Vec<String> {
    let panels = panels(dashboard);
    let mut found = frame(dashboard);
    found.extend(variables(dashboard));
    found.extend(layout(&panels));
    for panel in panels {
        let title = text(panel, "/title");
        found.extend(
            dress(panel)
                .into_iter()
                .map(|f| format!("panel {title:?}: {f}")),
        );
        for expr in expressions(panel) {
            found.extend(
                promql(expr)
                    .into_iter()
                    .map(|f| format!("panel {title:?}: {f}")),
            );
        }
    }
    found
}

/// uneditable-dashboard, and what makes a dashboard ours.
fn frame(dashboard: &Value) -> Vec<String> {
    let uid = text(dashboard, "/uid");
    let rules = [
        (
            dashboard["editable"] == json!(false),
            "editable is not false",
        ),
        (dashboard["id"].is_null(), "id is not null"),
        (
            !uid.is_empty() && uid.len() <= 40,
            "uid is empty or over 40 characters",
        ),
        (
            dashboard["schemaVersion"] == json!(39),
            "schemaVersion is not 39",
        ),
        (
            dashboard.get("__inputs").is_none(),
            "__inputs is resolved by the import dialog only",
        ),
    ];
    broken(&rules)
}

/// The template-* rules.
fn variables(dashboard: &Value) -> Vec<String> {
    let list = array(dashboard, "/templating/list");
    let named = |name: &str| list.iter().find(|v| text(v, "/name") == name);
    let mut found = Vec::new();
    match named("datasource") {
        None => found.push("no variable datasource".to_owned()),
        Some(v) => found.extend(broken(&[
            (
                text(v, "/type") == "datasource",
                "variable datasource: type",
            ),
            (
                text(v, "/query") == "prometheus",
                "variable datasource: query",
            ),
            (
                text(v, "/label") == "Data source",
                "variable datasource: label",
            ),
        ])),
    }
    for (name, label) in [("job", "Job"), ("instance", "Instance")] {
        let Some(v) = named(name) else {
            found.push(format!("no variable {name}"));
            continue;
        };
        let rules = [
            (text(v, "/type") == "query", "type"),
            (text(v, "/label") == label, "label"),
            (v["multi"] == json!(true), "multi"),
            (text(v, "/allValue") == ".+", "allValue"),
        ];
        found.extend(
            broken(&rules)
                .into_iter()
                .map(|f| format!("variable {name}: {f}")),
        );
    }
    for v in list.iter().filter(|v| text(v, "/type") == "query") {
        let rules = [
            (ours(v), "datasource"),
            (v["refresh"] == json!(2), "refresh"),
            (variable_query(text(v, "/query/query")), "query"),
        ];
        let name = text(v, "/name");
        found.extend(
            broken(&rules)
                .into_iter()
                .map(|f| format!("variable {name}: {f}")),
        );
    }
    found
}

/// `label_values(…)` and its like, with balanced brackets.
fn variable_query(query: &str) -> bool {
    let functions = ["label_values(", "label_names(", "metrics(", "query_result("];
    functions.iter().any(|f| query.starts_with(f)) && query.ends_with(')') && balanced(query)
}

/// Unique ids, and a grid on which nothing overlaps.
fn layout(panels: &[&Value]) -> Vec<String> {
    let mut found = Vec::new();
    for (n, panel) in panels.iter().enumerate() {
        let title = text(panel, "/title");
        let (x, _, w, h) = grid(panel);
        if x + w > 24 || w == 0 || h == 0 {
            found.push(format!("panel {title:?}: wider than the grid or empty"));
        }
        for other in &panels[..n] {
            if panel["id"] == other["id"] {
                found.push(format!("panel {title:?}: id is not unique"));
            }
            if overlap(grid(panel), grid(other)) {
                found.push(format!(
                    "panel {title:?}: overlaps {:?}",
                    text(other, "/title")
                ));
            }
        }
    }
    found
}

fn grid(panel: &Value) -> (u64, u64, u64, u64) {
    let of = |key: &str| panel["gridPos"][key].as_u64().unwrap_or_default();
    (of("x"), of("y"), of("w"), of("h"))
}

fn overlap(a: (u64, u64, u64, u64), b: (u64, u64, u64, u64)) -> bool {
    a.0 < b.0 + b.2 && b.0 < a.0 + a.2 && a.1 < b.1 + b.3 && b.1 < a.1 + a.3
}

/// The panel-* rules. Unlike the linter's, value mappings do not excuse from the unit.
fn dress(panel: &Value) -> Vec<String> {
    if text(panel, "/type") == "row" {
        return Vec::new();
    }
    let targets = array(panel, "/targets");
    let mut found = broken(&[
        (ours(panel), "datasource is not ${datasource}"),
        (
            targets.iter().all(ours),
            "datasource of a target is not ${datasource}",
        ),
        (
            !text(panel, "/fieldConfig/defaults/noValue").is_empty(),
            "no noValue text",
        ),
        (
            text(panel, "/type") != "stat" || without_judgement(panel),
            "without data it has a colour that judges",
        ),
    ]);
    if PLOTTED.contains(&text(panel, "/type")) {
        found.extend(broken(&[
            (!text(panel, "/title").is_empty(), "no title"),
            (!text(panel, "/description").is_empty(), "no description"),
            (
                UNITS.contains(&text(panel, "/fieldConfig/defaults/unit")),
                "unit is unknown",
            ),
            (!targets.is_empty(), "no targets"),
        ]));
    }
    found
}

/// Whether a stat is neither green nor red when there is nothing to show.
fn without_judgement(panel: &Value) -> bool {
    let neutral = |colour: &str| ["text", "transparent"].contains(&colour);
    let defaults = "/fieldConfig/defaults";
    neutral(text(panel, &format!("{defaults}/thresholds/steps/0/color")))
        || array(panel, &format!("{defaults}/mappings"))
            .iter()
            .filter(|mapping| text(mapping, "/options/match") == "null+nan")
            .any(|mapping| neutral(text(mapping, "/options/result/color")))
}

/// The target-* rules: a light look at the syntax, and every selector.
fn promql(expr: &str) -> Vec<String> {
    if expr.is_empty() || !balanced(expr) {
        return vec![format!("empty or unbalanced: {expr}")];
    }
    let mut found = Vec::new();
    for selector in selectors(expr) {
        for label in ["job", "instance"] {
            let wanted = format!("{label}=~\"${label}\"");
            if !selector.matchers.split(',').any(|m| m.trim() == wanted) {
                found.push(format!("{} lacks {wanted}: {expr}", selector.name));
            }
        }
        let within = expr[..selector.at].trim_end();
        if selector.name.ends_with("_total")
            && !["rate(", "increase("].iter().any(|f| within.ends_with(f))
        {
            found.push(format!("{} is a counter: {expr}", selector.name));
        }
    }
    for (_, argument) in expr
        .match_indices("rate(")
        .map(|(at, f)| expr.split_at(at + f.len()))
    {
        let range = argument.split_once('[').map_or("", |(_, range)| range);
        if !range.starts_with("$__rate_interval]") {
            found.push(format!("range of rate() is not $__rate_interval: {expr}"));
        }
    }
    found
}

/// One metric in a query: where it stands and what is between its braces.
struct Selector<'a> {
    name: &'a str,
    matchers: &'a str,
    at: usize,
}

/// The metrics of a query whose brackets are balanced.
fn selectors(expr: &str) -> Vec<Selector<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = expr[at..].chars().next() {
        let rest = &expr[at..];
        let word = &rest[..rest.find(|c| !in_word(c)).unwrap_or(rest.len())];
        let after = rest[word.len()..].trim_start();
        let gap = rest.len() - after.len();
        at += match first {
            '"' => 1 + closing(&rest[1..], '"'),
            '[' => 1 + closing(&rest[1..], ']'),
            '{' => {
                let end = closing(&rest[1..], '}');
                found.push(Selector {
                    name: "{}",
                    matchers: &rest[1..end],
                    at,
                });
                1 + end
            }
            _ if word.is_empty() => first.len_utf8(),
            _ if first.is_ascii_digit() || WORDS.contains(&word) => word.len(),
            _ if GROUPING.contains(&word) && after.starts_with('(') => {
                gap + 1 + closing(&after[1..], ')')
            }
            _ if GROUPING.contains(&word) || is_called(after) => word.len(),
            _ if after.starts_with('{') => {
                let end = closing(&after[1..], '}');
                found.push(Selector {
                    name: word,
                    matchers: &after[1..end],
                    at,
                });
                gap + 1 + end
            }
            _ => {
                found.push(Selector {
                    name: word,
                    matchers: "",
                    at,
                });
                word.len()
            }
        };
    }
    found
}

/// Whether what follows a word makes it a function or an aggregation.
fn is_called(after: &str) -> bool {
    let next = after.split(|c| !in_word(c)).next().unwrap_or_default();
    after.starts_with('(') || ["by", "without"].contains(&next)
}

/// The length up to and with the closing character, jumping over strings.
fn closing(rest: &str, close: char) -> usize {
    let mut quoted = false;
    for (at, c) in rest.char_indices() {
        if c == close && (!quoted || close == '"') {
            return at + c.len_utf8();
        }
        quoted ^= c == '"';
    }
    rest.len()
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

fn balanced(expr: &str) -> bool {
    let (mut open, mut quoted) = (Vec::new(), false);
    for c in expr.chars() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            ')' | ']' | '}' if open.pop() != Some(c) => return false,
            _ => {}
        }
    }
    open.is_empty() && !quoted
}

/// All panels, those in collapsed rows too.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let top = array(dashboard, "/panels");
    let inner = top.iter().flat_map(|panel| array(panel, "/panels"));
    top.iter().chain(inner).collect()
}

fn expressions(panel: &Value) -> Vec<&str> {
    array(panel, "/targets")
        .iter()
        .map(|target| text(target, "/expr"))
        .collect()
}

/// Whether something asks the data source that the reader chose.
fn ours(value: &Value) -> bool {
    value["datasource"] == json!({"type": "prometheus", "uid": "${datasource}"})
}

fn broken(rules: &[(bool, &str)]) -> Vec<String> {
    rules
        .iter()
        .filter(|(holds, _)| !holds)
        .map(|(_, rule)| (*rule).to_owned())
        .collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn array<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of one folder, without its subfolders.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder exists");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == extension));
    paths.sort();
    paths
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
