//! Who is connected, and who has to leave for whom; knows no sockets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::{Duration, Instant};

use super::client::Client;

/// The places for connections. When all are taken, the guest that has been silent longest leaves for the next; nobody
/// does who is being answered, or who has not had the time to say what it wants.
pub(super) struct Guests {
    most: usize,
    /// The most of them for one client.
    share: usize,
    /// How long everybody may stay silent.
    courtesy: Duration,
    inside: Mutex<Inside>,
    left: Notify,
}

#[derive(Default)]
struct Inside {
    next: u64,
    guests: HashMap<u64, Guest>,
    of_client: HashMap<Client, usize>,
}

struct Guest {
    client: Client,
    /// Answers that it is being given.
    answers: u32,
    /// Since it came, or since its last answer.
    silent_since: Instant,
    leave: Arc<Notify>,
}

/// Why somebody does not come in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// The client is being answered on all connections that it may have.
    Share,
    /// Everybody is being answered.
    House,
    /// Whoever would have to leave came, or got its answer, only now, and may stay until then.
    Until(Instant),
}

/// One client of so many may take this part of the places.
const SHARES: usize = 4;

/// So long everybody may stay silent. Else those who come back as soon as they are sent away would send away everybody
/// else before the first byte is read.
const COURTESY: Duration = Duration::from_millis(100);

/// But of the guests of one client, one may be sent away each so long: the next wait in line for at most a second.
const TURN: Duration = Duration::from_millis(1);

impl Guests {
    pub(super) fn new(most: usize) -> Self {
        let share = (most / SHARES).max(1);
        let turns = u32::try_from(share).unwrap_or(u32::MAX);
        Self {
            most,
            share,
            courtesy: TURN.saturating_mul(turns).min(COURTESY),
            inside: Mutex::default(),
            left: Notify::new(),
        }
    }

    /// Takes a place, from somebody silent if there is no other.
    pub(super) fn admit(self: &Arc<Self>, client: Client) -> Result<Visit, Full> {
        let mut inside = self.inside();
        if inside.of_client.get(&client).copied().unwrap_or(0) >= self.share {
            let of_client = |guest: &Guest| guest.client == client;
            inside.dismiss_silent(self.courtesy, of_client, Full::Share)?;
        }
        if inside.guests.len() >= self.most {
            inside.dismiss_silent(self.courtesy, |_| true, Full::House)?;
        }
        let (id, leave) = (inside.next, Arc::new(Notify::new()));
        inside.next += 1;
        *inside.of_client.entry(client).or_default() += 1;
        let guest = Guest {
            client,
            answers: 0,
            silent_since: Instant::now(),
            leave: Arc::clone(&leave),
        };
        inside.guests.insert(id, guest);
        Ok(Visit {
            guests: Arc::clone(self),
            client,
            id,
            leave,
        })
    }

    /// Ends when somebody has left or fallen silent since this was called.
    pub(super) fn room(&self) -> Notified<'_> {
        self.left.notified()
    }

    /// Returns when nobody is left.
    pub(super) async fn all_gone(&self) {
        loop {
            let left = self.left.notified();
            if self.inside().guests.is_empty() {
                return;
            }
            left.await;
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// Sends away whoever has been silent longest of those meant; `full` if nobody of them is silent.
    fn dismiss_silent(
        &mut self,
        courtesy: Duration,
        is_meant: impl Fn(&Guest) -> bool,
        full: Full,
    ) -> Result<(), Full> {
        let silent = |(_, guest): &(&u64, &Guest)| guest.answers == 0 && is_meant(guest);
        let guests = self.guests.iter().filter(silent);
        let longest = guests.min_by_key(|(id, guest)| (guest.silent_since, **id));
        let Some((&id, guest)) = longest else {
            return Err(full);
        };
        let until = guest.silent_since + courtesy;
        if Instant::now() < until {
            return Err(Full::Until(until));
        }
        if let Some(guest) = self.forget(id) {
            guest.leave.notify_one();
        }
        Ok(())
    }

    fn forget(&mut self, id: u64) -> Option<Guest> {
        let guest = self.guests.remove(&id)?;
        if let Some(count) = self.of_client.get_mut(&guest.client) {
            *count -= 1;
            if *count == 0 {
                self.of_client.remove(&guest.client);
            }
        }
        Some(guest)
    }
}

/// A place, given back when it is dropped.
pub(super) struct Visit {
    guests: Arc<Guests>,
    client: Client,
    id: u64,
    leave: Arc<Notify>,
}

impl Visit {
    pub(super) fn client(&self) -> Client {
        self.client
    }

    /// Returns when the place is needed for somebody else.
    pub(super) async fn dismissed(&self) {
        self.leave.notified().await;
    }

    /// What makes the guest leave.
    pub(super) fn leash(&self) -> Arc<Notify> {
        Arc::clone(&self.leave)
    }

    /// It is being answered until the guard is dropped.
    pub(super) fn answering(&self) -> Answering {
        if let Some(guest) = self.guests.inside().guests.get_mut(&self.id) {
            guest.answers += 1;
        }
        Answering {
            guests: Arc::clone(&self.guests),
            id: self.id,
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.guests.inside().forget(self.id);
        self.guests.left.notify_waiters();
    }
}

/// Somebody is being answered.
pub(super) struct Answering {
    guests: Arc<Guests>,
    id: u64,
}

impl Drop for Answering {
    fn drop(&mut self) {
        if let Some(guest) = self.guests.inside().guests.get_mut(&self.id) {
            guest.answers -= 1;
            guest.silent_since = Instant::now();
        }
        self.guests.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    fn client(nth: u8) -> Client {
        Client::at([192, 0, 2, nth].into())
    }

    async fn is_dismissed(visit: &Visit) -> bool {
        let soon = timeout(Duration::ZERO, visit.dismissed());
        soon.await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_silent_leaves_first_and_nobody_who_is_answered() {
        let guests = Arc::new(Guests::new(4));
        let mut inside = Vec::new();
        for nth in 0..4 {
            inside.push(guests.admit(client(nth)).unwrap());
            advance(Duration::from_secs(1)).await;
        }
        let answering = inside[0].answering();
        drop(inside[1].answering());
        let newcomer = guests.admit(client(9)).unwrap();
        let mut dismissed = Vec::new();
        for visit in &inside {
            dismissed.push(is_dismissed(visit).await);
        }
        assert_eq!(dismissed, [false, false, true, false]);
        assert!(!is_dismissed(&newcomer).await);
        drop(answering);
    }

    #[tokio::test(start_paused = true)]
    async fn one_client_takes_no_more_than_its_share() {
        let guests = Arc::new(Guests::new(8));
        let other = guests.admit(client(1)).unwrap();
        let first = guests.admit(client(2)).unwrap();
        let second = guests.admit(client(2)).unwrap();
        let soon = Instant::now() + guests.courtesy;
        assert_eq!(guests.admit(client(2)).err(), Some(Full::Until(soon)));
        advance(COURTESY).await;
        let third = guests.admit(client(2)).unwrap();
        assert!(is_dismissed(&first).await && !is_dismissed(&other).await);
        let answering = (second.answering(), third.answering());
        assert_eq!(guests.admit(client(2)).err(), Some(Full::Share));
        drop(answering);
        advance(COURTESY).await;
        assert!(guests.admit(client(2)).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn when_everybody_is_answered_the_next_waits_for_one_to_end() {
        let guests = Arc::new(Guests::new(1));
        let visit = guests.admit(client(1)).unwrap();
        let answering = visit.answering();
        assert_eq!(guests.admit(client(2)).err(), Some(Full::House));
        let room = guests.room();
        drop(answering);
        room.await;
        advance(COURTESY).await;
        assert!(guests.admit(client(2)).is_ok());
        drop(visit);
        guests.all_gone().await;
    }
}
