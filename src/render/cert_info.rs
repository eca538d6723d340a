//! A leaf certificate to the labels of `smtp_tls_cert_info`.

use super::families::family::Sink;
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
    let values = [
        text(|f| f.subject.to_exchange()),
        text(|f| f.issuer.to_exchange()),
        text(|f| f.serial_number.clone()),
        fingerprints.sha1_hex(),
        fingerprints.sha256_hex(),
        text(Facts::spki_sha256_hex),
        text(|f| f.key.kind.to_string()),
        text(|f| f.key.bits.map_or_else(String::new, |b| b.to_string())),
        text(|f| f.signature_algorithm.to_string()),
        text(|f| TlsCertificateName::of(f).to_string()),
    ];
    out(&values.each_ref().map(String::as_str), 1.0);
}
