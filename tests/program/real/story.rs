//! The whole story, seen from inside by a real Prometheus and Alertmanager: which alerts stand at each moment.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use smtp_tls_exporter::certificate::Certificate;
use smtp_tls_exporter::timestamp::Timestamp;
use testkit::process::{scratch, until};
use testkit::story::{Moment, SERVERS, Story};
use testkit::{World, now};

use super::monitoring::Monitoring;
use super::webhook::{Notification, Webhook};
use crate::PROGRAM;

/// Every alert that stands at a moment, with the one or two servers, or the connector, that it is about.
fn standing(moment: Moment) -> &'static [&'static str] {
    match moment {
        Moment::Healthy | Moment::Drained => &[],
        Moment::Late => &["SmtpTlsConnectorCertificateExpiringSoon"],
        Moment::Expired | Moment::Imported => &[
            "SmtpTlsConnectorCertificateUnusable",
            "SmtpTlsQueueStuckOnCertificate",
        ],
        Moment::EnabledOnOne => &[
            "SmtpTlsConnectorHalfRenewed",
            "SmtpTlsQueueStuckOnCertificate",
        ],
        Moment::EnabledOnAll => &[],
    }
}

/// Writes a moment's inventories as of now.
fn write(story: &Story, moment: Moment, folder: &Path) {
    let at = Timestamp(now());
    story.write(moment, &at.to_string(), folder);
}

#[test]
#[ignore = "needs Prometheus and Alertmanager: run tests/run.sh"]
fn the_page_comes_before_a_message_waits_and_goes_when_the_queues_are_empty() {
    let (place, world) = (scratch(), World::today());
    let (folder, story) = (place.path().join("inside"), Story::new(&world.authority));
    fs::create_dir(&folder).expect("a new directory");
    write(&story, Moment::Healthy, &folder);
    let config = format!("inside: {{files: {}/*.json}}\n", folder.display());
    let exporter = PROGRAM.over(&config).start();
    let webhook = Webhook::start();
    let mut monitoring = Monitoring::start(place.path(), exporter.address, webhook.address);
    for moment in Moment::ALL {
        write(&story, moment, &folder);
        let wanted = standing(moment);
        let awaited = format!("at {moment:?} just {wanted:?} stand");
        monitoring.until_firing(&awaited, wanted);
        // Nothing else comes behind it.
        sleep(Duration::from_secs(3));
        monitoring.until_firing(&awaited, wanted);
    }
    told(&webhook, &story);
    monitoring.until_quiet();
}

/// What whoever was woken was told.
fn told(webhook: &Webhook, story: &Story) {
    let renewed = Certificate::from_der(&story.renewed().chain[0]);
    let thumbprint = renewed.fingerprints().sha1_hex();
    let half = first(webhook, "SmtpTlsConnectorHalfRenewed");
    for server in &SERVERS[1..] {
        assert!(half.description.contains(server), "{half:?}");
    }
    assert!(half.description.contains(&thumbprint), "{half:?}");
    let late = first(webhook, "SmtpTlsConnectorCertificateExpiringSoon");
    let names = webhook.received();
    let nth = |name: &str| {
        names
            .iter()
            .position(|alert| alert.label("alertname") == name)
    };
    assert!(
        nth("SmtpTlsConnectorCertificateExpiringSoon") < nth("SmtpTlsQueueStuckOnCertificate"),
        "the warning comes first: {late:?}"
    );
}

fn first(webhook: &Webhook, name: &str) -> Notification {
    until(&format!("{name} arrives"), || {
        let received = webhook.received();
        let mut found = received
            .iter()
            .filter(|alert| alert.label("alertname") == name);
        found
            .next()
            .cloned()
            .ok_or_else(|| format!("{received:#?}"))
    })
}
