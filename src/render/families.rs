//! The table of metric families about targets and endpoints: name, help, and the samples of each. One row a metric.

use super::cert_info::cert_info;
use super::exposition::Labels;
use super::value::{count, flag, none, one, seconds, time};
use crate::certificate::Facts;
use crate::reason::Reason;
use crate::report::{Entry, TargetReport};
use crate::timestamp::Timestamp;
use crate::verdict::Finding;

/// Takes the samples of one family: labels beyond those of the endpoint or target, and the value.
pub(super) type Sink<'a> = &'a mut dyn FnMut(Labels, f64);

/// What a family's samples are made from.
pub(super) enum Samples {
    /// One endpoint, as of a moment.
    Entry(fn(&Entry, Timestamp, Sink<'_>)),
    /// One target.
    Target(fn(&TargetReport, Sink<'_>)),
}

/// One metric family; all are gauges.
pub struct Family {
    /// Public name.
    pub name: &'static str,
    /// What it says, one sentence.
    pub help: &'static str,
    pub(super) samples: Samples,
}

const fn entry(
    name: &'static str,
    help: &'static str,
    samples: fn(&Entry, Timestamp, Sink<'_>),
) -> Family {
    Family {
        name,
        help,
        samples: Samples::Entry(samples),
    }
}

const fn target(
    name: &'static str,
    help: &'static str,
    samples: fn(&TargetReport, Sink<'_>),
) -> Family {
    Family {
        name,
        help,
        samples: Samples::Target(samples),
    }
}

/// Every family about targets and endpoints, in the order of the output. A value that was not observed has no sample.
pub const FAMILIES: &[Family] = &[
    entry(
        "smtp_tls_state",
        "The endpoint's one state word and the reason that made it, empty where nothing is wrong; always 1.",
        |e, _, out| {
            let reason = e.reason().map_or("", Reason::as_str);
            out(
                Labels::new([("state", e.state.as_str()), ("reason", reason)]),
                1.0,
            );
        },
    ),
    entry(
        "smtp_tls_probe_success",
        "Whether dialogue and handshake completed and no check failed.",
        |e, _, out| out(none(), flag(e.is_success())),
    ),
    entry(
        "smtp_tls_probe_duration_seconds",
        "Time the whole probe took, name look-up included.",
        |e, _, out| out(none(), e.observation.duration.as_secs_f64()),
    ),
    entry(
        "smtp_tls_probe_phase_duration_seconds",
        "Time spent in each phase that the probe reached.",
        |e, _, out| {
            for (phase, spent) in e.observation.timings.iter() {
                out(one("phase", phase.as_str()), spent.as_secs_f64());
            }
        },
    ),
    entry(
        "smtp_tls_probe_timestamp_seconds",
        "When this result was obtained, as Unix time.",
        |e, _, out| {
            if let Some(at) = e.obtained_at {
                out(none(), time(at));
            }
        },
    ),
    entry(
        "smtp_tls_probe_failure_info",
        "Phase and reason of what the probe stumbled over; 1 while it does.",
        |e, _, out| {
            if let Some(fault) = &e.observation.fault {
                let phase = ("phase", fault.phase.as_str());
                out(Labels::new([phase, ("reason", fault.reason.as_str())]), 1.0);
            }
        },
    ),
    entry(
        "smtp_tls_starttls_offered",
        "Whether EHLO offered STARTTLS.",
        |e, _, out| {
            if let Some(offered) = e.observation.starttls_offered {
                out(none(), flag(offered));
            }
        },
    ),
    entry(
        "smtp_tls_handshake_success",
        "Whether the TLS handshake completed, whatever the checks say.",
        |e, _, out| out(none(), flag(e.observation.handshake_completed())),
    ),
    entry(
        "smtp_tls_cert_expiry_seconds",
        "Seconds until the leaf certificate expires as of this scrape, negative afterwards.",
        |e, now, out| with_leaf(e, |f| out(none(), seconds(f.not_after.seconds_since(now)))),
    ),
    entry(
        "smtp_tls_cert_not_before_timestamp_seconds",
        "Start of the leaf certificate's validity as Unix time.",
        |e, _, out| with_leaf(e, |f| out(none(), time(f.not_before))),
    ),
    entry(
        "smtp_tls_cert_not_after_timestamp_seconds",
        "End of the leaf certificate's validity as Unix time.",
        |e, _, out| with_leaf(e, |f| out(none(), time(f.not_after))),
    ),
    entry(
        "smtp_tls_cert_warning_seconds",
        "Seconds before the end of this leaf certificate at which the state Warning begins.",
        |e, _, out| {
            if let Some(begins) = e.warning_seconds() {
                out(none(), seconds(begins));
            }
        },
    ),
    entry(
        "smtp_tls_cert_critical_seconds",
        "Seconds before the end of this leaf certificate at which the state Critical begins.",
        |e, _, out| {
            if let Some(begins) = e.critical_seconds() {
                out(none(), seconds(begins));
            }
        },
    ),
    entry(
        "smtp_tls_cert_subject_match",
        "Whether the leaf is the expected certificate: names, subject, issuer, TlsCertificateName, fingerprint.",
        |e, _, out| with_leaf(e, |_| out(none(), flag(e.is_subject_match()))),
    ),
    entry(
        "smtp_tls_check_success",
        "Outcome of each check that applies and could be decided: 1 pass, 0 fail.",
        |e, _, out| {
            for (check, finding) in e.verdict.findings() {
                match finding {
                    Finding::Pass | Finding::Remark(_) => out(one("check", check), 1.0),
                    Finding::Fail(_) => out(one("check", check), 0.0),
                    Finding::Unknown(_) | Finding::NotApplicable(_) => {}
                }
            }
        },
    ),
    entry(
        "smtp_tls_chain_earliest_not_after_timestamp_seconds",
        "Earliest end of validity among all certificates that the server presented, as Unix time.",
        |e, _, out| {
            let ends = e.observation.chain.iter().filter_map(|c| c.facts().ok());
            if let Some(earliest) = ends.map(|f| f.not_after).min() {
                out(none(), time(earliest));
            }
        },
    ),
    entry(
        "smtp_tls_chain_certificates",
        "Number of certificates that the server presented.",
        |e, _, out| {
            if e.observation.leaf().is_some() {
                let seen = &e.observation;
                out(none(), count(seen.chain.len() + seen.chain_omitted));
            }
        },
    ),
    entry(
        "smtp_tls_chain_verified_not_after_timestamp_seconds",
        "Earliest end of validity on the best path to a trusted root, as Unix time.",
        |e, _, out| {
            if let Some(until) = e.verified_until() {
                out(none(), time(until));
            }
        },
    ),
    entry(
        "smtp_tls_cert_info",
        "Details of the leaf certificate, tls_certificate_name as Exchange prints it; always 1.",
        cert_info,
    ),
    entry(
        "smtp_tls_connection_info",
        "Parameters that the server chose; fallback legacy: seen in a hello, no handshake was completed; always 1.",
        |e, _, out| {
            if let Some(connection) = &e.observation.connection {
                let labels = Labels::new([
                    ("fallback", connection.fallback.as_str()),
                    ("tls_version", connection.version.as_str()),
                    ("cipher_suite", &connection.cipher_suite),
                    ("key_exchange", &connection.key_exchange),
                ]);
                out(labels, 1.0);
            }
        },
    ),
    target(
        "smtp_tls_target_resolved",
        "Whether the target's names were found in this view; half an answer of DNS is one.",
        |t, out| {
            for resolution in &t.resolutions {
                let found = flag(resolution.is_resolved());
                out(one("view", &resolution.view), found);
            }
        },
    ),
    target(
        "smtp_tls_target_failure_info",
        "Why the target's names were not all found in this view; 1 while they are not.",
        |t, out| {
            for resolution in &t.resolutions {
                if let Some(fault) = &resolution.fault {
                    let view = ("view", &*resolution.view);
                    out(Labels::new([view, ("reason", fault.reason.as_str())]), 1.0);
                }
            }
        },
    ),
    target(
        "smtp_tls_target_endpoints",
        "Number of endpoints of the target in this view.",
        |t, out| {
            for resolution in &t.resolutions {
                out(one("view", &resolution.view), count(resolution.endpoints));
            }
        },
    ),
    target(
        "smtp_tls_target_distinct_certificates",
        "Number of different leaf certificates over all endpoints of the target: 1 when the fleet agrees.",
        |t, out| {
            for (offer, distinct) in t.distinct_certificates() {
                out(one("offer", offer), count(distinct));
            }
        },
    ),
    target(
        "smtp_tls_target_views_agree",
        "Whether every view of the target leads to the same leaves; absent for one view and while it cannot be told.",
        |t, out| {
            if let Some(agree) = t.views.agree() {
                out(none(), flag(agree));
            }
        },
    ),
];

/// Every label name that a family uses itself; a target's own labels must not collide with them.
pub const RESERVED_LABELS: &[&str] = &[
    "target",
    "host",
    "port",
    "view",
    "address",
    "offer",
    "state",
    "phase",
    "reason",
    "check",
    "subject",
    "issuer",
    "serial_number",
    "fingerprint_sha1",
    "fingerprint_sha256",
    "spki_sha256",
    "key_type",
    "key_bits",
    "signature_algorithm",
    "tls_certificate_name",
    "fallback",
    "tls_version",
    "cipher_suite",
    "key_exchange",
];

fn with_leaf(entry: &Entry, then: impl FnOnce(&Facts)) {
    if let Some(Ok(facts)) = entry.observation.leaf().map(|leaf| leaf.facts()) {
        then(facts);
    }
}
