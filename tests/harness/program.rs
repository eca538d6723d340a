//! The real program: run to its end, or serving until it is ended.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio::time::timeout;

const PROGRAM: &str = env!("CARGO_BIN_EXE_smtp-tls-exporter");
/// Far more than anything here needs, so that a hang is a failure and not a hung test.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The one line on standard error, without its end. Panics when there are more or fewer.
    pub(crate) fn complaint(&self) -> &str {
        let line = self.stderr.strip_suffix('\n').unwrap_or_default();
        assert!(!line.is_empty() && !line.contains('\n'), "{self:?}");
        line
    }
}

/// Runs the program to its end, while servers of this process may go on.
pub(crate) async fn run<S: AsRef<OsStr>>(arguments: &[S]) -> Ended {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    ended(command).await
}

/// Runs the program to its end, by a command that says where it runs.
pub(crate) async fn ended(mut command: Command) -> Ended {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().expect("the program starts");
    let id = child.id();
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output());
    let Ok(ended) = timeout(PATIENCE, ended).await else {
        signal(id, "KILL");
        panic!("the program did not end");
    };
    let output = ended.expect("no panic").expect("its output");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// The program while it serves.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Program {
    /// Serves this configuration on any port.
    pub(crate) fn serve(config: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .arg("--config.file")
            .arg(config)
            .args(["--web.listen-address", "127.0.0.1:0"])
            .args(more)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut log = BufReader::new(child.stderr.take().expect("piped"));
        let mut said = String::new();
        let address = loop {
            let before = said.len();
            let read = log.read_line(&mut said).expect("its log");
            assert!(read > 0, "it ended: {said}");
            if let Some(address) = listening(&said[before..]) {
                break address;
            }
        };
        // Read on, so that it never blocks on its log.
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, address }
    }

    /// Sends SIGTERM and waits; returns the exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        end(&mut self.child, "TERM")
    }
}

/// Sends a signal and waits for the end; returns the exit code. Who does not end is killed.
pub(crate) fn end(child: &mut Child, name: &str) -> Option<i32> {
    signal(child.id(), name);
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("its status") {
            return status.code();
        }
        thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    None
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `… msg=listening address=127.0.0.1:38211 …`
fn listening(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("address=")?;
    rest.split_whitespace()
        .next()?
        .trim_matches('"')
        .parse()
        .ok()
}

/// Sends a signal by the shell's own `kill`, as Rust's library has none but SIGKILL.
fn signal(id: u32, name: &str) {
    let kill = format!("kill -{name} {id}");
    let done = Command::new("sh").args(["-c", &kill]).status();
    assert!(done.is_ok_and(|status| status.success()), "{kill}");
}
