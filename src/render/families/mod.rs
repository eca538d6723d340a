//! Every metric family about endpoints and targets, in the order of the output, and the label names that they take.

mod endpoint;
pub(super) mod family;
mod target;

use family::{ENDPOINT_LABELS, Family};

/// Every family.
pub(super) fn all() -> impl Iterator<Item = &'static Family> {
    endpoint::FAMILIES.iter().chain(target::FAMILIES)
}

/// The label names that series about endpoints and targets have themselves; a target's own labels have other names.
pub fn reserved_labels() -> Vec<&'static str> {
    let mut names = ENDPOINT_LABELS.to_vec();
    for name in all().flat_map(|family| family.metric.labels) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    names
}
