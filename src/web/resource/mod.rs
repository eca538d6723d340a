//! What can be asked for, one file each: `routes.rs` names them.

pub(super) mod configuration;
pub(super) mod discovery;
pub(super) mod health;
pub(super) mod index;
pub(super) mod metrics;
pub(super) mod probe;
pub(super) mod reload;
pub(super) mod report;
pub(super) mod runbook;
pub(super) mod server;
pub(super) mod style;
pub(super) mod target;
