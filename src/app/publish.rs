//! Rounds to published snapshots: when one is made, and where.

use std::sync::Arc;
use std::time::Duration;

use tokio::join;
use tokio::time::{Instant, sleep, timeout_at};

use super::state::App;
use crate::watch::{Part, Published, Rounds};

/// What a round came to.
pub struct Round {
    /// What is known after it.
    pub published: Published,
    /// Its deadline came before all was in.
    pub is_late: bool,
}

/// Whoever waits for results waits no longer than this for files that are looked at meanwhile.
const FILES: Duration = Duration::from_secs(2);
/// Results for which nobody waits are published together that come within this time.
const TOGETHER: Duration = Duration::from_millis(500);
/// And while nobody waits, publishing may take this part of the time.
const SHARE: u32 = 20;

impl App {
    /// Probes what is due, and publishes what is in when all is, when the deadline has come, or soon when the program
    /// ends. `None` when that broke: what was published before is known to be old.
    pub async fn round(&self, rounds: &Arc<Rounds>, deadline: Instant) -> Option<Round> {
        let patience = deadline.min(Instant::now() + FILES);
        let probing = async {
            tokio::select! {
                all_in = rounds.catch_up(deadline) => !all_in,
                () = self.last_call() => false,
            }
        };
        let (is_late, _) = join!(probing, timeout_at(patience, self.look_inside(rounds)));
        let published = self.publish(rounds, Part::Everything).await?;
        Some(Round { published, is_late })
    }

    /// Publishes what comes in after everybody who waited for it has got an answer without it; never returns.
    pub async fn follow_results(self: Arc<Self>) {
        let mut news = self.in_force().rounds.news();
        // Whatever follows on these rounds tells its news here, too.
        while news.changed().await.is_ok() {
            sleep(TOGETHER).await;
            news.mark_unchanged();
            let begun = Instant::now();
            let rounds = Arc::clone(&self.in_force().rounds);
            self.publish(&rounds, Part::Finished).await;
            sleep(begun.elapsed() * SHARE).await;
        }
    }

    pub(super) async fn publish(&self, rounds: &Arc<Rounds>, part: Part) -> Option<Published> {
        let (asked, rounds) = (rounds.begun(), Arc::clone(rounds));
        self.judging.work(move || rounds.publish(part, asked)).await
    }
}
