//! A snapshot to the pages that people keep open: no script, nothing from elsewhere, every foreign word escaped.

mod advice;
mod connector;
mod element;
mod endpoint;
mod frame;
mod index;
mod inside;
mod markup;
mod published;
mod runbook;
mod server;
mod span;
mod subject;
mod target;

pub use index::{Filter, index};
pub use runbook::runbook;
pub use server::server;
pub use target::target;

/// The style sheet of all pages.
pub const STYLE: &str = include_str!("style.css");
