//! [`Lookup`] by hickory-resolver, one resolver a view; nothing outside this folder knows hickory.

mod upstream;

use std::collections::HashMap;
use std::fmt;
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

use super::{AddressRecord, Addresses, Exchanger, Family, Lookup, LookupFault, NameServer, Policy};
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
}

impl Resolvers {
    /// One resolver for each view. No question takes longer than `deadline`.
    pub fn new<'a>(
        views: impl IntoIterator<Item = (&'a Arc<str>, &'a Policy)>,
        deadline: Duration,
    ) -> Self {
        let resolver = |(name, policy): (&Arc<str>, &Policy)| {
            (Arc::clone(name), Resolver::new(policy.clone(), deadline))
        };
        Self {
            views: views.into_iter().map(resolver).collect(),
        }
    }

    fn view(&self, view: &str) -> Result<&Resolver, LookupFault> {
        let resolver = self.views.get(view);
        resolver.ok_or_else(|| failed(format!("there is no view {view}")))
    }
}

impl Lookup for Resolvers {
    async fn addresses(
        &self,
        view: &str,
        name: &str,
        family: Family,
    ) -> Result<Addresses, LookupFault> {
        let name = query_name(name)?;
        self.view(view)?.addresses(&name, family).await
    }

    async fn exchangers(&self, view: &str, domain: &str) -> Result<Vec<Exchanger>, LookupFault> {
        let domain = query_name(domain)?;
        self.view(view)?.exchangers(&domain).await
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
    deadline: Duration,
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
            deadline,
        }
    }

    async fn addresses(&self, name: &Name, family: Family) -> Result<Addresses, LookupFault> {
        let records = self.hosts_file(name, family);
        if !records.is_empty() {
            return Ok(whole(records));
        }
        let found = match family {
            Family::Ipv4 => whole(self.ask_addresses(name, RecordType::A).await?),
            Family::Ipv6 => whole(self.ask_addresses(name, RecordType::AAAA).await?),
            Family::Any => self.both_families(name).await?,
        };
        if found.records.is_empty() {
            return Err(LookupFault {
                reason: Reason::DnsNotFound,
                detail: format!("{name} has no {}", family.records()),
            });
        }
        Ok(found)
    }

    /// What the hosts file says. As in the C library, a name that stands there is not asked for in DNS.
    fn hosts_file(&self, name: &Name, family: Family) -> Vec<AddressRecord> {
        [RecordType::A, RecordType::AAAA]
            .into_iter()
            .filter_map(|kind| {
                self.hosts
                    .lookup_static_host(&Query::query(name.clone(), kind))
            })
            .flat_map(|found| addresses_in(found.answers()))
            .filter(|record| family.takes(record.address))
            .map(|record| AddressRecord {
                ttl: None,
                ..record
            })
            .collect()
    }

    async fn both_families(&self, name: &Name) -> Result<Addresses, LookupFault> {
        let (v4, v6) = tokio::join!(
            self.ask_addresses(name, RecordType::A),
            self.ask_addresses(name, RecordType::AAAA)
        );
        let half = |records, family, fault| Addresses {
            records,
            lost: Some((family, fault)),
        };
        match (v4, v6) {
            (Ok(v4), Ok(v6)) => Ok(whole([v4, v6].concat())),
            // Half an answer is better than none: the family that resolved is probed.
            (Ok(v4), Err(fault)) if !v4.is_empty() => Ok(half(v4, Family::Ipv6, fault)),
            (Err(fault), Ok(v6)) if !v6.is_empty() => Ok(half(v6, Family::Ipv4, fault)),
            (Err(fault), _) | (_, Err(fault)) => Err(fault),
        }
    }

    async fn ask_addresses(
        &self,
        name: &Name,
        kind: RecordType,
    ) -> Result<Vec<AddressRecord>, LookupFault> {
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

    /// Asks one question, with the deadline around everything: a family that is not answered takes nothing from the
    /// other one.
    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Found, LookupFault> {
        let late = || {
            let within = self.deadline;
            failed(format!("{kind} of {name}: no answer within {within:?}"))
        };
        let answer = timeout(self.deadline, self.asked(name, kind)).await;
        answer.unwrap_or_else(|_| Err(late()))
    }

    async fn asked(&self, name: &Name, kind: RecordType) -> Result<Found, LookupFault> {
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

fn whole(records: Vec<AddressRecord>) -> Addresses {
    Addresses {
        records,
        lost: None,
    }
}

/// The addresses of an answer, which is as good as its shortest TTL says.
fn addresses_in(records: &[Record]) -> Vec<AddressRecord> {
    let seconds = records.iter().map(|record| record.ttl).min();
    let ttl = seconds.map(|seconds| Duration::from_secs(seconds.into()));
    let addresses = records.iter().filter_map(|record| record.data.ip_addr());
    addresses
        .map(|address| AddressRecord { address, ttl })
        .collect()
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
        assert!(!found.records.is_empty());
        let records = found.records.iter();
        assert!(records.map(|r| r.address).all(|a| a.is_loopback()));
    }

    #[test]
    fn a_file_without_keys_is_no_trust_anchor() {
        assert!("".parse::<TrustAnchor>().is_err());
        assert!("hello DNSKEY bears\n".parse::<TrustAnchor>().is_err());
    }
}
