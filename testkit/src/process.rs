//! A command line into a running program that ends with the test, and whose log is shown when the
//! test fails; must not know what the program is for.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long anything a test waits for may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a program may take to end once it was asked to.
const FAREWELL: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// Calls `look` until it finds what is awaited; its error says what it sees instead.
pub fn until<T>(awaited: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) if Instant::now() > deadline => {
                panic!("waited {PATIENCE:?} in vain: {awaited}; at last: {seen}")
            }
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

/// The program `name`, which the test cannot do without.
pub fn program(name: &str) -> PathBuf {
    let path = std::env::var("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/lib/postfix/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!("{name} is not on this machine; tests/run.sh installs what this test needs")
        })
}

/// Mail servers change to users of their own, which only root may do.
pub fn require_root() {
    let owner = fs::metadata("/proc/self").expect("/proc").uid();
    assert_eq!(
        owner, 0,
        "mail servers are started by root only; tests/run.sh sees to it"
    );
}

/// A directory of the test's own that the mail servers' users may enter.
pub fn scratch() -> TempDir {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let everyone = fs::Permissions::from_mode(0o755);
    fs::set_permissions(scratch.path(), everyone).expect("permissions of a directory of ours");
    scratch
}

/// Runs `command` to its end and gives what it printed; it must succeed.
pub fn output(command: &mut Command) -> String {
    let done = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let printed = [done.stdout, done.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(done.status.success(), "{command:?} failed:\n{printed}");
    printed
}

/// A program at work.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command`; what it prints is appended to `log`, where it may also write itself.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(log);
        let file = file.unwrap_or_else(|error| panic!("{}: {error}", log.display()));
        let twin = file.try_clone().expect("a second handle of the log");
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(twin)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        Self {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
        }
    }

    /// Waits like [`until`], but not for a program that has ended.
    pub fn until<T>(&mut self, awaited: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
        until(awaited, || {
            let ended = self.child.try_wait().expect("a child of ours");
            if let Some(status) = ended {
                panic!("{} ended with {status} before: {awaited}", self.name);
            }
            look()
        })
    }

    /// Waits until the program has logged `words`, then gives all it has logged.
    pub fn log_with(&mut self, words: &str) -> String {
        let log = self.log.clone();
        self.until(&format!("\"{words}\" in the log"), || {
            let text = read(&log);
            text.contains(words).then_some(text).ok_or_else(String::new)
        })
    }

    /// Sends `signal` to the program and all it has started.
    fn signal(&self, signal: &str) {
        let group = format!("-{}", self.child.id());
        let kill = Command::new("sh")
            .args(["-c", "kill -s \"$0\" -- \"$1\"", signal, &group])
            .stderr(Stdio::null())
            .status();
        if let Err(error) = kill {
            eprintln!("{}: no signal sent: {error}", self.name);
        }
    }

    fn ends_within(&mut self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return true;
            }
            thread::sleep(PAUSE);
        }
        false
    }
}

/// What a log says so far; nothing as long as there is none.
fn read(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal("TERM");
        if !self.ends_within(FAREWELL) {
            self.signal("KILL");
            self.ends_within(FAREWELL);
        }
        if thread::panicking() {
            let log = read(&self.log);
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(25)..];
            eprintln!("--- {} said last:\n{}", self.name, tail.join("\n"));
        }
    }
}
