//! A program of this machine and its arguments to what it prints: no shell, in bounded time and memory. The one place
//! that starts programs.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place that starts programs, of which it looks where they lie"
)]

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use super::lines::Lines;

/// How long a program may take.
const DEADLINE: Duration = Duration::from_secs(20);
/// Most bytes of what a program prints, where it is kept.
const MOST_BYTES: usize = 64 << 20;
/// Most bytes of what it complains of: the rest is read and dropped.
const MOST_COMPLAINTS: usize = 16 << 10;
const CHUNK: usize = 64 << 10;
/// Where mail servers and their tools lie when they are not on `$PATH`: cron has a short one.
const PLACES: [&str; 4] = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"];

/// A program that is on this machine.
#[derive(Debug, Clone)]
pub(super) struct Program(PathBuf);

/// Why a program's answer is not whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProgramFault {
    /// It could not be started, or its output not be read.
    #[error("{0} cannot be run: {1}")]
    Unrunnable(String, io::Error),
    /// It did not end in time.
    #[error("{0} did not end within {limit} s", limit = DEADLINE.as_secs())]
    Slow(String),
    /// It printed too much.
    #[error("{0} printed more than {limit} MiB", limit = MOST_BYTES >> 20)]
    Loud(String),
}

/// How a program ended.
#[derive(Debug)]
pub(super) struct Finished {
    /// Whether it says that all went well.
    pub(super) is_success: bool,
    /// What it printed, where it was kept.
    pub(super) printed: String,
    /// What it complained of, cut.
    pub(super) complaints: String,
}

enum Event {
    Printed(Vec<u8>),
    AllPrinted(io::Result<()>),
    TimeIsUp,
}

impl Program {
    /// The first of these names that is found: on `$PATH`, of which only absolute folders count, then where mail servers
    /// usually lie.
    pub(super) fn find(names: &[&str]) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<_> = std::env::split_paths(&path)
            .filter(|folder| folder.is_absolute())
            .chain(PLACES.iter().map(PathBuf::from))
            .collect();
        let candidates = names
            .iter()
            .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        candidates.into_iter().find(|file| file.is_file()).map(Self)
    }

    /// Runs it to its end and keeps what it prints.
    ///
    /// # Errors
    /// [`ProgramFault`]; an exit status other than 0 is none.
    pub(super) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Finished, ProgramFault> {
        let mut printed = Vec::new();
        let mut finished = self.drive(arguments, &mut |chunk| {
            printed.extend_from_slice(chunk);
            printed.len() <= MOST_BYTES
        })?;
        finished.printed = String::from_utf8_lossy(&printed).into_owned();
        Ok(finished)
    }

    /// Runs it to its end and shows each line that it prints, none of which is kept.
    ///
    /// # Errors
    /// [`ProgramFault`]; the lines until then were shown.
    pub(super) fn stream<S: AsRef<OsStr>>(
        &self,
        arguments: &[S],
        show: &mut dyn FnMut(&[u8]),
    ) -> Result<Finished, ProgramFault> {
        let mut lines = Lines::default();
        let finished = self.drive(arguments, &mut |chunk| {
            lines.push(chunk, show);
            true
        })?;
        lines.end(show);
        Ok(finished)
    }

    fn drive<S: AsRef<OsStr>>(
        &self,
        arguments: &[S],
        take: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<Finished, ProgramFault> {
        let name = || self.0.display().to_string();
        let unrunnable = |error| ProgramFault::Unrunnable(name(), error);
        let mut child = self.start(arguments).map_err(unrunnable)?;
        let (events, complaints) = watched(&mut child);
        let outcome = loop {
            match events.recv() {
                Ok(Event::Printed(chunk)) if take(&chunk) => {}
                Ok(Event::Printed(_)) => break Err(ProgramFault::Loud(name())),
                Ok(Event::AllPrinted(read)) => break read.map_err(unrunnable),
                Ok(Event::TimeIsUp) | Err(_) => break Err(ProgramFault::Slow(name())),
            }
        };
        let ended = outcome.and_then(|()| ended(&mut child, &events, name()));
        if ended.is_err() {
            // It may have ended by itself meanwhile.
            let _ = child.kill();
            let _ = child.wait();
        }
        Ok(Finished {
            is_success: ended?.success(),
            printed: String::new(),
            complaints: complaints.recv_timeout(DEADLINE).unwrap_or_default(),
        })
    }

    fn start<S: AsRef<OsStr>>(&self, arguments: &[S]) -> io::Result<Child> {
        Command::new(&self.0)
            .args(arguments)
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

/// What happens to a child, and later what it complained of.
fn watched(child: &mut Child) -> (Receiver<Event>, Receiver<String>) {
    let (send, events) = sync_channel(4);
    let (complain, complaints) = channel();
    if let Some(stdout) = child.stdout.take() {
        let send = send.clone();
        thread::spawn(move || forward(stdout, &send));
    }
    if let Some(stderr) = child.stderr.take() {
        thread::spawn(move || complained(stderr, &complain));
    }
    thread::spawn(move || {
        thread::sleep(DEADLINE);
        // Nobody listens any more when all went well.
        let _ = send.send(Event::TimeIsUp);
    });
    (events, complaints)
}

/// Waits for the end of a child that has closed its output.
fn ended(
    child: &mut Child,
    events: &Receiver<Event>,
    name: String,
) -> Result<ExitStatus, ProgramFault> {
    const PAUSE: Duration = Duration::from_millis(2);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            Err(error) => return Err(ProgramFault::Unrunnable(name, error)),
        }
        match events.recv_timeout(PAUSE) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(_) | Err(RecvTimeoutError::Disconnected) => return Err(ProgramFault::Slow(name)),
        }
    }
}

fn forward(mut from: impl Read, to: &SyncSender<Event>) {
    let outcome = loop {
        let mut chunk = vec![0; CHUNK];
        match from.read(&mut chunk) {
            Ok(0) => break Ok(()),
            Ok(read) => {
                chunk.truncate(read);
                if to.send(Event::Printed(chunk)).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    let _ = to.send(Event::AllPrinted(outcome));
}

fn complained(mut from: impl Read, to: &Sender<String>) {
    let mut kept = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut chunk) {
        let room = MOST_COMPLAINTS - kept.len();
        kept.extend(chunk.iter().take(read.min(room)));
    }
    let _ = to.send(String::from_utf8_lossy(&kept).into_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell() -> Program {
        Program::find(&["no such program", "sh"]).unwrap()
    }

    #[test]
    fn what_it_prints_complains_of_and_how_it_ends_is_told() {
        let done = shell().run(&["-c", "echo $LC_ALL; echo no >&2; exit 3"]);
        let done = done.unwrap();
        assert_eq!(
            (&*done.printed, &*done.complaints, done.is_success),
            ("C\n", "no\n", false)
        );
        assert!(shell().run(&["-c", ":"]).unwrap().is_success);
    }

    #[test]
    fn lines_are_shown_one_by_one() {
        let mut seen = Vec::new();
        let mut show = |line: &[u8]| seen.push(String::from_utf8(line.to_vec()).unwrap());
        shell()
            .stream(&["-c", "echo a; echo; printf b"], &mut show)
            .unwrap();
        assert_eq!(seen, ["a", "", "b"]);
    }

    #[test]
    fn too_much_is_not_kept() {
        let loud = shell().run(&["-c", "head -c 100000000 /dev/zero"]);
        assert!(loud.unwrap_err().to_string().ends_with("more than 64 MiB"));
    }

    #[test]
    fn complaints_without_end_hold_nobody_up() {
        let script = "head -c 1000000 /dev/zero >&2; echo done";
        let done = shell().run(&["-c", script]).unwrap();
        assert_eq!(
            (&*done.printed, done.complaints.len()),
            ("done\n", MOST_COMPLAINTS)
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_not_found() {
        assert!(Program::find(&["no such program"]).is_none());
    }
}
