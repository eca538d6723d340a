//! What another program says of mail to a domain, as what becomes of the mail.

use std::fmt;

/// What becomes of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is delivered to a server that DANE has authenticated.
    Authenticated,
    /// It is delivered, to whomever.
    Unauthenticated,
    /// It waits.
    Deferred,
    /// The program does not say.
    Silent,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Authenticated => "authenticated",
            Self::Unauthenticated => "unauthenticated",
            Self::Deferred => "deferred",
            Self::Silent => "(silent)",
        })
    }
}

/// What a program said, and what that means.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) outcome: Outcome,
    /// The words that tell.
    pub(super) words: String,
    /// All of them.
    pub(super) text: String,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}: {}", self.outcome, self.words))
    }
}
