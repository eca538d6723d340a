//! What is remembered of all domains, in memory and, where there is a file for it, on disk.

use std::path::Path;
use std::sync::Arc;

use tokio::time::Instant;

use super::known_policies::KnownPolicies;
use super::remembered::Remembered;
use super::state_file::StateFile;
use super::store::DomainAt;
use crate::facts::published::PolicyDocument;
use crate::timestamp::Timestamp;

/// The policies of all domains.
#[derive(Default)]
pub struct PolicyMemory {
    known: Arc<KnownPolicies>,
    file: StateFile,
}

impl PolicyMemory {
    /// What was remembered in a directory, as soon as it is read. Where that is of no use a line in the log says why, and
    /// policies are remembered as long as the process runs.
    pub fn open(directory: Option<&Path>, now: Timestamp) -> Self {
        Self::over(Arc::default(), directory, false, now)
    }

    /// The same memory in another directory, with what was remembered there, or in none. The former file is closed.
    pub fn moved(&self, directory: Option<&Path>, now: Timestamp) -> Self {
        self.file.close();
        Self::over(Arc::clone(&self.known), directory, true, now)
    }

    fn over(
        known: Arc<KnownPolicies>,
        directory: Option<&Path>,
        is_late: bool,
        now: Timestamp,
    ) -> Self {
        let open = |directory: &Path| StateFile::open(directory.to_owned(), &known, is_late, now);
        let file = directory.map(open).unwrap_or_default();
        Self { known, file }
    }

    /// When what was remembered on disk was read, if somebody looked before without it.
    pub fn read_late(&self) -> Option<Instant> {
        self.file.read_late()
    }

    /// What is remembered of a domain.
    pub async fn of(&self, at: &DomainAt) -> Remembered {
        self.file.opened().await;
        self.known.of(at)
    }

    /// Takes in what the policy host serves; returns when that is written, or the disk does not answer.
    pub(super) async fn see(
        &self,
        at: &DomainAt,
        id: &str,
        served: impl IntoIterator<Item = &PolicyDocument>,
        now: Timestamp,
    ) -> Remembered {
        self.file.opened().await;
        self.known.see(at, id, served, now);
        self.file.save(&self.known, now).await;
        self.known.of(at)
    }
}
