//! What named files said when they were last good: it counts where one is broken when it is read again.

use std::any::Any;
use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::named_file::{self, FileError, FileKind, Stamp};
use crate::plain::plain;
use crate::yaml::secret::masked;

/// Most characters of a path that is shown.
const MAX_SHOWN: usize = 500;

/// Most characters that are said of a file that is broken.
const MAX_SAID: usize = 1000;

/// What relative paths are relative to.
#[derive(Debug, Clone)]
pub(super) struct Base {
    folder: PathBuf,
    /// The same as the configuration writes it; nothing for its own folder.
    written: PathBuf,
}

impl Base {
    /// The folder of the configuration.
    pub(super) fn of(file: &Path) -> Self {
        Self::of_named(file, Path::new(""))
    }

    /// The folder of a file that the configuration names, written so.
    pub(super) fn of_named(file: &Path, written: &Path) -> Self {
        let folder = |file: &Path| file.parent().map(Path::to_owned).unwrap_or_default();
        Self {
            folder: folder(file),
            written: folder(written),
        }
    }

    /// Where this is.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        self.folder.join(text)
    }

    /// The file that is written so.
    pub(super) fn file(&self, kind: FileKind, text: &str) -> FileName {
        FileName::new(kind, self.path(text), &self.written.join(text))
    }
}

/// A file as an operator names it.
#[derive(Debug, Clone)]
pub(super) struct FileName {
    pub(super) kind: FileKind,
    pub(super) path: PathBuf,
    /// As configured, in a file with targets behind that one's folder; without secrets.
    written: String,
}

/// What makes two files the same: what for, and where.
pub type FileKey = (FileKind, PathBuf);

impl FileName {
    pub(super) fn new(kind: FileKind, path: PathBuf, written: &Path) -> Self {
        let written = plain(&masked(&written.to_string_lossy()), MAX_SHOWN);
        Self {
            kind,
            path,
            written,
        }
    }

    fn key(&self) -> FileKey {
        (self.kind, self.path.clone())
    }

    /// The path for a message.
    pub(super) fn shown(&self) -> String {
        masked(&self.path.to_string_lossy())
    }
}

/// A file that was read, or was to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// As configured, in a file with targets behind that one's folder; without secrets.
    pub written: String,
    /// How it looked; `None` where that could not be told.
    pub stamp: Option<Stamp>,
    /// Whether what it says can be used.
    pub is_good: bool,
    /// What is wrong with it, where what it said before counts instead; one line.
    pub kept: Option<String>,
}

impl NamedFile {
    fn good(name: &FileName, stamp: Option<Stamp>) -> Self {
        Self {
            written: name.written.clone(),
            stamp,
            is_good: true,
            kept: None,
        }
    }

    fn bad(name: &FileName, stamp: Option<Stamp>) -> Self {
        Self {
            is_good: false,
            ..Self::good(name, stamp)
        }
    }
}

/// What a load has read.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The files.
    pub files: BTreeMap<FileKey, NamedFile>,
    /// What they come to, or came to before; to be remembered when the load as a whole is in force.
    pub good: LastGood,
}

/// What files came to when they were last good. These are the values that are in force, so they take no memory beside.
#[derive(Clone, Default)]
pub struct LastGood(Arc<HashMap<Unit, Good>>);

/// Files that only together say something, as a certificate and its key.
type Unit = Vec<FileKey>;

#[derive(Clone)]
struct Good {
    value: Arc<dyn Any + Send + Sync>,
    /// How the files looked.
    stamps: Vec<Option<Stamp>>,
}

impl Good {
    fn new<T: Send + Sync + 'static>(value: T, stamps: impl Into<Vec<Option<Stamp>>>) -> Self {
        Self {
            value: Arc::new(value),
            stamps: stamps.into(),
        }
    }
}

impl LastGood {
    /// Takes over what another load brought.
    pub fn extend(&mut self, other: Self) {
        let others = Arc::unwrap_or_clone(other.0);
        Arc::make_mut(&mut self.0).extend(others);
    }

    fn get<T: Clone + 'static>(&self, unit: &Unit) -> Option<(T, Good)> {
        let good = self.0.get(unit)?;
        let value = good.value.downcast_ref::<T>()?;
        Some((value.clone(), good.clone()))
    }

    fn insert(&mut self, unit: Unit, good: Good) {
        Arc::make_mut(&mut self.0).insert(unit, good);
    }
}

/// Keys are among them; their number stands for all.
impl fmt::Debug for LastGood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LastGood({})", self.0.len())
    }
}

/// A load under way.
struct Load {
    before: LastGood,
    loaded: Loaded,
}

thread_local! {
    /// The load under way in this thread, while somebody wants to know.
    static LOAD: RefCell<Option<Load>> = const { RefCell::new(None) };
}

/// Does this, and tells which files were read meanwhile in this thread: who follows a configuration follows them. Of
/// files that are broken now, what they said `before` counts.
pub fn recorded<T>(before: LastGood, piece: impl FnOnce() -> T) -> (T, Loaded) {
    let loaded = Loaded::default();
    LOAD.set(Some(Load { before, loaded }));
    let done = piece();
    let load = LOAD.take();
    (done, load.map(|load| load.loaded).unwrap_or_default())
}

/// The file's bytes. What it said before is no matter.
///
/// # Errors
/// [`FileError`].
pub(super) fn read(name: &FileName) -> Result<Vec<u8>, FileError> {
    let (stamp, bytes) = named_file::read(&name.path, name.kind);
    let file = NamedFile {
        is_good: bytes.is_ok(),
        ..NamedFile::good(name, stamp)
    };
    note([(name.key(), file)]);
    bytes
}

/// What these files come to, together; or, where that is nothing now, what they came to before. Within one load they
/// come to the same however often they are named.
///
/// # Errors
/// What `parse` says, when there is nothing before. `said` makes it one line.
pub(super) fn parsed<const N: usize, T, E>(
    names: [FileName; N],
    parse: impl FnOnce([Result<Vec<u8>, FileError>; N]) -> Result<T, E>,
    said: impl FnOnce(&E) -> String,
) -> Result<T, E>
where
    T: Clone + Send + Sync + 'static,
{
    let unit: Unit = names.iter().map(FileName::key).collect();
    if let Some((value, _)) = in_load(|load| load.loaded.good.get(&unit)) {
        return Ok(value);
    }
    let read = names
        .each_ref()
        .map(|name| named_file::read(&name.path, name.kind));
    let stamps = read.each_ref().map(|(stamp, _)| *stamp);
    let (files, outcome) = match parse(read.map(|(_, bytes)| bytes)) {
        Ok(value) => {
            let files = names.iter().zip(stamps);
            let files = files.map(|(name, stamp)| NamedFile::good(name, stamp));
            let good = Good::new(value.clone(), stamps);
            (files.collect(), Ok((value, good)))
        }
        Err(error) => match in_load(|load| load.before.get(&unit)) {
            Some(before) => (kept(&names, stamps, &before.1, &said(&error)), Ok(before)),
            None => {
                let files = names.iter().zip(stamps);
                let files = files.map(|(name, stamp)| NamedFile::bad(name, stamp));
                (files.collect::<Vec<_>>(), Err(error))
            }
        },
    };
    note(unit.iter().cloned().zip(files));
    let (value, good) = outcome?;
    remember(unit, good);
    Ok(value)
}

/// The files of which what they said before counts. Those that are as they were then say it still, unless all are.
fn kept(
    names: &[FileName],
    stamps: impl Into<Vec<Option<Stamp>>>,
    before: &Good,
    said: &str,
) -> Vec<NamedFile> {
    let (said, stamps) = (plain(said, MAX_SAID), stamps.into());
    let they = if names.len() == 1 { "it" } else { "both" };
    let line = format!("{said} (what {they} said before is kept)");
    let all_same = stamps == before.stamps;
    let file = |((name, stamp), before): ((&FileName, _), &Option<Stamp>)| {
        if !all_same && stamp == *before {
            return NamedFile::good(name, stamp);
        }
        NamedFile {
            kept: Some(line.clone()),
            ..NamedFile::bad(name, stamp)
        }
    };
    let looks = names.iter().zip(stamps.iter().copied());
    looks.zip(&before.stamps).map(file).collect()
}

fn in_load<T>(piece: impl FnOnce(&mut Load) -> Option<T>) -> Option<T> {
    LOAD.with_borrow_mut(|load| load.as_mut().and_then(piece))
}

fn remember(unit: Unit, good: Good) {
    in_load(|load| {
        load.loaded.good.insert(unit, good);
        Some(())
    });
}

/// A file that is named twice counts as it looked first, so that a change in between is noticed, and is good where
/// nobody finds fault with it.
fn note(files: impl IntoIterator<Item = (FileKey, NamedFile)>) {
    in_load(|load| {
        for (key, file) in files {
            match load.loaded.files.entry(key) {
                Entry::Vacant(free) => drop(free.insert(file)),
                Entry::Occupied(mut known) => {
                    let known = known.get_mut();
                    known.is_good &= file.is_good;
                    known.kept = known.kept.take().or(file.kept);
                }
            }
        }
        Some(())
    });
}
