//! The exporter against the real thing: Postfix, Exim, Prometheus and Alertmanager, from an expired
//! certificate to the message on the administrator's desk and back. Needs what tests/run.sh
//! installs; plain `cargo test` leaves these tests out.

mod certificates;
mod dane;
pub(super) mod exim;
mod inside;
mod monitoring;
mod postfix;
mod story;
mod webhook;

use std::collections::BTreeSet;
use std::path::Path;

use testkit::Exporter;
use testkit::process::{scratch, until};

use self::certificates::{Authority, EXPIRED, HOST, RENEWED};
use self::exim::Exim;
use self::monitoring::Monitoring;
use self::postfix::{Front, Postfix};
use self::webhook::{Notification, Webhook};
use crate::PROGRAM;

/// One target with fixed addresses. DANE is off, for it would ask the machine's resolver.
fn config(roots: &Path, addresses: &str, port: u16) -> String {
    let roots = roots.display();
    format!(
        "probe: {{min_interval: 0s}}
trust: {{roots: {roots}}}
targets:
  - name: hybrid-relay
    host: {HOST}
    addresses: [{addresses}]
    ports: [{port}]
    tls: starttls
    expect: {{dane: off}}
"
    )
}

/// Waits for one probe of `address` that saw STARTTLS offered and the handshake completed.
fn until_handshake(exporter: &mut Exporter, address: &str) {
    let at = [("address", address)];
    exporter.until_metrics(&format!("{address} completes a handshake"), |page| {
        let offered = page.only_value("smtp_tls_starttls_offered", &at)?;
        let success = page.only_value("smtp_tls_handshake_success", &at)?;
        let seen = format!("offered {offered}, handshake {success}");
        ((offered, success) == (1.0, 1.0)).then_some(()).ok_or(seen)
    });
}

#[test]
#[ignore = "needs root, Postfix, Prometheus and Alertmanager: run tests/run.sh"]
fn a_renewal_forgotten_on_one_server_raises_alerts_that_end_with_it() {
    let place = scratch();
    let authority = Authority::new(place.path());
    let [old, new] = [("old", EXPIRED), ("new", RENEWED)]
        .map(|(name, lifetime)| authority.issue(name, &lifetime));
    let start = |address, chain| Postfix::start(place.path(), address, &Front::Smtpd, chain);
    let forgotten = start("127.0.25.11:2525", &old);
    let _renewed = ["127.0.25.12:2525", "127.0.25.13:2525"].map(|address| start(address, &new));
    let addresses = "127.0.25.11, 127.0.25.12, 127.0.25.13";
    let config = config(&authority.roots(), addresses, 2525);
    let mut exporter = PROGRAM.over(&config).start();
    expired_yet_read(&mut exporter);

    let webhook = Webhook::start();
    let mut monitoring = Monitoring::start(place.path(), exporter.address, webhook.address);
    let [expired, inconsistent] = until_both(&webhook, "firing");
    assert_eq!(expired.label("address"), "127.0.25.11");
    assert_eq!(expired.label("target"), "hybrid-relay");
    assert!(expired.description.contains("127.0.25.11"), "{expired:?}");
    assert_eq!(inconsistent.label("target"), "hybrid-relay");
    assert!(
        inconsistent.description.contains("127.0.25.11"),
        "{inconsistent:?}"
    );

    forgotten.replace_certificate(&new);
    let resolved = until_both(&webhook, "resolved").map(|alert| alert.labels);
    assert_eq!(resolved, [expired.labels, inconsistent.labels]);
    monitoring.until_quiet();
    let blamed: BTreeSet<String> = webhook
        .received()
        .iter()
        .filter(|alert| alert.label("alertname") == "SmtpTlsCertificateExpired")
        .map(|alert| alert.label("address").to_owned())
        .collect();
    assert_eq!(blamed, BTreeSet::from(["127.0.25.11".to_owned()]));
}

/// An expired certificate is read like any other, and so are its neighbours'.
fn expired_yet_read(exporter: &mut Exporter) {
    for address in ["127.0.25.11", "127.0.25.12", "127.0.25.13"] {
        until_handshake(exporter, address);
    }
    let left = exporter.until_metrics("all expiries at once", |page| {
        let left =
            |address| page.only_value("smtp_tls_cert_expiry_seconds", &[("address", address)]);
        Ok([
            left("127.0.25.11")?,
            left("127.0.25.12")?,
            left("127.0.25.13")?,
        ])
    });
    let days = left.map(|seconds| seconds / 86_400.0);
    assert!((-3.1..=-3.0).contains(&days[0]), "{days:?}");
    assert!((88.9..=89.0).contains(&days[1]), "{days:?}");
    assert!((88.9..=89.0).contains(&days[2]), "{days:?}");
}

/// The alert on the expired certificate and the one on the fleet, once both came with `status`.
fn until_both(webhook: &Webhook, status: &str) -> [Notification; 2] {
    let awaited = format!("both alerts arrive as {status}");
    until(&awaited, || {
        let received = webhook.received();
        let find = |name| {
            let mut news = received.iter();
            news.find(|alert| alert.label("alertname") == name && alert.status == status)
        };
        match ["SmtpTlsCertificateExpired", "SmtpTlsFleetInconsistent"].map(find) {
            [Some(expired), Some(fleet)] => Ok([expired.clone(), fleet.clone()]),
            _ => Err(format!("received {received:#?}")),
        }
    })
}

#[test]
#[ignore = "needs root and Postfix: run tests/run.sh"]
fn fingerprints_are_those_that_postfix_sees() {
    let place = scratch();
    let authority = Authority::new(place.path());
    let chain = authority.issue("new", &RENEWED);
    let mut postfix = Postfix::start(place.path(), "127.0.25.15:2525", &Front::Smtpd, &chain);
    let config = config(&authority.roots(), "127.0.25.15", 2525);
    let mut exporter = PROGRAM.over(&config).start();
    let ours = exporter.until_metrics("the certificate's fingerprints", |page| {
        let info = page.only("smtp_tls_cert_info", &[("address", "127.0.25.15")])?;
        Ok((
            info.label("fingerprint_sha256")
                .unwrap_or_default()
                .to_owned(),
            info.label("spki_sha256").unwrap_or_default().to_owned(),
        ))
    });
    let log = postfix.log_with("disconnect from");
    assert!(
        log.contains(" starttls=1 quit=1 "),
        "no decent goodbye:\n{log}"
    );
    for fault in [
        "improper command",
        "lost connection",
        "SSL_accept error",
        "non-SMTP",
    ] {
        assert!(!log.contains(fault), "{fault}:\n{log}");
    }
    let plain = |digest: &str| digest.replace(':', "").to_lowercase();
    let (certificate, key) = postfix.fingerprints();
    assert_eq!(plain(&ours.0), plain(&certificate));
    assert_eq!(plain(&ours.1), plain(&key));
}

#[test]
#[ignore = "needs root and Exim: run tests/run.sh"]
fn exim_finds_nothing_to_complain_about() {
    let place = scratch();
    let authority = Authority::new(place.path());
    let mut exim = Exim::start(
        place.path(),
        "127.0.25.14:2526",
        &authority.issue("new", &RENEWED),
    );
    let config = config(&authority.roots(), "127.0.25.14", 2526);
    let mut exporter = PROGRAM.over(&config).start();
    until_handshake(&mut exporter, "127.0.25.14");
    let log = exim.log_with("closed by QUIT");
    assert!(!log.contains("error"), "Exim complains:\n{log}");
    // That it would have complained is shown by one who gives it a reason.
    exim.impatient_client();
}

#[test]
#[ignore = "needs root and Postfix: run tests/run.sh"]
fn postscreen_finds_us_patient() {
    let place = scratch();
    let authority = Authority::new(place.path());
    let chain = authority.issue("new", &RENEWED);
    let mut postfix = Postfix::start(place.path(), "127.0.25.16:2525", &Front::Postscreen, &chain);
    let config = config(&authority.roots(), "127.0.25.16", 2525);
    let mut exporter = PROGRAM.over(&config).start();
    until_handshake(&mut exporter, "127.0.25.16");
    let log = postfix.log_with("DISCONNECT");
    for fault in [
        "PREGREET",
        "COMMAND PIPELINING",
        "NON-SMTP",
        "BARE NEWLINE",
        "HANGUP",
    ] {
        assert!(!log.contains(fault), "{fault}:\n{log}");
    }
}

/// Probes with each version of the header, and once without.
fn headers_are_understood(authority: &Authority, address: &str, port: u16) {
    for version in ["v1", "v2"] {
        let plain = config(&authority.roots(), address, port);
        let config = format!("{plain}    proxy_protocol: {version}\n");
        let mut exporter = PROGRAM.over(&config).start();
        until_handshake(&mut exporter, address);
    }
    let mut exporter = PROGRAM
        .over(&config(&authority.roots(), address, port))
        .start();
    exporter.until_metrics("without the header nothing is done for us", |page| {
        let at = [("address", address)];
        let info = page.only("smtp_tls_probe_failure_info", &at)?;
        let reason = info.label("reason").unwrap_or_default().to_owned();
        let expected = [
            "connection_closed",
            "greeting_timeout",
            "greeting_5xx",
            "greeting_4xx",
            // Exim greets and then refuses every command.
            "ehlo_rejected",
        ];
        let fits = expected.contains(&reason.as_str());
        fits.then_some(()).ok_or(reason)
    });
}

#[test]
#[ignore = "needs root and Postfix: run tests/run.sh"]
fn postfix_behind_a_load_balancer_understands_our_header() {
    let place = scratch();
    let authority = Authority::new(place.path());
    let chain = authority.issue("new", &RENEWED);
    for (front, address) in [
        (Front::HiddenSmtpd, "127.0.25.17"),
        (Front::HiddenPostscreen, "127.0.25.18"),
    ] {
        let at = format!("{address}:2525");
        let mut postfix = Postfix::start(place.path(), &at, &front, &chain);
        headers_are_understood(&authority, address, 2525);
        postfix.log_with("proxy");
    }
}

#[test]
#[ignore = "needs root and Exim: run tests/run.sh"]
fn exim_behind_a_load_balancer_understands_our_header() {
    let place = scratch();
    let authority = Authority::new(place.path());
    let chain = authority.issue("new", &RENEWED);
    let _exim = Exim::start_hidden(place.path(), "127.0.25.19:2526", &chain);
    headers_are_understood(&authority, "127.0.25.19", 2526);
}
