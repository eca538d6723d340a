//! The metrics that the program defines to docs/metrics.md and the README, and both to what a scrape says.

use std::collections::BTreeSet;

use smtp_tls_exporter::metric::Metric;
use smtp_tls_exporter::render::{described, reserved_labels};

use testkit::Exposition;

use super::generated::{Outcome, generated, read, table};
use super::scrape_of_a_small_world;
use super::wrapped::wrapped;

#[test]
fn the_tables_of_metrics_are_those_of_the_program() -> Outcome {
    let header = ["metric", "type", "further labels", "when", "meaning"];
    let names = [
        "endpoints",
        "targets",
        "others",
        "the inside",
        "the exporter",
    ];
    for (metrics, name) in described().iter().zip(names) {
        let rows: Vec<_> = metrics.iter().map(row).collect();
        table(
            "docs/metrics.md",
            &format!("metrics: {name}"),
            &header,
            &rows,
        )?;
    }
    Ok(())
}

fn row(metric: &Metric) -> Vec<String> {
    let meaning = format!("{} {}", metric.help, metric.note);
    [
        &format!("`{}`", metric.name),
        metric.kind.as_str(),
        &listed(metric.labels),
        metric.when,
        meaning.trim_end(),
    ]
    .map(str::to_owned)
    .to_vec()
}

fn listed(labels: &[&str]) -> String {
    match labels {
        [] => "–".to_owned(),
        labels => format!("`{}`", labels.join("`, `")),
    }
}

/// The README chooses the main ones; what it says of them is what the program says.
#[test]
fn the_main_metrics_are_those_of_the_program() -> Outcome {
    let all = described().concat();
    let readme = read("README.md");
    let (_, chosen) = readme
        .split_once("<!-- metrics -->")
        .ok_or("README.md: no <!-- metrics -->")?;
    let (chosen, _) = chosen
        .split_once("<!-- end -->")
        .ok_or("README.md: no <!-- end -->")?;
    let mut rows = Vec::new();
    for name in chosen
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
    {
        let metric = all.iter().find(|metric| metric.name == name);
        let metric =
            metric.ok_or_else(|| format!("README.md: take out {name}, which is no metric"))?;
        rows.push(vec![format!("`{name}`"), metric.help.to_owned()]);
    }
    assert!(
        rows.len() > 5,
        "README.md: name the main metrics in the table"
    );
    table("README.md", "metrics", &["metric", "meaning"], &rows)
}

#[test]
fn the_reserved_labels_are_listed() -> Outcome {
    let marks = ("<!-- reserved labels -->\n\n", "\n<!-- end -->");
    let wanted = format!("{}\n", wrapped(&listed(&reserved_labels()), 120));
    generated("docs/configuration.md", marks, &wanted)
}

/// Need names in DNS, which no test asks; tests/wire/ sees them.
const UNSEEN: [&str; 4] = [
    "smtp_tls_target_failure_info",
    "smtp_tls_host_secure",
    "smtp_tls_domain_secure",
    "smtp_tls_dnssec_available",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_says_what_the_metrics_promise() -> Outcome {
    let scrape = scrape_of_a_small_world().await?;
    let metrics = described().concat();
    let promised = metrics
        .iter()
        .map(|m| (m.name.to_owned(), m.kind.as_str().to_owned()));
    assert_eq!(scrape.families, promised.collect::<Vec<_>>());
    for metric in metrics {
        let samples = labels_of(&scrape, metric.name);
        let is_seen = !samples.is_empty() || UNSEEN.contains(&metric.name)
            // Needs inventories; tests/wire/inside.rs sees them.
            || metric.name.starts_with("smtp_tls_inside_")
            // Needs signed zones and a policy host; tests/program/published.rs and tests/wire/published_policies.rs see them.
            || metric.name.starts_with("smtp_tls_dane_")
            || metric.name.starts_with("smtp_tls_mta_sts_")
            || ["smtp_tls_published_failure_info", "smtp_tls_tlsrpt_destinations"]
                .contains(&metric.name);
        assert!(is_seen, "{}: no sample", metric.name);
        for labels in samples {
            let wanted = metric
                .labels
                .iter()
                .map(|label| (*label).to_owned())
                .collect();
            assert_eq!(own_labels(&labels), wanted, "labels of {}", metric.name);
        }
    }
    Ok(())
}

#[test]
fn every_metric_has_an_example() -> Outcome {
    let text = read("docs/metrics.md");
    let (_, examples) = text
        .split_once("```promql")
        .ok_or("docs/metrics.md: no examples")?;
    let words: BTreeSet<_> = examples
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .collect();
    for metric in described().concat() {
        let name = metric.name;
        assert!(
            words.contains(name),
            "docs/metrics.md: add an example of {name}"
        );
    }
    Ok(())
}

/// The label names of every sample of a metric.
fn labels_of(scrape: &Exposition, name: &str) -> Vec<BTreeSet<String>> {
    let samples = scrape.all(name, &[]).into_iter();
    let names = samples.map(|sample| sample.labels.iter().map(|(name, _)| name.clone()).collect());
    names.collect()
}

/// Without those that every series of an endpoint or target has; a target's series have some of them as their own.
fn own_labels(labels: &BTreeSet<String>) -> BTreeSet<String> {
    let common: &[&str] = if labels.contains("address") {
        &["target", "host", "port", "view", "address", "offer"]
    } else {
        &["target"]
    };
    let own = labels
        .iter()
        .filter(|label| !common.contains(&label.as_str()));
    own.cloned().collect()
}
