//! A question for one kind of records to what was replied, believed as far as the policy says.

use std::sync::Arc;

use hickory_resolver::net::dnssec::DnssecDnsHandle;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequestOptions, Query};
use hickory_resolver::proto::rr::{Name, RecordType};

use super::super::policy::Policy;
use super::super::search::Search;
use super::chain::Statement;
use super::order::InOrder;
use super::proof;
use super::trust_anchor::TrustAnchor;

/// Signatures whose outcome is remembered; some hundred bytes each.
const MAX_VALIDATIONS: usize = 8192;

/// Who is asked in a view.
pub(super) struct Asker {
    believed: Believed,
    /// How names are completed.
    pub(super) search: Search,
}

enum Believed {
    /// Whatever is replied.
    All(InOrder),
    /// What is signed as it should be (RFC 4035 §5).
    Validated(DnssecDnsHandle<InOrder>),
}

impl Asker {
    pub(super) fn new(servers: InOrder, policy: &Policy, search: Search) -> Self {
        let believed = if policy.validate {
            let anchor = policy.trust_anchor.as_ref();
            let keys = anchor.map_or_else(Arc::default, |TrustAnchor(keys)| Arc::clone(keys));
            let handle = DnssecDnsHandle::with_trust_anchor(servers, keys);
            Believed::Validated(handle.validation_cache_size(MAX_VALIDATIONS))
        } else {
            Believed::All(servers)
        };
        Self { believed, search }
    }

    /// Asks, and says why nobody could tell.
    pub(super) async fn ask(&self, name: &Name, kind: RecordType) -> Result<Statement, String> {
        let query = Query::query(name.clone(), kind);
        let mut options = DnsRequestOptions::default();
        match &self.believed {
            Believed::All(servers) => {
                let reply = servers.lookup(query, options).first_answer().await;
                Statement::new(reply).map_err(|error| error.to_string())
            }
            Believed::Validated(servers) => {
                options.edns_set_dnssec_ok = true;
                let reply = servers.lookup(query, options).first_answer().await;
                proof::statement(reply, kind)
            }
        }
    }
}
