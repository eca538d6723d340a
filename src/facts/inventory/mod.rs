//! A mail server as seen from inside: what an inventory that was written on it says, and what is known of its files.

mod address;
mod census;
mod draft;
mod earlier;
mod entries;
mod item;
mod json;
mod model;
mod moment;
mod named;
mod notes;
mod read;
mod server;
mod waiting;
mod write;

pub use address::without_addresses;
pub use census::{Census, NamedServer, Sheet};
pub use earlier::{Earlier, EarlierQueue};
pub use model::{
    Collector, Inventory, Queue, QueueKind, QueueStatus, Role, SectionError, Select,
    ServerIdentity, ServerKind, StoredCertificate, Use,
};
pub use named::{is_same_server, short_name};
pub use read::{MAX_BYTES, read};
pub use server::{
    AHEAD, FileFault, InsideFacts, ServerFacts, ServerKey, Stray, TroubleWithFile, by_address,
};
pub use waiting::WaitCause;
pub use write::write;
