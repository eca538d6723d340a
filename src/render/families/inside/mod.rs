//! The metric families about the inside of mail servers.

mod connector;
mod inventory;
mod queue;
mod store;

use super::family::Family;

/// Every one, in the order of the output.
pub(super) const FAMILIES: &[&[Family]] = &[
    inventory::FAMILIES,
    queue::FAMILIES,
    connector::FAMILIES,
    store::FAMILIES,
];
