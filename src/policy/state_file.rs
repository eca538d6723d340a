//! A file on disk to what is written there, on threads where it may hang: nobody waits for it longer than a moment.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout};

use super::known_policies::KnownPolicies;
use super::settings::RETRY;
use super::store::Store;
use crate::timestamp::Timestamp;

/// How long anybody waits for the file system. Once it took longer nobody waits until it answers.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whoever has it is at the file, and may hang there.
type Turn = OwnedMutexGuard<Slot>;

/// Where policies outlive the process, if there is such a file.
#[derive(Default)]
pub(super) struct StateFile {
    slot: Arc<Mutex<Slot>>,
    condition: Arc<Condition>,
}

/// A file, open or still wanted.
#[derive(Default)]
struct Slot {
    store: Option<Store>,
    wanted: Option<Wanted>,
}

/// A file that could not be opened, which may be possible later: a directory that is not mounted yet.
struct Wanted {
    directory: PathBuf,
    tried: Instant,
}

#[derive(Default)]
struct Condition {
    /// Nothing comes back from it.
    is_silent: AtomicBool,
    /// Nobody wants it any more.
    is_closed: AtomicBool,
    /// Said once: a full disk would be told of every few minutes.
    has_complained: AtomicBool,
    /// It could not be opened.
    is_useless: AtomicBool,
    /// When it was read, if others had not waited for that.
    read_late: OnceLock<Instant>,
}

impl StateFile {
    /// Opens a file in this directory, and lets `known` join what it has, in a thread. A line in the log says why it is
    /// of no use. `is_late`: somebody looked before without it.
    pub(super) fn open(
        directory: PathBuf,
        known: &Arc<KnownPolicies>,
        is_late: bool,
        now: Timestamp,
    ) -> Self {
        let file = Self::default();
        // Nobody else knows it yet.
        let Ok(mut turn) = Arc::clone(&file.slot).try_lock_owned() else {
            return file;
        };
        turn.wanted = Some(Wanted {
            directory,
            tried: Instant::now(),
        });
        let (known, condition) = (Arc::clone(known), Arc::clone(&file.condition));
        let opening = move || condition.open(&mut turn, &known, is_late, now);
        if let Err(why) = thread::Builder::new().spawn(opening) {
            file.condition.useless(&why.to_string());
        }
        file
    }

    /// Returns when what the file has is known, or not to be waited for.
    pub(super) async fn opened(&self) {
        drop(self.turn().await);
    }

    /// When the file was read, if somebody looked before without it.
    pub(super) fn read_late(&self) -> Option<Instant> {
        self.condition.read_late.get().copied()
    }

    /// Has all written that is not there yet; returns when it is, or not to be waited for. A file that could not be
    /// opened is tried again now and then.
    pub(super) async fn save(&self, known: &Arc<KnownPolicies>, now: Timestamp) {
        let Some(mut turn) = self.turn().await else {
            return;
        };
        let is_due = |wanted: &Wanted| wanted.tried.elapsed() >= RETRY;
        if turn.store.is_none() && !turn.wanted.as_ref().is_some_and(is_due) {
            return;
        }
        let (known, condition) = (Arc::clone(known), Arc::clone(&self.condition));
        let writing = tokio::task::spawn_blocking(move || match turn.store {
            Some(_) => {
                condition.write(&mut turn, &known);
                condition.answers();
            }
            None => condition.open(&mut turn, &known, true, now),
        });
        if timeout(PATIENCE, writing).await.is_err() {
            self.condition.does_not_answer();
        }
    }

    async fn turn(&self) -> Option<Turn> {
        let patience = match self.condition.is_silent.load(Ordering::Acquire) {
            true => Duration::ZERO,
            false => PATIENCE,
        };
        let turn = timeout(patience, Arc::clone(&self.slot).lock_owned()).await;
        if turn.is_err() {
            self.condition.does_not_answer();
        }
        turn.ok()
    }

    /// Has the file closed, so that others may open it; who is at it ends first.
    pub(super) fn close(&self) {
        self.condition.is_closed.store(true, Ordering::Release);
        let Ok(mut turn) = Arc::clone(&self.slot).try_lock_owned() else {
            return;
        };
        turn.wanted = None;
        // To close is to write.
        if let Some(store) = turn.store.take() {
            let closing = thread::Builder::new().spawn(move || {
                drop(store);
                drop(turn);
            });
            drop(closing);
        }
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        self.close();
    }
}

impl Condition {
    fn open(&self, slot: &mut Slot, known: &KnownPolicies, is_late: bool, now: Timestamp) {
        let Some(wanted) = &mut slot.wanted else {
            return;
        };
        wanted.tried = Instant::now();
        match Store::open(&wanted.directory, now) {
            Ok((store, earlier)) => {
                known.join(earlier, now);
                *slot = Slot {
                    store: Some(store),
                    wanted: None,
                };
                self.write(slot, known);
                if self.answers() || is_late {
                    let _ = self.read_late.set(Instant::now());
                }
                if self.is_useless.swap(false, Ordering::Relaxed) {
                    tracing::info!("state_directory is of use now");
                }
            }
            Err(why) => self.useless(&why),
        }
    }

    fn write(&self, slot: &mut Slot, known: &KnownPolicies) {
        let Some(store) = &mut slot.store else { return };
        let unsaved = known.take_unsaved();
        if let Err(why) = store.save(&unsaved) {
            known.give_back(unsaved);
            if !self.has_complained.swap(true, Ordering::Relaxed) {
                tracing::warn!(%why, "state_directory cannot be written: MTA-STS policies are remembered until this process ends");
            }
        }
        if self.is_closed.load(Ordering::Acquire) {
            slot.store = None;
        }
    }

    fn does_not_answer(&self) {
        if !self.is_silent.swap(true, Ordering::AcqRel) {
            tracing::warn!(
                "state_directory does not answer: until it does MTA-STS policies are remembered in memory alone"
            );
        }
    }

    /// Said once, however often it is tried.
    fn useless(&self, why: &str) {
        if !self.is_useless.swap(true, Ordering::Relaxed) {
            tracing::warn!(%why, "state_directory is of no use: MTA-STS policies are remembered until this process ends, or it can be opened");
        }
    }

    /// Whether it did not before.
    fn answers(&self) -> bool {
        let was_silent = self.is_silent.swap(false, Ordering::AcqRel);
        if was_silent {
            tracing::info!("state_directory answers again");
        }
        was_silent
    }
}

#[cfg(test)]
mod tests {
    use super::super::remembered::tests::document;
    use super::super::store::DomainAt;
    use super::*;

    const NOW: Timestamp = Timestamp(1_780_272_000);

    fn at(domain: &str) -> DomainAt {
        DomainAt {
            domain: domain.into(),
            view: "v".into(),
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_a_disk_that_hangs_and_nothing_is_lost() {
        let directory = tempfile::tempdir().unwrap();
        let open = || {
            let known = Arc::new(KnownPolicies::default());
            let file = StateFile::open(directory.path().to_owned(), &known, false, NOW);
            (known, file)
        };
        let (known, file) = open();
        file.opened().await;
        let hanging = Arc::clone(&file.slot).lock_owned().await;
        for (domain, longest) in [("a.test", 2 * PATIENCE), ("b.test", PATIENCE / 2)] {
            known.see(
                &at(domain),
                "1",
                [&document("enforce", "mx.test", 86_400)],
                NOW,
            );
            let begun = Instant::now();
            file.save(&known, NOW).await;
            assert!(begun.elapsed() < longest, "{domain}");
        }
        drop(hanging);
        known.see(
            &at("c.test"),
            "1",
            [&document("enforce", "mx.test", 86_400)],
            NOW,
        );
        file.save(&known, NOW).await;
        assert!(!file.condition.is_silent.load(Ordering::Relaxed));
        assert_eq!(file.read_late(), None, "it was read in time");
        drop(file);
        loop {
            let (known, file) = open();
            file.opened().await;
            // The former may still be closing.
            if file.slot.lock().await.store.is_some() {
                let domains = ["a.test", "b.test", "c.test"];
                return assert!(
                    domains
                        .iter()
                        .all(|one| known.of(&at(one)).current.is_some())
                );
            }
        }
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the test is the disk")]
    async fn a_directory_that_comes_later_is_used_then() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("not-mounted-yet");
        let known = Arc::new(KnownPolicies::default());
        let file = StateFile::open(directory.clone(), &known, false, NOW);
        file.opened().await;
        let policy = document("enforce", "mx.test", 86_400);
        known.see(&at("a.test"), "1", [&policy], NOW);
        file.save(&known, NOW).await;
        std::fs::create_dir(&directory).unwrap();
        file.save(&known, NOW).await;
        assert!(!directory.join("policies.sqlite").exists(), "not at once");
        tokio::time::pause();
        tokio::time::advance(RETRY).await;
        tokio::time::resume();
        file.save(&known, NOW).await;
        assert!(file.read_late().is_some(), "others looked without it");
        drop(file);
        loop {
            let known = Arc::new(KnownPolicies::default());
            let file = StateFile::open(directory.clone(), &known, false, NOW);
            file.opened().await;
            // The former may still be closing.
            if file.slot.lock().await.store.is_some() {
                return assert!(known.of(&at("a.test")).current.is_some());
            }
        }
    }
}
