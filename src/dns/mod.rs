//! A question to an answer that says why it is missing; knows nothing of targets.

mod hickory;

pub use hickory::SystemResolver;

use std::future::Future;
use std::net::IpAddr;

use crate::reason::Reason;

/// Why a name has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupFault {
    /// `dns_not_found` or `dns_error`.
    pub reason: Reason,
    /// The evidence in words.
    pub detail: String,
}

/// Somebody who answers DNS questions in one view.
pub trait Lookup: Send + Sync {
    /// Every A and AAAA address of a name.
    ///
    /// # Errors
    /// [`LookupFault`] when there is none, or nobody could tell.
    fn addresses(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Vec<IpAddr>, LookupFault>> + Send;
}
