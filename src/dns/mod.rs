//! A question in a view to an answer that says why it is missing; knows nothing of targets.

mod cache;
mod clock;
mod file;
mod freshness;
mod hickory;
mod hosts;
mod lookup;
mod name_server;
mod policy;
mod published;
mod record_set;
mod search;
mod tls;
mod turns;

pub use hickory::Resolvers;
pub use hickory::trust_anchor::TrustAnchor;
pub use lookup::{AddressFamily, AddressRecord, Addresses, Answer, Asking, Lookup, Trail};
pub use name_server::{NameServer, NameServerError, Transport};
pub use policy::{Dnssec, Policy};
pub use published::{
    AskingPublished, AskingValidation, MAX_TEXT, MAX_TEXTS, MAX_TLSA_RECORDS, PublishedRecords,
    Unanswered, Validation,
};

pub use crate::facts::lookup::{Exchanger, LookupFault, Security};
