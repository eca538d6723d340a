//! Mail servers and certificates made up in this process, for the tests; knows nothing of the exporter.

pub mod acts;
mod authority;
mod dns;
mod mute;
mod policy_host;
mod script;
mod server;
mod tunnel;

pub use authority::{Authority, Credentials, Leaf};
pub use dns::{Answer, Dns, Zone};
pub use policy_host::{Page, PolicyHost};
pub use script::{Act, Script};
pub use server::{HangUp, Server, Speech};
pub use tunnel::Tunnel;
