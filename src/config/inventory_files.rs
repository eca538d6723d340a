//! `inside.files:` to what is known of the inside of mail servers, read again when the files change; a file that breaks
//! keeps what it last said.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::named_file::{self, FileError, FileKind, Stamp};
use super::pattern::Pattern;
use crate::certificate::Certificate;
use crate::facts::inventory::{
    self, Census, Earlier, FileFault, InsideFacts, Inventory, Sheet, Stray, TroubleWithFile,
};
use crate::plain::plain;
use crate::timestamp::Timestamp;
use crate::yaml::secret::masked;

/// Most files that are read.
const MAX_FILES: usize = 1000;

/// So many seconds after it became too old what a file that is gone said is forgotten: a date that was read once stays
/// true, and whoever moved a server away does not want to hear of it for ever.
const REMEMBERED: i64 = 86_400;

/// So many bytes of files take the place of what these said before, until it is told what is known: what is judged by then
/// lets go of what it was before, and the whole of it is never held twice.
const PART: usize = 1 << 20;

/// The files with inventories, and what they last said.
#[derive(Debug, Clone, Default)]
pub struct InventoryFiles {
    pub(super) patterns: Vec<Pattern>,
    pub(super) census: Census,
    files: BTreeMap<PathBuf, Followed>,
    /// Patterns whose folders cannot be read, or that fit too many.
    strays: Vec<(Stray, String)>,
    /// Certificates that the files name, each once, whichever servers have it: unchanged ones are not read again.
    known: HashSet<Certificate>,
    is_told: bool,
    /// Lines that were told.
    told: BTreeSet<String>,
}

#[derive(Debug, Clone, Default)]
struct Followed {
    sheet: Sheet,
    stamp: Option<Stamp>,
}

/// What a look at the inventories brought.
#[derive(Debug, Default)]
pub struct InsideChange {
    /// All that is known; `None` when it is as before.
    pub facts: Option<InsideFacts>,
    /// What is wrong since this look, one line each.
    pub complaints: Vec<String>,
    /// What was wrong until this look and is not any more.
    pub mended: Vec<String>,
}

impl InventoryFiles {
    /// Looks at these from now on: files, or folders with `*.json`.
    pub fn name(&mut self, paths: &[PathBuf]) {
        self.patterns = paths.iter().map(|path| Pattern::of_path(path)).collect();
    }

    /// Whether there is nothing to look at.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Takes over what the files said before the configuration was read again.
    pub fn inherit(&mut self, before: &Self) {
        let known = before.files.iter();
        let named = known.filter(|(file, _)| self.patterns.iter().any(|p| p.names(file)));
        let files = named.map(|(file, followed)| (file.clone(), followed.clone()));
        self.files = files.collect();
        self.known = before.known.clone();
        self.told = before.told.clone();
        self.census.inherit(&before.census);
    }

    /// Looks at the files again and reads those that changed. Blocks while it reads.
    pub fn look(&mut self, now: Timestamp) -> InsideChange {
        self.read_changed(now, usize::MAX, &mut |_| ())
    }

    /// As [`look`](Self::look). Where much changed, `told` gets what a part of it brought before the next is read, and the
    /// last part is returned.
    pub fn look_in_parts(
        &mut self,
        now: Timestamp,
        told: &mut dyn FnMut(InsideChange),
    ) -> InsideChange {
        self.read_changed(now, PART, told)
    }

    fn read_changed(
        &mut self,
        now: Timestamp,
        part: usize,
        told: &mut dyn FnMut(InsideChange),
    ) -> InsideChange {
        let found = self.found();
        let mut is_changed = found.strays != self.strays || !self.is_told;
        self.strays = found.strays;
        let age = self.census.max_age.saturating_add(REMEMBERED);
        let known = self.files.len();
        self.files.retain(|file, followed| {
            let said = followed.sheet.said.as_ref();
            let until = said.map(|said| said.collected_at.plus_seconds(age));
            found.files.contains_key(file) || until.is_some_and(|until| until > now)
        });
        is_changed |= self.files.len() != known;
        for (file, name) in found.files {
            self.files.entry(file).or_default().sheet.file = name;
        }
        let mut replaced = 0;
        let files: Vec<_> = self.files.keys().cloned().collect();
        for file in files {
            let Some(followed) = self.files.get_mut(&file) else {
                continue;
            };
            let refreshed = followed.refresh(&file, &mut self.known);
            is_changed |= refreshed.is_some();
            replaced += refreshed.unwrap_or_default();
            if replaced >= part {
                told(self.tell());
                (replaced, is_changed) = (0, false);
            }
        }
        let change = if is_changed {
            self.tell()
        } else {
            InsideChange::default()
        };
        // After telling, when nothing holds the inventories any more that were replaced.
        self.known.retain(Certificate::is_shared);
        change
    }

    /// What is known now, and what was not said of it before.
    fn tell(&mut self) -> InsideChange {
        self.is_told = true;
        let sheets: Vec<_> = self.files.values().map(|f| f.sheet.clone()).collect();
        let (mut facts, odd) = self.census.take(&sheets);
        facts
            .strays
            .extend(self.strays.iter().map(|(stray, _)| stray.clone()));
        // A folder that is gone is one line, not one for each file that was in it.
        let is_whole = self.strays.is_empty();
        let broken = self
            .files
            .iter()
            .filter(|(_, followed)| is_whole || followed.stamp.is_some());
        let broken = broken.filter_map(|(file, followed)| followed.complaint(file));
        let strays = self.strays.iter().map(|(_, line)| line.clone());
        let told: BTreeSet<_> = broken.chain(odd).chain(strays).collect();
        let change = InsideChange {
            facts: Some(facts),
            complaints: told.difference(&self.told).cloned().collect(),
            mended: self.told.difference(&told).cloned().collect(),
        };
        self.told = told;
        change
    }

    fn found(&self) -> Found {
        let mut found = Found::default();
        for pattern in &self.patterns {
            match pattern.files() {
                Ok(files) => {
                    let files = files.into_iter().map(|(file, _)| {
                        let name = shown_name(&file);
                        (file, name)
                    });
                    found.files.extend(files);
                }
                Err(line) => found.stray(pattern, TroubleWithFile::Unreadable, line),
            }
        }
        if found.files.len() > MAX_FILES {
            let line = format!(
                "inside.files: {} files, of which the first {MAX_FILES} are read",
                found.files.len()
            );
            let files = std::mem::take(&mut found.files);
            found.files = files.into_iter().take(MAX_FILES).collect();
            if let Some(pattern) = self.patterns.first() {
                found.stray(pattern, TroubleWithFile::TooLarge, line);
            }
        }
        found
    }
}

/// What the patterns name now.
#[derive(Default)]
struct Found {
    files: BTreeMap<PathBuf, String>,
    strays: Vec<(Stray, String)>,
}

impl Found {
    fn stray(&mut self, pattern: &Pattern, trouble: TroubleWithFile, line: String) {
        let stray = Stray {
            file: plain(&pattern.file_name(), 255),
            fault: FileFault {
                trouble,
                detail: line.clone(),
            },
        };
        self.strays.push((stray, line));
    }
}

impl Followed {
    /// Reads a file that changed, or that could not be read. If something else is known now, it returns how many bytes
    /// took the place of what the file said before.
    fn refresh(&mut self, file: &Path, known: &mut HashSet<Certificate>) -> Option<usize> {
        let stamp = named_file::stamp(file);
        let is_read = match self.sheet.fault.as_ref().map(|fault| fault.trouble) {
            None
            | Some(
                TroubleWithFile::NotJson | TroubleWithFile::WrongSchema | TroubleWithFile::TooLarge,
            ) => true,
            Some(TroubleWithFile::Missing | TroubleWithFile::Unreadable) => false,
        };
        if stamp.is_some() && stamp == self.stamp && is_read {
            return None;
        }
        let (stamp, bytes) = named_file::read(file, FileKind::Inventory);
        self.stamp = stamp;
        let read = bytes.map_err(|error| fault(&error));
        let read = read.and_then(|bytes| Ok((inventory::read(&bytes, known)?, bytes.len())));
        match read {
            Ok((inventory, bytes)) => {
                let is_known = self.sheet.said.is_some();
                let certificates = inventory.certificates().iter();
                known.extend(certificates.map(|stored| stored.certificate.clone()));
                self.turn(inventory);
                Some(if is_known { bytes } else { 0 })
            }
            Err(fault) => {
                let is_new = self.sheet.fault.as_ref() != Some(&fault);
                self.sheet.fault = Some(fault);
                is_new.then_some(0)
            }
        }
    }

    /// What it said until now is the older one, if it is, and of the same server.
    fn turn(&mut self, inventory: Inventory) {
        let sheet = &mut self.sheet;
        sheet.fault = None;
        let older = |one: &Arc<Earlier>| {
            one.collected_at < inventory.collected_at && *one.server == *inventory.server.name
        };
        let said = sheet.said.take().map(|said| Arc::new(Earlier::of(&said)));
        let before = [said, sheet.before.take()];
        sheet.before = before.into_iter().flatten().find(older);
        sheet.said = Some(Arc::new(inventory));
    }

    fn complaint(&self, file: &Path) -> Option<String> {
        let fault = self.sheet.fault.as_ref()?;
        let kept = match &self.sheet.said {
            Some(said) => format!(" (what it said at {} is kept)", said.collected_at),
            None => String::new(),
        };
        let file = plain(&masked(&file.to_string_lossy()), 500);
        Some(format!("{file}: {}{kept}", fault.detail))
    }
}

fn fault(error: &FileError) -> FileFault {
    let trouble = match error {
        FileError::Unreadable(why) if why.kind() == std::io::ErrorKind::NotFound => {
            TroubleWithFile::Missing
        }
        FileError::TooLarge(_) => TroubleWithFile::TooLarge,
        FileError::NotRegular(_) | FileError::Unreadable(_) => TroubleWithFile::Unreadable,
    };
    FileFault {
        trouble,
        detail: plain(&error.to_string(), 300),
    }
}

fn shown_name(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default();
    plain(&name.to_string_lossy(), 255)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "makes the files that are read")]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::Config;
    use crate::facts::inventory::ServerFacts;

    const NOW: Timestamp = Timestamp(1_686_123_060);

    struct Spool(tempfile::TempDir);

    impl Spool {
        fn new() -> Self {
            let place = tempfile::tempdir().unwrap();
            fs::create_dir(place.path().join("spool")).unwrap();
            Self(place)
        }

        fn at(&self, file: &str) -> PathBuf {
            self.0.path().join("spool").join(file)
        }

        fn write(&self, file: &str, bytes: impl AsRef<[u8]>) {
            // Replaced, as a careful writer does: another inode even within one tick of the clock.
            let draft = self.at(file).with_extension("draft");
            fs::write(&draft, bytes).unwrap();
            fs::rename(draft, self.at(file)).unwrap();
        }

        fn files(&self, section: &str) -> InventoryFiles {
            let file = self.0.path().join("main.yml");
            let config = Config::parse(&file, section.as_bytes(), "me");
            config.unwrap_or_else(|e| panic!("{e}")).inventory_files
        }
    }

    fn text(name: &str, at: &str, more: &str) -> String {
        format!(
            r#"{{"schema": "smtp-tls-inventory/1", "collected_at": "2023-06-07T{at}Z", "server": {{"name": "{name}"}}{more}}}"#
        )
    }

    const SECTION: &str = "inside: {files: 'spool/*.json'}";

    #[test]
    fn whatever_is_in_a_file_the_others_are_untouched() {
        use TroubleWithFile::{NotJson, TooLarge, WrongSchema};
        let spool = Spool::new();
        spool.write("a.json", text("BearA", "07:30:00", ""));
        let whole = text("BearB", "07:30:00", ", \"queues\": []");
        let utf16: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let deep = format!(", \"x\": {}", "[".repeat(4_000_000));
        let many = format!(", \"queues\": [{}0]", "[".repeat(40));
        let twice = ", \"queues\": [], \"queues\": []";
        for (bytes, trouble) in [
            (Vec::new(), NotJson),
            (whole[..whole.len() - 2].into(), NotJson),
            (vec![b' '; 9 << 20], TooLarge),
            (text("b", "07:30:00", &deep).into(), NotJson),
            (text("b", "07:30:00", &many).into(), NotJson),
            (utf16, NotJson),
            (vec![0; 4096], NotJson),
            (text("b", "07:30:00", twice).into(), NotJson),
            (text("", "07:30:00", "").into(), WrongSchema),
            (b"[]".into(), WrongSchema),
        ] {
            let mut files = spool.files(SECTION);
            spool.write("b.json", bytes);
            let change = files.look(NOW);
            let [complaint] = change.complaints.as_slice() else {
                panic!("{trouble:?}: {:?}", change.complaints);
            };
            assert!(
                complaint.contains("/spool/b.json: ") && complaint.len() < 400,
                "{complaint}"
            );
            let facts = change.facts.unwrap();
            assert_eq!(
                (facts.strays[0].fault.trouble, &*facts.strays[0].file),
                (trouble, "b.json")
            );
            assert_eq!(facts.servers.len(), 1, "{:?}", facts.servers);
            assert_eq!(facts.servers[0].fault, None);
            let again = files.look(NOW);
            assert!(
                again.facts.is_none() && again.complaints.is_empty(),
                "said once"
            );
        }
        let mut files = spool.files(SECTION);
        files.look(NOW);
        spool.write("b.json", &whole);
        let change = files.look(NOW);
        assert_eq!((change.mended.len(), change.complaints.len()), (1, 0));
        assert_eq!(change.facts.unwrap().servers.len(), 2);
    }

    #[test]
    fn what_was_said_is_replaced_part_by_part() {
        let spool = Spool::new();
        let padding = format!(", \"x\": \"{}\"", "x".repeat(PART * 2 / 3));
        let write = |at: &str| {
            ["a", "b", "c"]
                .map(|name| spool.write(&format!("{name}.json"), text(name, at, &padding)))
        };
        let times = |change: InsideChange| {
            let servers = change.facts.unwrap().servers.into_iter();
            let times = servers.map(|server| server.newest.unwrap().collected_at.to_string());
            times.map(|time| time[11..16].to_owned()).collect()
        };
        let look = |files: &mut InventoryFiles| {
            let mut told: Vec<Vec<String>> = Vec::new();
            let last = files.look_in_parts(NOW, &mut |change| told.push(times(change)));
            told.push(times(last));
            told
        };
        write("07:25:00");
        let mut files = spool.files(SECTION);
        assert_eq!(look(&mut files), [["07:25"; 3]], "nothing was there");
        write("07:30:00");
        let parts = [["07:30", "07:30", "07:25"], ["07:30"; 3]];
        assert_eq!(look(&mut files), parts);
    }

    #[test]
    fn many_queues_and_strange_names_cost_only_themselves() {
        let spool = Spool::new();
        let queues = format!(", \"queues\": [{}{{}}]", "{},".repeat(1_000_000));
        spool.write("a.json", text("a\\n\\\"b", "07:30:00", &queues));
        spool.write(
            "b.json",
            text("b", "07:30:00", ", \"certificates\": [{\"der\": \"AAAA\"}]"),
        );
        spool.write("c.json", text("c", "07:30:00", "").replace("2023", "9999"));
        let facts = spool.files(SECTION).look(NOW).facts.unwrap();
        let said = |nth: usize| facts.servers[nth].newest.as_ref().unwrap();
        assert_eq!(&*facts.servers[0].key.0, "a\n\"b");
        assert_eq!((said(0).queues().len(), said(0).errors.len()), (0, 22));
        assert_eq!(said(1).errors[0].section, "certificates");
        assert_eq!(said(2).collected_at.to_string(), "9999-06-07T07:30:00Z");
    }

    #[test]
    fn what_breaks_or_goes_says_what_it_said_until_it_is_old() {
        let spool = Spool::new();
        spool.write("a.json", text("a", "07:25:00", ""));
        let mut files = spool.files(SECTION);
        files.look(NOW);
        spool.write("a.json", text("a", "07:30:00", ""));
        let server = |change: InsideChange| change.facts.unwrap().servers.remove(0);
        let at = |one: &Option<Arc<Inventory>>| one.as_ref().unwrap().collected_at.to_string();
        let first = server(files.look(NOW));
        let earlier = |server: &ServerFacts| server.earlier.as_ref().unwrap().collected_at;
        assert_eq!(earlier(&first).to_string(), "2023-06-07T07:25:00Z");
        spool.write("a.json", "{");
        let change = files.look(NOW);
        let kept = "(what it said at 2023-06-07T07:30:00Z is kept)";
        assert!(
            change.complaints[0].ends_with(kept),
            "{:?}",
            change.complaints
        );
        let broken = server(change);
        assert_eq!(
            broken.fault.as_ref().unwrap().trouble,
            TroubleWithFile::NotJson
        );
        assert_eq!(at(&broken.newest), at(&first.newest));
        fs::remove_file(spool.at("a.json")).unwrap();
        let gone = server(files.look(NOW));
        assert_eq!(
            gone.fault.as_ref().unwrap().trouble,
            TroubleWithFile::Missing
        );
        assert_eq!(earlier(&gone), earlier(&first));
        assert!(files.look(NOW).facts.is_none(), "as before");
        let mut reloaded = spool.files("inside: {files: 'spool/*.json', max_age: 1h}");
        reloaded.inherit(&files);
        let change = reloaded.look(NOW);
        assert!(change.complaints.is_empty(), "{:?}", change.complaints);
        let known = server(change);
        assert_eq!(
            (at(&known.newest), known.max_age),
            (at(&first.newest), 3600)
        );
        let mut elsewhere = spool.files("inside: {files: 'spool/b*.json'}");
        elsewhere.inherit(&files);
        assert!(elsewhere.look(NOW).facts.unwrap().servers.is_empty());
        let late = files.look(NOW.plus_seconds(90_000));
        assert!(late.facts.unwrap().servers.is_empty(), "forgotten");
    }

    #[test]
    fn a_certificate_that_stays_is_held_once_whoever_has_it() {
        use data_encoding::BASE64;
        let der = include_bytes!("../../tests/fixtures/certificates/ordinary.der");
        let der = BASE64.encode(der);
        let held = format!(", \"certificates\": [{{\"der\": \"{der}\"}}]");
        let spool = Spool::new();
        let mut files = spool.files(SECTION);
        let mut look = |at: &str, more: &str| {
            spool.write("a.json", text("a", at, more));
            spool.write("b.json", text("b", at, more));
            let facts = files.look(NOW).facts.unwrap();
            (facts, files.known.len())
        };
        let certificate = |facts: &InsideFacts, nth: usize| {
            let newest = facts.servers[nth].newest.as_ref().unwrap();
            newest.certificates()[0].certificate.clone()
        };
        let is_one = |a: &Certificate, b: &Certificate| std::ptr::eq(a.der(), b.der());
        let (before, known) = look("07:25:00", &held);
        let first = certificate(&before, 0);
        assert!(
            is_one(&first, &certificate(&before, 1)),
            "of another server"
        );
        assert_eq!(known, 1);
        let (facts, known) = look("07:30:00", &held);
        assert!(is_one(&first, &certificate(&facts, 0)), "of a changed file");
        assert_eq!(known, 1);
        drop((before, facts, first));
        assert_eq!(look("07:35:00", "").1, 0, "nobody has it any more");
    }

    #[test]
    fn a_folder_that_is_gone_is_one_line_and_loses_no_server() {
        let spool = Spool::new();
        spool.write("a.json", text("a", "07:30:00", ""));
        spool.write("b.json", text("b", "07:30:00", ""));
        let mut files = spool.files(SECTION);
        files.look(NOW);
        fs::rename(spool.at(""), spool.0.path().join("moved")).unwrap();
        let change = files.look(NOW);
        let [line] = change.complaints.as_slice() else {
            panic!("{:?}", change.complaints)
        };
        assert!(line.starts_with("inside.files: the folder "), "{line}");
        let facts = change.facts.unwrap();
        let faults: Vec<_> = facts
            .servers
            .iter()
            .map(|s| s.fault.as_ref().unwrap().trouble)
            .collect();
        assert_eq!(faults, [TroubleWithFile::Missing; 2]);
        assert_eq!((&*facts.strays[0].file, facts.strays.len()), ("*.json", 1));
        fs::rename(spool.0.path().join("moved"), spool.at("")).unwrap();
        let facts = files.look(NOW).facts.unwrap();
        assert!(facts.strays.is_empty() && facts.servers.iter().all(|s| s.fault.is_none()));
    }
}
