//! The exporter as people run it: the real binary, real sockets, curl as the client.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

#[path = "../harness/clock.rs"]
mod clock;
#[path = "../peer/mod.rs"]
mod peer;

mod exporter;
mod formats;
mod life;
mod named_files;
mod pages;
mod pressure;
mod prometheus;
mod request;
mod secrets;
mod secured;
mod strangers;
mod systemd;
