//! The hosts file to the addresses of its names (hosts(5)), read anew when it has changed; asks nobody.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout};

use super::file::{self, Stamp};

/// Where the C library looks.
const FILE: &str = "/etc/hosts";
/// Lists of unwanted names, which some put there, have a few of these.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// How often is looked whether it has changed.
const INTERVAL: Duration = Duration::from_secs(10);
/// How long a look-up waits for the file system; a hung one goes on in the background.
const PATIENCE: Duration = Duration::from_secs(1);

type Names = HashMap<Box<str>, Vec<IpAddr>>;

/// What is in the file, unless it is as it was.
type Read = io::Result<Option<(Stamp, Names)>>;

/// The hosts file as last read.
pub(super) struct HostsFile {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    names: Arc<Names>,
    stamp: Option<Stamp>,
    looked: Option<Instant>,
    reading: Option<JoinHandle<Read>>,
    complaint: Option<String>,
}

impl State {
    /// Says once what is wrong, not at every look.
    fn complain(&mut self, file: &Path, why: String) {
        if self.complaint.as_ref() != Some(&why) {
            tracing::warn!(
                "{} is not read, what was known stays: {why}",
                file.display()
            );
        }
        self.complaint = Some(why);
    }
}

impl HostsFile {
    pub(super) fn of_this_machine() -> Self {
        Self::at(FILE.into())
    }

    fn at(path: PathBuf) -> Self {
        Self {
            path,
            state: Mutex::default(),
        }
    }

    /// Every address that stands beside a name.
    pub(super) async fn addresses(&self, name: &str) -> Vec<IpAddr> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let names = self.names().await;
        names.get(name.as_str()).cloned().unwrap_or_default()
    }

    async fn names(&self) -> Arc<Names> {
        let mut state = self.state.lock().await;
        if state.looked.is_none_or(|at| at.elapsed() >= INTERVAL) {
            self.look(&mut state).await;
            state.looked = Some(Instant::now());
        }
        Arc::clone(&state.names)
    }

    /// Reads the file if it has changed. One that cannot be read changes nothing, nor does one that takes too long:
    /// the next look then takes what became of it.
    async fn look(&self, state: &mut State) {
        let (path, known) = (self.path.clone(), state.stamp);
        let begin = || spawn_blocking(move || read_anew(&path, known));
        let mut reading = state.reading.take().unwrap_or_else(begin);
        match timeout(PATIENCE, &mut reading).await {
            Ok(Ok(Ok(Some((stamp, names))))) => {
                state.names = Arc::new(names);
                state.stamp = Some(stamp);
                state.complaint = None;
            }
            Ok(Ok(Ok(None))) => state.complaint = None,
            Ok(Ok(Err(e))) if e.kind() == io::ErrorKind::NotFound => *state = State::default(),
            Ok(Ok(Err(e))) => state.complain(&self.path, e.to_string()),
            Ok(Err(e)) => state.complain(&self.path, e.to_string()),
            Err(_) => {
                state.complain(&self.path, "the file system does not answer".to_owned());
                state.reading = Some(reading);
            }
        }
    }
}

fn read_anew(path: &Path, known: Option<Stamp>) -> Read {
    let stamp = Stamp::of(path)?;
    if Some(stamp) == known {
        return Ok(None);
    }
    let (names, spoilt) = parse(&file::read(path, MAX_BYTES)?);
    if let Some(first) = spoilt.first() {
        let (file, lines) = (path.display(), spoilt.len());
        tracing::warn!("{file}:{first}: not text in UTF-8; {lines} such lines are left out");
    }
    Ok(Some((stamp, names)))
}

/// The addresses by name, and which lines could not be read.
fn parse(bytes: &[u8]) -> (Names, Vec<usize>) {
    let (mut names, mut spoilt) = (Names::new(), Vec::new());
    for (nth, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let text = line.split(|byte| *byte == b'#').next().unwrap_or_default();
        let Ok(text) = std::str::from_utf8(text) else {
            spoilt.push(nth + 1);
            continue;
        };
        let mut words = text.split_whitespace();
        let Some(Ok(address)) = words.next().map(str::parse) else {
            continue;
        };
        for name in words {
            let addresses = names.entry(name.to_ascii_lowercase().into()).or_default();
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    (names, spoilt)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "makes the files that are read")]
mod tests {
    use super::*;
    use std::fs;

    async fn shown(hosts: &HostsFile, name: &str) -> Vec<String> {
        let found = hosts.addresses(name).await;
        found.iter().map(ToString::to_string).collect()
    }

    #[tokio::test]
    async fn a_byte_that_is_no_text_spoils_its_line_only() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("hosts");
        let text = b"192.0.2.1 Relay.bears.test relay # \xff\n192.0.2.2 b\xe4r.bears.test\n\
            2001:db8::1\trelay\n192.0.2.1 relay\nnonsense relay\n\n192.0.2.3 den";
        fs::write(&file, text).unwrap();
        assert_eq!(parse(text).1, [2]);
        let hosts = HostsFile::at(file);
        assert_eq!(shown(&hosts, "relay").await, ["192.0.2.1", "2001:db8::1"]);
        assert_eq!(shown(&hosts, "RELAY.bears.test.").await, ["192.0.2.1"]);
        assert_eq!(shown(&hosts, "den").await, ["192.0.2.3"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_seen_and_what_cannot_be_read_changes_nothing() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("hosts");
        fs::write(&file, "192.0.2.1 relay").unwrap();
        let hosts = HostsFile::at(file.clone());
        assert_eq!(shown(&hosts, "relay").await, ["192.0.2.1"]);
        fs::write(&file, "192.0.2.99 relay").unwrap();
        tokio::time::advance(INTERVAL).await;
        assert_eq!(shown(&hosts, "relay").await, ["192.0.2.99"]);
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        tokio::time::advance(INTERVAL).await;
        assert_eq!(shown(&hosts, "relay").await, ["192.0.2.99"]);
        fs::remove_dir(&file).unwrap();
        tokio::time::advance(INTERVAL).await;
        assert!(shown(&hosts, "relay").await.is_empty(), "without the file");
        fs::write(&file, "192.0.2.99 relay").unwrap();
        tokio::time::advance(INTERVAL).await;
        assert_eq!(shown(&hosts, "relay").await, ["192.0.2.99"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pipe_in_its_place_holds_nobody() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("hosts");
        let made = std::process::Command::new("mkfifo").arg(&file).status();
        assert!(made.unwrap().success());
        assert!(HostsFile::at(file).addresses("relay").await.is_empty());
    }
}
