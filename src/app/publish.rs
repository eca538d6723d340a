//! Rounds to published snapshots: when one is made, and where.

use std::sync::Arc;
use std::time::Duration;

use tokio::join;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

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
/// So long the log may have to wait for them while somebody waits for a round.
const LONGEST: Duration = Duration::from_secs(15);
/// And while nobody waits, publishing may take this part of the time.
const SHARE: u32 = 20;

impl App {
    /// Probes what is due, and publishes what is in when all is, when the deadline has come, or soon when the program
    /// ends. `None` when that broke: what was published before is known to be old.
    pub async fn round(&self, rounds: &Arc<Rounds>, deadline: Instant) -> Option<Round> {
        let _waiting = self.wait();
        let patience = deadline.min(Instant::now() + FILES);
        let probing = async {
            tokio::select! {
                all_in = rounds.catch_up(deadline) => !all_in,
                () = self.last_call() => false,
            }
        };
        let (is_late, _) = join!(probing, timeout_at(patience, self.look_inside(rounds)));
        let asked = rounds.begun();
        let published = self.publish(rounds, Part::Everything, asked).await?;
        Some(Round { published, is_late })
    }

    /// Publishes what comes in after everybody who waited for it has got an answer without it; never returns.
    pub async fn follow_results(self: Arc<Self>) {
        let mut news = self.in_force().rounds.news();
        // Whatever follows on these rounds tells its news here, too.
        while news.changed().await.is_ok() {
            sleep(TOGETHER).await;
            news.mark_unchanged();
            let asked = self.in_force().rounds.begun();
            self.nobody_waits().await;
            let begun = Instant::now();
            let rounds = Arc::clone(&self.in_force().rounds);
            // Of two rounds, those that follow count from the beginning.
            let asked = asked.min(rounds.begun());
            self.publish(&rounds, Part::Finished, asked).await;
            sleep(begun.elapsed() * SHARE).await;
        }
    }

    /// Somebody waits for a round until what is returned is dropped.
    fn wait(&self) -> impl Drop {
        self.waiting.send_modify(|count| *count += 1);
        Waiter(self.waiting.clone())
    }

    /// Returns when nobody waits for a round, or has for too long: what it publishes need not be published before.
    async fn nobody_waits(&self) {
        let mut waiting = self.waiting.subscribe();
        // The sender is ours.
        let _ = timeout(LONGEST, waiting.wait_for(|count| *count == 0)).await;
    }

    pub(super) async fn publish(
        &self,
        rounds: &Arc<Rounds>,
        part: Part,
        asked: u64,
    ) -> Option<Published> {
        let rounds = Arc::clone(rounds);
        self.judging.work(move || rounds.publish(part, asked)).await
    }
}

/// One who waits for a round.
struct Waiter(watch::Sender<usize>);

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
