//! What the service costs with many endpoints, printed: CPU of an answer, memory, and whether deadlines hold.
//!
//! `cargo bench --bench service` starts the real binary against 10,000 endpoints on loopback, a third of them tarpits.
//! Figures to hold: an answer in text takes at most 0.25 s of one core, with gzip 0.5 s; memory after such scrapes at
//! most 150 MB; with 100 endpoints and nothing to do at most 20 MB.
#![expect(clippy::disallowed_methods, reason = "measures programs from outside")]

mod exporter;

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use exporter::{Outcome, Service};
use rustix::time::{ClockId, clock_gettime};
use smtp_tls_exporter::cli::BUILD;
use smtp_tls_exporter::config::Config;
use smtp_tls_exporter::counters::Counters;
use smtp_tls_exporter::dns::Resolvers;
use smtp_tls_exporter::probe::Tls;
use smtp_tls_exporter::process::ProcessFacts;
use smtp_tls_exporter::render::{self, Encoding, Exporter, Format, Reload};
use smtp_tls_exporter::timestamp::Timestamp;
use smtp_tls_exporter::watch::{Part, Rounds, system_clock};
use testkit::peer::{Authority, Leaf, Server, Speech};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

const HOST: &str = "bear.bears.test";
const MANY: u32 = 10_000;
/// Every third endpoint never answers.
const TARPIT_EVERY: u32 = 3;

#[tokio::main]
async fn main() -> Outcome<()> {
    let authority = Authority::new("Bear", system_clock().0);
    let leaf = authority.issue(&Leaf::server(HOST, -10, 80));
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let server = Server::start(everywhere, &leaf, Speech::default()).await?;
    let tarpit = TcpListener::bind(everywhere).await?;
    let ports = (server.address.port(), tarpit.local_addr()?.port());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tarpit.accept().await {
            tokio::spawn(async move { stream.read_u8().await });
        }
    });
    let directory = tempfile::tempdir()?;
    fs::write(directory.path().join("root.pem"), authority.root_pem())?;
    rendering(directory.path(), ports.0).await?;
    let newer = authority.issue(&Leaf::server(HOST, -5, 85));
    let other = Server::start(everywhere, &newer, Speech::default()).await?;
    differing(directory.path(), (ports.0, other.address.port())).await?;
    tokio::task::spawn_blocking(move || {
        measure(directory.path(), ports).map_err(|e| e.to_string())
    })
    .await??;
    Ok(())
}

/// Judging and writing alone, on one thread, without HTTP.
async fn rendering(directory: &Path, port: u16) -> Outcome<()> {
    let (rounds, counters) = probed(directory, &config(MANY, (port, port), "1h")).await?;
    let exporter = Exporter {
        counters: &counters,
        process: ProcessFacts::default(),
        build: &BUILD,
        reload: Reload {
            refused: None,
            loaded_at: Timestamp(0),
        },
    };
    let snapshot = rounds.published().snapshot;
    println!(
        "judging {MANY} endpoints:           {:6.3} s of a core",
        core_seconds(|| judge(&rounds))
    );
    println!(
        "publishing {MANY} that stay:        {:6.3} s of a core",
        core_seconds(|| publish(&rounds))
    );
    for (encoding, name) in [(Encoding::Identity, "text"), (Encoding::Gzip, "gzip")] {
        let write = || {
            drop(render::metrics(
                &snapshot,
                &exporter,
                Format::Text,
                encoding,
            ))
        };
        println!(
            "rendering {MANY} endpoints, {name}:   {:6.3} s of a core",
            core_seconds(write)
        );
    }
    Ok(())
}

/// Rounds over this configuration, with a result of every endpoint.
async fn probed(directory: &Path, text: &str) -> Outcome<(Arc<Rounds>, Counters)> {
    let config = Config::parse(&directory.join("inside.yml"), text.as_bytes(), HOST)?;
    let lookup = Resolvers::new(config.settings.policies(), Duration::from_secs(5));
    let counters = Counters::new()?;
    let rounds = Rounds::new(
        config.settings,
        lookup,
        Tls::new()?,
        clock,
        counters.clone(),
    );
    let rounds = Arc::new(rounds);
    let patience = Duration::from_secs(60);
    rounds.scrape(tokio::time::Instant::now() + patience).await;
    Ok((rounds, counters))
}

/// How far the clock was set forward, in seconds.
static LATER: AtomicI64 = AtomicI64::new(0);

fn clock() -> Timestamp {
    system_clock().plus_seconds(LATER.load(Ordering::Relaxed))
}

/// Publishes what is known, of which nothing is new.
fn publish(rounds: &Rounds) {
    drop(rounds.publish(Part::Everything, rounds.begun()));
}

/// The same when all of it has to be judged anew, because time has passed.
fn judge(rounds: &Rounds) {
    LATER.fetch_add(60, Ordering::Relaxed);
    publish(rounds);
}

/// One target whose endpoints show two certificates by turns: whoever has the older is told where the newer is. Four
/// times the endpoints should take four times as long.
async fn differing(directory: &Path, ports: (u16, u16)) -> Outcome<()> {
    let mut before = None;
    for addresses in [MANY / 8, MANY / 2] {
        let addresses = (1..=addresses).map(|nth| Ipv4Addr::from(0x7f01_0000 + nth).to_string());
        let addresses: Vec<_> = addresses.collect();
        let text = format!(
            "probe: {{min_interval: 1h}}\ntrust: {{roots: root.pem}}\n\
             targets: [{{name: fleet, host: {HOST}, ports: [{}, {}], addresses: [{}]}}]\n",
            ports.0,
            ports.1,
            addresses.join(", ")
        );
        let (rounds, _) = probed(directory, &text).await?;
        let spent = core_seconds(|| judge(&rounds));
        let ratio = before.map_or_else(String::new, |before| {
            format!(", {:.1} times", spent / before)
        });
        println!(
            "judging {} that differ:         {spent:6.3} s of a core{ratio}",
            2 * addresses.len()
        );
        before = Some(spent);
    }
    Ok(())
}

/// CPU time of this thread for one call, as the median of several.
fn core_seconds(call: impl Fn()) -> f64 {
    let mut spent: Vec<_> = (0..9)
        .map(|_| {
            let before = clock_gettime(ClockId::ThreadCPUTime);
            call();
            let passed = clock_gettime(ClockId::ThreadCPUTime) - before;
            Duration::try_from(passed).unwrap_or_default().as_secs_f64()
        })
        .collect();
    spent.sort_by(f64::total_cmp);
    spent[spent.len() / 2]
}

fn measure(directory: &Path, ports: (u16, u16)) -> Outcome<()> {
    let few = Service::start(directory, &config(100, (ports.0, ports.0), "1h"))?;
    few.scrape(10.0, false)?;
    sleep(Duration::from_secs(1));
    println!(
        "100 endpoints, idle:              {:6.1} MB",
        few.memory("VmRSS")?
    );
    drop(few);

    let many = Service::start(directory, &config(MANY, (ports.0, ports.0), "1h"))?;
    let begun = Instant::now();
    many.scrape(60.0, true)?;
    println!(
        "{MANY} endpoints, first scrape:    {:6.2} s, {:.1} MB",
        begun.elapsed().as_secs_f64(),
        many.memory("VmRSS")?
    );
    for (gzip, name) in [(false, "text"), (true, "gzip")] {
        let (before, rounds) = (many.cpu()?, 5);
        let mut bytes = 0;
        for _ in 0..rounds {
            bytes = many.scrape(60.0, gzip)?;
        }
        let each = (many.cpu()? - before) / f64::from(rounds);
        println!(
            "answer of {MANY} endpoints, {name}: {each:6.3} s of a core, {:.1} MB sent",
            megabytes(bytes)
        );
    }
    sleep(Duration::from_secs(1));
    println!(
        "memory after that:                {:6.1} MB",
        many.memory("VmRSS")?
    );
    drop(many);
    tarpits(directory, ports)
}

/// Scrapes every 15 s with a timeout of 10 s; nothing is known of anybody at first.
fn tarpits(directory: &Path, ports: (u16, u16)) -> Outcome<()> {
    let exporter = Service::start(directory, &config(MANY, ports, "10s"))?;
    let quick = MANY - MANY.div_ceil(TARPIT_EVERY);
    for nth in 1..=8 {
        let begun = Instant::now();
        let answer = exporter.get(10.0, true)?;
        let took = begun.elapsed();
        let text = unzipped(&answer)?;
        let fresh = text
            .lines()
            .filter(|l| l.starts_with("smtp_tls_probe_success{") && l.ends_with(" 1"))
            .count();
        let cpu = exporter.cpu()?;
        println!(
            "with {} tarpits, scrape {nth}: answered after {:5.2} s (limit 10), {fresh} of {quick} quick ones known, {cpu:.1} s CPU so far, {:.0} MB",
            MANY - quick,
            took.as_secs_f64(),
            exporter.memory("VmRSS")?
        );
        sleep(Duration::from_secs(15).saturating_sub(took));
    }
    Ok(())
}

/// One target an endpoint, each at an address of its own.
fn config(endpoints: u32, ports: (u16, u16), min_interval: &str) -> String {
    let mut text =
        format!("probe: {{min_interval: {min_interval}}}\ntrust: {{roots: root.pem}}\ntargets:\n");
    for nth in 0..endpoints {
        let address = Ipv4Addr::from(0x7f01_0000 + nth + 1);
        let port = if nth % TARPIT_EVERY == 0 {
            ports.1
        } else {
            ports.0
        };
        text += &format!(
            "- {{name: bear{nth}, host: {HOST}, addresses: [{address}], ports: [{port}]}}\n"
        );
    }
    text
}

/// The text of a compressed answer, without its head.
fn unzipped(answer: &[u8]) -> Outcome<String> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let body = &answer[end.ok_or("no head")? + 4..];
    let mut text = String::new();
    flate2::read::GzDecoder::new(body).read_to_string(&mut text)?;
    Ok(text)
}

fn megabytes(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1e6
}
