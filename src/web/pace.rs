//! How long answers took to write lately, so that the next one is begun early enough to be there in time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Milliseconds from the end of the waiting to the end of the answer: the worst of late, slowly forgotten.
#[derive(Debug, Default)]
pub(super) struct Pace(AtomicU64);

/// What an endpoint takes in an answer while nothing is known: twice of what was measured.
const EACH: Duration = Duration::from_micros(80);

/// No hiccup takes more than this from the scrapes that follow.
const MOST: u64 = 5000;

impl Pace {
    /// An answer took so long.
    pub(super) fn took(&self, time: Duration) {
        let now = u64::try_from(time.as_millis()).unwrap_or(MOST).min(MOST);
        let forget = |last: u64| Some(now.max(last - last.div_ceil(8)));
        // The closure always returns a value, so that the update cannot fail.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, forget);
    }

    /// What to reserve for the next one about so many endpoints: twice of that, because who else is busy on the machine
    /// changes from one scrape to the next. Before anything is known, what a slow machine needs.
    pub(super) fn needed(&self, endpoints: usize) -> Duration {
        let last = self.0.load(Ordering::Relaxed);
        let guess = EACH.saturating_mul(u32::try_from(endpoints).unwrap_or(u32::MAX));
        Duration::from_millis(2 * last).max(guess.min(Duration::from_millis(MOST)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_remembered_for_a_while() {
        let pace = Pace::default();
        assert_eq!(pace.needed(10), Duration::from_micros(800));
        pace.took(Duration::from_millis(800));
        assert_eq!(pace.needed(10), Duration::from_millis(1600));
        pace.took(Duration::ZERO);
        assert_eq!(pace.needed(10), Duration::from_millis(1400));
        for _ in 0..100 {
            pace.took(Duration::ZERO);
        }
        assert_eq!(pace.needed(0), Duration::ZERO);
        assert_eq!(pace.needed(usize::MAX), Duration::from_millis(MOST));
        pace.took(Duration::from_secs(3600));
        assert_eq!(pace.needed(0), Duration::from_millis(2 * MOST));
    }
}
