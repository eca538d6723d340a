//! What a leaf and its key are meant for against one use in TLS: what the checks of servers and of clients share.

use super::check::{Evidence, Finding};
use crate::certificate::{Eku, KeyUsage};
use crate::reason::Reason;

/// A use of a leaf.
pub(super) struct Purpose {
    /// The purpose that allows it.
    pub(super) purpose: Eku,
    /// Whom it is for, in words.
    pub(super) users: &'static str,
    /// One of these is done with the key.
    pub(super) key: KeyUsage,
    /// What a key that may do none of them lacks, in words.
    pub(super) lack: &'static str,
}

/// Whether the leaf may be used so, and its key too (RFC 5280 §4.2.1.12 and §4.2.1.3).
pub(super) fn judge(evidence: &Evidence<'_>, wanted: &Purpose) -> Finding {
    let facts = match evidence.leaf() {
        Ok((_, facts)) => facts,
        Err(finding) => return finding,
    };
    if !facts.allows(&wanted.purpose) {
        let purposes = facts.extended_key_usage.as_deref().unwrap_or_default();
        let listed: Vec<_> = purposes.iter().map(ToString::to_string).collect();
        let (listed, users) = (listed.join(", "), wanted.users);
        let evidence = format!("meant for {listed} only, not for {users}");
        return Finding::fail(Reason::EkuMissing, evidence);
    }
    match facts.key_usage.filter(|usage| !usage.allows(wanted.key)) {
        Some(usage) => Finding::fail(
            Reason::KeyUsageMissing,
            format!("the key may be used for {usage} only, {}", wanted.lack),
        ),
        None => Finding::Pass,
    }
}
