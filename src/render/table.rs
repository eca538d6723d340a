//! A snapshot to the table that a person reads in a terminal, and what to do next.

use super::columns::{Heads, Holds, Row, Style, causes, counted, days, lines, plural, why};
use super::{inside, published};
use crate::advice::steps;
use crate::endpoint::{DEFAULT_VIEW, Endpoint, Offer, Place};
use crate::plain::plain;
use crate::report::{Entry, Resolution, Snapshot, State, TargetReport};
use crate::timestamp::Timestamp;

const HEADS: Heads<6> = [
    ("TARGET", Holds::Text),
    ("ADDRESS", Holds::Text),
    ("NOT AFTER", Holds::Text),
    ("DAYS", Holds::Number),
    ("STATE", Holds::State),
    ("WHY", Holds::Text),
];
const PUBLISHED: Heads<4> = [
    ("PUBLISHED", Holds::Text),
    ("OF", Holds::Text),
    ("STATE", Holds::State),
    ("WHAT SENDERS SEE", Holds::Text),
];

/// One line an endpoint, worst first within its target, and a line that sums up; the same of the inside of mail servers;
/// and what to do next.
pub fn table(snapshot: &Snapshot, style: Style) -> String {
    let mut parts = Vec::new();
    if !snapshot.targets.is_empty() || snapshot.inside.is_empty() {
        let targets = snapshot.targets.iter();
        let rows: Vec<_> = targets.flat_map(|t| rows(t, snapshot.at)).collect();
        let lines = lines(&HEADS, &rows, style);
        parts.push(format!("{lines}\n{}", summary(snapshot)));
    }
    let published = published(snapshot);
    if !published.is_empty() {
        parts.push(lines(&PUBLISHED, &published, style));
    }
    if !snapshot.inside.is_empty() {
        parts.push(inside::table(&snapshot.inside, style, snapshot.at));
    }
    let mut out = parts.join("\n");
    for step in steps(snapshot) {
        out.push_str(&format!("Next: {step}\n"));
    }
    out
}

/// What is published, a line a host or mail domain and mechanism.
fn published(snapshot: &Snapshot) -> Vec<Row<4>> {
    let has_views = |target: &str| {
        let mut targets = snapshot.targets.iter();
        let target = targets.find(|one| one.source.name == target);
        target.is_some_and(|target| target.resolutions.len() > 1)
    };
    let all = published::lines(snapshot).into_iter();
    all.map(|line| {
        let mut name = plain(&line.name, 60);
        if line.view != DEFAULT_VIEW || has_views(line.target) {
            name += &format!(" ({})", plain(line.view, 60));
        }
        let text = plain(&line.text, 400);
        let state = line.state.as_str().to_owned();
        (line.state, [line.mechanism.to_owned(), name, state, text])
    })
    .collect()
}

fn rows(target: &TargetReport, now: Timestamp) -> Vec<Row<6>> {
    let name = plain(&target.source.name, 60);
    let unresolved = target
        .resolutions
        .iter()
        .filter_map(|resolution| unresolved(&name, target, resolution));
    let mut entries: Vec<&Entry> = target.entries.iter().collect();
    entries.sort_by_key(|entry| {
        (
            entry.state,
            entry.endpoint.address.clone(),
            entry.endpoint.port,
        )
    });
    let found = entries
        .into_iter()
        .map(|entry| row(&name, target, entry, now));
    unresolved.chain(found).collect()
}

/// What was not found in a view, and what is probed all the same.
fn unresolved(name: &str, target: &TargetReport, resolution: &Resolution) -> Option<Row<6>> {
    let (fault, state) = (resolution.fault.as_ref()?, resolution.state()?);
    let mut text = why(fault.reason.as_str(), &fault.detail);
    match resolution.last_known {
        0 => {}
        1 => text.push_str("; its last known endpoint is probed on"),
        count => text.push_str(&format!("; its {count} last known endpoints are probed on")),
    }
    let at = sought(target, resolution);
    let dash = || "-".to_owned();
    let state_word = state.as_str().to_owned();
    Some((
        state,
        [name.to_owned(), at, dash(), dash(), state_word, text],
    ))
}

/// What was asked for in a view.
pub(super) fn sought(target: &TargetReport, resolution: &Resolution) -> String {
    let place = match &target.source.place {
        Place::Host(host) => host.to_string(),
        Place::Mx(domain) => format!("mx:{domain}"),
        Place::Addresses(_) => String::new(),
    };
    in_view(target, plain(&place, 60), &resolution.view)
}

/// Which endpoint it is: all that tells it from the others of its target.
pub(super) fn place(target: &TargetReport, endpoint: &Endpoint) -> String {
    in_view(target, located(target, endpoint), &endpoint.view)
}

/// The address; of a mail domain also which of its hosts it belongs to, and which of several certificates was asked for.
fn located(target: &TargetReport, endpoint: &Endpoint) -> String {
    let mut at = endpoint.at();
    if let Place::Mx(_) = &target.source.place {
        at = format!("{at} {}", plain(&endpoint.host, 60));
    }
    match endpoint.offer {
        Offer::Any => at,
        offer => format!("{at} {}", offer.as_str()),
    }
}

/// The view is said where there are several.
fn in_view(target: &TargetReport, at: String, view: &str) -> String {
    if target.resolutions.len() > 1 || view != DEFAULT_VIEW {
        format!("{at} ({})", plain(view, 60))
    } else {
        at
    }
}

fn row(name: &str, target: &TargetReport, entry: &Entry, now: Timestamp) -> Row<6> {
    let endpoint = &entry.endpoint;
    let dash = || "-".to_owned();
    let mut cells = [
        name.to_owned(),
        place(target, endpoint),
        entry.not_after().map_or_else(dash, Timestamp::date),
        entry.expires_in(now).map_or_else(dash, days),
        entry.state.as_str().to_owned(),
        causes(&entry.causes),
    ];
    if target.last_known.contains(endpoint) {
        cells[5] = format!("last known address; {}", cells[5]);
    }
    (entry.state, cells)
}

/// `8 endpoints of 3 targets: 4 Expired, 4 Healthy`
fn summary(snapshot: &Snapshot) -> String {
    let states: Vec<State> = snapshot.entries().map(|(_, entry)| entry.state).collect();
    let faults = snapshot.targets.iter().flat_map(|t| &t.resolutions);
    let faults: Vec<_> = faults.filter(|r| r.fault.is_some()).collect();
    let missing = faults.iter().filter(|r| !r.is_resolved()).count();
    let mut told = String::new();
    if missing > 0 {
        told = format!("; {missing} name{} not found", plural(missing));
    }
    if let halves @ 1.. = faults.len() - missing {
        told.push_str(&format!(
            "; {halves} name{} not found whole",
            plural(halves)
        ));
    }
    format!(
        "{} endpoint{} of {} target{}: {}{told}\n",
        states.len(),
        plural(states.len()),
        snapshot.targets.len(),
        plural(snapshot.targets.len()),
        if states.is_empty() {
            "none was found".to_owned()
        } else {
            counted(&states)
        }
    )
}
