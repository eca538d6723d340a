//! What DNS said: mail exchangers, why an answer is missing, and how far an answer is to be believed.

use std::fmt;

use crate::reason::Reason;

/// Why a name has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupFault {
    /// `dns_not_found` or `dns_error`; of a mail domain also what its MX records say instead of a host.
    pub reason: Reason,
    /// The evidence in words.
    pub detail: String,
}

/// `dns_not_found: gone.example.com does not exist`
impl fmt::Display for LookupFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.as_str(), self.detail)
    }
}

/// One MX record (RFC 5321 §5.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exchanger {
    /// Lower is tried first.
    pub preference: u16,
    /// The host without the dot at the end, as it stands in DNS; empty for the root, which a null MX names.
    pub host: String,
}

/// What DNSSEC says of an answer (RFC 4033 §5). One that is bogus is none, but a [`LookupFault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Security {
    /// Every record of it is signed, up to the trust anchor.
    Secure,
    /// Its zone, or that of an alias on the way to it, is proven not to be signed.
    Insecure,
    /// Nobody was asked who could tell.
    #[default]
    Unknown,
}

impl Security {
    /// The public word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Secure => "secure",
            Self::Insecure => "insecure",
            Self::Unknown => "unknown",
        }
    }

    /// Of an answer that stands on both: no more secure than either.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Insecure, _) | (_, Self::Insecure) => Self::Insecure,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Secure, Self::Secure) => Self::Secure,
        }
    }
}
