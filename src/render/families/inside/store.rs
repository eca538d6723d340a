//! The metric families about the certificates that are on servers.

use std::collections::HashSet;

use crate::certificate::TlsCertificateName;
use crate::facts::inventory::StoredCertificate;
use crate::render::families::family::{Family, Samples, Sink, gauge, server};
use crate::render::value::{flag, time};
use crate::report::ServerReport;
use crate::timestamp::Timestamp;

/// Every one, in the order of the output.
pub(super) const FAMILIES: &[Family] = &[
    server(
        gauge(
            "smtp_tls_inside_cert_not_before_timestamp_seconds",
            "From when a certificate on this server is valid, as Unix time.",
        )
        .labels(&["fingerprint_sha1"])
        .when("read")
        .note(KEPT),
        |server, now, out| {
            each_certificate(server, now, |stored, thumbprint| {
                if let Ok(facts) = stored.facts() {
                    out(&[thumbprint], time(facts.not_before));
                }
            })
        },
    ),
    server(
        gauge(
            "smtp_tls_inside_cert_not_after_timestamp_seconds",
            "When a certificate on this server expires, as Unix time.",
        )
        .labels(&["fingerprint_sha1"])
        .when("read")
        .note(KEPT),
        |server, now, out| {
            each_certificate(server, now, |stored, thumbprint| {
                if let Ok(facts) = stored.facts() {
                    out(&[thumbprint], time(facts.not_after));
                }
            })
        },
    ),
    server(
        gauge(
            "smtp_tls_inside_cert_private_key",
            "1: the server has the private key of this certificate.",
        )
        .labels(&["fingerprint_sha1"])
        .when("known"),
        |server, now, out| {
            each_certificate(server, now, |stored, thumbprint| {
                if let Some(has_key) = stored.private_key.filter(|_| server.is_young) {
                    out(&[thumbprint], flag(has_key));
                }
            })
        },
    ),
    server(
        gauge(
            "smtp_tls_inside_cert_smtp_enabled",
            "1: the certificate is enabled for SMTP on this server.",
        )
        .labels(&["fingerprint_sha1"])
        .when("known"),
        |server, now, out| {
            each_certificate(server, now, |stored, thumbprint| {
                if let Some(enabled) = stored.is_smtp_enabled().filter(|_| server.is_young) {
                    out(&[thumbprint], flag(enabled));
                }
            })
        },
    ),
    server(
        gauge(
            "smtp_tls_inside_cert_info",
            "1: what a certificate on this server says of itself.",
        )
        .labels(&[
            "fingerprint_sha1",
            "fingerprint_sha256",
            "subject",
            "issuer",
            "tls_certificate_name",
            "services",
            "status",
            "names",
        ])
        .when("young inventory"),
        |server, now, out| {
            each_certificate(server, now, |stored, thumbprint| {
                if server.is_young {
                    cert_info(stored, thumbprint, out);
                }
            })
        },
    ),
    Family {
        metric: gauge(
            "smtp_tls_inside_endpoint_info",
            "1: this endpoint is this mail server.",
        )
        .labels(&["server"])
        .when("its address is a server's")
        .note("It has the labels of the endpoint."),
        samples: Samples::Paired(|server, out| out(&[&server.facts.key.0], 1.0)),
    },
];

const KEPT: &str = "Kept for 24 hours after the inventory.";

/// Every certificate of a server whose dates are told, once, with its thumbprint.
fn each_certificate(
    server: &ServerReport,
    now: Timestamp,
    mut tell: impl FnMut(&StoredCertificate, &str),
) {
    let Some(inventory) = server.inventory().filter(|_| server.is_remembered(now)) else {
        return;
    };
    let mut told = HashSet::new();
    for stored in inventory.certificates() {
        let thumbprint = stored.certificate.fingerprints();
        if told.insert(thumbprint.sha1) {
            tell(stored, &thumbprint.sha1_hex());
        }
    }
}

fn cert_info(stored: &StoredCertificate, thumbprint: &str, out: Sink<'_>) {
    let facts = stored.facts().ok();
    let sha256 = stored.certificate.fingerprints().sha256_hex();
    let subject = facts.map_or_else(String::new, |facts| facts.subject.to_exchange());
    let issuer = facts.map_or_else(String::new, |facts| facts.issuer.to_exchange());
    let name = facts.map_or_else(String::new, |facts| {
        TlsCertificateName::of(facts).to_string()
    });
    let names = facts.map_or_else(Vec::new, |facts| {
        facts.names.iter().map(ToString::to_string).collect()
    });
    let services = stored.services.as_deref().unwrap_or_default().join(",");
    let status = stored.status.as_deref().unwrap_or_default();
    let names = names.join(",");
    out(
        &[
            thumbprint, &sha256, &subject, &issuer, &name, &services, status, &names,
        ],
        1.0,
    );
}
