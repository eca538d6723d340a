//! [`Lookup`] by hickory-resolver, one resolver a view; the only file that knows hickory.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::TrustAnchors;
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::{Hosts, system_conf};
use tokio::net::lookup_host;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, timeout};

use super::{Exchanger, Family, Lookup, LookupFault, NameServer, Policy, Transport, tls};
use crate::name::Host;
use crate::reason::Reason;

/// Look-ups at once in a view; more only queue up in the resolver, where they fail instead of waiting.
const MAX_LOOKUPS: usize = 256;
/// Answers kept in a view: several for each of some thousand targets.
const MAX_ANSWERS: u64 = 32_768;
/// However long a TTL is, a change of DNS is seen after this time.
const MAX_TTL: Duration = Duration::from_secs(300);
/// The same for names that did not exist: somebody may be busy creating them.
const MAX_NEGATIVE_TTL: Duration = Duration::from_secs(60);
/// After this time a resolver is made anew, with the system's configuration and the servers' addresses of then.
const MAX_AGE: Duration = Duration::from_secs(600);

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
    policy: Policy,
    deadline: Duration,
    hosts: Hosts,
    permits: Semaphore,
    built: Mutex<Option<(TokioResolver, Instant)>>,
}

impl Resolver {
    fn new(policy: Policy, deadline: Duration) -> Self {
        let hosts = if policy.servers.contains(&NameServer::System) {
            Hosts::from_system().unwrap_or_default()
        } else {
            Hosts::default()
        };
        Self {
            policy,
            deadline,
            hosts,
            permits: Semaphore::new(MAX_LOOKUPS),
            built: Mutex::default(),
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
        let resolver = self.resolver().await.map_err(failed)?;
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

    /// The resolver, made at the first question and from time to time anew.
    async fn resolver(&self) -> Result<TokioResolver, String> {
        let mut built = self.built.lock().await;
        if let Some((resolver, since)) = &*built
            && since.elapsed() < MAX_AGE
        {
            return Ok(resolver.clone());
        }
        let resolver = self.build().await?;
        *built = Some((resolver.clone(), Instant::now()));
        Ok(resolver)
    }

    async fn build(&self) -> Result<TokioResolver, String> {
        let policy = &self.policy;
        let (config, mut options) = self.servers().await?;
        options.timeout = (self.deadline / 4).max(Duration::from_millis(100));
        options.attempts = 1;
        options.max_active_requests = 2 * MAX_LOOKUPS;
        options.cache_size = MAX_ANSWERS;
        options.use_hosts_file = ResolveHosts::Never;
        options.positive_max_ttl = Some(MAX_TTL);
        options.negative_max_ttl = Some(MAX_NEGATIVE_TTL);
        options.validate = policy.validate;
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(config, provider)
            .with_options(options)
            .with_tls_config(tls::client(&policy.roots)?);
        if let (true, Some(TrustAnchor(keys))) = (policy.validate, &policy.trust_anchor) {
            builder = builder.with_trust_anchor(Arc::clone(keys));
        }
        builder.build().map_err(|e| e.to_string())
    }

    /// Whom to ask, as hickory wants it told.
    async fn servers(&self) -> Result<(ResolverConfig, ResolverOpts), String> {
        let mut config = ResolverConfig::from_name_servers(Vec::new());
        let mut options = ResolverOpts::default();
        let mut missing = None;
        for server in &self.policy.servers {
            match server {
                NameServer::System => match system_conf::read_system_conf() {
                    Ok((system, system_options)) => {
                        let (domain, search, servers) = system.into_parts();
                        config = ResolverConfig::from_parts(
                            domain,
                            search,
                            [config.name_servers, servers].concat(),
                        );
                        options = system_options;
                    }
                    Err(e) => missing = Some(format!("the system's DNS configuration: {e}")),
                },
                NameServer::At {
                    host,
                    port,
                    transport,
                } => match located(host, *port).await {
                    Ok(ips) => {
                        for ip in ips {
                            config.add_name_server(self.server(ip, *port, transport));
                        }
                    }
                    Err(why) => missing = Some(why),
                },
            }
        }
        match missing {
            Some(why) if config.name_servers.is_empty() => Err(why),
            _ => Ok((config, options)),
        }
    }

    fn server(&self, ip: IpAddr, port: u16, transport: &Transport) -> NameServerConfig {
        let name = |host: &Host| Arc::from(host.to_string());
        let protocols = match transport {
            // Answers that do not fit into UDP are asked for again over TCP.
            Transport::Udp => vec![ProtocolConfig::Udp, ProtocolConfig::Tcp],
            Transport::Tcp => vec![ProtocolConfig::Tcp],
            Transport::Tls(host) => vec![ProtocolConfig::Tls {
                server_name: name(host),
            }],
            Transport::Https(host, path) => vec![ProtocolConfig::Https {
                server_name: name(host),
                path: path.as_str().into(),
            }],
        };
        let source = self.policy.source;
        let from = source.filter(|source| source.is_ipv4() == ip.is_ipv4());
        let connection = |protocol| {
            let mut connection = ConnectionConfig::new(protocol);
            connection.port = port;
            connection.bind_addr = from.map(|source| SocketAddr::new(source, 0));
            connection
        };
        let connections = protocols.into_iter().map(connection).collect();
        NameServerConfig::new(ip, true, connections)
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

/// A server that is named is found by this machine's own resolver.
async fn located(host: &Host, port: u16) -> Result<Vec<IpAddr>, String> {
    match host {
        Host::Address(address) => Ok(vec![*address]),
        Host::Name(name) => lookup_host((name.as_str(), port))
            .await
            .map(|found| found.map(|at| at.ip()).collect())
            .map_err(|e| format!("the name server {name}: {e}")),
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
