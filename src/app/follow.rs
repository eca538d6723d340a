//! Changed files to reloads, for as long as the program runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::state::App;

/// How often the target files are looked at: some calls of stat(2).
const TARGETS_INTERVAL: Duration = Duration::from_secs(5);

impl App {
    /// Reads the configuration again when it has changed, looking so often; never returns.
    pub async fn follow_configuration(self: Arc<Self>, every: Duration) {
        let mut ticks = ticks(every);
        loop {
            ticks.tick().await;
            let app = Arc::clone(&self);
            let look = self.archive.work(move || app.reader.has_changed());
            if look.await.unwrap_or(false) {
                // A mistake is logged and counted where it is found.
                let _ = self.read_again().await;
            }
        }
    }

    /// Watches other targets when those are listed that may change without the configuration; never returns.
    pub async fn follow_targets(self: Arc<Self>) {
        let mut ticks = ticks(TARGETS_INTERVAL);
        loop {
            ticks.tick().await;
            let app = Arc::clone(&self);
            self.archive.work(move || app.look_at_targets()).await;
        }
    }

    fn look_at_targets(&self) {
        if let Some(targets) = self.reader.targets() {
            self.in_force().rounds.watch(targets);
        }
    }
}

fn ticks(every: Duration) -> Interval {
    let mut ticks = interval(every.max(Duration::from_millis(100)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
