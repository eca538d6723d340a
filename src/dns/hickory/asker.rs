//! A question for one kind of records to what was replied, believed as far as the policy says.

use std::sync::Arc;

use hickory_resolver::net::dnssec::DnssecDnsHandle;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, Query};
use hickory_resolver::proto::rr::{Name, RecordType};

use super::super::policy::{Dnssec, Policy};
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
    /// What the servers say of signatures, too.
    Trusted(InOrder),
    /// What is signed as it should be (RFC 4035 §5).
    Validated(DnssecDnsHandle<InOrder>),
}

impl Asker {
    pub(super) fn new(servers: InOrder, policy: &Policy, search: Search) -> Self {
        let believed = match policy.dnssec {
            Dnssec::Off => Believed::All(servers),
            Dnssec::Trust => Believed::Trusted(servers),
            Dnssec::Validate => {
                let anchor = policy.trust_anchor.as_ref();
                let keys = anchor.map_or_else(Arc::default, |TrustAnchor(keys)| Arc::clone(keys));
                let handle = DnssecDnsHandle::with_trust_anchor(servers, keys);
                Believed::Validated(handle.validation_cache_size(MAX_VALIDATIONS))
            }
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
            Believed::Trusted(servers) => {
                // With the signatures comes the TTL as it was published.
                options.edns_set_dnssec_ok = kind == RecordType::TLSA;
                let mut request = DnsRequest::from_query(query, options);
                // Asks for the flag (RFC 6840 §5.7).
                request.metadata.authentic_data = true;
                let reply = servers.send(request).first_answer().await;
                Statement::trusted(reply).map_err(|error| error.to_string())
            }
            Believed::Validated(servers) => {
                options.edns_set_dnssec_ok = true;
                let reply = servers.lookup(query, options).first_answer().await;
                proof::statement(reply, kind)
            }
        }
    }
}
