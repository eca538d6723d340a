//! A world at a fixed time, watched in this process: its configuration to rounds, and what they show.

use std::collections::HashMap;
use std::future::ready;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use smtp_tls_exporter::cli::BUILD;
use smtp_tls_exporter::config::Config;
use smtp_tls_exporter::counters::Counters;
use smtp_tls_exporter::dns::{
    AddressFamily, AddressRecord, Addresses, Answer as Answered, Asking, Exchanger, Lookup,
    LookupFault, PublishedRecords, Resolvers, Security,
};
use smtp_tls_exporter::probe::Tls;
use smtp_tls_exporter::process::ProcessFacts;
use smtp_tls_exporter::reason::Reason;
use smtp_tls_exporter::render::{self, Encoding, Exporter, Format, Reload, Style};
use smtp_tls_exporter::report::{Snapshot, State, TargetReport};
use smtp_tls_exporter::timestamp::Timestamp;
use smtp_tls_exporter::watch::{Clock, Rounds, Settings};
use testkit::peer::{Answer, Dns, Zone};
use testkit::{Exposition, World};
use tokio::time::Instant;

/// 2026-06-01T00:00:00Z, the moment for which everything is judged.
pub(crate) const NOW: i64 = 1_780_272_000;
/// The EHLO name.
pub(crate) const HELO: &str = "monitor.bears.test";
pub(crate) const RELAY: &str = "mailrelay.bears.test";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn clock() -> Timestamp {
    Timestamp(NOW)
}

/// A world at that moment.
pub(crate) fn world() -> World {
    World::new(NOW)
}

/// A world whose configuration is watched in this process.
pub(crate) trait Watched {
    /// What this configuration asks for, as it is; it may name the authority's root as `root.pem`.
    fn parsed(&self, yaml: &str) -> Settings;

    /// The same with that root, a short timeout, and no pause between probes.
    fn settings(&self, yaml: &str) -> Settings;

    /// Rounds over [`Watched::settings`].
    fn rounds(&self, yaml: &str) -> Arc<Rounds>;

    /// The same with another resolver than it says, and another clock.
    fn rounds_with(&self, yaml: &str, lookup: impl Lookup + 'static, clock: Clock) -> Arc<Rounds>;

    /// Rounds over [`Watched::parsed`], with DNS answers from a map.
    fn named(&self, yaml: &str, names: Names) -> Arc<Rounds>;

    /// One look at what [`Watched::rounds`] watches.
    async fn look(&self, yaml: &str) -> Snapshot;
}

impl Watched for World {
    fn parsed(&self, yaml: &str) -> Settings {
        let file = self.path("test.yml");
        let config = Config::parse(&file, yaml.as_bytes(), HELO);
        config.unwrap_or_else(|e| panic!("{e}")).settings
    }

    fn settings(&self, yaml: &str) -> Settings {
        let head = "probe: {timeout: 4s, min_interval: 0s}\ntrust: {roots: root.pem}\n";
        self.parsed(&format!("{head}{yaml}"))
    }

    fn rounds(&self, yaml: &str) -> Arc<Rounds> {
        let settings = self.settings(yaml);
        let resolvers = Resolvers::new(settings.policies(), Duration::from_secs(2));
        over(settings, resolvers, clock)
    }

    fn rounds_with(&self, yaml: &str, lookup: impl Lookup + 'static, clock: Clock) -> Arc<Rounds> {
        over(self.settings(yaml), lookup, clock)
    }

    fn named(&self, yaml: &str, names: Names) -> Arc<Rounds> {
        over(self.parsed(yaml), names, clock)
    }

    async fn look(&self, yaml: &str) -> Snapshot {
        scrape(&self.rounds(yaml)).await
    }
}

pub(crate) fn over(settings: Settings, lookup: impl Lookup + 'static, clock: Clock) -> Arc<Rounds> {
    let (tls, counters) = (Tls::new().unwrap(), Counters::new().unwrap());
    Arc::new(Rounds::new(settings, lookup, tls, clock, counters))
}

/// The one MX host of a mail domain: `mx1.bears.test`.
pub(crate) fn one_exchanger<'a>() -> Asking<'a, Vec<Exchanger>> {
    let exchanger = Exchanger {
        preference: 10,
        host: "mx1.bears.test".to_owned(),
    };
    Box::pin(ready(Ok(Answered::unproven(vec![exchanger]))))
}

/// The TXT records of a name that exists, of which nobody proves anything.
pub(crate) fn texts(texts: &[&str]) -> PublishedRecords<Box<[u8]>> {
    PublishedRecords {
        count: texts.len(),
        records: texts.iter().map(|text| text.as_bytes().into()).collect(),
        exists: true,
        end: None,
        security: Security::Unknown,
        ttl: Duration::ZERO,
    }
}

/// DNS as a map.
#[derive(Default)]
pub(crate) struct Names(pub(crate) HashMap<&'static str, Result<Vec<IpAddr>, Reason>>);

impl Lookup for Names {
    fn addresses<'a>(
        &'a self,
        _view: &'a str,
        name: &'a str,
        _family: AddressFamily,
    ) -> Asking<'a, Addresses> {
        Box::pin(ready(self.told(name)))
    }

    fn exchangers<'a>(&'a self, _view: &'a str, _domain: &'a str) -> Asking<'a, Vec<Exchanger>> {
        Box::pin(ready(Ok(Answered::unproven(Vec::new()))))
    }
}

impl Names {
    fn told(&self, name: &str) -> Result<Answered<Addresses>, LookupFault> {
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
        Ok(Answered::unproven(Addresses {
            records: records.collect(),
            ..Addresses::default()
        }))
    }
}

/// Probes what is due, and waits for all of it.
pub(crate) async fn scrape(rounds: &Arc<Rounds>) -> Snapshot {
    let published = rounds.scrape(Instant::now() + PATIENCE).await;
    Snapshot::clone(&published)
}

/// Probes, and reads the metrics.
pub(crate) async fn measure(rounds: &Arc<Rounds>) -> Exposition {
    Exposition::parse(&metrics_of(&scrape(rounds).await, rounds.counters()))
}

pub(crate) fn at(last: u8) -> Answer {
    Answer::Address(IpAddr::from([127, 0, 0, last]))
}

pub(crate) async fn dns(records: &[(&'static str, &[Answer])]) -> Dns {
    Dns::start(zone(records)).await.unwrap()
}

pub(crate) fn zone(records: &[(&'static str, &[Answer])]) -> Zone {
    records
        .iter()
        .map(|(name, answers)| (*name, answers.to_vec()))
        .collect()
}

/// The addresses of a target's endpoints with their hosts and states.
pub(crate) fn endpoints(target: &TargetReport) -> Vec<(String, String, State)> {
    target
        .entries
        .iter()
        .map(|e| {
            let address = e.endpoint.address.to_string();
            (address, e.endpoint.host.to_string(), e.state)
        })
        .collect()
}

pub(crate) fn reason(target: &TargetReport) -> Option<Reason> {
    target.resolutions[0].fault.as_ref().map(|f| f.reason)
}

pub(crate) fn table(snapshot: &Snapshot) -> String {
    render::table(snapshot, Style { colour: false })
}

/// What a scrape of this snapshot says, where nothing was counted.
pub(crate) fn metrics(snapshot: &Snapshot) -> String {
    metrics_of(snapshot, &Counters::new().unwrap())
}

/// That the configuration was loaded an hour ago.
pub(crate) fn loaded() -> Reload {
    Reload {
        refused: None,
        loaded_at: Timestamp(NOW - 3600),
    }
}

fn metrics_of(snapshot: &Snapshot, counters: &Counters) -> String {
    let exporter = Exporter {
        counters,
        process: ProcessFacts::read(),
        build: &BUILD,
        reload: loaded(),
    };
    let text = render::metrics(snapshot, &exporter, Format::Text, Encoding::Identity);
    String::from_utf8(text).unwrap()
}
