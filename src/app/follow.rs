//! Changed files to reloads and to news, for as long as the program runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::state::App;
use crate::watch::{Part, Rounds};

/// How often target files and inventories are looked at: some calls of stat(2).
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

    /// Watches other targets, and tells what mail servers say now, when the files change that say so; never returns.
    pub async fn follow_targets(self: Arc<Self>) {
        let mut ticks = ticks(TARGETS_INTERVAL);
        loop {
            ticks.tick().await;
            let app = Arc::clone(&self);
            self.archive.work(move || app.look_at_targets()).await;
            let rounds = Arc::clone(&self.in_force().rounds);
            if self.look_inside(&rounds).await {
                let asked = rounds.begun();
                self.publish(&rounds, Part::Finished, asked).await;
            }
        }
    }

    /// Looks at what mail servers say of their inside; whether they say something else now.
    pub(super) async fn look_inside(&self, rounds: &Arc<Rounds>) -> bool {
        if !self.reader.follows_inside() {
            return false;
        }
        let (reader, rounds) = (Arc::clone(&self.reader), Arc::clone(rounds));
        let look = self.archive.work(move || {
            let tell = |facts| rounds.inventories().tell(facts);
            let inside = reader.inside(&mut |facts| {
                tell(facts);
                rounds.publish(Part::Finished, rounds.begun());
            });
            let is_new = inside.is_some();
            inside.into_iter().for_each(tell);
            is_new
        });
        look.await.unwrap_or(false)
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
