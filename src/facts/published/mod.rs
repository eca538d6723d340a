//! What the world is told about mail servers in DNS: as it was read, not judged.

mod dane;
mod tlsa;

pub use dane::{DaneFacts, DaneStanding, TlsaSet};
pub use tlsa::{Bits, TlsaRecord};
