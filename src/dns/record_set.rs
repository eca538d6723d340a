//! How a question about one name and one kind of record ended; knows nothing of who was asked.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::facts::lookup::{Exchanger, Security};
use crate::facts::published::TlsaRecord;

/// The kinds of records that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum RecordKind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Mail exchangers.
    Mx,
    /// What certificates a server may show (RFC 6698).
    Tlsa,
    /// Text.
    Txt,
    /// The alias that a name itself is.
    Cname,
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Mx => "MX",
            Self::Tlsa => "TLSA",
            Self::Txt => "TXT",
            Self::Cname => "CNAME",
        })
    }
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Data {
    Address(IpAddr),
    Exchanger(Exchanger),
    Tlsa(TlsaRecord),
    Text(Box<[u8]>),
    Alias(Box<str>),
}

/// The records, or that there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecordSet {
    pub(super) records: Arc<[Data]>,
    /// How many there were, if not all are kept.
    pub(super) count: usize,
    /// The name at the end of the aliases, if the name that was asked for is one.
    pub(super) alias_of: Option<Box<str>>,
    /// Whether the name, or the one at the end of its aliases, has records of any kind.
    pub(super) exists: bool,
    /// Of every reply that led to it.
    pub(super) security: Security,
    /// How long it may be kept (RFC 1035 §3.2.1, RFC 2308 §5), aliases on the way included.
    pub(super) ttl: Duration,
    /// How long others may keep the records themselves: as published where a signature tells, else as answered.
    pub(super) published_ttl: Duration,
}

impl RecordSet {
    /// Whether there are records, and DNSSEC does not prove them.
    pub(super) fn is_unproven(&self) -> bool {
        !self.records.is_empty() && self.security != Security::Secure
    }

    /// What it takes in memory, about.
    pub(super) fn size(&self) -> usize {
        let more = |data: &Data| match data {
            Data::Address(_) => 0,
            Data::Exchanger(exchanger) => exchanger.host.len(),
            Data::Tlsa(record) => record.data.len(),
            Data::Text(text) => text.len(),
            Data::Alias(name) => name.len(),
        };
        let records: usize = self.records.iter().map(more).sum();
        let alias = self.alias_of.as_ref().map_or(0, |name| name.len());
        size_of::<Self>() + self.records.len() * size_of::<Data>() + records + alias
    }
}
