//! How long answers took to write lately, so that the next one is begun early enough to be there in time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Milliseconds from the end of the waiting to the end of the answer: the worst of late, slowly forgotten.
#[derive(Debug, Default)]
pub(super) struct Pace(AtomicU64);

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

    /// What to reserve for the next one: a quarter more.
    pub(super) fn needed(&self) -> Duration {
        let last = self.0.load(Ordering::Relaxed);
        Duration::from_millis(last + last / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_remembered_for_a_while() {
        let pace = Pace::default();
        assert_eq!(pace.needed(), Duration::ZERO);
        pace.took(Duration::from_millis(800));
        assert_eq!(pace.needed(), Duration::from_secs(1));
        pace.took(Duration::ZERO);
        assert_eq!(pace.needed(), Duration::from_millis(875));
        for _ in 0..100 {
            pace.took(Duration::ZERO);
        }
        assert_eq!(pace.needed(), Duration::ZERO);
        pace.took(Duration::from_secs(3600));
        assert!(pace.needed() < Duration::from_secs(7));
    }
}
