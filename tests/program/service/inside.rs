//! The inside of mail servers over HTTP: the second table of `/`, a page for each server, the report, every metric.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use serde_json::Value;
use smtp_tls_exporter::render::described;
use smtp_tls_exporter::timestamp::Timestamp;
use testkit::story::{CONNECTORS, ERROR, Moment, NEXT_HOP, Story};
use testkit::{Exporter, Exposition, World, now};

use crate::PROGRAM;

/// An exporter that follows the inventories of one moment; the first server's wire is not watched.
fn exporter(world: &World, moment: Moment) -> Exporter {
    let folder = world.path("spool");
    fs::create_dir(&folder).unwrap();
    let story = Story::new(&world.authority);
    story.write(moment, &Timestamp(now() - 60).to_string(), &folder);
    let config = "inside: {files: 'spool/*.json'}\n";
    let mut exporter = PROGRAM.serving(&world.write("inside.yml", config)).start();
    exporter.until_metrics("all inventories are read", |page| {
        let read = page.all("smtp_tls_inside_inventory_success", &[]);
        (read.len() == 5)
            .then_some(())
            .ok_or_else(|| format!("{read:?}"))
    });
    exporter
}

#[test]
fn a_page_tells_why_each_certificate_can_or_cannot_be_used() {
    let world = World::today();
    let exporter = exporter(&world, Moment::Imported);
    let index = exporter.body("/");
    for text in [
        "<h2>Inside mail servers</h2>",
        "href=\"./inside/BearC\"",
        ">Stuck<",
        ">1443<",
        "connector_cert_key_missing",
    ] {
        assert!(index.contains(text), "{text}: {index}");
    }
    let page = exporter.body("/inside/BearC");
    for text in [
        NEXT_HOP,
        ERROR,
        CONNECTORS[0],
        "data-label=\"Usable\"",
        "connector_cert_expired",
        "<strong>Next:</strong> import ",
        "LocalMachine\\My",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let gone = exporter.fetch("/inside/BearZ", &[]);
    assert_eq!(gone.status, 404, "{gone:?}");
}

#[test]
fn the_report_says_what_to_type() {
    let world = World::today();
    let exporter = exporter(&world, Moment::Imported);
    let report: Value = serde_json::from_str(&exporter.body("/api/v1/report")).unwrap();
    let advice = report["inside"]["servers"][0]["advice"].to_string();
    assert!(
        advice.contains("Enable-ExchangeCertificate -Server BearA"),
        "{advice}"
    );
}

/// Whatever is described of the inside, but what needs a file that is broken or an endpoint of a server's address.
#[test]
fn every_metric_of_the_inside_has_its_samples() {
    let world = World::today();
    let exporter = exporter(&world, Moment::EnabledOnOne);
    fs::write(world.path("spool").join("odd.json"), "{").unwrap();
    std::thread::sleep(Duration::from_millis(20));
    let page = Exposition::parse(&exporter.body("/metrics"));
    let [_, _, _, inside, _] = described();
    for metric in inside {
        let samples = page.all(metric.name, &[]);
        if metric.name == "smtp_tls_inside_endpoint_info" {
            continue;
        }
        assert!(!samples.is_empty(), "{}", metric.name);
        let wanted: BTreeSet<&str> = metric.labels.iter().copied().chain(["server"]).collect();
        for sample in samples {
            let names = sample.labels.iter().map(|(name, _)| name.as_str());
            let names: BTreeSet<&str> = names.chain(["server"]).collect();
            assert_eq!(names, wanted, "{}", metric.name);
        }
    }
    let value = |name, labels: &[(&str, &str)]| page.value(name, labels);
    let fleet = |result| {
        let labels = [
            ("connector", CONNECTORS[1]),
            ("role", "client"),
            ("result", result),
        ];
        value("smtp_tls_inside_connector_servers", &labels)
    };
    assert_eq!(
        [fleet("pass"), fleet("fail"), fleet("unknown")],
        [Some(1.0), Some(4.0), Some(0.0)]
    );
    let waits = [
        ("server", "BearB"),
        ("cause", "own_certificate"),
        ("reason", "own_cert_not_found"),
    ];
    assert_eq!(
        value("smtp_tls_inside_queue_failed_messages", &waits),
        Some(1122.0)
    );
}
