//! A view's policy to somebody who can be asked, made at the first question and from time to time anew.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::PoolContext;
use hickory_resolver::TlsConfig;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ProtocolConfig, ResolverOpts, ServerOrderingStrategy,
};
use tokio::net::lookup_host;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::super::name_server::{NameServer, Transport};
use super::super::policy::Policy;
use super::super::tls;
use super::asker::Asker;
use super::order::InOrder;
use super::question::MAX_LOOKUPS;
use super::server::Server;
use super::system::{self, System};
use crate::dns::search::Search;
use crate::name::Host;

/// After this time an asker is made anew, with the system's configuration and the servers' addresses of then.
const MAX_AGE: Duration = Duration::from_secs(600);
/// The same while a server of the list could not be found.
const MAX_AGE_INCOMPLETE: Duration = Duration::from_secs(60);

/// Whom to ask in a view.
pub(super) struct Upstream {
    policy: Policy,
    deadline: Duration,
    built: Mutex<Option<(Arc<Asker>, Instant)>>,
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

    /// Who answers, and how far he is believed.
    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The asker, made at the first question and from time to time anew.
    pub(super) async fn asker(&self) -> Result<Arc<Asker>, String> {
        let mut built = self.built.lock().await;
        let now = Instant::now();
        if let Some((asker, until)) = &*built
            && now < *until
        {
            return Ok(Arc::clone(asker));
        }
        let found = self.servers().await;
        let age = match &found.missing {
            None => MAX_AGE,
            Some(why) if found.servers.is_empty() => return Err(why.clone()),
            Some(why) => {
                tracing::warn!(why, "a name server is left out");
                MAX_AGE_INCOMPLETE
            }
        };
        let asker = Arc::new(self.build(found)?);
        *built = Some((Arc::clone(&asker), now + age));
        Ok(asker)
    }

    fn build(&self, found: Found) -> Result<Asker, String> {
        let mut options = ResolverOpts::default();
        options.timeout = self.deadline;
        options.max_active_requests = 2 * MAX_LOOKUPS;
        options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
        let mut tls = TlsConfig::new().map_err(|e| e.to_string())?;
        tls.config = tls::client(&self.policy.roots)?;
        let context = Arc::new(PoolContext::new(options, tls));
        let server = |known: Known| {
            let server = Server::new(known.name, &known.config, &context);
            if !known.with_edns {
                server.refused_edns();
            }
            server
        };
        let servers = found.servers.into_iter().map(server).collect();
        // So that there is time left to say what each of them did.
        let time = self.deadline * 9 / 10;
        let servers = InOrder::new(servers, time, found.patience, found.rotates);
        Ok(Asker::new(servers, &self.policy, found.search))
    }

    /// Whom to ask, in the order given.
    async fn servers(&self) -> Found {
        let mut found = Found::default();
        for server in &self.policy.servers {
            match server {
                NameServer::System => match system::read().await {
                    Ok(system) => self.add_system(system, &mut found),
                    Err(why) => found.missing = Some(why),
                },
                NameServer::At {
                    host,
                    port,
                    transport,
                } => match located(host, *port).await {
                    Ok(ips) => {
                        let known = ips.map(|ip| self.known(ip, *port, transport));
                        found.servers.extend(known);
                    }
                    Err(why) => found.missing = Some(why),
                },
            }
        }
        found
    }

    fn add_system(&self, system: System, found: &mut Found) {
        let transport = match system.by_tcp {
            true => Transport::Tcp,
            false => Transport::Udp,
        };
        let known = |ip| Known {
            with_edns: system.with_edns,
            ..self.known(ip, 53, &transport)
        };
        found.servers.extend(system.servers.into_iter().map(known));
        found.search = system.search;
        found.patience = system.patience;
        found.rotates = system.rotates;
    }

    fn known(&self, ip: IpAddr, port: u16, transport: &Transport) -> Known {
        let name = NameServer::At {
            host: Host::Address(ip),
            port,
            transport: transport.clone(),
        };
        Known {
            name: name.to_string(),
            config: self.config(ip, port, transport),
            with_edns: true,
        }
    }

    fn config(&self, ip: IpAddr, port: u16, transport: &Transport) -> NameServerConfig {
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

/// What a policy's list of servers comes to.
struct Found {
    servers: Vec<Known>,
    search: Search,
    patience: Duration,
    rotates: bool,
    /// Why a server is not among them.
    missing: Option<String>,
}

impl Default for Found {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            search: Search::default(),
            patience: Duration::MAX,
            rotates: false,
            missing: None,
        }
    }
}

/// A server at an address.
struct Known {
    name: String,
    config: NameServerConfig,
    with_edns: bool,
}

/// A server that is named is found by this machine's own resolver.
#[expect(
    clippy::disallowed_methods,
    reason = "before any resolver of ours stands, only the system's can be asked"
)]
async fn located(host: &Host, port: u16) -> Result<impl Iterator<Item = IpAddr>, String> {
    let ips: Vec<_> = match host {
        Host::Address(address) => vec![*address],
        Host::Name(name) => lookup_host((name.as_str(), port))
            .await
            .map(|found| found.map(|at| at.ip()).collect())
            .map_err(|e| format!("the name server {name}: {e}"))?,
    };
    Ok(ips.into_iter())
}
