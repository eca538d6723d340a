//! A server's queues, entry by entry, to one report a next hop, and a rest.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::super::state::assess_findings;
use super::model::{ConnectorReport, Failed, QueueReport};
use super::settings::InsideSettings;
use crate::facts::inventory::{
    Earlier, Inventory, Queue, QueueKind, QueueStatus, ServerFacts, WaitCause,
};
use crate::facts::last_error::reason_of;
use crate::reason::Reason;
use crate::timestamp::Timestamp;
use crate::verdict::{Finding, QueueEvidence, judge_queue};

/// What the next hops are called that are not told one by one.
const REST: &str = "other";

/// The queues of a young inventory, those of most messages first; and empty ones that were there a moment ago.
pub(super) fn queues(
    facts: &ServerFacts,
    young: &Inventory,
    connectors: &[ConnectorReport],
    settings: &InsideSettings,
    now: Timestamp,
) -> Vec<QueueReport> {
    let mut now_there = merged(young);
    let earlier = facts.earlier.as_deref();
    let before = earlier.map(before);
    let recent = earlier.filter(|earlier| now.seconds_since(earlier.collected_at) <= facts.max_age);
    if let Some(before) = before.as_ref().filter(|_| recent.is_some()) {
        for (key, queue) in before {
            let gone = || Merged::empty(queue);
            now_there.entry(key.clone()).or_insert_with(gone);
        }
    }
    let kept = kept(&now_there, settings.next_hops);
    let faults = faults(young, connectors);
    let now_there = summed(now_there, &kept);
    let before = before.map(|before| summed(before, &kept));
    let report = |(key, queue): (Key, Merged<'_>)| {
        let before = before.as_ref();
        let before = before.map(|before| before.get(&key).map_or(0, Merged::total));
        let fault = faults.get(&key.connector).copied();
        report(key.kind, queue, before, fault, settings.queue)
    };
    let mut all: Vec<_> = now_there.into_iter().map(report).collect();
    all.sort_by_key(|queue| std::cmp::Reverse(queue.total()));
    all
}

/// What makes two entries one queue; the names in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    kind: QueueKind,
    next_hop: String,
    connector: String,
}

impl Key {
    fn new(kind: QueueKind, next_hop: &str, connector: &str) -> Self {
        Self {
            kind,
            next_hop: next_hop.to_lowercase(),
            connector: connector.to_lowercase(),
        }
    }
}

/// The entries of one queue.
#[derive(Debug, Default)]
struct Merged<'a> {
    /// `None`: the rest.
    next_hop: Option<&'a Arc<str>>,
    connector: &'a str,
    messages: BTreeMap<QueueStatus, u64>,
    failed: BTreeMap<(WaitCause, Reason), (u64, &'a Arc<str>)>,
    /// The same of those that are retried or held.
    waiting: BTreeMap<(WaitCause, Reason), (u64, &'a Arc<str>)>,
    since: Option<Timestamp>,
    next_retry: Option<Timestamp>,
    velocity: Option<f64>,
}

/// The entries of an inventory, those of one queue together.
fn merged(inventory: &Inventory) -> BTreeMap<Key, Merged<'_>> {
    let connectors = inventory.connectors();
    let mut all: BTreeMap<Key, Merged<'_>> = BTreeMap::new();
    for queue in inventory.queues() {
        let connector = connectors.of(queue);
        let key = Key::new(queue.kind, &queue.next_hop, connector);
        let merged = all.entry(key).or_insert_with(|| Merged {
            next_hop: Some(&queue.next_hop),
            connector,
            ..Merged::default()
        });
        merged.add(queue);
    }
    all
}

/// The queues of a moment ago, of which only is known how many messages they had.
fn before(earlier: &Earlier) -> BTreeMap<Key, Merged<'_>> {
    let queues = earlier.queues.iter();
    let each = queues.map(|queue| {
        let key = Key::new(queue.kind, &queue.next_hop, &queue.connector);
        let merged = Merged {
            next_hop: Some(&queue.next_hop),
            connector: &queue.connector,
            messages: BTreeMap::from([(QueueStatus::Other, queue.messages)]),
            ..Merged::default()
        };
        (key, merged)
    });
    each.collect()
}

impl<'a> Merged<'a> {
    /// The same queue without messages.
    fn empty(of: &Self) -> Self {
        Self {
            next_hop: of.next_hop,
            connector: of.connector,
            ..Self::default()
        }
    }

    fn add(&mut self, queue: &'a Queue) {
        let waits = match queue.status {
            QueueStatus::Retry | QueueStatus::Suspended => true,
            QueueStatus::Active
            | QueueStatus::Connecting
            | QueueStatus::Ready
            | QueueStatus::Other => false,
        };
        add(&mut self.messages, queue.status, queue.messages);
        if let Some(text) = queue.last_error.as_ref().filter(|_| queue.messages > 0) {
            self.add_told(queue, text, waits);
        }
        self.since = earliest(self.since, queue.since);
        self.next_retry = earliest(self.next_retry, queue.next_retry);
        self.velocity = sum(self.velocity, queue.velocity);
    }

    fn add_told(&mut self, queue: &Queue, text: &'a Arc<str>, waits: bool) {
        let reason = reason_of(text);
        if reason == Reason::NoError {
            return;
        }
        let cause = WaitCause::of(reason).unwrap_or(WaitCause::Other);
        // What is being sent does not wait, whatever went wrong before.
        if queue.status != QueueStatus::Active {
            add_failed(&mut self.failed, (cause, reason), (queue.messages, text));
        }
        if waits {
            add_failed(&mut self.waiting, (cause, reason), (queue.messages, text));
        }
    }

    fn join(&mut self, other: Self) {
        for (status, messages) in other.messages {
            add(&mut self.messages, status, messages);
        }
        for (key, one) in other.failed {
            add_failed(&mut self.failed, key, one);
        }
        for (key, one) in other.waiting {
            add_failed(&mut self.waiting, key, one);
        }
        self.since = earliest(self.since, other.since);
        self.next_retry = earliest(self.next_retry, other.next_retry);
        self.velocity = sum(self.velocity, other.velocity);
    }

    fn total(&self) -> u64 {
        let each = self.messages.values();
        each.fold(0, |sum, messages| sum.saturating_add(*messages))
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K, messages: u64) {
    let count = counts.entry(key).or_default();
    *count = count.saturating_add(messages);
}

/// The text is that of the entry with most messages.
fn add_failed<'a>(
    all: &mut BTreeMap<(WaitCause, Reason), (u64, &'a Arc<str>)>,
    key: (WaitCause, Reason),
    (messages, text): (u64, &'a Arc<str>),
) {
    let known = all.entry(key).or_insert((0, text));
    if messages > known.0 {
        known.1 = text;
    }
    known.0 = known.0.saturating_add(messages);
}

fn earliest(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

fn sum(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    }
}

/// The queues that are told one by one: those of most messages.
fn kept(all: &BTreeMap<Key, Merged<'_>>, most: usize) -> HashSet<Key> {
    let mut ranked: Vec<_> = all.iter().filter(|(key, _)| key.next_hop != REST).collect();
    ranked.sort_by_key(|(_, queue)| std::cmp::Reverse(queue.total()));
    let kept = ranked.into_iter().take(most);
    kept.map(|(key, _)| key.clone()).collect()
}

/// The kept ones as they are, the others as one of each kind.
fn summed<'a>(all: BTreeMap<Key, Merged<'a>>, kept: &HashSet<Key>) -> BTreeMap<Key, Merged<'a>> {
    let mut summed: BTreeMap<Key, Merged<'a>> = BTreeMap::new();
    for (key, queue) in all {
        if kept.contains(&key) {
            summed.insert(key, queue);
            continue;
        }
        let rest = Key {
            kind: key.kind,
            next_hop: REST.to_owned(),
            connector: String::new(),
        };
        summed.entry(rest).or_default().join(queue);
    }
    summed
}

/// Why the certificates of connectors cannot be used, by the connectors' names.
fn faults(inventory: &Inventory, connectors: &[ConnectorReport]) -> HashMap<String, Reason> {
    let failed = connectors.iter().filter_map(|report| {
        let Finding::Fail(failure) = &report.finding else {
            return None;
        };
        let connector = inventory.uses().get(report.nth)?;
        Some((connector.name.to_lowercase(), failure.reason))
    });
    failed.collect()
}

fn report(
    kind: QueueKind,
    queue: Merged<'_>,
    before: Option<u64>,
    connector_fault: Option<Reason>,
    limit: u64,
) -> QueueReport {
    let mut messages: Vec<_> = queue.messages.into_iter().filter(|(_, n)| *n > 0).collect();
    // Ten thousand queues are kept, each with a few of these.
    messages.shrink_to_fit();
    let worst = queue
        .waiting
        .iter()
        .max_by_key(|((cause, _), (messages, _))| (cause.is_tls(), *messages));
    let evidence = QueueEvidence {
        kind,
        messages: &messages,
        failed: worst.map(|((cause, reason), (_, text))| (*cause, *reason, &***text)),
        since: queue.since,
        connector: queue.connector,
        before,
        connector_fault,
        limit,
    };
    let verdict = judge_queue(&evidence);
    let has_row = verdict
        .findings()
        .any(|(_, found)| !matches!(found, Finding::NotApplicable(_)));
    let (state, causes) = assess_findings(None, &verdict);
    QueueReport {
        kind,
        next_hop: queue.next_hop.map_or_else(|| REST.into(), Arc::clone),
        connector: Arc::from(queue.connector),
        failed: failed(queue.failed),
        since: queue.since,
        next_retry: queue.next_retry,
        velocity: queue.velocity,
        before,
        has_row,
        state,
        causes,
        messages,
    }
}

/// The most messages first.
fn failed(all: BTreeMap<(WaitCause, Reason), (u64, &Arc<str>)>) -> Vec<Failed> {
    let each = all
        .into_iter()
        .map(|((cause, reason), (messages, text))| Failed {
            cause,
            reason,
            messages,
            text: Arc::clone(text),
        });
    let mut all: Vec<_> = each.collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.messages));
    all.shrink_to_fit();
    all
}
