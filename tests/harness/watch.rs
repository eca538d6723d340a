//! A configuration to rounds at a fixed time, with DNS answers from a map.

use std::collections::HashMap;
use std::fs;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use smtp_tls_exporter::cli::BUILD;
use smtp_tls_exporter::config::Config;
use smtp_tls_exporter::counters::Counters;
use smtp_tls_exporter::dns::{
    AddressRecord, Addresses, Answer, Exchanger, Family, Lookup, LookupFault,
};
use smtp_tls_exporter::probe::Tls;
use smtp_tls_exporter::process::ProcessFacts;
use smtp_tls_exporter::reason::Reason;
use smtp_tls_exporter::render::{self, Encoding, Exporter, Format, Reload};
use smtp_tls_exporter::report::Snapshot;
use smtp_tls_exporter::timestamp::Timestamp;
use smtp_tls_exporter::watch::Rounds;
use tempfile::TempDir;
use tokio::time::Instant;

use super::Exposition;
use crate::peer::Authority;

/// 2026-11-24, the moment for which everything is judged.
pub(crate) const NOW: i64 = 1_795_480_000;
/// The EHLO name.
pub(crate) const HELO: &str = "monitor.bears.test";

fn clock() -> Timestamp {
    Timestamp(NOW)
}

/// DNS as a map.
#[derive(Default)]
pub(crate) struct Names(pub(crate) HashMap<&'static str, Result<Vec<IpAddr>, Reason>>);

impl Lookup for Names {
    async fn addresses(
        &self,
        _view: &str,
        name: &str,
        _family: Family,
    ) -> Result<Answer<Addresses>, LookupFault> {
        let found = self.0.get(name).cloned();
        let found = found
            .unwrap_or(Err(Reason::DnsNotFound))
            .map_err(|reason| LookupFault {
                reason,
                detail: format!("no answer for {name}"),
            })?;
        let ttl = Some(Duration::ZERO);
        let records = found
            .into_iter()
            .map(|address| AddressRecord { address, ttl });
        Ok(Answer::unproven(Addresses {
            records: records.collect(),
            lost: None,
        }))
    }

    async fn exchangers(
        &self,
        _view: &str,
        _domain: &str,
    ) -> Result<Answer<Vec<Exchanger>>, LookupFault> {
        Ok(Answer::unproven(Vec::new()))
    }
}

/// Rounds over a configuration, which may name the authority's root as `root.pem`.
pub(crate) struct Watch {
    rounds: Arc<Rounds<Names>>,
    _directory: TempDir,
}

impl Watch {
    pub(crate) fn new(authority: &Authority, config: &str, names: Names) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("root.pem"), authority.root_pem()).expect("a file");
        let file = directory.path().join("test.yml");
        let config = Config::parse(&file, config.as_bytes(), HELO);
        let config = config.unwrap_or_else(|e| panic!("{e}"));
        let tls = Tls::new().expect("a provider");
        let counters = Counters::new().expect("counters");
        let rounds = Rounds::new(config.settings, names, tls, clock, counters);
        Self {
            rounds: Arc::new(rounds),
            _directory: directory,
        }
    }

    /// Probes what is due, and waits for all of it.
    pub(crate) async fn snapshot(&self) -> Snapshot {
        let patience = Duration::from_secs(60);
        self.rounds.scrape(Instant::now() + patience).await
    }

    /// What a scrape of this snapshot says.
    pub(crate) fn metrics(&self, snapshot: &Snapshot) -> Exposition {
        let exporter = Exporter {
            counters: self.rounds.counters(),
            process: ProcessFacts::read(),
            build: &BUILD,
            reload: Reload {
                successful: true,
                loaded_at: Timestamp(NOW - 3600),
            },
        };
        let text = render::metrics(snapshot, &exporter, Format::Text, Encoding::Identity);
        Exposition::parse(&String::from_utf8(text).expect("text"))
    }

    /// Probes and reads the metrics.
    pub(crate) async fn scrape(&self) -> Exposition {
        let snapshot = self.snapshot().await;
        self.metrics(&snapshot)
    }
}

/// Any port of an address of the loopback network.
pub(crate) fn any_port(host: [u8; 4]) -> std::net::SocketAddr {
    (host, 0).into()
}
