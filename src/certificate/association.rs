//! A certificate or key to what TLSA records (RFC 6698) hold of it; knows no record.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, SHA512, digest};

use super::key::PublicKey;
use super::presented::Certificate;

impl Certificate {
    /// What a record with this selector and matching type holds of it (RFC 6698 §2.1.4); `None` for unknown numbers,
    /// and where the key cannot be found.
    pub fn association(&self, selector: u8, matching_type: u8) -> Option<Cow<'_, [u8]>> {
        // What was read has this digest already, and most records are of it.
        if (selector, matching_type) == (1, 1)
            && self.is_read()
            && let Ok(facts) = self.facts()
        {
            return Some(Cow::Borrowed(&facts.spki_sha256));
        }
        let selected = match selector {
            0 => self.der(),
            1 => self.public_key()?.spki,
            _ => return None,
        };
        association(selected, matching_type)
    }
}

/// What a record with this matching type holds of a certificate or SubjectPublicKeyInfo (RFC 6698 §2.1.3).
pub fn association(selected: &[u8], matching_type: u8) -> Option<Cow<'_, [u8]>> {
    match matching_type {
        0 => Some(Cow::Borrowed(selected)),
        1 => Some(Cow::Owned(digest(&SHA256, selected).as_ref().to_vec())),
        2 => Some(Cow::Owned(digest(&SHA512, selected).as_ref().to_vec())),
        _ => None,
    }
}

/// Whether this is one DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) and nothing more.
pub fn is_public_key(der: &[u8]) -> bool {
    PublicKey::from_spki(der).bare().is_some()
}
