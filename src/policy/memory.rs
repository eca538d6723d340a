//! What is remembered of all domains, in memory and, where there is a place for it, on disk.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::remembered::Remembered;
use super::store::{DomainAt, Store};
use crate::facts::published::PolicyDocument;
use crate::timestamp::Timestamp;

/// The policies of all domains.
#[derive(Default)]
pub struct PolicyMemory {
    known: Mutex<HashMap<DomainAt, Remembered>>,
    store: Option<Arc<Store>>,
    /// Said once: a full disk would be told of every few minutes.
    has_complained: AtomicBool,
}

impl PolicyMemory {
    /// What was remembered in a directory. Where that is of no use a line in the log says why, and policies are
    /// remembered as long as the process runs.
    pub fn open(directory: Option<&Path>, now: Timestamp) -> Self {
        let Some(directory) = directory else {
            return Self::default();
        };
        match Store::open(directory, now) {
            Ok((store, known)) => Self {
                known: Mutex::new(known.into_iter().collect()),
                store: Some(Arc::new(store)),
                has_complained: AtomicBool::new(false),
            },
            Err(why) => {
                tracing::warn!(%why, "state_directory is of no use: MTA-STS policies are remembered until this process ends");
                Self::default()
            }
        }
    }

    /// What is remembered of a domain.
    pub fn of(&self, at: &DomainAt) -> Remembered {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(at).cloned().unwrap_or_default()
    }

    /// Takes in what the policy host serves; returns when that is written.
    pub(super) async fn see(
        &self,
        at: &DomainAt,
        id: &str,
        served: impl IntoIterator<Item = &PolicyDocument>,
        now: Timestamp,
    ) -> Remembered {
        let now_known = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let known = known.entry(at.clone()).or_default();
            known.see(id, served, now);
            known.clone()
        };
        if let Some(store) = &self.store {
            let (store, at, known) = (Arc::clone(store), at.clone(), now_known.clone());
            let saving = tokio::task::spawn_blocking(move || store.save(&at, &known));
            if let Ok(Err(why)) = saving.await {
                self.complain(&why);
            }
        }
        now_known
    }

    fn complain(&self, why: &str) {
        if !self.has_complained.swap(true, Ordering::Relaxed) {
            tracing::warn!(%why, "state_directory cannot be written: MTA-STS policies are remembered until this process ends");
        }
    }
}
