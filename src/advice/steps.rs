//! A snapshot to what to do next: one line for each step, with all endpoints, or servers, that need it.

use std::collections::{HashMap, HashSet};

use super::inside;
use super::words::{Advice, listed, of_name, of_resolution, worst};
use crate::reason::Reason;
use crate::report::{Entry, Examples, Snapshot, State, TargetReport};

/// More would not be read.
const MOST: usize = 12;

/// What is to be done, and where.
struct Step {
    kind: (State, Reason),
    /// Its command is that for the first of them.
    advice: Advice,
    places: Vec<String>,
}

/// What to do next, the worst trouble first; of each kind of trouble one step before the second of any.
pub fn steps(snapshot: &Snapshot) -> Vec<String> {
    let mut kinds: HashMap<(State, Reason), usize> = HashMap::new();
    let nth = |step: Step| {
        let seen = kinds.entry(step.kind).or_default();
        *seen += 1;
        (*seen, step)
    };
    let mut steps: Vec<_> = grouped(snapshot).into_iter().map(nth).collect();
    steps.sort_by_key(|(nth, _)| *nth);
    let told = steps
        .iter()
        .map(|(_, step)| step.advice.told(&listed(&step.places)));
    let inside = inside::steps(&snapshot.inside);
    // Many steps on the wire leave room for some of the inside.
    let room = MOST - inside.len().min(MOST / 2);
    let wire: Vec<_> = unresolved(snapshot)
        .into_iter()
        .chain(told)
        .chain(published(snapshot))
        .take(room)
        .collect();
    wire.into_iter().chain(inside).take(MOST).collect()
}

/// One for all endpoints that need the same.
fn grouped(snapshot: &Snapshot) -> Vec<Step> {
    let mut entries: Vec<_> = snapshot
        .targets
        .iter()
        .flat_map(|target| with_examples(target))
        .collect();
    entries.sort_by_key(|(_, entry, _)| entry.state);
    let (mut steps, mut known, mut named) = (Vec::new(), HashMap::new(), HashSet::new());
    for (target, entry, example) in entries {
        let (Some(reason), Some(advice)) = (entry.reason(), worst(target, entry, example)) else {
            continue;
        };
        let kind = (entry.state, reason);
        let nth = *known
            .entry((kind, advice.words.clone()))
            .or_insert_with(|| {
                steps.push(Step {
                    kind,
                    advice,
                    places: Vec::new(),
                });
                steps.len() - 1
            });
        // The same place may be an endpoint of several views and offers.
        let at = entry.endpoint.at();
        if named.insert((nth, at.clone())) {
            steps[nth].places.push(at);
        }
    }
    steps
}

/// A target's endpoints, and for each the one whose certificate it should present too, if there is one.
fn with_examples(
    target: &TargetReport,
) -> impl Iterator<Item = (&TargetReport, &Entry, Option<&Entry>)> {
    let examples = Examples::new(target);
    let entries = target.entries.iter();
    entries.map(move |entry| (target, entry, examples.of(entry)))
}

/// For the first name that was not found.
fn unresolved(snapshot: &Snapshot) -> Option<String> {
    let mut targets = snapshot.targets.iter();
    targets.find_map(|target| {
        let mut resolutions = target.resolutions.iter();
        resolutions.find_map(|resolution| of_resolution(target, resolution))
    })
}

/// What is wrong with what hosts and mail domains publish, whatever their endpoints serve: each in one line.
fn published(snapshot: &Snapshot) -> Vec<String> {
    let hosts = snapshot.hosts.iter();
    let hosts = hosts.map(|host| (&host.verdict, &*host.key.host, &*host.key.view));
    let domains = snapshot.domains.iter();
    let domains = domains.map(|one| (&one.verdict, &*one.key.domain, &*one.key.view));
    let mut said = HashSet::new();
    let words = hosts.chain(domains).flat_map(|(verdict, name, view)| {
        let reasons = verdict.failures().map(|(_, failure)| failure.reason);
        reasons.map(move |reason| of_name(reason, name, view))
    });
    words.filter(|words| said.insert(words.clone())).collect()
}
