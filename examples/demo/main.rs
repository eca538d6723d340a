//! The incident on loopback: a small bear world of mail servers, and the exporter that watches it.
//!
//! `cargo run --release --example demo` starts them, prints the `check` table once, and serves `/metrics` until
//! Ctrl-C. It needs no network, no root and no other program.

#[path = "../../tests/peer/mod.rs"]
mod peer;
mod world;

use std::error::Error;
use std::io::{IsTerminal, stdout};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use smtp_tls_exporter::cli::BUILD;
use smtp_tls_exporter::config::Config;
use smtp_tls_exporter::counters::Counters;
use smtp_tls_exporter::dns::Resolvers;
use smtp_tls_exporter::probe::Tls;
use smtp_tls_exporter::render::{self, Style};
use smtp_tls_exporter::round::{Rounds, system_clock};
use smtp_tls_exporter::web::{Access, Door, Listeners, Serving, Site, serve};
use tokio::time::Instant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let world = world::World::start(directory.path(), system_clock().0).await?;
    println!("The configuration:\n\n{}", world.config);
    let file = Path::new("demo.yml");
    let file = directory.path().join(file);
    let config = Config::parse(&file, world.config.as_bytes(), "monitor.bears.test")?;
    let resolvers = Resolvers::new(config.settings.policies(), Duration::from_secs(5));
    let rounds = Rounds::new(
        config.settings,
        resolvers,
        Tls::new()?,
        system_clock,
        Counters::new()?,
    );
    let rounds = Arc::new(rounds);
    let snapshot = rounds
        .scrape(Instant::now() + Duration::from_secs(15))
        .await;
    let style = Style {
        colour: stdout().is_terminal(),
    };
    println!("What `smtp-tls-exporter check` says:\n");
    println!("{}", render::table(&snapshot, style));
    let serving = Serving {
        rounds,
        on_request: config.on_request,
        shown: config.shown,
        refresh: Box::new(|| ()),
    };
    let loader =
        Box::new(|_: &Serving<_>| Err("the demo's configuration never changes".to_owned()));
    let offset = Duration::from_millis(500);
    let site = Arc::new(Site::new(serving, loader, system_clock, offset, BUILD));
    tokio::select! {
        served = listen(site) => served,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

/// Serves on the exporter's own port, or on any when that is taken.
async fn listen(site: Arc<Site<Resolvers>>) -> Result<(), Box<dyn Error>> {
    let own: SocketAddr = "127.0.0.1:10465".parse()?;
    let any: SocketAddr = "127.0.0.1:0".parse()?;
    let listeners = match Listeners::bind(&[own]).await {
        Ok(listeners) => listeners,
        Err(_) => Listeners::bind(&[any]).await?,
    };
    for address in listeners.addresses() {
        announce(address);
    }
    serve(listeners, site, Arc::new(Door::new(Access::default()))).await;
    Ok(())
}

fn announce(address: SocketAddr) {
    println!("Metrics: http://{address}/metrics\nPage:    http://{address}/\n");
    println!("Try: curl -s http://{address}/metrics | grep cert_expiry_seconds\nCtrl-C ends it.");
}
