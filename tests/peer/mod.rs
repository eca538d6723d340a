//! Mail servers and certificates made up in this process, for the tests; knows nothing of the exporter.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    missing_docs,
    reason = "shared source: every user takes a part of it"
)]

mod authority;
mod dns;
mod mute;
mod script;
mod server;

pub use authority::{Authority, Credentials, Leaf};
pub use dns::{Answer, Dns, Zone};
pub use script::{Act, Script};
pub use server::{HangUp, Server, Speech};
