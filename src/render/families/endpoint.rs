//! The metric families about endpoints: what each is called and says, and its samples. One row a metric.

use super::family::{Family, entry, gauge};
use crate::certificate::Facts;
use crate::reason::Reason;
use crate::render::cert_info::cert_info;
use crate::render::value::{count, flag, seconds, time};
use crate::report::Entry;
use crate::verdict::Finding;

/// Every one, in the order of the output. A value that was not observed has no sample.
pub(super) const FAMILIES: &[Family] = &[
    entry(
        gauge(
            "smtp_tls_state",
            "1 for the endpoint's one state word and the reason that made it.",
        )
        .labels(&["state", "reason"])
        .note(
            "The [state words](../README.md#the-commands) are those of the table; the [reason](reasons.md) is empty for \
             `Healthy`, `expires_soon` for `Warning` and `Critical` by lifetime, `undecided` for `Undecided`.",
        ),
        |e, _, out| out(&[e.state.as_str(), e.reason().map_or("", Reason::as_str)], 1.0),
    ),
    entry(
        gauge(
            "smtp_tls_probe_success",
            "1: dialogue and handshake completed and no check failed.",
        ),
        |e, _, out| out(&[], flag(e.is_success())),
    ),
    entry(
        gauge(
            "smtp_tls_probe_duration_seconds",
            "Time the whole probe took, including the name lookup; 0 before the first result.",
        ),
        |e, _, out| out(&[], e.observation.duration.as_secs_f64()),
    ),
    entry(
        gauge("smtp_tls_probe_phase_duration_seconds", "Time in each phase.")
            .labels(&["phase"])
            .when("phase reached")
            .note(
                "`phase`: `resolve`, `connect`, `greeting`, `ehlo` (before and after TLS together), `starttls`, \
                 `handshake`, `quit`.",
            ),
        |e, _, out| {
            for (phase, spent) in e.observation.timings.iter() {
                out(&[phase.as_str()], spent.as_secs_f64());
            }
        },
    ),
    entry(
        gauge("smtp_tls_probe_timestamp_seconds", "When this result was obtained, as Unix time.")
            .when("after the first result"),
        |e, _, out| {
            if let Some(at) = e.obtained_at {
                out(&[], time(at));
            }
        },
    ),
    entry(
        gauge(
            "smtp_tls_probe_failure_info",
            "1: the phase in which the probe failed, and the reason.",
        )
        .labels(&["phase", "reason"])
        .when("the probe failed")
        .note("The reasons are listed in [reasons.md](reasons.md)."),
        |e, _, out| {
            if let Some(fault) = &e.observation.fault {
                out(&[fault.phase.as_str(), fault.reason.as_str()], 1.0);
            }
        },
    ),
    entry(
        gauge("smtp_tls_starttls_offered", "1: EHLO offered STARTTLS.").when("EHLO answered before TLS"),
        |e, _, out| {
            if let Some(offered) = e.observation.starttls_offered {
                out(&[], flag(offered));
            }
        },
    ),
    entry(
        gauge(
            "smtp_tls_handshake_success",
            "1: the TLS handshake completed, whatever the checks say.",
        )
        .note("It is 0 when the certificate was only read from an old hello."),
        |e, _, out| out(&[], flag(e.observation.handshake_completed())),
    ),
    entry(
        gauge(
            "smtp_tls_cert_expiry_seconds",
            "Seconds until the leaf expires, as of this scrape; negative afterwards.",
        )
        .when("leaf read"),
        |e, now, out| with_leaf(e, |f| out(&[], seconds(f.not_after.seconds_since(now)))),
    ),
    entry(
        gauge(
            "smtp_tls_cert_not_before_timestamp_seconds",
            "Start of the leaf's validity, as Unix time.",
        )
        .when("leaf read"),
        |e, _, out| with_leaf(e, |f| out(&[], time(f.not_before))),
    ),
    entry(
        gauge(
            "smtp_tls_cert_not_after_timestamp_seconds",
            "End of the leaf's validity, as Unix time.",
        )
        .when("leaf read"),
        |e, _, out| with_leaf(e, |f| out(&[], time(f.not_after))),
    ),
    entry(
        gauge(
            "smtp_tls_cert_warning_seconds",
            "How many seconds before this leaf expires the state Warning begins.",
        )
        .when("leaf read")
        .note("That is by the target's [`limits`](configuration.md#targets)."),
        |e, _, out| {
            if let Some(begins) = e.warning_seconds() {
                out(&[], seconds(begins));
            }
        },
    ),
    entry(
        gauge(
            "smtp_tls_cert_critical_seconds",
            "How many seconds before this leaf expires the state Critical begins.",
        )
        .when("leaf read")
        .note("That is by the target's [`limits`](configuration.md#targets)."),
        |e, _, out| {
            if let Some(begins) = e.critical_seconds() {
                out(&[], seconds(begins));
            }
        },
    ),
    entry(
        gauge("smtp_tls_cert_subject_match", "1: the certificate is the expected one.")
            .when("leaf read")
            .note("None of the checks `names`, `subject`, `issuer`, `tls_certificate_name`, `fingerprint` failed."),
        |e, _, out| with_leaf(e, |_| out(&[], flag(e.is_subject_match()))),
    ),
    entry(
        gauge("smtp_tls_check_success", "1 pass, 0 fail, for each check.")
            .labels(&["check"])
            .when("check applies and could be decided")
            .note("See the [list of checks](../README.md#checks)."),
        |e, _, out| {
            for (check, finding) in e.verdict.findings() {
                match finding {
                    Finding::Pass | Finding::Remark(_) => out(&[check], 1.0),
                    Finding::Fail(_) => out(&[check], 0.0),
                    Finding::Unknown(_) | Finding::NotApplicable(_) => {}
                }
            }
        },
    ),
    entry(
        gauge(
            "smtp_tls_chain_earliest_not_after_timestamp_seconds",
            "Earliest expiry among all certificates presented, needed or not, as Unix time.",
        )
        .when("any certificate read"),
        |e, _, out| {
            let ends = e.observation.chain.iter().filter_map(|c| c.facts().ok());
            if let Some(earliest) = ends.map(|f| f.not_after).min() {
                out(&[], time(earliest));
            }
        },
    ),
    entry(
        gauge(
            "smtp_tls_chain_certificates",
            "Number of certificates presented, including those beyond what is kept.",
        )
        .when("leaf seen"),
        |e, _, out| {
            if e.observation.leaf().is_some() {
                let seen = &e.observation;
                out(&[], count(seen.chain.len() + seen.chain_omitted));
            }
        },
    ),
    entry(
        gauge(
            "smtp_tls_chain_verified_not_after_timestamp_seconds",
            "Earliest expiry on the best path to a trusted root, as Unix time.",
        )
        .when("trusted path found")
        .note("The root's own expiry counts too; it is unknown for the bundled roots."),
        |e, _, out| {
            if let Some(until) = e.verified_until() {
                out(&[], time(until));
            }
        },
    ),
    entry(
        gauge(
            "smtp_tls_cert_info",
            "1: subject, issuer, fingerprints and key of the leaf, and its TlsCertificateName as Exchange prints it.",
        )
        .labels(&[
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
        ])
        .when("leaf seen")
        .note(
            "Subject and issuer are written as Exchange prints them, too. For a certificate that cannot be parsed, only \
             the fingerprints are filled in.",
        ),
        cert_info,
    ),
    entry(
        gauge("smtp_tls_connection_info", "1: what the server chose.")
            .labels(&["fallback", "tls_version", "cipher_suite", "key_exchange"])
            .when("the server chose")
            .note(
                "`fallback` is the hello that it answered: `modern`, `compatible`, or `legacy`, which completes no \
                 handshake.",
            ),
        |e, _, out| {
            if let Some(connection) = &e.observation.connection {
                let (suite, exchange) = (&connection.cipher_suite, &connection.key_exchange);
                let hello = connection.fallback.as_str();
                out(&[hello, connection.version.as_str(), suite, exchange], 1.0);
            }
        },
    ),
];

fn with_leaf(entry: &Entry, then: impl FnOnce(&Facts)) {
    if let Some(Ok(facts)) = entry.observation.leaf().map(|leaf| leaf.facts()) {
        then(facts);
    }
}
