//! Signals and changed files to reloads and the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use super::files::Watch;
use crate::config::WebConfig;
use crate::dns::SystemResolver;
use crate::plain::plain;
use crate::web::{Door, Site};

/// How often the web configuration and its certificates are looked at.
const WEB_INTERVAL: Duration = Duration::from_secs(1);

/// Tells systemd, if it asked to be told.
pub(super) fn tell_systemd(state: NotifyState<'_>) {
    // Without systemd there is nobody to tell.
    let _ = sd_notify::notify(&[state]);
}

fn on(kind: SignalKind) -> Result<Signal, String> {
    signal(kind).map_err(|e| format!("cannot wait for signals: {e}"))
}

/// Returns the name of the signal that ends the exporter.
pub(super) async fn ended() -> Result<&'static str, String> {
    let mut terminate = on(SignalKind::terminate())?;
    let mut interrupt = on(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        _ = interrupt.recv() => Ok("SIGINT"),
    }
}

/// Reloads on SIGHUP and when the file has changed; never returns but with an error.
pub(super) async fn follow_config(
    site: Arc<Site<SystemResolver>>,
    file: PathBuf,
    every: Duration,
) -> Result<(), String> {
    let mut hangup = on(SignalKind::hangup())?;
    let mut watch = Watch::new(vec![file]);
    // An interval of nothing would never rest; without one there is only the signal.
    let mut ticks = interval(every.max(Duration::from_millis(100)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = hangup.recv() => {
                watch.has_changed();
            }
            _ = ticks.tick(), if !every.is_zero() => {
                if !watch.has_changed() {
                    continue;
                }
            }
        }
        let site = Arc::clone(&site);
        // A mistake is logged and counted where it is found.
        let _ = tokio::task::spawn_blocking(move || site.reload()).await;
    }
}

/// Reads the web configuration again when it or one of its certificates has changed; never returns.
pub(super) async fn follow_web_config(door: Arc<Door>, file: PathBuf, files: Vec<PathBuf>) {
    let mut watch = Watch::new(files);
    let mut ticks = interval(WEB_INTERVAL);
    loop {
        ticks.tick().await;
        if !watch.has_changed() {
            continue;
        }
        match web_config(&file) {
            Ok(config) => {
                watch = Watch::new(config.files);
                door.replace(config.access);
                tracing::info!("web configuration reloaded");
            }
            Err(mistake) => {
                tracing::error!(mistake, "web configuration not reloaded, the old one stays");
            }
        }
    }
}

/// Reads the web configuration and logs what is odd about it.
pub(super) fn web_config(file: &Path) -> Result<WebConfig, String> {
    let config = WebConfig::load(file).map_err(|e| plain(&e.to_string(), 1000))?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    Ok(config)
}
