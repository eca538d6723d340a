//! What can be asked of DNS, and what an answer is; knows nobody who answers.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::published::{AskingPublished, AskingValidation, Validation, not_asked};
use crate::facts::lookup::{Exchanger, LookupFault, Security};
use crate::facts::published::TlsaRecord;

/// A value that DNS gave, and how far it is to be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// What was asked for.
    pub value: T,
    /// What DNSSEC says of it.
    pub security: Security,
}

impl<T> Answer<T> {
    /// From somebody who does not know DNSSEC.
    pub fn unproven(value: T) -> Self {
        let security = Security::Unknown;
        Self { value, security }
    }
}

/// One A or AAAA record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRecord {
    /// The address.
    pub address: IpAddr,
    /// How long it may be kept, aliases on the way to it included (RFC 1035 §3.2.1). `None` of the hosts file, which
    /// is read anew and always lists all there is.
    pub ttl: Option<Duration>,
}

/// The addresses of a name, as far as they could be found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// What was found.
    pub records: Vec<AddressRecord>,
    /// The family that nobody could tell, and why, while the other one was answered.
    pub lost: Option<(AddressFamily, LookupFault)>,
    /// How the name led to them.
    pub trail: Trail,
}

/// How a name led to its addresses; for whoever asks for more at the same name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trail {
    /// The name that was asked for, completed by the search list, without the dot at the end. `None` where the hosts
    /// file answered.
    pub name: Option<Box<str>>,
    /// Where its aliases end, if it is one.
    pub end: Option<Box<str>>,
    /// What DNSSEC says of the family that it says the better of, aliases included.
    pub best: Security,
}

/// Which addresses are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressFamily {
    /// All of them.
    #[default]
    Any,
    /// IPv4 only.
    Ipv4,
    /// IPv6 only.
    Ipv6,
}

impl AddressFamily {
    /// Whether an address is wanted.
    pub fn takes(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Ipv4 => address.is_ipv4(),
            Self::Ipv6 => address.is_ipv6(),
        }
    }

    /// As people call what was looked for.
    pub fn records(self) -> &'static str {
        match self {
            Self::Any => "A or AAAA record",
            Self::Ipv4 => "A record",
            Self::Ipv6 => "AAAA record",
        }
    }
}

/// An answer on its way.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<Answer<T>, LookupFault>> + Send + 'a>>;

/// Somebody who answers DNS questions in every view. Whoever holds one need not know which: questions are few beside
/// probes, so that a box for each costs nothing.
pub trait Lookup: Send + Sync {
    /// Every address of a name, in a view that is named. Half an answer is one.
    ///
    /// # Errors
    /// [`LookupFault`] when there is none, or nobody could tell.
    fn addresses<'a>(
        &'a self,
        view: &'a str,
        name: &'a str,
        family: AddressFamily,
    ) -> Asking<'a, Addresses>;

    /// The MX records of a domain; none for a domain that has other records.
    ///
    /// # Errors
    /// [`LookupFault`] when the domain does not exist, or nobody could tell.
    fn exchangers<'a>(&'a self, view: &'a str, domain: &'a str) -> Asking<'a, Vec<Exchanger>>;

    /// The TLSA records of a name such as `_25._tcp.mx1.example.com`, in a view that believes its resolver's flag.
    fn tlsa<'a>(&'a self, _view: &'a str, _name: &'a str) -> AskingPublished<'a, TlsaRecord> {
        not_asked()
    }

    /// The TXT records of a complete name; the strings of one record are joined without blanks.
    fn texts<'a>(&'a self, _view: &'a str, _name: &'a str) -> AskingPublished<'a, Box<[u8]>> {
        not_asked()
    }

    /// The alias that a name itself is, without going along it: one record or none.
    fn alias<'a>(&'a self, _view: &'a str, _name: &'a str) -> AskingPublished<'a, Box<str>> {
        not_asked()
    }

    /// Whether a view's resolver validates; asks it when that is due.
    fn validates<'a>(&'a self, _view: &'a str) -> AskingValidation<'a> {
        Box::pin(std::future::ready(Validation::NotAsked))
    }

    /// The same as far as it is known; asks nobody.
    fn validation(&self, _view: &str) -> Validation {
        Validation::NotAsked
    }

    /// The same for names that strangers ask for: what is answered is kept nowhere. `None` where nothing ever is.
    fn for_strangers(&self) -> Option<Arc<dyn Lookup>> {
        None
    }
}
