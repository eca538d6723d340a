//! The command `serve`: the exporter.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::arguments::Serve;
use super::{BUILD, hostname, logging, runtime};
use crate::config::{Change, Config, TargetFiles};
use crate::counters::Counters;
use crate::dns::Resolvers;
use crate::probe::Tls;
use crate::round::{Rounds, Settings, View, system_clock};
use crate::target::DEFAULT_VIEW;
use crate::web::{Site, serve};

/// Serves until a signal ends it; returns the exit code.
pub(super) fn run(arguments: &Serve) -> Result<u8, String> {
    logging::start(arguments.log_level, arguments.log_format);
    let (config, change) = load(&arguments.config_file)?;
    if let (true, Some(complaint)) = (arguments.config_check, change.complaints.first()) {
        return Err(complaint.clone());
    }
    for complaint in &change.complaints {
        tracing::error!("{complaint}");
    }
    if arguments.config_check {
        print!("{}", understood(&config));
        return Ok(0);
    }
    runtime()?.block_on(exporter(arguments, config, &change))
}

/// Reads the configuration with its target files and logs what is odd about it. What is wrong with target files is
/// returned beside it: the others are good.
pub(super) fn load(file: &std::path::Path) -> Result<(Config, Change), String> {
    let mut config = Config::load(file, &hostname::fully_qualified()).map_err(|e| e.to_string())?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let helo = &config.settings.limits.helo;
    if helo == "localhost" || !helo.contains(['.', '[']) {
        tracing::warn!(
            helo,
            "the EHLO name is not fully qualified; some servers refuse it: set probe.helo"
        );
    }
    let mut change = config.target_files.look();
    if let Some(targets) = change.targets.take() {
        config.settings.targets = targets;
    }
    Ok((config, change))
}

/// How often the target files are looked at: some calls of stat(2).
const TARGET_FILES_INTERVAL: Duration = Duration::from_secs(5);

/// Looks at the target files for as long as it is not dropped, and has the rounds watch what they say.
async fn follow(mut files: TargetFiles, rounds: Arc<Rounds<Resolvers>>) {
    if files.is_empty() {
        return std::future::pending().await;
    }
    loop {
        let looking = tokio::task::spawn_blocking(move || {
            let change = files.look();
            (files, change)
        });
        let Ok((looked, change)) = looking.await else {
            return tracing::error!("the target files are not followed any more");
        };
        files = looked;
        for complaint in &change.complaints {
            tracing::error!("{complaint}");
        }
        rounds.counters().target_files(&change.files, &change.gone);
        if let Some(targets) = change.targets {
            tracing::info!(targets = targets.len(), "the target files changed");
            rounds.watch(targets);
        }
        tokio::time::sleep(TARGET_FILES_INTERVAL).await;
    }
}

async fn exporter(arguments: &Serve, config: Config, change: &Change) -> Result<u8, String> {
    let rounds = rounds(config.settings)?;
    rounds.counters().target_files(&change.files, &[]);
    let following = follow(config.target_files, Arc::clone(&rounds));
    let site = Site {
        rounds,
        timeout_offset: arguments.timeout_offset,
        build: BUILD,
        config_loaded_at: system_clock(),
    };
    let ready = |addresses: &[SocketAddr]| {
        for address in addresses {
            tracing::info!(%address, version = BUILD.version, "listening");
        }
    };
    let serving = serve(&arguments.listen_addresses, Arc::new(site), ready);
    tokio::select! {
        () = following => Err("the target files are not followed any more".to_owned()),
        served = serving => served.map(|()| 0).map_err(|e| e.to_string()),
        name = ended() => {
            tracing::info!(signal = name?, "ending");
            Ok(0)
        }
    }
}

/// Rounds over these settings with a resolver for each view and this machine's clock.
pub(super) fn rounds(settings: Settings) -> Result<Arc<Rounds<Resolvers>>, String> {
    let resolver = Resolvers::new(settings.policies(), lookup_deadline(&settings));
    let (tls, counters) = (Tls::new()?, Counters::new()?);
    let rounds = Rounds::new(settings, resolver, tls, system_clock, counters);
    Ok(Arc::new(rounds))
}

/// Names get no more than half of a probe's time.
fn lookup_deadline(settings: &Settings) -> Duration {
    settings.limits.timeout / 2
}

async fn ended() -> Result<&'static str, String> {
    let listen = |kind| signal(kind).map_err(|e| format!("cannot wait for signals: {e}"));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        _ = interrupt.recv() => Ok("SIGINT"),
    }
}

/// `external: tcp://192.0.2.1:53, validated, through socks5://gate.example.com:1080`; without secrets.
fn seen_along(view: &View) -> String {
    let mut parts: Vec<String> = if view.vantage.proxied_names {
        vec!["names found by the proxy".to_owned()]
    } else {
        view.policy
            .servers
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    if view.policy.validate {
        parts.push("validated".to_owned());
    }
    parts.extend(
        view.route
            .proxy
            .as_ref()
            .map(|proxy| format!("through {proxy}")),
    );
    parts.extend(view.route.source.map(|source| format!("from {source}")));
    format!("{}: {}", view.vantage.name, parts.join(", "))
}

/// What `--config.check` prints.
fn understood(config: &Config) -> String {
    let settings = &config.settings;
    let mut text = format!(
        "{}: {} targets; timeout {:?}, EHLO {}\n",
        config.file.display(),
        settings.targets.len(),
        settings.limits.timeout,
        settings.limits.helo
    );
    for view in settings
        .views
        .iter()
        .filter(|v| *v.vantage.name != *DEFAULT_VIEW)
    {
        text += &format!("view {}\n", seen_along(view));
    }
    for watched in &settings.targets {
        let source = &watched.source;
        let ports: Vec<_> = source
            .ports
            .iter()
            .map(|port| format!("{port} {}", source.mode_on(*port).as_str()))
            .collect();
        let place = match &source.place {
            crate::target::Place::Host(host) => host.to_string(),
            crate::target::Place::Mx(domain) => format!("mx:{domain}"),
            crate::target::Place::Addresses(addresses) => addresses
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
        };
        text += &format!("{}: {place} ({})\n", source.name, ports.join(", "));
    }
    text
}
