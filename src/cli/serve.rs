//! The command `serve`: the exporter.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::arguments::Serve;
use super::named::{Named, OF_CONFIG, OF_WEB_CONFIG};
use super::{BUILD, files, hostname, life, logging, runtime, streams};
use crate::config::{Change, Config, FileState, LastGood, Loaded, TargetFiles, recorded};
use crate::counters::Counters;
use crate::dns::Resolvers;
use crate::endpoint::DEFAULT_VIEW;
use crate::plain::plain;
use crate::probe::Tls;
use crate::watch::{Rounds, Settings, View, system_clock};
use crate::web::{Access, AccessControl, Listeners, Loader, Serving, Site, serve};

/// Serves until a signal ends it; returns the exit code.
pub(super) fn run(arguments: &Serve) -> Result<u8, String> {
    logging::start(arguments.log_level, arguments.log_format);
    let (read, loaded) = recorded(LastGood::default(), || load(&arguments.config_file));
    let (config, change) = read?;
    if let (true, Some(complaint)) = (arguments.config_check, change.complaints.first()) {
        return Err(complaint.clone());
    }
    tell(&change);
    if arguments.config_check {
        if let Some(file) = &arguments.web_config_file {
            life::web_config(file).0?;
        }
        streams::print("what was understood", &understood(&config))?;
        return Ok(0);
    }
    let runtime = runtime()?;
    let ended = runtime.block_on(exporter(arguments, config, &change, loaded));
    // Who still reads a file that never ends does not hold up the end.
    runtime.shutdown_background();
    ended
}

/// Reads the configuration with its target files and logs what is odd about it. What is wrong with target files is
/// returned beside it: the others are good.
pub(super) fn load(file: &Path) -> Result<(Config, Change), String> {
    load_after(file, None)
}

/// The same after target files that were known before.
fn load_after(file: &Path, before: Option<&TargetFiles>) -> Result<(Config, Change), String> {
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
    if let Some(before) = before {
        config.target_files.inherit(before);
    }
    let mut change = config.target_files.look();
    if let Some(targets) = change.targets.take() {
        config.settings.targets = targets;
    }
    Ok((config, change))
}

async fn exporter(
    arguments: &Serve,
    config: Config,
    change: &Change,
    loaded: Loaded,
) -> Result<u8, String> {
    let signals = life::Signals::new()?;
    let rounds = rounds(config.settings.clone())?;
    let counters = rounds.counters().clone();
    let named = Arc::new(Named::new(OF_CONFIG, counters.clone(), loaded));
    let site = Arc::new(site(arguments, config, change, rounds, Arc::clone(&named)));
    let (control, web_loaded) = control(arguments.web_config_file.as_deref())?;
    let listeners = listeners(arguments).await?;
    let serving = tokio::spawn(serve(listeners, Arc::clone(&site), Arc::clone(&control)));
    life::tell_ready();
    tokio::spawn(life::beat(Arc::clone(&site)));
    if let Some(file) = arguments.web_config_file.clone() {
        let named = Named::new(OF_WEB_CONFIG, counters, web_loaded);
        tokio::spawn(life::follow_web_config(control, file, named));
    }
    let every = arguments.reload_interval;
    let signal = life::follow(signals, Arc::clone(&site), named, every).await;
    tracing::info!(signal, "ending");
    life::tell_stopping();
    site.close();
    serving
        .await
        .map_err(|e| format!("the listener broke: {e}"))?;
    Ok(0)
}

fn site(
    arguments: &Serve,
    config: Config,
    change: &Change,
    rounds: Arc<Rounds<Resolvers>>,
    named: Arc<Named>,
) -> Site<Resolvers> {
    let files = Arc::new(Mutex::new(config.target_files));
    count(rounds.counters(), &change.files);
    let serving = Serving {
        refresh: refresh(Arc::clone(&files), Arc::clone(&rounds), Arc::clone(&named)),
        rounds,
        on_request: config.on_request,
        shown: config.shown,
    };
    Site::new(
        serving,
        loader(arguments.config_file.clone(), files, named),
        system_clock,
        arguments.timeout_offset,
        BUILD,
    )
}

/// Reads the file again. What it says follows on what is in force: results, counters and the log go on, and a file that
/// it names and that is broken now still means what it said before.
fn loader(file: PathBuf, files: Followed, named: Arc<Named>) -> Loader<Resolvers> {
    let last = Mutex::new(files);
    Box::new(move |before| {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (read, loaded) = recorded(named.last_good(), || load_after(&file, Some(&known)));
        let (config, change) = match read {
            Ok(read) => read,
            Err(mistake) => {
                named.refused(loaded);
                return Err(mistake);
            }
        };
        let mut kept = named.in_force(loaded);
        tell(&change);
        kept.extend(change.complaints);
        let settings = affordable(config.settings);
        let resolvers = Resolvers::new(settings.policies(), lookup_deadline(&settings));
        let rounds = Arc::new(before.rounds.successor(settings, resolvers));
        count(rounds.counters(), &change.files);
        *last = Arc::new(Mutex::new(config.target_files));
        let serving = Serving {
            refresh: refresh(Arc::clone(&last), Arc::clone(&rounds), Arc::clone(&named)),
            rounds,
            on_request: config.on_request,
            shown: config.shown,
        };
        Ok((serving, kept))
    })
}

/// The target files, shared by who looks at them and who reads the configuration again.
type Followed = Arc<Mutex<TargetFiles>>;

/// What is wrong with target files, one line each.
fn tell(change: &Change) {
    for complaint in &change.complaints {
        tracing::error!("{complaint}");
    }
    for remark in &change.remarks {
        tracing::warn!("{remark}");
    }
}

fn count(counters: &Counters, files: &[FileState]) {
    let state = |file: &FileState| (file.file.clone(), file.is_good, Some(file.bad_entries));
    let states: Vec<_> = files.iter().map(state).collect();
    counters.files("targets", &states);
}

/// Looks at the target files and has the rounds watch what they say.
fn refresh(
    files: Followed,
    rounds: Arc<Rounds<Resolvers>>,
    named: Arc<Named>,
) -> Box<dyn Fn() + Send + Sync> {
    Box::new(move || {
        let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
        if files.is_empty() {
            return;
        }
        let (change, loaded) = recorded(named.last_good(), || files.look());
        named.joined(loaded);
        tell(&change);
        count(rounds.counters(), &change.files);
        if let Some(targets) = change.targets {
            tracing::info!(targets = targets.len(), "the target files changed");
            rounds.watch(targets);
        }
    })
}

fn control(file: Option<&Path>) -> Result<(Arc<AccessControl>, Loaded), String> {
    let Some(file) = file else {
        return Ok((
            Arc::new(AccessControl::new(Access::default())),
            Loaded::default(),
        ));
    };
    let (config, loaded) = life::web_config(file);
    Ok((Arc::new(AccessControl::new(config?.access)), loaded))
}

async fn listeners(arguments: &Serve) -> Result<Listeners, String> {
    let listeners = if arguments.systemd_socket {
        let adopted = Listeners::adopt(files::inherited()?);
        adopted.map_err(|e| format!("--web.systemd-socket: {e}"))?
    } else {
        let bound = Listeners::bind(&arguments.listen_addresses);
        bound.map_err(|e| e.to_string())?
    };
    for address in listeners.addresses() {
        tracing::info!(%address, version = BUILD.version, "listening");
    }
    Ok(listeners)
}

/// Rounds over these settings with a resolver for each view and this machine's clock.
pub(super) fn rounds(settings: Settings) -> Result<Arc<Rounds<Resolvers>>, String> {
    let settings = affordable(settings);
    let resolver = Resolvers::new(settings.policies(), lookup_deadline(&settings));
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
        plain(&config.file.to_string_lossy(), 500),
        settings.targets.len(),
        settings.limits.timeout,
        settings.limits.helo
    );
    for view in settings
        .views
        .iter()
        .filter(|v| *v.vantage.name != *DEFAULT_VIEW)
    {
        text += &format!("view {}\n", plain(&seen_along(view), 500));
    }
    for watched in &settings.targets {
        let source = &watched.source;
        let ports: Vec<_> = source
            .ports
            .iter()
            .map(|port| format!("{port} {}", source.mode_on(*port).as_str()))
            .collect();
        let place = match &source.place {
            crate::endpoint::Place::Host(host) => host.to_string(),
            crate::endpoint::Place::Mx(domain) => format!("mx:{domain}"),
            crate::endpoint::Place::Addresses(addresses) => addresses
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
        };
        let name = plain(&source.name, 200);
        text += &format!("{name}: {place} ({})\n", ports.join(", "));
    }
    text
}
