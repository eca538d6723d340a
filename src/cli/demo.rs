//! The command `demo`: the exporter over servers of its own.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::build::BUILD;
use super::runtime::runtime;
use super::{life, rounds, streams};
use crate::app::{App, Configured, InForce, Reader};
use crate::config::Config;
use crate::demo::{INSIDE, INTRODUCTION, Told, World};
use crate::facts::inventory::{self, Census, InsideFacts, Sheet};
use crate::pki::Anchors;
use crate::render;
use crate::watch::{Watched, system_clock};
use crate::web::{self, Access, AccessControl, Listeners, Mount, Site};

/// Longer than any probe of a server on loopback.
const PATIENCE: Duration = Duration::from_secs(15);
/// Where the exporter listens otherwise too; any port when this one is taken.
const ADDRESSES: [&str; 2] = ["127.0.0.1:10465", "127.0.0.1:0"];

/// Plays until a signal ends it; returns the exit code.
pub(super) fn run() -> Result<u8, String> {
    let runtime = runtime()?;
    let ended = runtime.block_on(until_signal());
    runtime.shutdown_background();
    ended
}

async fn until_signal() -> Result<u8, String> {
    let signals = life::Signals::new()?;
    // A task of its own: while nobody reads what it prints, a signal still ends it.
    let play = tokio::spawn(play());
    tokio::select! {
        played = play => played.map_err(|e| format!("the demo broke: {e}"))?.map(|()| 0),
        () = signals.any() => Ok(0),
    }
}

async fn play() -> Result<(), String> {
    streams::print("the demo", INTRODUCTION)?;
    let world = World::start(system_clock()).await;
    let world = world
        .map_err(|e| format!("cannot start the demo's servers on 127.0.0.11 to 127.0.0.32: {e}"))?;
    let listeners = listeners().await?;
    let config = understood(&world)?;
    let (rounds, _) = rounds::over(config.settings.clone())?;
    rounds.inventories().tell(inside(&world)?);
    let snapshot = rounds.scrape(Instant::now() + PATIENCE).await;
    let table = render::table(&snapshot, streams::style());
    let addresses: String = listeners
        .addresses()
        .into_iter()
        .map(where_to_look)
        .collect();
    streams::print("the demo", &format!("\n{table}\n{INSIDE}\n{addresses}"))?;
    let in_force = InForce {
        rounds,
        on_request: config.on_request,
        shown: config.shown,
    };
    let app = Arc::new(App::new(in_force, Unchanging, system_clock));
    tokio::spawn(Arc::clone(&app).follow_results());
    let site = Arc::new(Site::new(
        app,
        Duration::from_millis(500),
        Mount::default(),
        BUILD,
    ));
    web::serve(
        listeners,
        site,
        Arc::new(AccessControl::new(Access::default())),
    )
    .await;
    Ok(())
}

/// The demo's configuration never changes.
struct Unchanging;

impl Reader for Unchanging {
    fn read(&self) -> Result<(Configured, Vec<String>), String> {
        Err("the demo's configuration never changes".to_owned())
    }

    fn has_changed(&self) -> bool {
        false
    }

    fn targets(&self) -> Option<Vec<Watched>> {
        None
    }

    fn follows_inside(&self) -> bool {
        false
    }

    fn inside(&self, _part: &mut dyn FnMut(InsideFacts)) -> Option<InsideFacts> {
        None
    }
}

/// The world's configuration, with the world's root in place of Mozilla's.
fn understood(world: &World) -> Result<Config, String> {
    let file = Path::new("demo.yml");
    let config = Config::parse(file, world.config.as_bytes(), "monitor.bears.test");
    let mut config = config.map_err(|e| e.to_string())?;
    let roots = Anchors::from_bytes("the demo's root".to_owned(), &world.root);
    let roots = Arc::new(roots.map_err(|e| e.to_string())?);
    for watched in &mut config.settings.targets {
        Arc::make_mut(&mut watched.expectations).roots = Arc::clone(&roots);
    }
    Ok(config)
}

/// A demo that runs for days is still believed.
const MAX_AGE: i64 = 7 * 86_400;

/// What the relays say of their inside.
fn inside(world: &World) -> Result<InsideFacts, String> {
    let known = HashSet::new();
    let sheet = |told: &Told| {
        let read = inventory::read(told.json.as_bytes(), &known);
        let inventory = read.map_err(|fault| format!("{}: {}", told.file, fault.detail))?;
        Ok(Sheet {
            file: told.file.clone(),
            said: Some(Arc::new(inventory)),
            ..Sheet::default()
        })
    };
    let sheets: Result<Vec<_>, String> = world.inventories.iter().map(sheet).collect();
    let mut census = Census::default();
    census.max_age = MAX_AGE;
    Ok(census.take(&sheets?).0)
}

async fn listeners() -> Result<Listeners, String> {
    let mut last = String::new();
    for address in ADDRESSES {
        let address = address.parse().map_err(|e| format!("{address}: {e}"))?;
        match Listeners::bind(&[address]) {
            Ok(listeners) => return Ok(listeners),
            Err(error) => last = error.to_string(),
        }
    }
    Err(last)
}

fn where_to_look(address: SocketAddr) -> String {
    format!(
        "Page:    http://{address}/\n\
         Metrics: http://{address}/metrics\n\
         Config:  http://{address}/config\n\n\
         Try: curl -s http://{address}/metrics | grep ^smtp_tls_cert_expiry_seconds\n\
         Ctrl-C ends it.\n"
    )
}
