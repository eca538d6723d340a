//! What the tests share: mail servers and certificates made up in this process, the real program, and what it says read
//! back. It knows the exporter only as a program, by its path: what needs the library stays with the test.
#![expect(
    missing_docs,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "for tests, which may fail, read clocks and files, and start what they talk to"
)]

pub mod curl;
pub mod exposition;
pub mod golden;
pub mod http;
pub mod network;
pub mod odd;
pub mod peer;
pub mod process;
pub mod program;
pub mod published;
pub mod serving;
pub mod started;
pub mod story;
pub mod world;

mod clock;

pub use clock::{early_clock, fast_clock, now, stopped_clock};
pub use exposition::{Exposition, Sample};
pub use program::{Ended, Program, ended};
pub use serving::{Exporter, Setup};
pub use world::{Role, Stage, World, any_port, fleet, serve, target, target_with};
