//! [`Lookup`] by hickory-resolver with the system's configuration; the only file that knows hickory.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{Hosts, TokioResolver};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Lookup, LookupFault};
use crate::reason::Reason;

/// Look-ups at once; more only queue up in the resolver, where they fail instead of waiting.
const MAX_LOOKUPS: usize = 256;

/// The resolver of this machine: its name servers, its search list, its hosts file.
pub struct SystemResolver {
    resolver: Result<TokioResolver, String>,
    hosts: Hosts,
    permits: Arc<Semaphore>,
    deadline: Duration,
}

impl SystemResolver {
    /// Reads the system's configuration. A machine without one still knows its hosts file; every other
    /// look-up then says what is missing. No look-up takes longer than `deadline`.
    pub fn new(deadline: Duration) -> Self {
        let resolver = TokioResolver::builder_tokio().and_then(|mut builder| {
            let options = builder.options_mut();
            options.timeout = (deadline / 2).max(Duration::from_millis(100));
            options.attempts = 1;
            options.max_active_requests = 2 * MAX_LOOKUPS;
            builder.build()
        });
        Self {
            resolver: resolver.map_err(|e| format!("the system's DNS configuration: {e}")),
            hosts: Hosts::from_system().unwrap_or_default(),
            permits: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            deadline,
        }
    }

    /// What the hosts file says. As in the C library, a name that stands there is not asked for in DNS.
    fn hosts_file(&self, name: &Name) -> Vec<IpAddr> {
        [RecordType::A, RecordType::AAAA]
            .into_iter()
            .filter_map(|kind| {
                self.hosts
                    .lookup_static_host(&Query::query(name.clone(), kind))
            })
            .flat_map(|found| addresses_in(found.answers()))
            .collect()
    }

    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Vec<IpAddr>, LookupFault> {
        let resolver = self.resolver.as_ref().map_err(|e| failed(e.clone()))?;
        match resolver.lookup(name.clone(), kind).await {
            Ok(found) => Ok(addresses_in(found.answers())),
            Err(NetError::Dns(DnsError::NoRecordsFound(none)))
                if matches!(
                    none.response_code,
                    ResponseCode::NXDomain | ResponseCode::NoError
                ) =>
            {
                Ok(Vec::new())
            }
            Err(error) => Err(failed(format!("{kind} of {name}: {error}"))),
        }
    }

    async fn both_families(&self, name: &Name) -> Result<Vec<IpAddr>, LookupFault> {
        let (v4, v6) = tokio::join!(
            self.ask(name, RecordType::A),
            self.ask(name, RecordType::AAAA)
        );
        match (v4, v6) {
            (Ok(v4), Ok(v6)) => Ok([v4, v6].concat()),
            // Half an answer is better than none: the family that resolved is probed.
            (Ok(some), Err(_)) | (Err(_), Ok(some)) if !some.is_empty() => Ok(some),
            (Err(fault), _) | (_, Err(fault)) => Err(fault),
        }
    }
}

impl Lookup for SystemResolver {
    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, LookupFault> {
        let name = query_name(name)?;
        let listed = self.hosts_file(&name);
        if !listed.is_empty() {
            return Ok(listed);
        }
        let answer = async {
            let _permit = self.permits.acquire().await;
            self.both_families(&name).await
        };
        let found = timeout(self.deadline, answer)
            .await
            .unwrap_or_else(|_| Err(failed(format!("no answer within {:?}", self.deadline))))?;
        if found.is_empty() {
            return Err(LookupFault {
                reason: Reason::DnsNotFound,
                detail: format!("{name} has no A or AAAA record"),
            });
        }
        Ok(found)
    }
}

/// A name with a dot is complete; only a bare one goes through the search list.
fn query_name(text: &str) -> Result<Name, LookupFault> {
    let mut name =
        Name::from_ascii(text).map_err(|e| failed(format!("'{text}' is no DNS name: {e}")))?;
    if text.contains('.') {
        name.set_fqdn(true);
    }
    Ok(name)
}

fn addresses_in(records: &[hickory_resolver::proto::rr::Record]) -> Vec<IpAddr> {
    records.iter().filter_map(|r| r.data.ip_addr()).collect()
}

fn failed(detail: String) -> LookupFault {
    LookupFault {
        reason: Reason::DnsError,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_hosts_file_answers_without_dns() {
        let resolver = SystemResolver::new(Duration::from_secs(1));
        let found = resolver.addresses("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty());
    }
}
