//! [`Lookup`] by hickory-resolver, one resolver a view; nothing outside this folder knows hickory.

mod upstream;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::TrustAnchors;
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::{Hosts, TokioResolver};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Exchanger, Family, Lookup, LookupFault, NameServer, Policy};
use crate::reason::Reason;
use upstream::Upstream;

/// Look-ups at once in a view; more only queue up in the resolver, where they fail instead of waiting.
const MAX_LOOKUPS: usize = 256;

/// Where the signatures of DNS end: keys of the root or of other zones. Of a zone whose parent has no DS record for it
/// all keys must be here, or hickory asks the parent about the others and believes none.
#[derive(Clone)]
pub struct TrustAnchor(Arc<TrustAnchors>);

impl FromStr for TrustAnchor {
    type Err = String;

    /// Reads DNSKEY records in the form of a zone file, as `unbound-anchor` and `dig . dnskey` write them.
    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains("DNSKEY") {
            return Err("no DNSKEY record inside".to_owned());
        }
        let keys: TrustAnchors = text
            .parse()
            .map_err(|e| format!("no DNSKEY records: {e}"))?;
        Ok(Self(Arc::new(keys)))
    }
}

impl fmt::Debug for TrustAnchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrustAnchor")
    }
}

/// The resolvers of all views. They share nothing: a dead one delays no other view.
pub struct Resolvers {
    views: HashMap<Arc<str>, Resolver>,
    deadline: Duration,
}

impl Resolvers {
    /// One resolver for each view. No look-up takes longer than `deadline`.
    pub fn new<'a>(
        views: impl IntoIterator<Item = (&'a Arc<str>, &'a Policy)>,
        deadline: Duration,
    ) -> Self {
        let resolver = |(name, policy): (&Arc<str>, &Policy)| {
            (Arc::clone(name), Resolver::new(policy.clone(), deadline))
        };
        Self {
            views: views.into_iter().map(resolver).collect(),
            deadline,
        }
    }

    /// Asks in a view, with the deadline around everything.
    async fn within<T>(
        &self,
        view: &str,
        name: &str,
        ask: impl AsyncFnOnce(&Resolver, Name) -> Result<T, LookupFault>,
    ) -> Result<T, LookupFault> {
        let Some(resolver) = self.views.get(view) else {
            return Err(failed(format!("there is no view {view}")));
        };
        let name = query_name(name)?;
        let answer = timeout(self.deadline, ask(resolver, name)).await;
        answer.unwrap_or_else(|_| Err(failed(format!("no answer within {:?}", self.deadline))))
    }
}

impl Lookup for Resolvers {
    async fn addresses(
        &self,
        view: &str,
        name: &str,
        family: Family,
    ) -> Result<Vec<IpAddr>, LookupFault> {
        let ask = async |resolver: &Resolver, name| resolver.addresses(&name, family).await;
        self.within(view, name, ask).await
    }

    async fn exchangers(&self, view: &str, domain: &str) -> Result<Vec<Exchanger>, LookupFault> {
        let ask = async |resolver: &Resolver, name| resolver.exchangers(&name).await;
        self.within(view, domain, ask).await
    }
}

/// What hickory found.
enum Found {
    Records(Vec<Record>),
    /// The name has other records only.
    NoData,
    /// The name does not exist.
    NoName,
}

struct Resolver {
    upstream: Upstream,
    hosts: Hosts,
    permits: Semaphore,
}

impl Resolver {
    fn new(policy: Policy, deadline: Duration) -> Self {
        let hosts = if policy.servers.contains(&NameServer::System) {
            Hosts::from_system().unwrap_or_default()
        } else {
            Hosts::default()
        };
        Self {
            upstream: Upstream::new(policy, deadline),
            hosts,
            permits: Semaphore::new(MAX_LOOKUPS),
        }
    }

    async fn addresses(&self, name: &Name, family: Family) -> Result<Vec<IpAddr>, LookupFault> {
        let listed = self.hosts_file(name, family);
        if !listed.is_empty() {
            return Ok(listed);
        }
        let found = match family {
            Family::Ipv4 => self.ask_addresses(name, RecordType::A).await,
            Family::Ipv6 => self.ask_addresses(name, RecordType::AAAA).await,
            Family::Any => self.both_families(name).await,
        }?;
        if found.is_empty() {
            return Err(LookupFault {
                reason: Reason::DnsNotFound,
                detail: format!("{name} has no {}", family.records()),
            });
        }
        Ok(found)
    }

    /// What the hosts file says. As in the C library, a name that stands there is not asked for in DNS.
    fn hosts_file(&self, name: &Name, family: Family) -> Vec<IpAddr> {
        [RecordType::A, RecordType::AAAA]
            .into_iter()
            .filter_map(|kind| {
                self.hosts
                    .lookup_static_host(&Query::query(name.clone(), kind))
            })
            .flat_map(|found| addresses_in(found.answers()))
            .filter(|address| family.takes(*address))
            .collect()
    }

    async fn both_families(&self, name: &Name) -> Result<Vec<IpAddr>, LookupFault> {
        let (v4, v6) = tokio::join!(
            self.ask_addresses(name, RecordType::A),
            self.ask_addresses(name, RecordType::AAAA)
        );
        match (v4, v6) {
            (Ok(v4), Ok(v6)) => Ok([v4, v6].concat()),
            // Half an answer is better than none: the family that resolved is probed.
            (Ok(some), Err(_)) | (Err(_), Ok(some)) if !some.is_empty() => Ok(some),
            (Err(fault), _) | (_, Err(fault)) => Err(fault),
        }
    }

    async fn ask_addresses(
        &self,
        name: &Name,
        kind: RecordType,
    ) -> Result<Vec<IpAddr>, LookupFault> {
        Ok(match self.ask(name, kind).await? {
            Found::Records(records) => addresses_in(&records),
            Found::NoData | Found::NoName => Vec::new(),
        })
    }

    async fn exchangers(&self, domain: &Name) -> Result<Vec<Exchanger>, LookupFault> {
        match self.ask(domain, RecordType::MX).await? {
            Found::Records(records) => Ok(records.iter().filter_map(exchanger).collect()),
            Found::NoData => Ok(Vec::new()),
            Found::NoName => Err(LookupFault {
                reason: Reason::DnsNotFound,
                detail: format!("{domain} does not exist"),
            }),
        }
    }

    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Found, LookupFault> {
        let _permit = self.permits.acquire().await;
        let resolver = self.upstream.resolver().await.map_err(failed)?;
        let answer = patient(&resolver, name, kind).await;
        let nothing = |code, why: &NetError| match code {
            ResponseCode::NoError => Ok(Found::NoData),
            ResponseCode::NXDomain => Ok(Found::NoName),
            _ => Err(failed(format!("{kind} of {name}: {why}"))),
        };
        match answer {
            Ok(found) => Ok(Found::Records(found.answers().to_vec())),
            Err(ref why @ NetError::Dns(DnsError::NoRecordsFound(ref none))) => {
                nothing(none.response_code, why)
            }
            // Said to be missing without a proof; that is as good as it gets only in zones that are not signed.
            Err(
                ref why @ NetError::Dns(DnsError::Nsec {
                    ref response,
                    proof,
                    ..
                }),
            ) if proof.is_insecure() => nothing(response.metadata.response_code, why),
            Err(NetError::Dns(DnsError::DnssecBogus | DnsError::Nsec { .. })) => Err(failed(
                format!("{kind} of {name}: the answer failed DNSSEC validation"),
            )),
            Err(NetError::Dns(DnsError::ResponseCode(code))) => Err(failed(format!(
                "{kind} of {name}: the resolver answered {code}"
            ))),
            Err(why) => Err(failed(format!("{kind} of {name}: {why}"))),
        }
    }
}

/// How long to wait when a connection takes no more questions for the moment.
const BACKLOG_PAUSE: Duration = Duration::from_millis(2);

/// Asks, and asks again while the connection is only busy with our own other questions: hickory queues 32 of them
/// for a connection and refuses the next one instead of waiting. The look-up's deadline ends this.
async fn patient(
    resolver: &TokioResolver,
    name: &Name,
    kind: RecordType,
) -> Result<hickory_resolver::lookup::Lookup, NetError> {
    loop {
        match resolver.lookup(name.clone(), kind).await {
            Err(NetError::Busy) => {}
            // It has no variant of its own.
            Err(error) if error.to_string().contains("channel is full") => {}
            answer => return answer,
        }
        tokio::time::sleep(BACKLOG_PAUSE).await;
    }
}

/// A name with a dot is complete; only a bare one goes through the system's search list.
fn query_name(text: &str) -> Result<Name, LookupFault> {
    let mut name =
        Name::from_ascii(text).map_err(|e| failed(format!("'{text}' is no DNS name: {e}")))?;
    if text.contains('.') {
        name.set_fqdn(true);
    }
    Ok(name)
}

fn addresses_in(records: &[Record]) -> Vec<IpAddr> {
    records.iter().filter_map(|r| r.data.ip_addr()).collect()
}

fn exchanger(record: &Record) -> Option<Exchanger> {
    let RData::MX(mx) = &record.data else {
        return None;
    };
    let host = mx.exchange.to_ascii().to_ascii_lowercase();
    Some(Exchanger {
        preference: mx.preference,
        host: host.trim_end_matches('.').to_owned(),
    })
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
    use crate::pki::Anchors;

    #[tokio::test]
    async fn the_hosts_file_answers_without_dns() {
        let view: Arc<str> = "default".into();
        let policy = Policy::system(Arc::new(Anchors::default()));
        let resolvers = Resolvers::new([(&view, &policy)], Duration::from_secs(1));
        let found = resolvers.addresses("default", "localhost", Family::Any);
        let found = found.await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty());
    }

    #[test]
    fn a_file_without_keys_is_no_trust_anchor() {
        assert!("".parse::<TrustAnchor>().is_err());
        assert!("hello DNSKEY bears\n".parse::<TrustAnchor>().is_err());
    }
}
