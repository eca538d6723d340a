//! What a probe costs, as ratios within one run: CPU of whole probes against CPU of bare TLS handshakes.
//!
//! `cargo bench --bench probe`. The figures are of the client side alone: it runs on a thread of its own, whose CPU
//! time is read; the servers run on another. Ratios travel between machines, microseconds do not.
#![expect(clippy::disallowed_methods, reason = "measures programs from outside")]

mod handshake;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use handshake::{bare_handshakes, cpu};
use smtp_tls_exporter::cli::BUILD;
use smtp_tls_exporter::config::Config;
use smtp_tls_exporter::counters::Counters;
use smtp_tls_exporter::dns::Resolvers;
use smtp_tls_exporter::probe::Tls;
use smtp_tls_exporter::process::ProcessFacts;
use smtp_tls_exporter::render::{self, Encoding, Exporter, Format, Reload};
use smtp_tls_exporter::report::Snapshot;
use smtp_tls_exporter::timestamp::Timestamp;
use smtp_tls_exporter::watch::{Rounds, system_clock};
use testkit::peer::{Authority, Credentials, Leaf, Server, Speech};
use tokio::runtime;

const ENDPOINTS: usize = 1000;
const ROUNDS: usize = 5;
const NAME: &str = "mx.bears.test";

fn main() {
    let authority = Authority::new("Bench", system_clock().0);
    let credentials = authority.issue(&Leaf::server(NAME, -10, 80));
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join("root.pem");
    std::fs::write(root, authority.root_pem()).expect("a file");
    let address = serve(credentials.clone());
    let config = config(address.port());
    let file = directory.path().join("bench.yml");
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let all = bare_handshakes(&credentials, NAME, ENDPOINTS);
        let bare = all / u32::try_from(ENDPOINTS).unwrap_or(1);
        let whole =
            whole_probes(&Config::parse(&file, config.as_bytes(), "bench.test").expect("settings"));
        let ratio = whole.as_secs_f64() / bare.as_secs_f64();
        println!("round {round}: bare handshake {bare:?}, whole probe {whole:?}, ratio {ratio:.2}");
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "median: a whole probe (connect to QUIT, facts, verdict, metrics) costs {:.2} x a bare handshake (target: at most 2.5)",
        ratios[ROUNDS / 2]
    );
    one_scrape(&Config::parse(&file, config.as_bytes(), "bench.test").expect("settings"));
}

/// One listener on every loopback address, in a thread of its own.
fn serve(credentials: Credentials) -> SocketAddr {
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let any: SocketAddr = "0.0.0.0:0".parse().expect("an address");
            let server = Server::start(any, &credentials, Speech::default()).await;
            let server = server.expect("a server");
            tell.send(server.address).expect("somebody listens");
            std::future::pending::<()>().await;
        });
    });
    told.recv().expect("a server")
}

/// Every endpoint has an address of its own, so that nobody waits for manners.
fn config(port: u16) -> String {
    let addresses: Vec<_> = (0..ENDPOINTS)
        .map(|i| {
            IpAddr::from([
                127,
                9,
                u8::try_from(i / 250).unwrap_or(0),
                u8::try_from(i % 250 + 1).unwrap_or(1),
            ])
            .to_string()
        })
        .collect();
    format!(
        "trust: {{roots: root.pem}}\nprobe: {{min_interval: 0s}}\ntargets:\n- {{name: fleet, host: {NAME}, ports: [{port}], addresses: [{}]}}\n",
        addresses.join(", ")
    )
}

/// CPU of one probe with everything that belongs to it, measured on the thread that does it all.
fn whole_probes(config: &Config) -> Duration {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let counters = Counters::new().expect("counters");
    let rounds = runtime.block_on(async { rounds(config, counters.clone()) });
    let before = cpu();
    let text = runtime.block_on(async {
        let snapshot = scrape(&rounds).await;
        let exporter = Exporter {
            counters: &counters,
            process: ProcessFacts::default(),
            build: &BUILD,
            reload: Reload {
                refused: None,
                loaded_at: Timestamp(0),
            },
        };
        render::metrics(&snapshot, &exporter, Format::Text, Encoding::Identity)
    });
    let text = String::from_utf8_lossy(&text);
    let spent = cpu() - before;
    assert_eq!(text.matches("\nsmtp_tls_probe_success{").count(), ENDPOINTS);
    assert_eq!(count(&text, "smtp_tls_probe_success", "1"), ENDPOINTS);
    spent / u32::try_from(ENDPOINTS).unwrap_or(1)
}

fn count(text: &str, name: &str, value: &str) -> usize {
    let begin = format!("{name}{{");
    let end = format!("}} {value}");
    text.lines()
        .filter(|line| line.starts_with(&begin) && line.ends_with(&end))
        .count()
}

fn rounds(config: &Config, counters: Counters) -> Arc<Rounds> {
    Arc::new(Rounds::new(
        config.settings.clone(),
        Resolvers::new(config.settings.policies(), Duration::from_secs(1)),
        Tls::new().expect("TLS"),
        system_clock,
        counters,
    ))
}

async fn scrape(rounds: &Arc<Rounds>) -> Arc<Snapshot> {
    rounds
        .scrape(tokio::time::Instant::now() + Duration::from_secs(60))
        .await
}

/// All endpoints in one scrape, with the threads that the exporter has.
fn one_scrape(config: &Config) {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let rounds = rounds(config, Counters::new().expect("counters"));
        let begun = Instant::now();
        let snapshot = scrape(&rounds).await;
        let wall = begun.elapsed();
        let good = snapshot.entries().filter(|(_, e)| e.is_success()).count();
        println!("one scrape of {ENDPOINTS} endpoints: {good} successful, {wall:?}");
        assert_eq!(good, ENDPOINTS);
    });
}
