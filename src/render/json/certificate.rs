//! A certificate and the path found for it to their part of the JSON.

use serde::Serialize;

use crate::certificate::{Certificate, Dn, Facts, TlsCertificateName};
use crate::pki::Trust;
use crate::report::Entry;

#[derive(Serialize)]
pub(super) struct CertificateJson {
    #[serde(flatten)]
    facts: Option<FactsJson>,
    unreadable: Option<String>,
    length: usize,
    fingerprint_sha1: String,
    fingerprint_sha256: String,
}

#[derive(Serialize)]
struct FactsJson {
    subject: String,
    issuer: String,
    tls_certificate_name: String,
    names: Vec<String>,
    not_before: String,
    not_after: String,
    serial_number: String,
    version: u32,
    spki_sha256: String,
    key_type: String,
    key_bits: Option<u32>,
    signature_algorithm: String,
    key_usage: Option<Vec<&'static str>>,
    extended_key_usage: Option<Vec<String>>,
    must_staple: bool,
    trailing_bytes: usize,
    defects: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct TrustJson {
    trusted: bool,
    anchor: Option<String>,
    valid_until: Option<String>,
}

pub(super) fn certificate(certificate: &Certificate) -> CertificateJson {
    let fingerprints = certificate.fingerprints();
    CertificateJson {
        facts: certificate.facts().ok().map(facts),
        unreadable: certificate.facts().err().map(ToString::to_string),
        length: certificate.der().len(),
        fingerprint_sha1: fingerprints.sha1_hex(),
        fingerprint_sha256: fingerprints.sha256_hex(),
    }
}

fn facts(facts: &Facts) -> FactsJson {
    FactsJson {
        subject: facts.subject.to_exchange(),
        issuer: facts.issuer.to_exchange(),
        tls_certificate_name: TlsCertificateName::of(facts).to_string(),
        names: facts.names.iter().map(ToString::to_string).collect(),
        not_before: facts.not_before.to_string(),
        not_after: facts.not_after.to_string(),
        serial_number: facts.serial_number.clone(),
        version: facts.version,
        spki_sha256: facts.spki_sha256_hex(),
        key_type: facts.key.kind.to_string(),
        key_bits: facts.key.bits,
        signature_algorithm: facts.signature_algorithm.to_string(),
        key_usage: facts.key_usage.map(|usage| usage.names().collect()),
        extended_key_usage: facts
            .extended_key_usage
            .as_ref()
            .map(|purposes| purposes.iter().map(ToString::to_string).collect()),
        must_staple: facts.must_staple,
        trailing_bytes: facts.trailing_bytes,
        defects: facts.defects.clone(),
    }
}

pub(super) fn trust(trust: &Trust, entry: &Entry) -> TrustJson {
    TrustJson {
        trusted: !matches!(trust, Trust::None(_)),
        anchor: match trust {
            Trust::Path(path) => Dn::from_der(&path.anchor).map(|name| name.to_exchange()),
            _ => None,
        },
        valid_until: entry.verified_until().map(|until| until.to_string()),
    }
}
