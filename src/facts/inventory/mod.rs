//! A mail server as seen from inside: what an inventory that was written on it says, and what is known of its files.

mod model;
mod server;
mod waiting;

pub use model::{
    Collector, Inventory, Queue, QueueKind, QueueStatus, Role, SectionError, Select,
    ServerIdentity, ServerKind, StoredCertificate, Use,
};
pub use server::{FileFault, InsideFacts, ServerFacts, ServerKey, Stray, TroubleWithFile};
pub use waiting::WaitCause;
