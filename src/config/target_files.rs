//! `target_files:` to targets, read again when the files change; a file that breaks keeps what it last said.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document;
use super::last_good::Base;
use super::named_file::{FileKind, Stamp, stamp};
use super::pattern::Pattern;
use super::target_list::{self, Admitted, Listed, Names, TargetList};
use super::targets::Common;
use super::trust::TrustStores;
use crate::watch::Watched;
use crate::yaml::{Document, DocumentError, Problem, Value};

/// Most files that are read.
const MAX_FILES: usize = 1000;

/// Bad entries of a file that are told one by one; the others are counted.
const MAX_TOLD: usize = 10;

/// The files with targets, and what they last said.
#[derive(Debug, Clone, Default)]
pub struct TargetFiles {
    patterns: Vec<Pattern>,
    common: Option<Common>,
    /// Of the configuration itself.
    fixed: Vec<Watched>,
    files: BTreeMap<PathBuf, Loaded>,
}

#[derive(Debug, Clone, Default)]
struct Loaded {
    /// As configured.
    name: String,
    stamp: Option<Stamp>,
    /// Taken over, and in no list of all targets yet.
    is_inherited: bool,
    /// What it last said without a mistake.
    text: Option<Arc<[u8]>>,
    targets: Vec<Listed>,
    /// What is wrong with it as a whole.
    complaint: Option<String>,
    /// What is wrong with some of its entries, and with how many.
    bad: Vec<String>,
    bad_entries: usize,
    /// Targets whose names others have that come first.
    clashes: Vec<String>,
}

/// What a look at the files brought.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// All targets, those of the configuration itself among them; `None` when they are as before.
    pub targets: Option<Vec<Watched>>,
    /// The files as they are now.
    pub files: Vec<FileState>,
    /// What is wrong with files that were read just now, one line each.
    pub complaints: Vec<String>,
    /// What is wrong with some of their entries, one line each.
    pub remarks: Vec<String>,
}

/// How it went with a file when it was last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileState {
    /// As configured.
    pub file: String,
    /// Whether it was read without a mistake; else what it said before is in force.
    pub is_good: bool,
    /// Entries that were left out.
    pub bad_entries: usize,
}

impl TargetFiles {
    /// Reads `target_files:`. Relative paths are relative to `base`.
    pub(super) fn read(
        value: &Value<'_>,
        base: &Base,
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

    /// Takes over what the files said before the configuration was read again: where one is broken now, that counts.
    pub fn inherit(&mut self, before: &Self) {
        let known = before.files.iter();
        let said = known.filter_map(|(file, loaded)| Some((file, loaded, loaded.text.as_ref()?)));
        for (file, loaded, text) in said {
            let inherited = Loaded {
                name: loaded.name.clone(),
                is_inherited: true,
                text: Some(Arc::clone(text)),
                ..Loaded::default()
            };
            self.files.insert(file.clone(), inherited);
        }
    }

    /// Looks at the files again and reads those that changed. Blocks while it reads.
    pub fn look(&mut self) -> Change {
        let mut change = Change::default();
        let found = match self.found() {
            Ok(found) => found,
            Err(complaint) => {
                // A directory that cannot be read loses no target either.
                change.complaints.push(complaint);
                let known = self.files.iter();
                known.map(|(p, f)| (p.clone(), f.name.clone())).collect()
            }
        };
        let before = self.told();
        let known = self.files.len();
        self.files.retain(|file, _| found.contains_key(file));
        let mut is_changed = self.files.len() != known;
        for (file, name) in found {
            is_changed |= self.refresh(&file, name);
        }
        if is_changed {
            change.targets = Some(self.targets());
        }
        let (complaints, remarks) = self.told();
        change
            .complaints
            .extend(complaints.difference(&before.0).cloned());
        change
            .remarks
            .extend(remarks.difference(&before.1).cloned());
        change.files = self.files.values().map(Loaded::state).collect();
        change
    }

    fn told(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let files = self.files.values();
        let complaints = files.clone().filter_map(|file| file.complaint.clone());
        let remarks = files.flat_map(|file| file.bad.iter().chain(&file.clashes).take(MAX_TOLD));
        (complaints.collect(), remarks.cloned().collect())
    }

    /// Every target there is, each name once.
    fn targets(&mut self) -> Vec<Watched> {
        let (mut names, mut targets) = (Names::default(), self.fixed.clone());
        for watched in &self.fixed {
            names.take(watched);
        }
        for (file, loaded) in &mut self.files {
            loaded.clashes.clear();
            for listed in &loaded.targets {
                let at = listed.path.clone();
                match names.admit(listed.clone()) {
                    Admitted::New(watched) => targets.push(watched),
                    Admitted::Again => {}
                    Admitted::Clash { name, .. } => {
                        let said = format!(
                            "{}: {at}: a second target '{name}', expected a unique name",
                            file.display()
                        );
                        loaded.clashes.push(said);
                    }
                }
            }
        }
        targets
    }

    fn found(&self) -> Result<BTreeMap<PathBuf, String>, String> {
        let mut found = BTreeMap::new();
        for pattern in &self.patterns {
            found.extend(pattern.files()?);
        }
        if found.len() > MAX_FILES {
            return Err(format!(
                "more than {MAX_FILES} target files, expected fewer"
            ));
        }
        Ok(found)
    }

    /// Reads a file that changed, or had a mistake. Returns whether its targets may be others now.
    fn refresh(&mut self, file: &Path, name: String) -> bool {
        let stamp = stamp(file);
        let last = self.files.get(file);
        let is_read = |last: &Loaded| last.stamp == stamp && last.complaint.is_none();
        if stamp.is_some() && last.is_some_and(is_read) {
            return false;
        }
        let loaded = match self.load(file, &name) {
            Ok(loaded) => loaded,
            Err(error) => {
                let last = self.kept(file, last);
                let kept = last.targets.len();
                Loaded {
                    complaint: Some(format!("{error} (its last {kept} targets are kept)")),
                    ..last
                }
            }
        };
        // What was inherited counts from now on.
        let is_changed = loaded.complaint.is_none() || last.is_some_and(|l| l.is_inherited);
        let loaded = Loaded {
            name,
            stamp,
            is_inherited: false,
            ..loaded
        };
        self.files.insert(file.to_owned(), loaded);
        is_changed
    }

    /// What a file that is broken now last said. What was inherited is read only here: it may name files that nobody
    /// names any more.
    fn kept(&self, file: &Path, last: Option<&Loaded>) -> Loaded {
        let mut kept = last.cloned().unwrap_or_default();
        if let (true, Some(text)) = (kept.is_inherited, &kept.text) {
            let said = self.parse(file, &kept.name, text);
            kept.targets = said.map(|(list, _)| list.good).unwrap_or_default();
        }
        kept
    }

    fn load(&self, file: &Path, name: &str) -> Result<Loaded, DocumentError> {
        let text = document::bytes(file, FileKind::Targets)?;
        let (list, bad) = self.parse(file, name, &text)?;
        Ok(Loaded {
            text: Some(text.into()),
            bad_entries: list.bad.len(),
            targets: list.good,
            bad,
            ..Loaded::default()
        })
    }

    /// What a file says, and what is wrong with some of its entries. Where all are bad, so is the file.
    fn parse(
        &self,
        file: &Path,
        name: &str,
        text: &[u8],
    ) -> Result<(TargetList, Vec<String>), DocumentError> {
        let Some(common) = &self.common else {
            return Ok((TargetList::default(), Vec::new()));
        };
        let document = Document::parse(file, text)?;
        let root = document.root();
        let mut stores = TrustStores::new(Base::of_named(file, Path::new(name)));
        let read = if root.is_null() {
            Err(root.problem("empty, expected a list of targets ([] for none)"))
        } else {
            target_list::listed(&root, common, &mut stores)
        };
        let mut list = read.map_err(|problem| document.error(problem))?;
        if list.good.is_empty() && !list.bad.is_empty() {
            return Err(document.error(list.bad.swap_remove(0)));
        }
        let bad = told_one_by_one(&document, &list.bad);
        Ok((list, bad))
    }
}

/// The first of them with their lines; to find one means to read the file once more.
fn told_one_by_one(document: &Document, bad: &[Problem]) -> Vec<String> {
    let told = bad.iter().take(MAX_TOLD);
    let mut told: Vec<String> = told
        .map(|problem| format!("{} (left out)", document.error(problem.clone())))
        .collect();
    if let (Some(last), true) = (told.last_mut(), bad.len() > MAX_TOLD) {
        *last += &format!(", and {} more", bad.len() - MAX_TOLD);
    }
    told
}

impl Loaded {
    fn state(&self) -> FileState {
        FileState {
            file: self.name.clone(),
            is_good: self.complaint.is_none(),
            bad_entries: self.bad_entries + self.clashes.len(),
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "makes the files that are read")]
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
        assert!(change.files.iter().all(|f| f.file == "a.yml"));
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
            ("{", "/a.yml:2: no YAML"),
            (
                "- targets: ['b.test:0']\n",
                "/a.yml:1: [0].targets[0]: 'b.test:0': '0' is not a port",
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
            assert!(change.targets.is_none() && !change.files[0].is_good);
            assert!(files.look().complaints.is_empty(), "said once");
        }
        directory.write("a.yml", "- host: a.test\n- host: fixed.test\n");
        let [remark] = &files.look().remarks[..] else {
            panic!("one entry is left out");
        };
        let said = "/a.yml: [1]: a second target 'fixed.test', expected a unique name";
        assert!(remark.ends_with(said), "{remark}");
        assert_eq!(files.targets().len(), 2);
        directory.write("a.yml", "- host: b.test\n");
        let change = files.look();
        assert_eq!(names(&change).unwrap(), ["fixed.test", "b.test"]);
        assert!(change.files[0].is_good);
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
}
