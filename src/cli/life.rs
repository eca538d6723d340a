//! Signals and changed files to reloads and the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use super::named::Named;
use crate::app::App;
use crate::config::{LastGood, Loaded, WebConfig, recorded};
use crate::plain::plain;
use crate::web::{AccessControl, Site};

/// How often the web configuration and its certificates are looked at.
const WEB_INTERVAL: Duration = Duration::from_secs(1);

/// Tells systemd that the exporter listens. Without systemd there is nobody to tell.
pub(super) fn tell_ready() {
    let _ = sd_notify::notify(&[NotifyState::Ready]);
}

/// Tells systemd that the exporter ends.
pub(super) fn tell_stopping() {
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
}

/// Tells systemd's watchdog (`WatchdogSec`) twice in its time that all is well. Returns where there is none.
///
/// A task like all others: where the runtime's threads are stuck, it says nothing, and the exporter is started anew.
pub(super) async fn beat(site: Arc<Site>) {
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut ticks = interval((patience / 2).max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if site.is_well() {
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        }
    }
}

/// Signals that are waited for. Made before anybody is told that we run: an earlier signal would just kill.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub(super) fn new() -> Result<Self, String> {
        let on = |kind| signal(kind).map_err(|e| format!("cannot wait for signals: {e}"));
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            hangup: on(SignalKind::hangup())?,
        })
    }

    /// Returns with the first signal, whichever it is.
    #[cfg(feature = "demo")]
    pub(super) async fn any(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// Returns the name of the signal that ends the exporter. Reloads until then, on SIGHUP and when the file has changed,
/// and follows the target files. Whatever touches a file does so elsewhere: a signal never waits for one.
pub(super) async fn follow(mut signals: Signals, app: Arc<App>, every: Duration) -> &'static str {
    if !every.is_zero() {
        tokio::spawn(Arc::clone(&app).follow_configuration(every));
    }
    tokio::spawn(Arc::clone(&app).follow_targets());
    tokio::spawn(Arc::clone(&app).follow_results());
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => return "SIGTERM",
            _ = signals.interrupt.recv() => return "SIGINT",
            _ = signals.hangup.recv() => {}
        }
        let app = Arc::clone(&app);
        // A mistake is logged and counted where it is found.
        tokio::spawn(async move { app.read_again().await });
    }
}

async fn has_changed(named: &Arc<Named>) -> bool {
    let named = Arc::clone(named);
    let look = spawn_blocking(move || named.has_changed());
    look.await.unwrap_or(false)
}

/// Reads the web configuration again when it or one of its certificates has changed; never returns.
pub(super) async fn follow_web_config(control: Arc<AccessControl>, file: PathBuf, named: Named) {
    let named = Arc::new(named);
    let mut ticks = interval(WEB_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if has_changed(&named).await {
            let (control, file, named) = (Arc::clone(&control), file.clone(), Arc::clone(&named));
            // A defect in it is told where it breaks, and the old one stays.
            let _ = spawn_blocking(move || reload_web_config(&control, &file, &named)).await;
        }
    }
}

fn reload_web_config(control: &AccessControl, file: &Path, named: &Named) {
    let (config, loaded) = web_config(file);
    match config {
        Ok(config) => {
            control.replace(config.access);
            named.in_force(loaded);
            tracing::info!("web configuration reloaded");
        }
        Err(mistake) => {
            named.refused(loaded);
            tracing::error!(mistake, "web configuration not reloaded, the old one stays");
        }
    }
}

/// Reads the web configuration and logs what is odd about it.
pub(super) fn web_config(file: &Path) -> (Result<WebConfig, String>, Loaded) {
    let (config, loaded) = recorded(LastGood::default(), || WebConfig::load(file));
    let config = config.map_err(|e| plain(&e.to_string(), 1000));
    for warning in config.iter().flat_map(|config| &config.warnings) {
        tracing::warn!("{warning}");
    }
    (config, loaded)
}
