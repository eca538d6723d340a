//! Probes of servers that this process plays, or that are started beside it, at a fixed time: what is seen, what is made
//! of it, and how it is shown. Most of it calls the library.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may fail; the walls are for the exporter, here its peers are started and read"
)]

mod advice;
mod certificates;
mod dialogue;
mod fallbacks;
mod fuzz;
mod handshake;
mod mail_domains;
mod metrics;
mod odd_certificates;
mod openssl;
mod policy_fleet;
mod probed;
mod proxies;
mod published;
mod published_policies;
mod publishing;
mod real_views;
mod resolvers;
mod story;
mod subjects;
mod target_files;
mod views;
mod watched;

use testkit::Program;

/// The program under test.
const PROGRAM: Program = Program::new(env!("CARGO_BIN_EXE_smtp-tls-exporter"));
