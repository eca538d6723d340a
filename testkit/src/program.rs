//! The program under test: run to its end, or started to serve (`serving.rs`). Nothing else starts it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use super::serving::Setup;

/// Far more than anything here needs, so that a hang is a failure and not a hung test.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The program, by its path.
#[derive(Debug, Clone, Copy)]
pub struct Program(&'static str);

impl Program {
    /// `path` is `env!("CARGO_BIN_EXE_smtp-tls-exporter")`, which cargo tells test programs and benchmarks alone.
    pub const fn new(path: &'static str) -> Self {
        Self(path)
    }

    /// For whatever runs it by means of its own: a shell, a namespace, a socket of systemd.
    pub const fn path(self) -> &'static str {
        self.0
    }

    /// To be run as the caller wishes.
    pub fn command(self) -> Command {
        Command::new(self.0)
    }

    /// Runs it to its end, while servers of this process may go on.
    pub async fn run<S: AsRef<OsStr>>(self, arguments: &[S]) -> Ended {
        let mut command = self.command();
        command.args(arguments);
        ended(command).await
    }

    /// Runs it to its end; nothing else goes on in this thread meanwhile.
    pub fn run_alone<S: AsRef<OsStr>>(self, arguments: &[S]) -> Ended {
        Ended::of(self.command().args(arguments))
    }

    /// To serve this configuration, in a directory of its own.
    pub fn over(self, config: &str) -> Setup {
        Setup::new(self, config)
    }

    /// To serve the configuration in this file.
    pub fn serving(self, file: &Path) -> Setup {
        Setup::at(self, file)
    }
}

/// How the program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Runs this to its end, in this thread.
    pub fn of(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let id = child.id();
        let (done, end) = channel();
        thread::spawn(move || done.send(child.wait_with_output()));
        let Ok(output) = end.recv_timeout(PATIENCE) else {
            signal(id, "KILL");
            panic!("{command:?} did not end");
        };
        let output = output.expect("its output");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The one line on standard error, without its end. Panics when there are more or fewer.
    pub fn complaint(&self) -> &str {
        let line = self.stderr.strip_suffix('\n').unwrap_or_default();
        assert!(!line.is_empty() && !line.contains('\n'), "{self:?}");
        line
    }
}

/// Runs this to its end, while servers of this process may go on.
pub async fn ended(mut command: Command) -> Ended {
    let ended = tokio::task::spawn_blocking(move || Ended::of(&mut command));
    ended.await.expect("it ends")
}

/// Waits for the end; who does not end is killed, and the test fails.
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("its status") {
            return status;
        }
        thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    panic!("the program does not end");
}

/// Sends a signal by the shell's own `kill`, as Rust's library has none but SIGKILL.
pub(crate) fn signal(id: u32, name: &str) {
    let kill = format!("kill -s {name} {id}");
    let done = Command::new("sh").args(["-c", &kill]).status();
    assert!(done.is_ok_and(|status| status.success()), "{kill}");
}
