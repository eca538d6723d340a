//! SMTP as a conversation of bytes and next steps; knows no sockets and no TLS.

mod dialogue;
mod reply;

pub use dialogue::{Dialogue, Mode, Step};
pub use reply::{Kind, Malformed, Replies, Reply};
