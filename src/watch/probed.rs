//! What one probe brought, and where the last of each endpoint are.

use std::sync::Arc;

use super::single_flight::SingleFlight;
use crate::endpoint::Endpoint;
use crate::facts::observation::Observation;
use crate::pki::{Revocation, Trust};
use crate::report::Entry;
use crate::timestamp::Timestamp;

/// What a probe saw, and what was found out about it at once, because strangers choose what that costs.
#[derive(Debug)]
pub(super) struct Probed {
    pub(super) observation: Arc<Observation>,
    pub(super) trust: Option<Arc<Trust>>,
    /// The same with the roots that senders believe, where their view is asked for.
    pub(super) policy_trust: Option<Arc<Trust>>,
    pub(super) revocation: Option<Revocation>,
    pub(super) obtained_at: Timestamp,
}

/// The last results, and the probes under way.
pub(super) type Flights = SingleFlight<Arc<Endpoint>, Arc<Probed>>;

/// An endpoint and its last result, if there is one yet.
pub(super) type Held = (Arc<Endpoint>, Option<Arc<Probed>>);

/// Whether an entry was made from this result, or from none yet.
pub(super) fn is_from((entry, (_, probed)): (&Entry, &Held)) -> bool {
    match probed {
        Some(probed) => Arc::ptr_eq(&entry.observation, &probed.observation),
        None => entry.obtained_at.is_none(),
    }
}
