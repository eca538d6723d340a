//! The program as people run it, among real sockets: its commands, its pages, its files, its manners under attack, and
//! real mail servers.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may fail; the walls are for the exporter, here its peers are started and read"
)]

mod bad_config;
mod check;
#[cfg(feature = "demo")]
mod demo;
mod golden;
mod hostile;
mod inhibition;
mod policies;
mod published;
mod real;
mod revocation;
mod serve;
mod service;
#[cfg(feature = "demo")]
mod shown;
mod tlsa;
mod vantages;

use std::ffi::OsStr;

use testkit::{Ended, Program};

/// The program under test.
const PROGRAM: Program = Program::new(env!("CARGO_BIN_EXE_smtp-tls-exporter"));

/// Runs the program to its end.
async fn run<S: AsRef<OsStr>>(arguments: &[S]) -> Ended {
    PROGRAM.run(arguments).await
}
