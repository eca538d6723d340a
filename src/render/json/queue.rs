//! The queues of a mail server to their JSON.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Serialize;

use super::finding::{Cause, causes};
use crate::report::QueueReport;

#[derive(Serialize)]
pub(super) struct QueueJson<'a> {
    kind: &'static str,
    next_hop: &'a str,
    connector: &'a str,
    state: &'static str,
    causes: Vec<Cause<'a>>,
    messages: u64,
    statuses: BTreeMap<&'static str, u64>,
    messages_before: Option<u64>,
    trend: Option<&'static str>,
    failed: Vec<FailedJson<'a>>,
    since: Option<String>,
    next_retry: Option<String>,
    velocity: Option<f64>,
}

#[derive(Serialize)]
struct FailedJson<'a> {
    cause: &'static str,
    reason: &'static str,
    messages: u64,
    text: &'a str,
}

pub(super) fn queue(queue: &QueueReport) -> QueueJson<'_> {
    let statuses = queue.messages.iter();
    let failed = queue.failed.iter().map(|failed| FailedJson {
        cause: failed.cause.as_str(),
        reason: failed.reason.as_str(),
        messages: failed.messages,
        text: &failed.text,
    });
    QueueJson {
        kind: queue.kind.as_str(),
        next_hop: &queue.next_hop,
        connector: &queue.connector,
        state: queue.state.as_str(),
        causes: causes(&queue.causes),
        messages: queue.total(),
        statuses: statuses
            .map(|(status, messages)| (status.as_str(), *messages))
            .collect(),
        messages_before: queue.before,
        trend: queue.before.map(|before| match queue.total().cmp(&before) {
            Ordering::Less => "falling",
            Ordering::Equal => "steady",
            Ordering::Greater => "rising",
        }),
        failed: failed.collect(),
        since: queue.since.map(|since| since.to_string()),
        next_retry: queue.next_retry.map(|next| next.to_string()),
        velocity: queue.velocity,
    }
}
