//! The certificates of a snapshot to PEM (RFC 7468), each with a line that says whose it is.

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
            out += &certificate.to_pem();
        }
    }
    out
}
