//! One result and at most one flight a key: who boards a flight that is under way waits for it, nobody flies twice.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::locked::lock;

struct Slot<V> {
    /// With the moment from which its age counts.
    last: Option<(V, Instant)>,
    flight: Option<watch::Receiver<()>>,
}

type Slots<K, V> = Arc<Mutex<HashMap<K, Slot<V>>>>;

/// The last result of every key, and the flights under way.
pub(super) struct SingleFlight<K, V> {
    slots: Slots<K, V>,
}

/// The same flights under another name.
impl<K, V> Clone for SingleFlight<K, V> {
    fn clone(&self) -> Self {
        Self {
            slots: Arc::clone(&self.slots),
        }
    }
}

impl<K, V> Default for SingleFlight<K, V> {
    fn default() -> Self {
        Self {
            slots: Arc::default(),
        }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> SingleFlight<K, V> {
    /// Joins the flight for `key`, or launches one if the last result is not younger than `max_age`. `None` when
    /// the last result is young enough.
    pub(super) fn board(
        &self,
        key: &K,
        max_age: Duration,
        launch: impl FnOnce(Ticket<K, V>),
    ) -> Option<Landing> {
        let mut slots = lock(&self.slots);
        let slot = slots.entry(key.clone()).or_insert(Slot {
            last: None,
            flight: None,
        });
        if let Some(flight) = &slot.flight {
            return Some(Landing(flight.clone()));
        }
        if slot
            .last
            .as_ref()
            .is_some_and(|(_, at)| at.elapsed() < max_age)
        {
            return None;
        }
        let (sender, receiver) = watch::channel(());
        slot.flight = Some(receiver.clone());
        drop(slots);
        launch(Ticket {
            key: key.clone(),
            slots: Arc::clone(&self.slots),
            sender,
        });
        Some(Landing(receiver))
    }

    /// The last result.
    pub(super) fn last(&self, key: &K) -> Option<V> {
        let slots = lock(&self.slots);
        slots
            .get(key)?
            .last
            .as_ref()
            .map(|(value, _)| value.clone())
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        lock(&self.slots).len()
    }

    /// How many keys have a result.
    pub(super) fn landed(&self) -> usize {
        lock(&self.slots)
            .values()
            .filter(|s| s.last.is_some())
            .count()
    }

    /// Forgets the keys that are not kept, unless a flight is under way there: it may have begun since who asks looked.
    pub(super) fn retain(&self, keep: impl Fn(&K) -> bool) {
        lock(&self.slots).retain(|key, slot| slot.flight.is_some() || keep(key));
    }

    /// Forgets the keys that are not kept; a flight that is under way there lands nowhere.
    pub(super) fn keep_only(&self, keep: impl Fn(&K) -> bool) {
        lock(&self.slots).retain(|key, _| keep(key));
    }
}

/// The right to bring the result of a flight. Dropped without a result, it ends the flight all the same.
pub(super) struct Ticket<K: Eq + Hash, V> {
    key: K,
    slots: Slots<K, V>,
    /// Wakes all who wait when it is dropped, which is after the result is in its place.
    sender: watch::Sender<()>,
}

impl<K: Eq + Hash, V> Ticket<K, V> {
    /// Brings the result of a question that was asked at this moment: so old it is.
    pub(super) fn land(self, value: V, asked: Instant) {
        self.at_home(|slot| slot.last = Some((value, asked)));
    }

    /// Another flight may have been launched for the same key after this one was forgotten.
    fn at_home(&self, change: impl FnOnce(&mut Slot<V>)) {
        let mut slots = lock(&self.slots);
        let own = self.sender.subscribe();
        let slot = slots.get_mut(&self.key);
        if let Some(slot) =
            slot.filter(|slot| slot.flight.as_ref().is_some_and(|f| f.same_channel(&own)))
        {
            change(slot);
        }
    }
}

impl<K: Eq + Hash, V> Drop for Ticket<K, V> {
    fn drop(&mut self) {
        self.at_home(|slot| slot.flight = None);
    }
}

/// The end of a flight, to be waited for.
pub(super) struct Landing(watch::Receiver<()>);

impl Landing {
    /// Returns when the flight has ended, with or without a result.
    pub(super) async fn wait(mut self) {
        // Nothing is ever sent: the channel closes when the ticket is gone.
        while self.0.changed().await.is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn land(ticket: Ticket<&str, u32>, value: u32) {
        ticket.land(value, Instant::now());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_flies_twice() {
        let flights = SingleFlight::<&str, u32>::default();
        let mut tickets = Vec::new();
        let first = flights.board(&"mx", MINUTE, |t| tickets.push(t)).unwrap();
        let second = flights.board(&"mx", MINUTE, |t| tickets.push(t)).unwrap();
        assert_eq!(tickets.len(), 1);
        land(tickets.pop().unwrap(), 7);
        first.wait().await;
        second.wait().await;
        assert_eq!(flights.last(&"mx"), Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn a_young_result_is_served_again_and_an_old_one_renewed() {
        let flights = SingleFlight::<&str, u32>::default();
        drop(flights.board(&"mx", MINUTE, |t| land(t, 1)));
        let never = |_: Ticket<_, _>| panic!("the result is young");
        assert!(flights.board(&"mx", MINUTE, never).is_none());
        tokio::time::advance(MINUTE).await;
        drop(flights.board(&"mx", MINUTE, |t| land(t, 2)));
        assert_eq!(flights.last(&"mx"), Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_result_is_as_old_as_the_question() {
        let flights = SingleFlight::<&str, u32>::default();
        let asked = Instant::now();
        tokio::time::advance(MINUTE / 2).await;
        drop(flights.board(&"mx", MINUTE, |t| t.land(1, asked)));
        tokio::time::advance(MINUTE / 2).await;
        assert!(flights.board(&"mx", MINUTE, |t| land(t, 2)).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_flight_that_breaks_keeps_the_last_result_and_wakes_all() {
        let flights = SingleFlight::<&str, u32>::default();
        drop(flights.board(&"mx", Duration::ZERO, |t| land(t, 1)));
        let landing = flights.board(&"mx", Duration::ZERO, drop).unwrap();
        landing.wait().await;
        assert_eq!(flights.last(&"mx"), Some(1));
        assert!(flights.board(&"mx", Duration::ZERO, drop).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_gone_is_forgotten() {
        let flights = SingleFlight::<&str, u32>::default();
        drop(flights.board(&"mx", MINUTE, |t| land(t, 1)));
        flights.retain(|key| *key != "mx");
        assert_eq!(flights.last(&"mx"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flight_that_was_forgotten_lands_nowhere() {
        let flights = SingleFlight::<&str, u32>::default();
        let mut late = None;
        drop(flights.board(&"mx", MINUTE, |t| late = Some(t)));
        flights.retain(|_| false);
        assert!(
            flights
                .board(&"mx", MINUTE, |_| panic!("it flies"))
                .is_some()
        );
        flights.keep_only(|_| false);
        let mut next = None;
        drop(flights.board(&"mx", MINUTE, |t| next = Some(t)));
        land(late.unwrap(), 1);
        assert_eq!(flights.last(&"mx"), None);
        land(next.unwrap(), 2);
        assert_eq!(flights.last(&"mx"), Some(2));
    }
}
