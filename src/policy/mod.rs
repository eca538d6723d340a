//! A mail domain to its published MTA-STS policy, read at every address of the policy host and remembered as senders
//! remember it; and to its TLSRPT record. Judges nothing.

mod fetch;
mod http;
mod known_policies;
mod look;
mod memory;
mod remembered;
mod settings;
mod state_file;
mod store;

pub use fetch::{Approach, Believer, Doubting, MAX_ADDRESSES};
pub use look::{Inquiry, sts, tlsrpt};
pub use memory::PolicyMemory;
pub use remembered::{MAX_FORMER, Remembered};
pub use settings::{PolicySettings, RETRY};
pub use store::DomainAt;
