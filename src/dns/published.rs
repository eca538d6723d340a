//! What DNS says about how mail servers want to be spoken to, and why it says nothing; knows nobody who answers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::facts::lookup::{LookupFault, Security};

/// Most TLSA records of a name that are kept; real ones have up to a dozen.
pub const MAX_TLSA_RECORDS: usize = 64;
/// Most TXT records of a name that are kept.
pub const MAX_TEXTS: usize = 32;
/// Most octets of a TXT record that are kept; a longer one ends here.
pub const MAX_TEXT: usize = 4096;

/// The records of one kind at a name, or the proof that there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedRecords<T> {
    /// In order, each once; no more than the bound of their kind.
    pub records: Arc<[T]>,
    /// How many there were.
    pub count: usize,
    /// Whether the name, or the one at the end of its aliases, has records of any kind.
    pub exists: bool,
    /// The name at the end of the aliases, if the name that was asked for is one.
    pub end: Option<Box<str>>,
    /// What DNSSEC says of them, aliases included; [`Security::Unknown`] where there are none or nobody can tell.
    pub security: Security,
    /// How long others may keep them: of TLSA records as published, else what the answer said was left of it.
    pub ttl: Duration,
}

/// Why a question about what is published has no answer. None of these says that there are no records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// Nobody asks such a question in this view.
    NotAsked,
    /// There is no answer yet; says why.
    Pending(Box<str>),
    /// Nobody could tell.
    Failed(LookupFault),
}

/// What is published, on its way.
pub type AskingPublished<'a, T> =
    Pin<Box<dyn Future<Output = Result<PublishedRecords<T>, Unanswered>> + Send + 'a>>;

/// An answer that nobody has to be asked for.
pub(super) fn not_asked<'a, T: Send + Sync + 'a>() -> AskingPublished<'a, T> {
    Box::pin(std::future::ready(Err(Unanswered::NotAsked)))
}

/// Whether the resolver of a view validates, as far as its answers are believed (`dnssec: trust`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Validation {
    /// Nobody believes its flag.
    #[default]
    NotAsked,
    /// It gave no answer yet.
    Unknown,
    /// It says that the root is signed.
    Able,
    /// It does not: its answers say nothing about DNSSEC.
    Unable,
}

/// What a view's resolver is able to, on its way.
pub type AskingValidation<'a> = Pin<Box<dyn Future<Output = Validation> + Send + 'a>>;
