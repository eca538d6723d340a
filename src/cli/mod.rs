//! Arguments to commands and their exit codes; knows nothing of how anything is probed or judged.

mod arguments;
mod build;
mod check;
mod collect;
mod complaint;
mod config_file;
#[cfg(feature = "demo")]
mod demo;
mod files;
mod hostname;
mod inventory_file;
mod life;
mod logging;
mod named;
mod progress;
mod rounds;
mod runtime;
mod serve;
mod streams;
mod tlsa;
mod understood;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command};
pub use build::BUILD;
use complaint::complain;
pub use streams::look_at_output;

/// Exit status of `check` and `tlsa` when nothing could be determined, after the monitoring plugins.
const UNKNOWN: u8 = 3;

/// What may stand on the command line, for its manual page and for shells that complete it.
pub fn command_line() -> clap::Command {
    Arguments::command().version(env!("CARGO_PKG_VERSION"))
}

/// Runs the command that the arguments name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let is_check = arguments
        .iter()
        .skip(1)
        .any(|word| word == "check" || word == "tlsa");
    let on_error = if is_check { UNKNOWN } else { 1 };
    match Arguments::try_parse_from(&arguments) {
        Ok(parsed) => match parsed.command {
            Some(Command::Check(check)) => finish(check::run(&check), UNKNOWN),
            Some(Command::Collect(wanted)) => finish(collect::run(&wanted), 1),
            #[cfg(feature = "demo")]
            Some(Command::Demo) => finish(demo::run(), 1),
            Some(Command::Tlsa(wanted)) => finish(tlsa::run(&wanted), UNKNOWN),
            Some(Command::Serve(serve)) => finish(serve::run(&serve), 1),
            None => finish(serve::run(&parsed.serve), 1),
        },
        Err(help) if is_asked_for(help.kind()) => {
            let printed = streams::print_help(&help);
            finish(printed.map(|()| 0), on_error)
        }
        Err(error) => finish(Err(one_line(&error)), on_error),
    }
}

fn is_asked_for(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
}

/// A command's exit code, or its complaint and the code for that.
fn finish(outcome: Result<u8, String>, on_error: u8) -> ExitCode {
    ExitCode::from(outcome.unwrap_or_else(|message| {
        complain(&message);
        on_error
    }))
}

/// clap explains over several lines; what is wrong stands in the paragraph before the usage.
fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let paragraph: Vec<_> = text
        .lines()
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let text = paragraph.join(" ");
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    if text.starts_with("the subcommand") {
        return format!("{text}, expected the subcommand before all options");
    }
    text.to_owned()
}
