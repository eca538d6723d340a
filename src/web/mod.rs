//! Requests to responses: routes and the listener of our own endpoint; knows no certificate.

mod listener;
mod routes;

pub use listener::{ListenError, serve};
pub use routes::Site;
