//! A configuration beside its authority's root, servers for its targets, and what a scrape of them shows.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    reason = "shared source: every test takes a part of it"
)]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use smtp_tls_exporter::config::Config;
use smtp_tls_exporter::counters::Counters;
use smtp_tls_exporter::dns::{Lookup, Resolvers};
use smtp_tls_exporter::probe::Tls;
use smtp_tls_exporter::reason::Reason;
use smtp_tls_exporter::render::{self, Encoding, Exporter, Format, Reload, Style};
use smtp_tls_exporter::report::{Snapshot, State, TargetReport};
use smtp_tls_exporter::timestamp::Timestamp;
use smtp_tls_exporter::watch::{Clock, Rounds, Settings};
use tokio::time::Instant;

use crate::peer::{Answer, Authority, Credentials, Dns, Leaf, Server, Speech, Zone};

/// 2026-06-01T00:00:00Z.
pub const NOW: i64 = 1_780_272_000;
pub const RELAY: &str = "mailrelay.bears.test";

pub fn clock() -> Timestamp {
    Timestamp(NOW)
}

/// A directory with the authority's root, and what is in the configuration beside it.
pub struct Scene {
    pub directory: tempfile::TempDir,
    pub authority: Authority,
}

impl Scene {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new("Bear", NOW);
        std::fs::write(directory.path().join("root.pem"), authority.root_pem()).unwrap();
        Self {
            directory,
            authority,
        }
    }

    pub fn issue(&self, name: &str, until_day: i64) -> Credentials {
        self.authority
            .issue(&Leaf::server(name, until_day - 90, until_day))
    }

    pub fn settings(&self, yaml: &str) -> Settings {
        let file = self.directory.path().join("test.yml");
        let yaml =
            format!("probe: {{timeout: 4s, min_interval: 0s}}\ntrust: {{roots: root.pem}}\n{yaml}");
        let config = Config::parse(&file, yaml.as_bytes(), "monitor.bears.test");
        config.unwrap_or_else(|e| panic!("{e}")).settings
    }

    pub fn rounds(&self, yaml: &str) -> Arc<Rounds<Resolvers>> {
        let settings = self.settings(yaml);
        let resolvers = Resolvers::new(settings.policies(), Duration::from_secs(2));
        self.rounds_with(yaml, resolvers, clock)
    }

    /// Rounds over this configuration, with another resolver than it says, and another clock.
    pub fn rounds_with<L: Lookup + 'static>(
        &self,
        yaml: &str,
        lookup: L,
        clock: Clock,
    ) -> Arc<Rounds<L>> {
        let (tls, counters) = (Tls::new().unwrap(), Counters::new().unwrap());
        let rounds = Rounds::new(self.settings(yaml), lookup, tls, clock, counters);
        Arc::new(rounds)
    }

    pub async fn look(&self, yaml: &str) -> Snapshot {
        scrape(&self.rounds(yaml)).await
    }
}

pub async fn scrape<L: Lookup + 'static>(rounds: &Arc<Rounds<L>>) -> Snapshot {
    rounds
        .scrape(Instant::now() + Duration::from_secs(30))
        .await
}

/// Servers on one port at 127.0.0.x each.
pub async fn servers(cast: &[(u8, &Credentials)]) -> (u16, Vec<Server>) {
    'port: for _ in 0..20 {
        let mut port = 0;
        let mut servers = Vec::new();
        for (host, credentials) in cast {
            let address = SocketAddr::from(([127, 0, 0, *host], port));
            let Ok(server) = Server::start(address, credentials, Speech::default()).await else {
                continue 'port;
            };
            port = server.address.port();
            servers.push(server);
        }
        return (port, servers);
    }
    panic!("no port is free at all addresses");
}

pub fn at(last: u8) -> Answer {
    Answer::Address(IpAddr::from([127, 0, 0, last]))
}

pub async fn dns(records: &[(&'static str, &[Answer])]) -> Dns {
    Dns::start(zone(records)).await.unwrap()
}

pub fn zone(records: &[(&'static str, &[Answer])]) -> Zone {
    records
        .iter()
        .map(|(name, answers)| (*name, answers.to_vec()))
        .collect()
}

/// The addresses of a target's endpoints with their hosts and states.
pub fn endpoints(target: &TargetReport) -> Vec<(String, String, State)> {
    target
        .entries
        .iter()
        .map(|e| {
            let address = e.endpoint.address.to_string();
            (address, e.endpoint.host.to_string(), e.state)
        })
        .collect()
}

pub fn reason(target: &TargetReport) -> Option<Reason> {
    target.resolutions[0].fault.as_ref().map(|f| f.reason)
}

pub fn table(snapshot: &Snapshot) -> String {
    render::table(snapshot, Style { colour: false })
}

pub fn metrics(snapshot: &Snapshot) -> String {
    let exporter = Exporter {
        counters: &Counters::new().unwrap(),
        process: smtp_tls_exporter::process::ProcessFacts::read(),
        build: &smtp_tls_exporter::cli::BUILD,
        reload: Reload {
            successful: true,
            loaded_at: clock(),
        },
    };
    let text = render::metrics(snapshot, &exporter, Format::Text, Encoding::Identity);
    String::from_utf8(text).unwrap()
}
