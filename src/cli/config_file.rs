//! The configuration file and those that it names to what they come to, read again whenever somebody asks.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::named::{Named, OF_CONFIG};
use super::{hostname, rounds};
use crate::app::{Configured, Reader};
use crate::config::{
    Change, Config, FileState, InsideChange, InventoryFiles, Loaded, TargetFiles, recorded,
};
use crate::counters::Counters;
use crate::dns::Resolvers;
use crate::facts::inventory::InsideFacts;
use crate::watch::{Settings, Watched, system_clock};

/// A configuration file that was read once.
pub(super) struct ConfigFile {
    file: PathBuf,
    /// The files that it names, and itself.
    named: Named,
    target_files: Mutex<TargetFiles>,
    inventory_files: Mutex<InventoryFiles>,
    follows_inside: AtomicBool,
    /// Those in force.
    resolvers: Mutex<Resolvers>,
    counters: Counters,
}

impl Reader for ConfigFile {
    /// What the file says follows on what is in force: a file that it names and that is broken now still means what it
    /// said before.
    fn read(&self) -> Result<(Configured, Vec<String>), String> {
        let mut target_files = self.target_files();
        let (read, loaded) = recorded(self.named.last_good(), || {
            load_after(&self.file, Some(&target_files))
        });
        let (config, change) = match read {
            Ok(read) => read,
            Err(mistake) => {
                self.named.refused(loaded);
                return Err(mistake);
            }
        };
        let mut kept = self.named.in_force(loaded);
        tell(&change);
        count(&self.counters, &change.files);
        kept.extend(change.complaints);
        *target_files = config.target_files;
        let inside = self.follow_inside(config.inventory_files);
        let settings = rounds::affordable(config.settings);
        let configured = Configured {
            lookup: Arc::new(self.follow_names(&settings)),
            settings,
            on_request: config.on_request,
            shown: config.shown,
            inside,
        };
        Ok((configured, kept))
    }

    fn has_changed(&self) -> bool {
        self.named.has_changed()
    }

    fn targets(&self) -> Option<Vec<Watched>> {
        let mut files = self.target_files();
        if files.is_empty() {
            return None;
        }
        let (change, loaded) = recorded(self.named.last_good(), || files.look());
        self.named.joined(loaded);
        tell(&change);
        count(&self.counters, &change.files);
        let targets = change.targets?;
        tracing::info!(targets = targets.len(), "the target files changed");
        Some(targets)
    }

    fn follows_inside(&self) -> bool {
        self.follows_inside.load(Ordering::Relaxed)
    }

    fn inside(&self, part: &mut dyn FnMut(InsideFacts)) -> Option<InsideFacts> {
        let mut told = |change: InsideChange| {
            tell_of_inside(&change);
            change.facts.into_iter().for_each(&mut *part);
        };
        let mut files = self.inventory_files();
        let change = files.look_in_parts(system_clock(), &mut told);
        drop(files);
        tell_of_inside(&change);
        change.facts
    }
}

impl ConfigFile {
    /// A file that was read with this success.
    pub(super) fn new(
        file: PathBuf,
        (target_files, inventory_files): (TargetFiles, InventoryFiles),
        change: &Change,
        loaded: Loaded,
        resolvers: Resolvers,
        counters: Counters,
    ) -> Self {
        count(&counters, &change.files);
        Self {
            follows_inside: AtomicBool::new(!inventory_files.is_empty()),
            inventory_files: Mutex::new(inventory_files),
            file,
            named: Named::new(OF_CONFIG, counters.clone(), loaded),
            target_files: Mutex::new(target_files),
            resolvers: Mutex::new(resolvers),
            counters,
        }
    }

    /// Follows these files from now on; what the others said before stays known.
    fn follow_inside(&self, mut files: InventoryFiles) -> Option<InsideFacts> {
        let mut before = self.inventory_files();
        files.inherit(&before);
        self.follows_inside
            .store(!files.is_empty(), Ordering::Relaxed);
        *before = files;
        // As a whole: what is in force has to go on with what it knows until all is read.
        let change = before.look(system_clock());
        drop(before);
        tell_of_inside(&change);
        change.facts
    }

    /// Resolvers over these settings, with what is known.
    fn follow_names(&self, settings: &Settings) -> Resolvers {
        let mut resolvers = self
            .resolvers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *resolvers = rounds::resolvers(&resolvers, settings);
        resolvers.clone()
    }

    fn inventory_files(&self) -> MutexGuard<'_, InventoryFiles> {
        let files = self.inventory_files.lock();
        files.unwrap_or_else(PoisonError::into_inner)
    }

    fn target_files(&self) -> MutexGuard<'_, TargetFiles> {
        let files = self.target_files.lock();
        files.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the configuration with its target files and logs what is odd about it. What is wrong with target files is
/// returned beside it: the others are good.
pub(super) fn load(file: &Path) -> Result<(Config, Change), String> {
    load_after(file, None)
}

/// The same after target files that were known before.
fn load_after(file: &Path, before: Option<&TargetFiles>) -> Result<(Config, Change), String> {
    let mut config = Config::load(file, &hostname::fully_qualified()).map_err(|e| e.to_string())?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let helo = &config.settings.limits.helo;
    if helo == "localhost" || !helo.contains(['.', '[']) {
        tracing::warn!(
            helo,
            "the EHLO name is not fully qualified; some servers refuse it: set probe.helo"
        );
    }
    if let Some(before) = before {
        config.target_files.inherit(before);
    }
    let mut change = config.target_files.look();
    if let Some(targets) = change.targets.take() {
        config.settings.targets = targets;
    }
    Ok((config, change))
}

/// What is wrong with target files, one line each.
pub(super) fn tell(change: &Change) {
    for complaint in &change.complaints {
        tracing::error!("{complaint}");
    }
    for remark in &change.remarks {
        tracing::warn!("{remark}");
    }
}

/// What is wrong with inventories since the last look, and what is not any more.
pub(super) fn tell_of_inside(change: &InsideChange) {
    for complaint in &change.complaints {
        tracing::error!("{complaint}");
    }
    for mended in &change.mended {
        tracing::info!("no longer: {mended}");
    }
}

fn count(counters: &Counters, files: &[FileState]) {
    let state = |file: &FileState| (file.file.clone(), file.is_good, Some(file.bad_entries));
    let states: Vec<_> = files.iter().map(state).collect();
    counters.files("targets", &states);
}
