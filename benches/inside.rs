//! What the inside of 200 mail servers costs, printed: CPU beside that of bare TLS handshakes, memory, series.
//!
//! `cargo bench --bench inside`: each server has 30 certificates of its own, 10 connectors and 50 next hops, each of
//! which has a queue that fails and one that does not. Figures to hold: a scrape while no file changes costs less than 200
//! bare handshakes in the same run; one after all files changed less than 2 s of a core; the exporter stays below 64 MiB;
//! a server has at most 520 series.
#![expect(clippy::disallowed_methods, reason = "measures programs from outside")]

mod exporter;
mod handshake;

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use data_encoding::BASE64;
use exporter::{Outcome, Service};
use handshake::bare_handshakes;
use rustix::time::{ClockId, clock_gettime};
use smtp_tls_exporter::cli::BUILD;
use smtp_tls_exporter::config::{Config, InventoryFiles};
use smtp_tls_exporter::counters::Counters;
use smtp_tls_exporter::dns::Resolvers;
use smtp_tls_exporter::probe::Tls;
use smtp_tls_exporter::process::ProcessFacts;
use smtp_tls_exporter::render::{self, Encoding, Exporter, Format, Reload};
use smtp_tls_exporter::report::Snapshot;
use smtp_tls_exporter::timestamp::Timestamp;
use smtp_tls_exporter::watch::{Part, Rounds, system_clock};
use testkit::peer::{Authority, Leaf};

const SERVERS: usize = 200;
const CERTIFICATES: usize = 30;
const CONNECTORS: usize = 10;
const NEXT_HOPS: usize = 50;
const CONFIG: &str = "inside: {files: 'inventories/*.json'}\n";
const ROUNDS: usize = 9;
/// How often all files change while the exporter serves.
const CHANGES: usize = 10;
/// By then the exporter has looked at the files again.
const LOOKED_AT: Duration = Duration::from_secs(6);

fn main() -> Outcome<()> {
    let authority = Authority::new("Bear", system_clock().0);
    let directory = tempfile::tempdir()?;
    fs::create_dir(directory.path().join("inventories"))?;
    let certificates: Vec<_> = (0..SERVERS)
        .map(|nth| certificates(&authority, nth))
        .collect();
    let collect = |ago| collect(directory.path(), &certificates, ago);
    println!(
        "{SERVERS} inventories:              {:6.1} MB",
        collect(ROUNDS)?
    );
    alone(&authority, directory.path(), &collect)?;
    served(directory.path(), &collect)
}

/// Reading, judging and writing, without HTTP.
fn alone(
    authority: &Authority,
    directory: &Path,
    collect: &dyn Fn(usize) -> Outcome<f64>,
) -> Outcome<()> {
    let leaf = authority.issue(&Leaf::server("mx.bears.test", -10, 80));
    let mut inside = Scraped::new(directory)?;
    let first = spent(|| inside.read());
    println!("read and judged first:         {first:8.4} s of a core");
    let (mut bare, mut known, mut written, mut changed) = (vec![], vec![], vec![], vec![]);
    for ago in (0..ROUNDS).rev() {
        bare.push(bare_handshakes(&leaf, "mx.bears.test", SERVERS).as_secs_f64());
        known.push(spent(|| inside.read()));
        written.push(spent(|| inside.write()));
        collect(ago)?;
        changed.push(spent(|| inside.read()));
    }
    let [bare, known, written, changed] = [bare, known, written, changed].map(median);
    println!("{SERVERS} bare handshakes:           {bare:8.4} s of a core");
    println!(
        "read and judged, all the same: {known:8.4} s, {:.2} times",
        known / bare
    );
    println!(
        "written:                       {written:8.4} s, with that {:.2} times",
        (known + written) / bare
    );
    println!("read and judged, all changed:  {changed:8.4} s");
    let text = String::from_utf8(inside.write())?;
    let series = text
        .lines()
        .filter(|line| line.contains("server=\"bear7\""));
    println!("series of a server:            {:6}", series.count());
    Ok(())
}

/// CPU time of all threads of this process for one call.
fn spent<T>(call: impl FnOnce() -> T) -> f64 {
    let before = clock_gettime(ClockId::ProcessCPUTime);
    drop(call());
    let passed = clock_gettime(ClockId::ProcessCPUTime) - before;
    Duration::try_from(passed).unwrap_or_default().as_secs_f64()
}

fn median(mut spent: Vec<f64>) -> f64 {
    spent.sort_by(f64::total_cmp);
    spent[spent.len() / 2]
}

/// What a scrape does about the inside.
struct Scraped {
    files: InventoryFiles,
    rounds: Arc<Rounds>,
    counters: Counters,
}

impl Scraped {
    fn new(directory: &Path) -> Outcome<Self> {
        let file = directory.join("exporter.yml");
        let config = Config::parse(&file, CONFIG.as_bytes(), "bench.test")?;
        let lookup = Resolvers::new(config.settings.policies(), Duration::from_secs(1));
        let (tls, counters) = (Tls::new()?, Counters::new()?);
        let rounds = Rounds::new(config.settings, lookup, tls, system_clock, counters.clone());
        Ok(Self {
            files: config.inventory_files,
            rounds: Arc::new(rounds),
            counters,
        })
    }

    fn read(&mut self) -> Arc<Snapshot> {
        if let Some(facts) = self.files.look(system_clock()).facts {
            self.rounds.inventories().tell(facts);
        }
        let published = self.rounds.publish(Part::Everything, self.rounds.begun());
        published.snapshot
    }

    fn write(&self) -> Vec<u8> {
        let exporter = Exporter {
            counters: &self.counters,
            process: ProcessFacts::default(),
            build: &BUILD,
            reload: Reload {
                refused: None,
                loaded_at: Timestamp(0),
            },
        };
        let snapshot = self.rounds.published().snapshot;
        render::metrics(&snapshot, &exporter, Format::Text, Encoding::Identity).to_vec()
    }
}

/// The real binary: what it takes in all, and that this does not grow.
fn served(directory: &Path, collect: &dyn Fn(usize) -> Outcome<f64>) -> Outcome<()> {
    collect(0)?;
    let exporter = Service::start(directory, CONFIG)?;
    let memory = |after: &str| -> Outcome<()> {
        let (now, most) = (exporter.memory("VmRSS:")?, exporter.memory("VmHWM:")?);
        println!("{after:<31}{now:6.1} MB, at most {most:.1} MB");
        Ok(())
    };
    sleep(LOOKED_AT);
    memory("served, read:")?;
    exporter.scrape(10.0, true)?;
    memory("served, scraped:")?;
    let plain = exporter.scrape(10.0, false)?;
    memory("served, without compression:")?;
    println!("without compression:           {plain:6} bytes");
    for nth in 1..=CHANGES {
        collect(0)?;
        let before = exporter.cpu()?;
        exporter.scrape(10.0, nth % 2 == 1)?;
        let changed = exporter.cpu()?;
        exporter.scrape(10.0, nth % 2 == 1)?;
        let same = exporter.cpu()?;
        let (changed, same) = (changed - before, same - changed);
        memory(&format!("changed {nth}: {changed:.2} s, {same:.2} s:"))?;
        sleep(LOOKED_AT);
    }
    memory("a moment later:")
}

/// One server's, of different ages; every third is ready for each connector.
fn certificates(authority: &Authority, server: usize) -> Vec<String> {
    let certificate = |nth: usize| {
        let day = i64::try_from(nth / CONNECTORS).unwrap_or(0) * 30;
        let name = format!("out{}.bears.test", nth % CONNECTORS);
        let own = format!("bear{server}.bears.test");
        let names = [&*name, &own, "mail.bears.test", "autodiscover.bears.test"];
        let leaf = Leaf {
            names: &names,
            ..Leaf::server(&name, day - 80, day + 10)
        };
        BASE64.encode(&authority.issue(&leaf).chain[0])
    };
    (0..CERTIFICATES).map(certificate).collect()
}

/// Writes all files as if collected so many seconds ago; how many MB they are.
fn collect(directory: &Path, certificates: &[Vec<String>], ago: usize) -> Outcome<f64> {
    let at = system_clock().plus_seconds(-i64::try_from(ago)?);
    let mut bytes = 0.0;
    for (nth, certificates) in certificates.iter().enumerate() {
        let text = inventory(nth, certificates, at)?;
        let file = directory.join(format!("inventories/bear{nth}.json"));
        let draft = file.with_extension("draft");
        fs::write(&draft, &text)?;
        fs::rename(draft, file)?;
        bytes += f64::from(u32::try_from(text.len())?);
    }
    Ok(bytes / 1e6)
}

fn inventory(server: usize, certificates: &[String], at: Timestamp) -> Outcome<String> {
    let mut text = format!(
        r#"{{"schema": "smtp-tls-inventory/1", "collected_at": "{at}", "server": {{"name": "bear{server}", "kind": "exchange", "version": "15.2.1258.12", "addresses": ["10.0.{}.{}"], "running": true}}, "certificates": ["#,
        server / 250,
        server % 250 + 1
    );
    let comma = |nth| if nth == 0 { "" } else { ",\n" };
    for (nth, der) in certificates.iter().enumerate() {
        write!(
            text,
            r#"{}{{"der": "{der}", "services": ["SMTP", "IIS"], "status": "Valid", "private_key": true, "listed": true, "places": ["LocalMachine\\My"]}}"#,
            comma(nth)
        )?;
    }
    text += r#"], "uses": ["#;
    for nth in 0..CONNECTORS {
        write!(
            text,
            r#"{}{{"id": "use-{nth}", "name": "Outbound {nth}", "role": "client", "enabled": true, "select": {{"fqdn": "out{nth}.bears.test"}}, "require_tls": true, "tls_domain": "bears.test", "fqdn": "out{nth}.bears.test"}}"#,
            comma(nth)
        )?;
    }
    text += r#"], "queues": ["#;
    for nth in 0..2 * NEXT_HOPS {
        let (hop, connector) = (nth / 2, nth / 2 % CONNECTORS);
        let (status, error) = match nth % 2 {
            0 => (
                "Retry",
                r#""451 4.4.0 Primary target IP address responded with: 454 4.7.5 Certificate validation failure""#,
            ),
            _ => ("Active", "null"),
        };
        write!(
            text,
            r#"{}{{"kind": "delivery", "next_hop": "hop{hop}.bears.test", "use": "use-{connector}", "status": "{status}", "messages": {}, "last_error": {error}, "since": "{at}", "velocity": -0.5, "delivery_type": "DnsConnectorDelivery"}}"#,
            comma(nth),
            nth + 1
        )?;
    }
    text += "], \"errors\": []}";
    Ok(text)
}
