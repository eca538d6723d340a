//! Requests to responses: routes, and the listener of our own endpoint with its TLS and passwords.

mod access;
mod answer;
mod asked;
mod client;
mod content;
mod crowd;
mod guard;
mod guests;
mod listener;
mod mount;
mod negotiation;
mod origin;
mod outbox;
mod pace;
mod passwords;
mod query;
mod resource;
mod routes;
mod shared;
mod site;
mod stall;
mod tls;
mod undated;

pub use access::{Access, AccessControl, Header, Rate, header};
pub use listener::{ListenError, Listeners, serve};
pub use mount::{ExternalUrl, Mount, MountError, RoutePrefix};
pub use site::Site;
pub use tls::{Acceptor, ClientAuth, TlsSettings, is_known, is_spoken};
