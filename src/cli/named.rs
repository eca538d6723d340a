//! The files that a configuration names: whether one of them changed, and whether what each says is in force.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::config::{FileKind, NamedFile, Stamp, stamp};
use crate::counters::Counters;

/// Kinds of files that the configuration names, itself among them; files with targets are counted by themselves.
pub(super) const OF_CONFIG: &[FileKind] = &[
    FileKind::Config,
    FileKind::Roots,
    FileKind::Crl,
    FileKind::ClientCertificate,
    FileKind::TrustAnchor,
];

/// The same of the web configuration.
pub(super) const OF_WEB_CONFIG: &[FileKind] = &[FileKind::WebConfig, FileKind::WebCertificate];

/// The files of one configuration.
pub(super) struct Named {
    kinds: &'static [FileKind],
    /// What relative paths are relative to.
    base: PathBuf,
    counters: Counters,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What is in force was read from these.
    files: Vec<NamedFile>,
    /// How they looked when they were last read, with whatever success.
    tried: Vec<Option<Stamp>>,
}

impl Named {
    /// The files that `file` and what it names were read from.
    pub(super) fn new(
        kinds: &'static [FileKind],
        file: &Path,
        counters: Counters,
        read: Vec<NamedFile>,
    ) -> Self {
        let named = Self {
            kinds,
            base: file.parent().unwrap_or(file).to_owned(),
            counters,
            state: Mutex::default(),
        };
        named.in_force(read);
        named
    }

    /// What was read from these is in force now.
    pub(super) fn in_force(&self, mut read: Vec<NamedFile>) {
        read.retain(|file| self.kinds.contains(&file.kind));
        let mut state = self.state();
        state.tried = read.iter().map(|file| file.stamp).collect();
        state.files = read;
        self.count(&state);
    }

    /// What they say now is not in force. Of those that look as before, what they say is.
    pub(super) fn refused(&self) {
        let mut state = self.state();
        state.tried = look(&state.files);
        self.count(&state);
    }

    /// Whether one of them looks different from when it was last read. May take a while.
    pub(super) fn has_changed(&self) -> bool {
        let state = self.state();
        look(&state.files) != state.tried
    }

    fn count(&self, state: &State) {
        for kind in self.kinds {
            let files = state.files.iter().zip(&state.tried);
            let of_kind = files.filter(|(file, _)| file.kind == *kind);
            let told = of_kind.map(|(file, tried)| {
                let is_in_force = file.stamp.is_some() && *tried == file.stamp;
                (self.name(file), is_in_force, None)
            });
            self.counters
                .files(kind.as_str(), &told.collect::<Vec<_>>());
        }
    }

    /// As configured: relative where it was.
    fn name(&self, file: &NamedFile) -> String {
        let path = match file.kind {
            FileKind::Config | FileKind::WebConfig => file.path.as_path(),
            _ => file.path.strip_prefix(&self.base).unwrap_or(&file.path),
        };
        path.display().to_string()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn look(files: &[NamedFile]) -> Vec<Option<Stamp>> {
    files.iter().map(|file| stamp(&file.path)).collect()
}
