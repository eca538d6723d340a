//! The command `serve`: the exporter.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::arguments::Serve;
use super::{BUILD, files, hostname, life, logging, runtime};
use crate::config::Config;
use crate::counters::Counters;
use crate::dns::SystemResolver;
use crate::probe::Tls;
use crate::round::{Rounds, Settings, system_clock};
use crate::web::{Access, Door, Listeners, Loader, Serving, Site, serve};

/// Serves until a signal ends it; returns the exit code.
pub(super) fn run(arguments: &Serve) -> Result<u8, String> {
    logging::start(arguments.log_level, arguments.log_format);
    let config = load(&arguments.config_file)?;
    if arguments.config_check {
        if let Some(file) = &arguments.web_config_file {
            life::web_config(file)?;
        }
        print!("{}", understood(&config));
        return Ok(0);
    }
    runtime()?.block_on(exporter(arguments, config))
}

/// Reads the configuration and logs what is odd about it.
pub(super) fn load(file: &Path) -> Result<Config, String> {
    let config = Config::load(file, &hostname::fully_qualified()).map_err(|e| e.to_string())?;
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
    Ok(config)
}

async fn exporter(arguments: &Serve, config: Config) -> Result<u8, String> {
    let signals = life::Signals::new()?;
    let site = Arc::new(site(arguments, config)?);
    let (door, web_files) = door(arguments.web_config_file.as_deref())?;
    let listeners = listeners(arguments).await?;
    let serving = tokio::spawn(serve(listeners, Arc::clone(&site), Arc::clone(&door)));
    life::tell_ready();
    if let Some(file) = arguments.web_config_file.clone() {
        tokio::spawn(life::follow_web_config(door, file, web_files));
    }
    let (file, every) = (arguments.config_file.clone(), arguments.reload_interval);
    let signal = life::follow(signals, Arc::clone(&site), file, every).await;
    tracing::info!(signal, "ending");
    life::tell_stopping();
    site.close();
    serving
        .await
        .map_err(|e| format!("the listener broke: {e}"))?;
    Ok(0)
}

fn site(arguments: &Serve, config: Config) -> Result<Site<SystemResolver>, String> {
    let serving = Serving {
        rounds: rounds(config.settings)?,
        on_request: config.on_request,
        shown: config.shown,
    };
    Ok(Site::new(
        serving,
        loader(arguments.config_file.clone()),
        system_clock,
        arguments.timeout_offset,
        BUILD,
    ))
}

/// Reads the file again. What it says follows on what is in force: results, counters and the log go on.
fn loader(file: PathBuf) -> Loader<SystemResolver> {
    Box::new(move |before| {
        let config = load(&file)?;
        let settings = affordable(config.settings);
        let resolver = SystemResolver::new(lookup_deadline(&settings));
        Ok(Serving {
            rounds: Arc::new(before.rounds.successor(settings, resolver)),
            on_request: config.on_request,
            shown: config.shown,
        })
    })
}

fn door(file: Option<&Path>) -> Result<(Arc<Door>, Vec<PathBuf>), String> {
    let Some(file) = file else {
        return Ok((Arc::new(Door::new(Access::default())), Vec::new()));
    };
    let config = life::web_config(file)?;
    Ok((Arc::new(Door::new(config.access)), config.files))
}

async fn listeners(arguments: &Serve) -> Result<Listeners, String> {
    let listeners = if arguments.systemd_socket {
        let adopted = Listeners::adopt(files::inherited()?);
        adopted.map_err(|e| format!("--web.systemd-socket: {e}"))?
    } else {
        let bound = Listeners::bind(&arguments.listen_addresses).await;
        bound.map_err(|e| e.to_string())?
    };
    for address in listeners.addresses() {
        tracing::info!(%address, version = BUILD.version, "listening");
    }
    Ok(listeners)
}

/// Rounds over these settings with this machine's resolver and clock.
pub(super) fn rounds(settings: Settings) -> Result<Arc<Rounds<SystemResolver>>, String> {
    let settings = affordable(settings);
    let resolver = SystemResolver::new(lookup_deadline(&settings));
    let (tls, counters) = (Tls::new()?, Counters::new()?);
    let rounds = Rounds::new(settings, resolver, tls, system_clock, counters);
    Ok(Arc::new(rounds))
}

/// No more probes at once than there can be open files.
fn affordable(settings: Settings) -> Settings {
    let limit = files::raise_limit();
    let concurrency = files::affordable(settings.concurrency, limit);
    if concurrency < settings.concurrency {
        tracing::warn!(
            wanted = settings.concurrency,
            concurrency,
            limit,
            "fewer probes at once: the limit of open files (ulimit -n) allows no more"
        );
    }
    Settings {
        concurrency,
        ..settings
    }
}

/// Names get no more than half of a probe's time.
fn lookup_deadline(settings: &Settings) -> Duration {
    settings.limits.timeout / 2
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
    for watched in &settings.targets {
        let source = &watched.source;
        let ports: Vec<_> = source
            .ports
            .iter()
            .map(|port| format!("{port} {}", source.mode_on(*port).as_str()))
            .collect();
        let place = match &source.place {
            crate::target::Place::Host(host) => host.to_string(),
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
