//! The files that a configuration names: whether one of them changed, and whether what each says is in force.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::config::{FileKey, FileKind, LastGood, Loaded, NamedFile, Stamp, stamp};
use crate::counters::Counters;

/// Kinds of files that the configuration names, itself among them; files with targets are counted by themselves.
pub(super) const OF_CONFIG: &[FileKind] = &[
    FileKind::Config,
    FileKind::Roots,
    FileKind::Crl,
    FileKind::ClientCertificate,
    FileKind::TrustAnchor,
    FileKind::ProxyPassword,
    FileKind::NextKey,
];

/// The same of the web configuration.
pub(super) const OF_WEB_CONFIG: &[FileKind] = &[FileKind::WebConfig, FileKind::WebCertificate];

/// Most files that are followed beside those of the last whole load; with one more, all is loaded again.
const MAX_JOINED: usize = 1000;

/// The files of one configuration.
pub(super) struct Named {
    kinds: &'static [FileKind],
    counters: Counters,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What is in force was read from these.
    files: BTreeMap<FileKey, NamedFile>,
    /// What they came to when they were last good.
    good: LastGood,
    /// How files looked when they were last read, with whatever success.
    tried: BTreeMap<FileKey, Option<Stamp>>,
    /// Files that were named since the last whole load.
    joined: usize,
}

impl Named {
    /// The files that a configuration and what it names were read from.
    pub(super) fn new(kinds: &'static [FileKind], counters: Counters, loaded: Loaded) -> Self {
        let named = Self {
            kinds,
            counters,
            state: Mutex::default(),
        };
        named.in_force(loaded);
        named
    }

    /// What files said when they were last good.
    pub(super) fn last_good(&self) -> LastGood {
        self.state().good.clone()
    }

    /// What was loaded is in force now, of broken files what they said before. Returns a line for each of those; what
    /// was not told before is logged.
    pub(super) fn in_force(&self, loaded: Loaded) -> Vec<String> {
        let mut state = self.state();
        let files = self.followed(loaded.files);
        let (before, kept) = (kept(&state.files), kept(&files));
        tell(kept.difference(&before));
        *state = State {
            tried: looks(&files),
            files,
            good: loaded.good,
            joined: 0,
        };
        self.count(&state);
        kept.into_iter().collect()
    }

    /// What was loaded is in force beside the rest. A file that is known and changed is left to the load of all that
    /// follows: others rely on it, too.
    pub(super) fn joined(&self, loaded: Loaded) {
        let files = self.followed(loaded.files);
        if files.is_empty() {
            return;
        }
        let mut state = self.state();
        let before = kept(&state.files);
        for (key, file) in files {
            state.join(key, file);
        }
        tell(kept(&state.files).difference(&before));
        state.good.extend(loaded.good);
        self.count(&state);
    }

    /// What was loaded is not in force. Of files that look as before, what they say is.
    pub(super) fn refused(&self, loaded: Loaded) {
        let tried = looks(&self.followed(loaded.files));
        let mut state = self.state();
        let others = state.files.keys().filter(|key| !tried.contains_key(*key));
        let others: Vec<_> = others.map(|key| (key.clone(), stamp(&key.1))).collect();
        state.tried = tried;
        state.tried.extend(others);
        self.count(&state);
    }

    /// Whether one of them looks different from when it was last read. May take a while.
    pub(super) fn has_changed(&self) -> bool {
        let state = self.state();
        let (tried, joined) = (state.tried.clone(), state.joined);
        drop(state);
        joined > MAX_JOINED || tried.iter().any(|((_, path), look)| stamp(path) != *look)
    }

    fn followed(&self, mut files: BTreeMap<FileKey, NamedFile>) -> BTreeMap<FileKey, NamedFile> {
        files.retain(|(kind, _), _| self.kinds.contains(kind));
        files
    }

    fn count(&self, state: &State) {
        for kind in self.kinds {
            let of_kind = state.files.iter().filter(|((other, _), _)| other == kind);
            let told = of_kind.map(|(key, file)| {
                let looked_so = state.tried.get(key).is_some_and(|look| *look == file.stamp);
                (file.written.clone(), file.is_good && looked_so, None)
            });
            self.counters
                .files(kind.as_str(), &told.collect::<Vec<_>>());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn join(&mut self, key: FileKey, file: NamedFile) {
        match self.files.get_mut(&key) {
            None => {
                self.joined += 1;
                self.tried.insert(key.clone(), file.stamp);
                self.files.insert(key, file);
            }
            // Broken it changes nothing for the others either.
            Some(known) if file.kept.is_some() => {
                known.kept = file.kept;
                self.tried.insert(key, file.stamp);
            }
            Some(_) => {}
        }
    }
}

fn looks(files: &BTreeMap<FileKey, NamedFile>) -> BTreeMap<FileKey, Option<Stamp>> {
    let files = files.iter();
    files.map(|(key, file)| (key.clone(), file.stamp)).collect()
}

/// What is wrong with files of which counts what they said before.
fn kept(files: &BTreeMap<FileKey, NamedFile>) -> BTreeSet<String> {
    files.values().filter_map(|f| f.kept.clone()).collect()
}

fn tell<'a>(lines: impl Iterator<Item = &'a String>) {
    for line in lines {
        tracing::error!("{line}");
    }
}
