//! What DNS says of a host's TLSA records in one view, and how far senders believe it.

use std::sync::Arc;
use std::time::Duration;

use super::tlsa::TlsaRecord;
use crate::facts::lookup::{LookupFault, Security};

/// What senders that do DANE learn of a host (RFC 7672 §2.2), before they connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaneFacts {
    /// What DNSSEC says of the way that leads to the host: of the MX records, or [`Security::Secure`] of a host that
    /// the configuration names (RFC 7672 §2.2.2).
    pub hop: Security,
    /// The port that was asked for; mail servers ask for 25 alone.
    pub port: u16,
    /// The TLSA base domain (RFC 7672 §2.2.3): at the end of the aliases where that has records, else the name itself.
    pub base: Box<str>,
    /// The name before aliases, if it is another one.
    pub alias: Option<Box<str>>,
    /// The mail domain, of the hosts of one: a name that certificates may have, too (RFC 7672 §3.2.2).
    pub mail_domain: Option<Arc<str>>,
    /// What there is.
    pub standing: DaneStanding,
}

/// How a host stands with DANE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DaneStanding {
    /// The view's resolver does not validate: nobody can tell.
    Unavailable,
    /// No answer yet; says why.
    Pending(Box<str>),
    /// Its addresses are not signed, so that no sender asks for TLSA records (RFC 7672 §2.2.2).
    HostInsecure,
    /// No TLSA records.
    None,
    /// TLSA records that are not signed, or at the end of an alias that is not.
    Insecure,
    /// No answer: senders put the mail off (RFC 7672 §2.1.2).
    Error(LookupFault),
    /// TLSA records that DNSSEC proves.
    Records(TlsaSet),
}

/// A proven TLSA RRset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsaSet {
    /// The name that was asked for, such as `_25._tcp.mx1.example.com`.
    pub owner: Box<str>,
    /// At most 64 records, in order, each once.
    pub records: Arc<[TlsaRecord]>,
    /// How many there were, if more.
    pub published: usize,
    /// How long others may keep it, as published: not what is left of it in a resolver's memory.
    pub ttl: Duration,
}
