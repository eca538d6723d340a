//! A leaf certificate to the labels of `smtp_tls_cert_info`.

use super::exposition::Labels;
use super::families::Sink;
use crate::certificate::{Facts, TlsCertificateName};
use crate::report::Entry;
use crate::timestamp::Timestamp;

pub(super) fn cert_info(entry: &Entry, _now: Timestamp, out: Sink<'_>) {
    let Some(leaf) = entry.observation.leaf() else {
        return;
    };
    // A certificate that cannot be parsed still has its fingerprints.
    let facts = leaf.facts().ok();
    let text = |read: fn(&Facts) -> String| facts.map_or_else(String::new, read);
    let fingerprints = leaf.fingerprints();
    let labels = Labels::new([
        ("subject", text(|f| f.subject.to_exchange()).as_str()),
        ("issuer", &text(|f| f.issuer.to_exchange())),
        ("serial_number", &text(|f| f.serial_number.clone())),
        ("fingerprint_sha1", &fingerprints.sha1_hex()),
        ("fingerprint_sha256", &fingerprints.sha256_hex()),
        ("spki_sha256", &text(Facts::spki_sha256_hex)),
        ("key_type", &text(|f| f.key.kind.to_string())),
        (
            "key_bits",
            &text(|f| f.key.bits.map_or_else(String::new, |b| b.to_string())),
        ),
        (
            "signature_algorithm",
            &text(|f| f.signature_algorithm.to_string()),
        ),
        (
            "tls_certificate_name",
            &text(|f| TlsCertificateName::of(f).to_string()),
        ),
    ]);
    out(labels, 1.0);
}
