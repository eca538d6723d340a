//! Every metric family about the five subjects, in the order of the output, and the label names that they take.

mod dane;
mod endpoint;
pub(super) mod family;
mod inside;
mod published;
mod subject;
mod target;

use family::{ENDPOINT_LABELS, Family, SUBJECT_LABELS};

/// Of endpoints, of targets, of what DNS says, of mail servers seen from inside.
pub(super) const BY_SUBJECT: [&[&[Family]]; 4] = [
    &[endpoint::FAMILIES],
    &[target::FAMILIES],
    &[subject::FAMILIES, dane::FAMILIES, published::FAMILIES],
    inside::FAMILIES,
];

/// Every family.
pub(super) fn all() -> impl Iterator<Item = &'static Family> {
    BY_SUBJECT.into_iter().flatten().copied().flatten()
}

/// The label names that series about endpoints and targets have themselves; a target's own labels have other names.
pub fn reserved_labels() -> Vec<&'static str> {
    let mut names = ENDPOINT_LABELS.to_vec();
    names.extend(SUBJECT_LABELS);
    for name in all().flat_map(|family| family.metric.labels) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    names
}
