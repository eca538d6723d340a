//! A judged target to the first date that may have it judged otherwise; judges nothing.

use crate::certificate::Facts;
use crate::pki::Trust;
use crate::report::{Entry, TargetReport};
use crate::timestamp::Timestamp;

/// The first moment after `now` at which one of the dates that were judged is reached, or passed.
pub(super) fn next(report: &TargetReport, now: Timestamp) -> Option<Timestamp> {
    let dates = report.entries.iter().flat_map(dates);
    // What holds up to a date and what holds from it on: both are asked of certificates.
    let moments = dates.flat_map(|date| [date, date.plus_seconds(1)]);
    moments.filter(|moment| *moment > now).min()
}

/// Every date that the judgement of an endpoint rests on.
fn dates(entry: &Entry) -> Vec<Timestamp> {
    let seen = &*entry.observation;
    let facts = seen.chain.iter().filter_map(|c| c.facts().ok());
    let mut dates: Vec<_> = facts.flat_map(validity).collect();
    if let Some(end) = entry.not_after() {
        let limits = [entry.warning_seconds(), entry.critical_seconds()];
        let limits = limits.into_iter().flatten();
        dates.extend(limits.map(|seconds| end.plus_seconds(-seconds)));
    }
    if let Some(Trust::Path(path)) = entry.trust.as_deref() {
        dates.extend([path.valid_from, path.valid_until]);
    }
    let staple = seen.staple.iter().flatten();
    for answer in staple.filter_map(|staple| staple.answer.as_ref()) {
        dates.push(answer.this_update);
        dates.extend(answer.next_update);
    }
    dates
}

fn validity(facts: &Facts) -> [Timestamp; 2] {
    [facts.not_before, facts.not_after]
}
