//! A view's policy to a resolver of hickory's, made at the first question and from time to time anew.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::{TokioResolver, system_conf};
use tokio::net::lookup_host;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::super::{NameServer, Policy, Transport, tls};
use super::{MAX_LOOKUPS, TrustAnchor};
use crate::name::Host;

/// Answers kept in a view: several for each of some thousand targets.
const MAX_ANSWERS: u64 = 32_768;
/// However long a TTL is, a change of DNS is seen after this time.
const MAX_TTL: Duration = Duration::from_secs(300);
/// The same for names that did not exist: somebody may be busy creating them.
const MAX_NEGATIVE_TTL: Duration = Duration::from_secs(60);
/// After this time a resolver is made anew, with the system's configuration and the servers' addresses of then.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Whom to ask in a view.
pub(super) struct Upstream {
    pub(super) policy: Policy,
    deadline: Duration,
    built: Mutex<Option<(TokioResolver, Instant)>>,
}

impl Upstream {
    /// No question takes longer than `deadline`.
    pub(super) fn new(policy: Policy, deadline: Duration) -> Self {
        Self {
            policy,
            deadline,
            built: Mutex::default(),
        }
    }

    /// The resolver, made at the first question and from time to time anew.
    pub(super) async fn resolver(&self) -> Result<TokioResolver, String> {
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
        options.timeout = (self.deadline * 2 / 5).max(Duration::from_millis(100));
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
