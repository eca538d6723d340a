//! Holds the dashboards to the rules of Grafana's dashboard-linter, and dashboards and alert rules to the metrics that exist.

use std::collections::BTreeSet;
use std::time::Duration;

use promql_parser::parser::{self, Expr, LabelModifier, VectorSelector};
use serde_json::{Value, json};
use smtp_tls_exporter::report::State;
use smtp_tls_exporter::verdict::CHECKS;

use crate::{files, read};

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

/// What stands in for Grafana's durations and for limits, which are no PromQL: numbers that nobody would write.
const STAND_INS: [(&str, &str); 5] = [
    ("$__rate_interval", "4242s"),
    ("$__range", "4243s"),
    ("$results_stale", "4244"),
    ("$queue_waiting", "4245"),
    ("$queue_critical", "4246"),
];

/// `$__rate_interval` in a parsed query.
const RATE_INTERVAL: Duration = Duration::from_secs(4242);

/// A parsed query, or one node of it, with the name of the function that is called on it.
pub(crate) type Part<'a> = (&'a Expr, &'a str);

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
fn a_board_without_targets_shows_the_alerts_of_its_group() {
    let rules: Value = serde_yaml::from_str(&read("alerts/smtp-tls.rules.yml")).expect("YAML");
    for name in ["smtp-tls-inside", "smtp-tls-exporter"] {
        let board: Value =
            serde_json::from_str(&read(format!("dashboards/{name}.json"))).expect("JSON");
        let shown = text(&board, "/annotations/list/0/expr");
        let names = shown
            .split_once(r#"alertname=~""#)
            .and_then(|(_, rest)| rest.split('"').next());
        let shown: BTreeSet<_> = names.unwrap_or_default().split('|').collect();
        let mut groups = array(&rules, "/groups").iter();
        let group = groups.find(|g| text(g, "/name") == name).expect(name);
        let alerts = array(group, "/rules").iter().map(|r| text(r, "/alert"));
        let alerts: BTreeSet<_> = alerts.filter(|alert| !alert.is_empty()).collect();
        assert_eq!(shown, alerts, "{name}");
    }
}

#[test]
fn rows_lead_to_the_exporters_pages() {
    let mut led = Vec::new();
    for file in files("dashboards", "json") {
        let board: Value = serde_json::from_str(&read(&file)).expect("JSON");
        for panel in panels(&board) {
            let columns = array(panel, "/fieldConfig/overrides");
            let column = columns
                .iter()
                .find(|o| text(o, "/matcher/options") == "Exporter");
            let Some(column) = column else { continue };
            let organized = &panel["transformations"][1]["options"];
            assert_eq!(organized["renameByName"]["instance"], "Exporter");
            assert!(organized["excludeByName"].get("instance").is_none());
            let mut properties = array(column, "/properties").iter();
            let url = properties.find_map(|p| p.pointer("/value/0/url"));
            let url = url.and_then(Value::as_str).unwrap_or_default();
            // A field is named as the table shows it.
            for field in url.split("${__data.fields.").skip(1) {
                let field = field.split([':', '}']).next().expect("a name");
                let mut shown = organized["renameByName"]
                    .as_object()
                    .into_iter()
                    .flat_map(|o| o.values());
                assert!(shown.any(|s| s == field), "{field}: {url}");
            }
            led.push(url.to_owned());
        }
    }
    led.sort();
    led.dedup();
    let expected = [
        "http://${__value.text}/inside/${__data.fields.Server:percentencode}",
        "http://${__value.text}/targets/${__data.fields.Target:percentencode}",
        "http://${__value.text}/targets/${target:percentencode}",
    ];
    assert_eq!(led, expected);
}

#[test]
fn the_reference_lists_metrics_and_labels() {
    let known = Known::read();
    assert!(known.metrics.len() > 20, "{:?}", known.metrics);
    assert!(known.labels.len() > 20, "{:?}", known.labels);
    assert!(known.labels.contains("address"), "{:?}", known.labels);
}

/// What a dashboard may name.
struct Known {
    /// What the exporter writes (tests/repository/shipped.rs holds the reference to a scrape) and what Prometheus adds. What the
    /// rules record is not among it: boards work where there are no rules.
    metrics: BTreeSet<String>,
    /// Those of the reference, and those that the scrape configuration adds.
    labels: BTreeSet<String>,
    /// Everything the reference sets as code, values of labels among it.
    words: BTreeSet<String>,
    /// The dashboards.
    uids: BTreeSet<String>,
}

impl Known {
    fn read() -> Self {
        let reference = read("docs/metrics.md");
        let rows: Vec<_> = reference.lines().filter(|l| l.starts_with("| `")).collect();
        let exported = rows.iter().filter_map(|row| row.split('`').nth(1));
        let further = rows.iter().filter_map(|row| row.split('|').nth(3));
        let common = reference
            .lines()
            .filter(|line| line.starts_with("**") && line.contains("** series carry "));
        let labels = further.chain(common).flat_map(code);
        let dashboards = files("dashboards", "json")
            .into_iter()
            .map(|file| serde_json::from_str::<Value>(&read(&file)).expect("a dashboard is JSON"));
        Self {
            metrics: owned(exported.chain(["up", "scrape_duration_seconds"])),
            labels: owned(labels.chain(["job", "instance", "vantage"])),
            words: owned(code(&reference)),
            uids: dashboards.map(|d| text(&d, "/uid").to_owned()).collect(),
        }
    }
}

/// What stands between backticks.
fn code(markdown: &str) -> impl Iterator<Item = &str> {
    markdown.split('`').skip(1).step_by(2)
}

fn owned<'a>(words: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    words.map(str::to_owned).collect()
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
        ("/templating/list/4/refresh", json!(1), "target: refresh"),
        (
            "/templating/list/4/query/query",
            json!("up"),
            "target: query",
        ),
        (
            "/templating/list/4/definition",
            json!("up"),
            "target: definition",
        ),
        ("/links", json!([]), "no links"),
        (
            "/links/0/url",
            json!("/d/gone?x=1"),
            "/d/gone leads nowhere",
        ),
        (
            "/panels/5/fieldConfig/overrides/4/properties/0/value/0/url",
            json!("/d/smtp-tls-targets?x=1"),
            "/d/smtp-tls-targets leads nowhere",
        ),
        (
            "/annotations/list",
            json!([{"datasource": {"type": "prometheus", "uid": "abc"}}]),
            "annotation",
        ),
        (
            "/templating/list/3/allValue",
            json!(".+"),
            "vantage: allValue",
        ),
        (
            "/annotations/list/1/expr",
            json!("down"),
            "down is no metric",
        ),
        (
            "/annotations/list/0/expr",
            json!(r#"ALERTS{alertstate="firing"}"#),
            "ALERTS are not only ours",
        ),
    ] {
        assert_found(place, value, finding);
    }
}

#[test]
fn the_rules_see_a_bad_variable() {
    for (query, finding) in [
        ("label_values(up{, target)", "no PromQL"),
        ("label_values(sum(up), target)", "no selector"),
        ("label_values(down, target)", "down is no metric"),
        ("label_values(up{hots=\"\"}, target)", "hots is no label"),
        ("label_values(up, targte)", "targte is no label"),
        (
            "label_values(up, job) or label_values(up, job)",
            "no PromQL",
        ),
    ] {
        assert_found("/templating/list/4/query/query", json!(query), finding);
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
        ("/panels/0/targets/1/refId", json!("A"), "refIds"),
        (
            "/panels/5/fieldConfig/overrides/3/properties/0/value",
            json!("suffix:x"),
            "unit of an override",
        ),
        (
            "/panels/7/fieldConfig/defaults/color",
            json!({"mode": "thresholds"}),
            "by thresholds",
        ),
        (
            "/panels/7/fieldConfig/defaults/color",
            json!({}),
            "by thresholds",
        ),
    ] {
        assert_found(place, value, finding);
    }
}

#[test]
fn the_rules_see_a_bad_name_in_a_panel() {
    let organized = "/panels/5/transformations/1/options";
    let overridden = "fieldConfig/overrides/1/matcher/options";
    for (place, value, finding) in [
        (
            "/panels/3/targets/0/legendFormat",
            json!("{{target}} {{adress}}"),
            "adress is no label",
        ),
        (
            &format!("{organized}/renameByName"),
            json!({"hots": "Host"}),
            "hots is no column",
        ),
        (
            &format!("{organized}/excludeByName"),
            json!({"Value #Z": true}),
            "Value #Z is no column",
        ),
        (
            &format!("{organized}/indexByName"),
            json!({"Value ": 0}),
            "Value  is no column",
        ),
        (
            "/panels/5/transformations/0",
            json!({"id": "groupingToMatrix", "options": {"rowField": "endpoint"}}),
            "endpoint is no column",
        ),
        (
            &format!("/panels/0/{overridden}"),
            json!("Expire"),
            "\"Expire\" is no field",
        ),
        (
            &format!("/panels/4/{overridden}"),
            json!("one"),
            "\"one\" is no field",
        ),
        (
            &format!("/panels/5/{overridden}"),
            json!("Stat"),
            "\"Stat\" is no field",
        ),
        (
            &format!("/panels/5/{overridden}"),
            json!("trust"),
            "\"trust\" is no field",
        ),
    ] {
        assert_found(place, value, finding);
    }
}

#[test]
fn the_rules_see_a_bad_query() {
    let both = r#"{job=~"$job", instance=~"$instance", vantage=~"$vantage"}"#;
    let up = format!("up{both}");
    for (expr, finding) in [
        (String::new(), "no PromQL"),
        (format!("count(up{both}"), "no PromQL"),
        (format!("count({up}) or or 0"), "no PromQL"),
        (format!("rate({up})"), "no PromQL"),
        (format!("{up} + $x"), "no PromQL"),
        ("count by (job) (up)".to_owned(), "up lacks job"),
        (r#"up{job=~"$job"}"#.to_owned(), "up lacks instance"),
        (
            r#"up{job=~"$job", instance=~"$instance"}"#.to_owned(),
            "up lacks vantage",
        ),
        (
            format!("endpoint:smtp_tls_cert_not_after_timestamp_seconds:expired{both}"),
            "expired is no metric",
        ),
        (both.replace("$job", "$job.*"), "{} lacks job"),
        (both.to_owned(), "{} is no metric"),
        (format!("{up} and on (job) down"), "down lacks job"),
        (format!("topk(scalar(down), {up})"), "down lacks job"),
        (format!("down{both}"), "down is no metric"),
        (format!("sum(x_total{both})"), "x_total is a counter"),
        (format!("increase(sum(x_total{both})[1h:])"), "is a counter"),
        (format!("max_over_time(x_total{both}[1h])"), "is a counter"),
        (format!("rate(x_total{both}[5m])"), "$__rate_interval"),
        (format!("rate (x_total{both}[5m])"), "$__rate_interval"),
        (
            format!("irate((x_total{both}[$__range]))"),
            "$__rate_interval",
        ),
        (
            format!("rate({up}[5m:$__rate_interval])"),
            "$__rate_interval",
        ),
    ] {
        assert_found("/panels/0/targets/0/expr", json!(expr), finding);
    }
}

#[test]
fn the_rules_see_a_bad_label_in_a_query() {
    let up = r#"up{job=~"$job", instance=~"$instance"}"#;
    for (expr, finding) in [
        (format!("count by (hots) ({up})"), "hots is no label"),
        (format!("count without (hots) ({up})"), "hots is no label"),
        (format!("{up} / on (hots) {up}"), "hots is no label"),
        (format!("{up} / ignoring (hots) {up}"), "hots is no label"),
        (
            format!("{up} / on (job) group_left (hots) {up}"),
            "hots is no",
        ),
        (
            format!("{up} / on (job) group_right (hots) {up}"),
            "hots is no",
        ),
        (up.replace('{', r#"{hots="","#), "hots is no label"),
        (
            format!(r#"label_replace({up}, "a", "", "hots", "")"#),
            "hots is no",
        ),
        (
            format!(r#"label_join({up}, "a", "", "job", "hots")"#),
            "hots is no",
        ),
        (
            format!("max by (target, address, port, view, offer) ({up})"),
            "min by",
        ),
        (
            format!("max by (vantage, host, address, port) ({up})"),
            "min by",
        ),
        (
            format!("min by (target, address, port, view, offer) ({up})"),
            "min by",
        ),
    ] {
        assert_found("/panels/0/targets/0/expr", json!(expr), finding);
    }
}

/// Puts one value into the fleet dashboard and expects one finding.
fn assert_found(place: &str, value: Value, finding: &str) {
    let fleet = read("dashboards/smtp-tls-fleet.json");
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
    let known = Known::read();
    let panels = panels(dashboard);
    let mut found = frame(dashboard);
    found.extend(links(dashboard, &known));
    found.extend(variables(dashboard, &known));
    found.extend(annotations(dashboard, &known));
    found.extend(layout(&panels));
    for panel in panels {
        let mut inside = dress(panel);
        inside.extend(labels_in_use(panel, &known));
        inside.extend(fields_overridden(panel, &known));
        for target in array(panel, "/targets") {
            inside.extend(promql(text(target, "/expr"), &known));
        }
        let title = text(panel, "/title");
        found.extend(inside.iter().map(|f| format!("panel {title:?}: {f}")));
    }
    found
}

/// uneditable-dashboard, and what makes a dashboard ours.
fn frame(dashboard: &Value) -> Vec<String> {
    let annotations = array(dashboard, "/annotations/list");
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
        (
            annotations
                .iter()
                .all(|a| ours(a) || text(a, "/datasource/uid") == "-- Grafana --"),
            "datasource of an annotation is not ${datasource}",
        ),
    ];
    broken(&rules)
}

/// The ways to the other dashboards, in the head and in cells.
fn links(dashboard: &Value, known: &Known) -> Vec<String> {
    let mut found = broken(&[(!array(dashboard, "/links").is_empty(), "no links")]);
    let json = dashboard.to_string();
    let uids = json.split("/d/").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    });
    let lost = uids.filter(|uid| !known.uids.contains(*uid));
    found.extend(lost.map(|uid| format!("/d/{uid} leads nowhere")));
    found
}

/// The template-* rules.
fn variables(dashboard: &Value, known: &Known) -> Vec<String> {
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
    // A series without a vantage matches, too.
    for (name, label, all) in [
        ("job", "Job", ".+"),
        ("instance", "Instance", ".+"),
        ("vantage", "Vantage", ".*"),
    ] {
        let Some(v) = named(name) else {
            found.push(format!("no variable {name}"));
            continue;
        };
        let rules = [
            (text(v, "/type") == "query", "type"),
            (text(v, "/label") == label, "label"),
            (v["multi"] == json!(true), "multi"),
            (text(v, "/allValue") == all, "allValue"),
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
            (
                v.get("definition")
                    .is_none_or(|d| *d == v["query"]["query"]),
                "definition",
            ),
        ];
        let mut inside = broken(&rules);
        inside.extend(variable_query(text(v, "/query/query"), known));
        let name = text(v, "/name");
        found.extend(inside.iter().map(|f| format!("variable {name}: {f}")));
    }
    found
}

/// What annotations ask for exists, and what they say are labels. Alerts are ours.
fn annotations(dashboard: &Value, known: &Known) -> Vec<String> {
    let mut found = Vec::new();
    for annotation in array(dashboard, "/annotations/list") {
        let expr = text(annotation, "/expr");
        let mut inside = match parsed(expr) {
            Ok(_) if expr.starts_with("ALERTS{") => broken(&[(
                expr.contains(r#"alertname=~"SmtpTls"#),
                "ALERTS are not only ours",
            )]),
            Ok(tree) => unknown(&parts(&tree, ""), known),
            Err(error) => vec![format!("no PromQL, {error}")],
        };
        let said = placeholders(text(annotation, "/textFormat"));
        let missing = said.filter(|label| !known.labels.contains(*label));
        inside.extend(missing.map(|label| format!("{label} is no label")));
        let name = text(annotation, "/name");
        found.extend(
            inside
                .iter()
                .map(|f| format!("annotation {name:?}: {f}: {expr}")),
        );
    }
    found
}

/// The linter knows other functions as well; `label_values` with a metric is what ours need.
fn variable_query(query: &str, known: &Known) -> Vec<String> {
    let arguments = query
        .strip_prefix("label_values(")
        .and_then(|rest| rest.strip_suffix(')')?.rsplit_once(", "));
    let Some((expr, label)) = arguments else {
        return vec![format!("query is not label_values(metric, label): {query}")];
    };
    let mut found = match parsed(expr) {
        Ok(expr @ Expr::VectorSelector(_)) => unknown(&parts(&expr, ""), known),
        Ok(_) => vec![format!("query asks for no selector: {query}")],
        Err(error) => vec![format!("no PromQL, {error}: {query}")],
    };
    if !known.labels.contains(label) {
        found.push(format!("{label} is no label: {query}"));
    }
    found
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
        (distinct_ref_ids(targets), "refIds are not distinct"),
        (
            override_units_known(panel),
            "unit of an override is unknown",
        ),
        (
            text(panel, "/type") != "state-timeline" || keeps_its_words(panel),
            "merged values are shown by thresholds, not by mappings",
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

fn distinct_ref_ids(targets: &[Value]) -> bool {
    let ids: BTreeSet<_> = targets.iter().map(|t| text(t, "/refId")).collect();
    ids.len() == targets.len() && !ids.contains("")
}

fn override_units_known(panel: &Value) -> bool {
    array(panel, "/fieldConfig/overrides")
        .iter()
        .flat_map(|o| array(o, "/properties"))
        .filter(|property| text(property, "/id") == "unit")
        .all(|property| UNITS.contains(&text(property, "/value")))
}

/// Where colours go by thresholds (as they do unless told otherwise), Grafana's state timeline puts the threshold's label
/// in the place of each value as soon as equal ones are merged.
fn keeps_its_words(panel: &Value) -> bool {
    let mode = text(panel, "/fieldConfig/defaults/color/mode");
    array(panel, "/fieldConfig/defaults/mappings").is_empty() || !["", "thresholds"].contains(&mode)
}

/// Labels that legends and transformations name but no series has.
fn labels_in_use(panel: &Value, known: &Known) -> Vec<String> {
    let mut found = Vec::new();
    let mut columns = known.labels.clone();
    columns.extend(["Time".to_owned(), "Value".to_owned()]);
    for target in array(panel, "/targets") {
        let made = labels_made(text(target, "/expr"));
        let legend = text(target, "/legendFormat");
        let missing = placeholders(legend)
            .filter(|label| !known.labels.contains(*label) && !made.contains(*label));
        found.extend(missing.map(|label| format!("{label} is no label: {legend}")));
        columns.extend(made);
        columns.insert(format!("Value #{}", text(target, "/refId")));
    }
    let named = array(panel, "/transformations")
        .iter()
        .flat_map(columns_named);
    let missing = named.filter(|column| !columns.contains(*column));
    found.extend(missing.map(|column| format!("{column} is no column")));
    found
}

/// The labels between double braces.
fn placeholders(legend: &str) -> impl Iterator<Item = &str> {
    let openings = legend.split("{{").skip(1);
    openings.map(|rest| rest.split("}}").next().unwrap_or_default().trim())
}

/// The columns that a transformation starts from.
fn columns_named(transformation: &Value) -> Vec<&str> {
    let options = &transformation["options"];
    let lists = ["excludeByName", "indexByName", "renameByName"];
    let keys = lists.iter().filter_map(|list| options[list].as_object());
    let fields = ["columnField", "rowField", "valueField"];
    let fields = fields.iter().filter_map(|field| options[field].as_str());
    keys.flat_map(|list| list.keys().map(String::as_str))
        .chain(fields)
        .collect()
}

fn is_state(name: &str) -> bool {
    State::ALL.iter().any(|state| state.as_str() == name)
}

/// Overrides that Grafana applies to nothing.
fn fields_overridden(panel: &Value, known: &Known) -> Vec<String> {
    let mut fields = BTreeSet::new();
    for transformation in array(panel, "/transformations") {
        let options = &transformation["options"];
        if let Some(renamed) = options["renameByName"].as_object() {
            fields.extend(
                renamed
                    .values()
                    .filter_map(Value::as_str)
                    .map(str::to_owned),
            );
        }
        if text(transformation, "/id") == "groupingToMatrix" {
            let (row, column) = (text(options, "/rowField"), text(options, "/columnField"));
            fields.insert(format!("{row}\\{column}"));
            fields.extend(CHECKS.iter().map(|check| check.name.to_owned()));
        }
    }
    let legends = array(panel, "/targets")
        .iter()
        .map(|target| text(target, "/legendFormat"));
    let (valued, literal): (Vec<_>, Vec<_>) = legends.partition(|l| l.starts_with("{{"));
    fields.extend(literal.into_iter().map(str::to_owned));
    let is_value = |name: &str| known.words.contains(name) || is_state(name);
    array(panel, "/fieldConfig/overrides")
        .iter()
        .filter(|o| text(o, "/matcher/id") == "byName")
        .map(|o| text(o, "/matcher/options"))
        .filter(|name| !fields.contains(*name) && (valued.is_empty() || !is_value(name)))
        .map(|name| format!("{name:?} is no field"))
        .collect()
}

/// The target-* rules, and that what a query names exists.
fn promql(expr: &str, known: &Known) -> Vec<String> {
    let tree = match parsed(expr) {
        Ok(tree) => tree,
        Err(error) => return vec![format!("no PromQL, {error}: {expr}")],
    };
    let parts = parts(&tree, "");
    let mut found = unknown(&parts, known);
    for (part, within) in parts {
        if let Some(selector) = selector(part) {
            found.extend(selection(selector, within));
        }
        let range = match part {
            Expr::MatrixSelector(matrix) => matrix.range,
            Expr::Subquery(subquery) => subquery.range,
            _ => RATE_INTERVAL,
        };
        if ["rate", "irate"].contains(&within) && range != RATE_INTERVAL {
            found.push(format!("range of {within}() is not $__rate_interval"));
        }
        if !shows_the_worst(part) {
            found.push("an address goes with min by host, port and vantage".to_owned());
        }
    }
    found.iter().map(|f| format!("{f}: {expr}")).collect()
}

/// The parser knows no variables of Grafana; in strings they do no harm.
pub(crate) fn parsed(expr: &str) -> Result<Expr, String> {
    let replaced = STAND_INS
        .iter()
        .fold(expr.to_owned(), |e, (name, duration)| {
            e.replace(name, duration)
        });
    parser::parse(&replaced)
}

/// All nodes of a query. (The parser's own walk leaves out the parameters of aggregations.)
pub(crate) fn parts<'a>(expr: &'a Expr, within: &'a str) -> Vec<Part<'a>> {
    let (inner, within_this): (Vec<&Expr>, &str) = match expr {
        Expr::Aggregate(it) => (
            it.param.iter().chain([&it.expr]).map(|e| &**e).collect(),
            "",
        ),
        Expr::Unary(it) => (vec![&it.expr], ""),
        Expr::Binary(it) => (vec![&it.lhs, &it.rhs], ""),
        Expr::Paren(it) => (vec![&it.expr], within),
        Expr::Subquery(it) => (vec![&it.expr], ""),
        Expr::Call(it) => (it.args.args.iter().map(|e| &**e).collect(), it.func.name),
        _ => (Vec::new(), ""),
    };
    let mut all = vec![(expr, within)];
    all.extend(inner.into_iter().flat_map(|e| parts(e, within_this)));
    all
}

pub(crate) fn selector(part: &Expr) -> Option<&VectorSelector> {
    match part {
        Expr::VectorSelector(selector) => Some(selector),
        Expr::MatrixSelector(matrix) => Some(&matrix.vs),
        _ => None,
    }
}

/// target-job-rule, target-instance-rule and target-counter-agg-rule.
fn selection(selector: &VectorSelector, within: &str) -> Vec<String> {
    let name = selector.name.as_deref().unwrap_or("{}");
    let mut found = Vec::new();
    for label in ["job", "instance", "vantage"] {
        let wanted = format!("{label}=~\"${label}\"");
        let matchers = &selector.matchers.matchers;
        if !matchers.iter().any(|m| m.to_string() == wanted) {
            found.push(format!("{name} lacks {wanted}"));
        }
    }
    if name.ends_with("_total") && !["rate", "irate", "increase"].contains(&within) {
        found.push(format!("{name} is a counter"));
    }
    found
}

/// Whether endpoints that fall together in a row of addresses do so rarely, and never hide the bad one: in everything that
/// is shown of an endpoint, less is worse.
fn shows_the_worst(part: &Expr) -> bool {
    let Expr::Aggregate(aggregate) = part else {
        return true;
    };
    let Some(LabelModifier::Include(by)) = &aggregate.modifier else {
        return true;
    };
    let has = |label: &str| by.labels.iter().any(|l| l == label);
    let apart = ["host", "port", "vantage"].into_iter().all(has);
    !has("address") || apart && aggregate.op.to_string() == "min"
}

/// Metrics and labels that do not exist.
fn unknown(parts: &[Part<'_>], known: &Known) -> Vec<String> {
    let made: Vec<_> = parts
        .iter()
        .filter_map(|(part, _)| label_made(part))
        .collect();
    let mut found = Vec::new();
    for (part, _) in parts {
        if let Some(selector) = selector(part) {
            let name = selector.name.as_deref().unwrap_or("{}");
            if !known.metrics.contains(name) {
                found.push(format!("{name} is no metric"));
            }
        }
        let missing = labels_named(part)
            .into_iter()
            .filter(|label| !known.labels.contains(*label) && !made.contains(label));
        found.extend(missing.map(|label| format!("{label} is no label")));
    }
    found
}

/// The labels that one node of a query expects on its series.
pub(crate) fn labels_named(part: &Expr) -> Vec<&str> {
    match part {
        Expr::Aggregate(it) => {
            let grouping = it.modifier.iter().flat_map(|m| &m.labels().labels);
            grouping.map(String::as_str).collect()
        }
        Expr::Binary(it) => {
            let matching = it.modifier.iter().filter_map(|m| m.matching.as_ref());
            let group = it.modifier.iter().filter_map(|m| m.card.labels());
            let all = matching.map(LabelModifier::labels).chain(group);
            all.flat_map(|l| &l.labels).map(String::as_str).collect()
        }
        Expr::Call(it) => {
            let sources = match it.func.name {
                "label_replace" => 3..4,
                "label_join" => 3..it.args.len(),
                _ => 0..0,
            };
            it.args.args[sources]
                .iter()
                .filter_map(|e| string(e))
                .collect()
        }
        _ => selector(part).map_or_else(Vec::new, |it| {
            let matchers = it.matchers.matchers.iter();
            let matchers = matchers.chain(it.matchers.or_matchers.iter().flatten());
            matchers.map(|m| m.name.as_str()).collect()
        }),
    }
}

/// The label that one node of a query adds to its series.
fn label_made(part: &Expr) -> Option<&str> {
    match part {
        Expr::Call(it) if ["label_replace", "label_join"].contains(&it.func.name) => {
            string(it.args.args.get(1)?)
        }
        Expr::Aggregate(it) if it.op.to_string() == "count_values" => string(it.param.as_ref()?),
        _ => None,
    }
}

/// All labels that a query adds to its series.
fn labels_made(expr: &str) -> BTreeSet<String> {
    parsed(expr).map_or_else(
        |_| BTreeSet::new(),
        |tree| {
            owned(
                parts(&tree, "")
                    .into_iter()
                    .filter_map(|(part, _)| label_made(part)),
            )
        },
    )
}

fn string(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::StringLiteral(literal) => Some(&literal.val),
        _ => None,
    }
}

/// All panels, those in collapsed rows too.
pub(crate) fn panels(dashboard: &Value) -> Vec<&Value> {
    let top = array(dashboard, "/panels");
    let inner = top.iter().flat_map(|panel| array(panel, "/panels"));
    top.iter().chain(inner).collect()
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

pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

pub(crate) fn array<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
