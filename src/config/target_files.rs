//! `target_files:` to targets, read again when the files change; a file that breaks keeps what it last said.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::ConfigError;
use super::document::Document;
use super::named_file::{self, FileKind, Stamp, stamp};
use super::reader::{Problem, Value};
use super::target_list;
use super::targets::Common;
use super::trust::TrustStores;
use crate::round::Watched;

/// Most files that are read.
const MAX_FILES: usize = 1000;

const ENDINGS: [&str; 3] = [".yml", ".yaml", ".json"];

/// The files with targets, and what they last said.
#[derive(Debug, Clone, Default)]
pub struct TargetFiles {
    patterns: Vec<Pattern>,
    common: Option<Common>,
    /// Of the configuration itself.
    fixed: Vec<Watched>,
    files: BTreeMap<PathBuf, Loaded>,
}

/// A directory and what its files' names begin and end with.
#[derive(Debug, Clone)]
struct Pattern {
    directory: PathBuf,
    begin: String,
    /// Behind the star; `None` when there is no star.
    end: Option<String>,
}

#[derive(Debug, Clone)]
struct Loaded {
    stamp: Option<Stamp>,
    targets: Vec<Watched>,
    /// What was wrong with it.
    complaint: Option<String>,
}

/// What a look at the files brought.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// All targets, those of the configuration itself among them; `None` when they are as before.
    pub targets: Option<Vec<Watched>>,
    /// Each file, and whether it was read without a mistake the last time.
    pub files: Vec<(String, bool)>,
    /// The files that are no more.
    pub gone: Vec<String>,
    /// What is wrong with files that were read just now, one line each.
    pub complaints: Vec<String>,
}

impl TargetFiles {
    /// Reads `target_files:`. Relative paths are relative to `base`.
    pub(super) fn read(
        value: &Value<'_>,
        base: &Path,
        common: Common,
        fixed: Vec<Watched>,
    ) -> Result<Self, Problem> {
        let patterns = value.list_or_one()?;
        let pattern = |v: &Value<'_>| Pattern::parse(v, base);
        Ok(Self {
            patterns: patterns.iter().map(pattern).collect::<Result<_, _>>()?,
            common: Some(common),
            fixed,
            files: BTreeMap::new(),
        })
    }

    /// Whether there is nothing to look at.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Looks at the files again and reads those that changed. Blocks while it reads.
    pub fn look(&mut self) -> Change {
        let mut change = Change::default();
        let found = match self.found() {
            Ok(found) => found,
            Err(complaint) => {
                // A directory that cannot be read loses no target either.
                change.complaints.push(complaint);
                self.files.keys().cloned().collect()
            }
        };
        let gone: Vec<_> = self.files.keys().filter(|f| !found.contains(*f)).collect();
        let gone: Vec<PathBuf> = gone.into_iter().cloned().collect();
        let mut is_changed = !gone.is_empty();
        for file in gone {
            self.files.remove(&file);
            change.gone.push(file.display().to_string());
        }
        let before = self.complaints();
        // Twice: a target that moved from one file to another is in both until the second was read.
        for file in found.iter().chain(&found) {
            is_changed |= self.refresh(file);
        }
        let new = self
            .complaints()
            .into_iter()
            .filter(|c| !before.contains(c));
        change.complaints.extend(new);
        let told = |(file, loaded): (&PathBuf, &Loaded)| {
            (file.display().to_string(), loaded.complaint.is_none())
        };
        change.files = self.files.iter().map(told).collect();
        change.targets = is_changed.then(|| self.targets());
        change
    }

    fn complaints(&self) -> BTreeSet<String> {
        let files = self.files.values();
        files.filter_map(|file| file.complaint.clone()).collect()
    }

    /// Every target there is.
    fn targets(&self) -> Vec<Watched> {
        let listed = self.files.values().flat_map(|file| &file.targets);
        self.fixed.iter().chain(listed).cloned().collect()
    }

    fn found(&self) -> Result<BTreeSet<PathBuf>, String> {
        let mut found = BTreeSet::new();
        for pattern in &self.patterns {
            found.extend(pattern.files()?);
        }
        if found.len() > MAX_FILES {
            return Err(format!("more than {MAX_FILES} target files, expected less"));
        }
        Ok(found)
    }

    /// Reads a file that changed, or had a mistake. Returns whether its targets may be others now.
    fn refresh(&mut self, file: &Path) -> bool {
        let stamp = stamp(file);
        let last = self.files.get(file);
        if last.is_some_and(|last| last.stamp == stamp && last.complaint.is_none()) {
            return false;
        }
        let (targets, complaint) = match self.load(file) {
            Ok(targets) => (targets, None),
            Err(error) => {
                let kept = last.map_or_else(Vec::new, |last| last.targets.clone());
                let complaint = format!("{error} (its last {} targets are kept)", kept.len());
                (kept, Some(complaint))
            }
        };
        let is_good = complaint.is_none();
        let loaded = Loaded {
            stamp,
            targets,
            complaint,
        };
        self.files.insert(file.to_owned(), loaded);
        is_good
    }

    fn load(&self, file: &Path) -> Result<Vec<Watched>, ConfigError> {
        let document = Document::open(file, FileKind::Targets)?;
        let Some(common) = &self.common else {
            return Ok(Vec::new());
        };
        let mut stores = TrustStores::new(file.parent().unwrap_or_else(|| Path::new(".")));
        let listed = target_list::listed(&document, &document.root(), common, &mut stores);
        let listed = listed.map_err(|problem| document.error(problem))?;
        let others = self.files.iter().filter(|(other, _)| *other != file);
        let others = others.flat_map(|(_, loaded)| &loaded.targets);
        let known: HashSet<&str> = others
            .chain(&self.fixed)
            .map(|watched| watched.source.name.as_str())
            .collect();
        let twice = listed
            .iter()
            .find(|w| known.contains(w.source.name.as_str()));
        match twice {
            Some(watched) => Err(document.error(document.root().problem(format!(
                "a second target '{}' (the first is in another file), expected a unique name",
                watched.source.name
            )))),
            None => Ok(listed),
        }
    }
}

impl Pattern {
    fn parse(value: &Value<'_>, base: &Path) -> Result<Self, Problem> {
        let expected =
            "a file or DIRECTORY/*.yml (or .yaml, .json), with one star in the file name at most";
        let path = base.join(value.text()?);
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| ENDINGS.iter().any(|end| name.ends_with(end)));
        // The folder of a plain file name is nothing, which cannot be listed.
        let directory = match path.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let is_plain = !directory.to_string_lossy().contains('*');
        let (begin, end) = match name.map(|name| name.split_once('*').ok_or(name)) {
            Some(Ok((begin, end))) if is_plain && !end.contains('*') => (begin, Some(end)),
            Some(Err(name)) if is_plain => (name, None),
            _ => return Err(value.problem(format!("no pattern of files, expected {expected}"))),
        };
        Ok(Self {
            begin: begin.to_owned(),
            end: end.map(str::to_owned),
            directory,
        })
    }

    fn files(&self) -> Result<Vec<PathBuf>, String> {
        let Some(end) = &self.end else {
            return Ok(vec![self.directory.join(&self.begin)]);
        };
        let here = self.directory.display();
        let refused = |e| format!("target_files: the folder {here} {e}");
        let mut files = Vec::new();
        for name in named_file::names_in(&self.directory).map_err(refused)? {
            let fits = name.len() >= self.begin.len() + end.len();
            // As in a shell, a star does not stand for the dot of a hidden file.
            let is_hidden = name.starts_with('.') && !self.begin.starts_with('.');
            if fits && !is_hidden && name.starts_with(&self.begin) && name.ends_with(end) {
                files.push(self.directory.join(name));
            }
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::Config;

    const MAIN: &str = "targets: [{host: fixed.test}]\ntarget_files: ['*.yml', 'more/*.json']\n";

    struct Directory(tempfile::TempDir);

    impl Directory {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            fs::create_dir(directory.path().join("more")).unwrap();
            Self(directory)
        }

        fn write(&self, file: &str, text: &str) {
            // Replaced, as a careful writer does: another inode even within one tick of the clock.
            let file = self.0.path().join(file);
            let draft = file.with_extension("draft");
            fs::write(&draft, text).unwrap();
            fs::rename(draft, file).unwrap();
        }

        fn files(&self) -> TargetFiles {
            let file = self.0.path().join("main.conf");
            let config = Config::parse(&file, MAIN.as_bytes(), "me");
            config.unwrap_or_else(|e| panic!("{e}")).target_files
        }
    }

    fn names(change: &Change) -> Option<Vec<String>> {
        let targets = change.targets.as_ref()?;
        Some(targets.iter().map(|w| w.source.name.clone()).collect())
    }

    #[test]
    fn our_list_and_prometheus_groups_are_read_and_read_again() {
        let directory = Directory::new();
        directory.write(
            "a.yml",
            "- {name: a, host: a.test, ports: [25, 587]}\n- mx: bears.test\n",
        );
        directory.write(
            "more/b.json",
            r#"[{"targets": ["b.test:2525", "[2001:db8::1]:25", "c.test"],
                 "labels": {"site": "den", "__meta_x": "y"}}]"#,
        );
        let mut files = directory.files();
        let change = files.look();
        assert_eq!(change.complaints, Vec::<String>::new());
        let all = [
            "fixed.test",
            "a",
            "mx:bears.test",
            "b.test:2525",
            "[2001:db8::1]:25",
            "c.test",
        ];
        assert_eq!(names(&change).unwrap(), all);
        let targets = change.targets.unwrap();
        assert_eq!(targets[3].source.ports, [2525]);
        assert_eq!(targets[3].source.labels.len(), 1);
        assert!(files.look().targets.is_none(), "nothing changed");
        directory.write("a.yml", "[]");
        assert_eq!(
            names(&files.look()).unwrap(),
            [&all[..1], &all[3..]].concat()
        );
        fs::remove_file(directory.0.path().join("more/b.json")).unwrap();
        let change = files.look();
        assert_eq!(names(&change).unwrap(), ["fixed.test"]);
        assert_eq!(change.gone.len(), 1);
    }

    #[test]
    fn a_broken_file_keeps_its_targets_and_says_so_once() {
        let directory = Directory::new();
        directory.write("a.yml", "- host: a.test\n");
        let mut files = directory.files();
        files.look();
        for (broken, said) in [
            (
                "- host: a.test\n  prots: 25\n",
                "/a.yml:2: [0].prots: unknown key (did you mean ports?)",
            ),
            ("- host: a.te", ""),
            (
                "- host: fixed.test\n",
                "/a.yml:1: a second target 'fixed.test'",
            ),
            ("{", "/a.yml:2: no YAML"),
            (
                "- targets: ['b.test:0']\n",
                "/a.yml:1: [0].targets[0]: 'b.test:0': '0' is no port",
            ),
            (
                "- targets: [b.test]\n  labels: {port: x}\n",
                "/a.yml:2: [0].labels.port: a label of",
            ),
        ] {
            directory.write("a.yml", broken);
            let change = files.look();
            if said.is_empty() {
                assert_eq!(names(&change).unwrap(), ["fixed.test", "a.te"]);
                directory.write("a.yml", "- host: a.test\n");
                files.look();
                continue;
            }
            let [complaint] = change.complaints.as_slice() else {
                panic!("{broken}: {:?}", change.complaints);
            };
            assert!(complaint.contains(said), "{complaint}");
            assert!(
                complaint.ends_with("(its last 1 targets are kept)"),
                "{complaint}"
            );
            assert!(change.targets.is_none() && !change.files[0].1);
            assert!(files.look().complaints.is_empty(), "said once");
        }
        assert_eq!(files.targets().len(), 2);
        directory.write("a.yml", "- host: b.test\n");
        let change = files.look();
        assert_eq!(names(&change).unwrap(), ["fixed.test", "b.test"]);
        assert!(change.files[0].1);
    }

    #[test]
    fn a_target_may_move_from_file_to_file() {
        let directory = Directory::new();
        directory.write("a.yml", "[]");
        directory.write("b.yml", "- host: a.test\n");
        let mut files = directory.files();
        files.look();
        directory.write("a.yml", "- host: a.test\n");
        directory.write("b.yml", "[]");
        let change = files.look();
        assert_eq!(change.complaints, Vec::<String>::new());
        assert_eq!(names(&change).unwrap(), ["fixed.test", "a.test"]);
    }

    #[test]
    fn patterns_are_one_star_in_the_name_of_a_list() {
        for bad in ["*/a.yml", "a*b*.yml", "targets", "targets/*", "*.conf", "/"] {
            let yaml = format!("target_files: '{bad}'\n");
            let error = Config::parse(Path::new("x.yml"), yaml.as_bytes(), "me").unwrap_err();
            let error = error.to_string();
            assert!(
                error.starts_with("x.yml:1: target_files: no pattern"),
                "{error}"
            );
        }
    }
}
