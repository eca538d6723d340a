//! The command `check`: probe once, print, and say by the exit code how it is.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stdout};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::arguments::{Check, CheckTarget};
use super::{hostname, progress, runtime, serve};
use crate::pki::Anchors;
use crate::probe::Limits;
use crate::render::{self, Style};
use crate::report::Snapshot;
use crate::round::{Settings, Watched};
use crate::target::{Offer, Place, Source};
use crate::verdict::Expectations;

/// Long enough for any number of endpoints: each probe has its own, much shorter deadline.
const PATIENCE: Duration = Duration::from_secs(86_400);

/// Probes and prints; returns the exit code.
pub(super) fn run(arguments: &Check) -> Result<u8, String> {
    let mut settings = if arguments.targets.is_empty() {
        serve::load(&arguments.config_file)?.settings
    } else {
        settings(arguments)?
    };
    for watched in &mut settings.targets {
        let expectations = Arc::make_mut(&mut watched.expectations);
        if let Some(limit) = arguments.warning {
            expectations.thresholds.warning = limit;
        }
        if let Some(limit) = arguments.critical {
            expectations.thresholds.critical = limit;
        }
    }
    let snapshot = runtime()?.block_on(probe_all(settings))?;
    // A reader that has had enough (`| head`) is no error.
    let _ = stdout().write_all(output(arguments, &snapshot).as_bytes());
    Ok(snapshot.exit_code())
}

async fn probe_all(settings: Settings) -> Result<Snapshot, String> {
    let rounds = serve::rounds(settings)?;
    tokio::select! {
        snapshot = rounds.scrape(Instant::now() + PATIENCE) => Ok(snapshot),
        () = progress::show(|| rounds.progress()) => Err("the display ended".to_owned()),
    }
}

fn output(arguments: &Check, snapshot: &Snapshot) -> String {
    if arguments.json {
        return render::json(snapshot);
    }
    let style = Style {
        colour: stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    };
    let mut text = render::table(snapshot, style);
    if arguments.pem {
        text += &render::pem(snapshot);
    }
    if arguments.nagios {
        text += &render::plugin_line(snapshot);
    }
    text
}

/// Settings for targets that were named on the command line.
fn settings(arguments: &Check) -> Result<Settings, String> {
    let roots = match &arguments.roots {
        Some(file) => Anchors::from_pem_file(file).map_err(|e| format!("--roots: {e}"))?,
        None => Anchors::mozilla(),
    };
    let roots = Arc::new(roots);
    let watch = |target| watched(arguments, target, Arc::clone(&roots));
    Ok(Settings {
        targets: arguments.targets.iter().map(watch).collect(),
        limits: Limits {
            timeout: Duration::from_secs(10),
            helo: hostname::fully_qualified(),
        },
        min_interval: Duration::ZERO,
        concurrency: 256,
        per_address: 1,
    })
}

fn watched(arguments: &Check, target: &CheckTarget, roots: Arc<Anchors>) -> Watched {
    let server_name = arguments.server_name.clone();
    let server_name = server_name.unwrap_or_else(|| target.host.clone());
    let expectations = Expectations {
        names: vec![server_name.clone()],
        tls_certificate_name: arguments.expect_tls_certificate_name.clone(),
        ..Expectations::new(roots)
    };
    Watched {
        source: Arc::new(Source {
            name: target.text.clone(),
            host: Some(target.host.clone()),
            place: Place::Host(target.host.clone()),
            ports: vec![target.port],
            offers: vec![Offer::Any],
            mode: arguments.tls,
            server_name: Some(server_name),
            labels: BTreeMap::new(),
        }),
        expectations: Arc::new(expectations),
        client_certificate: None,
    }
}
