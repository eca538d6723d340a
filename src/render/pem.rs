//! The certificates of a snapshot to PEM (RFC 7468), each with a line that says whose it is.

use data_encoding::BASE64;

use crate::certificate::Certificate;
use crate::plain::plain;
use crate::report::Snapshot;

/// The chain of every endpoint, leaf first.
pub fn pem(snapshot: &Snapshot) -> String {
    let mut out = String::new();
    for (_, entry) in snapshot.entries() {
        let at = entry.endpoint.at();
        for (i, certificate) in entry.observation.chain.iter().enumerate() {
            let subject = certificate.facts().map(|f| f.subject.to_exchange());
            let subject = subject.unwrap_or_else(|why| why.to_string());
            out += &format!("# {at} [{i}] {}\n", plain(&subject, 200));
            out += &block(certificate);
        }
    }
    out
}

/// One certificate.
pub(super) fn block(certificate: &Certificate) -> String {
    let mut out = "-----BEGIN CERTIFICATE-----\n".to_owned();
    // 48 bytes are the 64 characters of a line.
    for line in certificate.der().chunks(48) {
        BASE64.encode_append(line, &mut out);
        out.push('\n');
    }
    out += "-----END CERTIFICATE-----\n";
    out
}
