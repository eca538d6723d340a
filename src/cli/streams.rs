//! Text to standard output and standard error, which may be closed, full, or a pipe that nobody reads.

use std::io::{self, ErrorKind, IsTerminal, Write, stderr, stdout};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::plain::quoted;
use crate::render::Style;

/// Whether the program was started with a closed standard output.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Looks at standard output before `main`: the standard library opens /dev/null in the place of a closed one, and what
/// is written there is lost without an error. Afterwards nothing tells it from a /dev/null that somebody wanted: many
/// open that for reading too.
pub fn look_at_output() {
    let is_open = stdout().as_fd().try_clone_to_owned().is_ok();
    CLOSED.store(!is_open, Ordering::Relaxed);
}

/// Prints `text`, which is called `what` when it could not be written.
///
/// # Errors
/// One line that says why.
pub(super) fn print(what: &str, text: &str) -> Result<(), String> {
    written(write(text)).map_err(|why| lost(what, &why))
}

/// How a table looks on standard output: in colour on a terminal, unless NO_COLOR is set.
pub(super) fn style() -> Style {
    Style {
        colour: stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    }
}

/// Prints the help or the version. A reader who has seen enough of it is no error.
///
/// # Errors
/// One line that says why.
pub(super) fn print_help(help: &clap::Error) -> Result<(), String> {
    match written(help.print()) {
        Err(why) if why.kind() != ErrorKind::BrokenPipe => Err(lost("what was asked for", &why)),
        _ => Ok(()),
    }
}

fn write(text: &str) -> io::Result<()> {
    stdout().write_all(text.as_bytes())
}

/// Only when nothing is left in the buffer, all was written.
fn written(result: io::Result<()>) -> io::Result<()> {
    result.and_then(|()| stdout().flush())?;
    if CLOSED.load(Ordering::Relaxed) {
        return Err(io::Error::other("it is closed"));
    }
    Ok(())
}

fn lost(what: &str, why: &io::Error) -> String {
    format!("standard output: {what} could not be written: {why}")
}

/// Writes a line to standard error. When that fails, there is nobody left to tell.
pub(super) fn complain(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}

/// Standard error for the log. What is hidden in a line is escaped, whoever wrote it. Lines that cannot be written are
/// lost, and the exporter goes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let shown = String::from_utf8_lossy(line);
        let _ = stderr().write_all(quoted(&shown).as_bytes());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
