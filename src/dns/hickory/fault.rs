//! Why a look-up has no answer, in the words that people read.

use crate::facts::lookup::LookupFault;
use crate::reason::Reason;

/// Nobody could tell.
pub(super) fn failed(detail: String) -> LookupFault {
    LookupFault {
        reason: Reason::DnsError,
        detail,
    }
}

/// Says of a name that went through the search list so.
pub(super) fn not_found(what: String, candidates: &[String]) -> LookupFault {
    let detail = match candidates.len() {
        0 | 1 => what,
        several => format!("{what}; so it is with the search list ({several} names asked for)"),
    };
    LookupFault {
        reason: Reason::DnsNotFound,
        detail,
    }
}
