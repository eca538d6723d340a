//! Turns for questions that have time: so many a second, whoever asks; knows nothing of what is asked.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// Questions a second about what is published, over all views.
pub(super) const A_SECOND: u32 = 50;

/// One turn after the other, none sooner than its time.
#[derive(Default)]
pub(super) struct Turns {
    /// Where those wait who have time.
    queue: Mutex<()>,
    /// When the next turn is.
    next: Mutex<Option<Instant>>,
}

impl Turns {
    /// Waits for a turn. Who is in a hurry waits for others who are, and for one of those who are not.
    pub(super) async fn turn(&self, is_urgent: bool) {
        let _place = match is_urgent {
            true => None,
            false => Some(self.queue.lock().await),
        };
        let mut next = self.next.lock().await;
        if let Some(at) = *next {
            sleep_until(at).await;
        }
        *next = Some(Instant::now() + Duration::from_secs(1) / A_SECOND);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_turns_and_who_is_in_a_hurry_comes_first() {
        let turns = Arc::new(Turns::default());
        let begun = Instant::now();
        let mut waiting = JoinSet::new();
        for _ in 0..500 {
            let turns = Arc::clone(&turns);
            waiting.spawn(async move {
                turns.turn(false).await;
                begun.elapsed()
            });
        }
        tokio::task::yield_now().await;
        turns.turn(true).await;
        assert!(begun.elapsed() <= Duration::from_millis(60));
        let mut at = waiting.join_all().await;
        at.sort_unstable();
        let second = Duration::from_secs(1);
        let full = |first: &Duration| {
            at.iter()
                .filter(|one| **one >= *first && **one < *first + second)
                .count()
        };
        assert!(at.iter().map(full).max() <= Some(50));
        assert!(at.last().is_some_and(|last| *last < 11 * second));
    }
}
