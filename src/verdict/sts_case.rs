//! What a domain publishes, made up for the checks' tests.

use std::sync::Arc;

use super::case::{DAY, NOW};
use crate::facts::published::{
    FetchFault, FetchStep, KnownPolicy, PolicyDocument, PolicyFetch, StsFacts, StsPolicy, StsRecord,
};
use crate::reason::Reason;

/// A policy text.
pub(super) fn text(mode: &str, patterns: &[&str], max_age: i64) -> String {
    let patterns: String = patterns.iter().map(|mx| format!("mx: {mx}\n")).collect();
    format!("version: STSv1\nmode: {mode}\n{patterns}max_age: {max_age}\n")
}

/// What a policy host serves.
pub(super) fn document(text: &str) -> PolicyDocument {
    PolicyDocument {
        content_type: Some("text/plain; charset=utf-8".into()),
        text: text.into(),
        hash: [u8::try_from(text.len() % 251).unwrap(); 32],
        policy: StsPolicy::read(text.as_bytes()).map(Arc::new),
    }
}

/// Under the id `1`, seen since ten days and last an hour ago.
pub(super) fn known(text: &str) -> KnownPolicy {
    KnownPolicy {
        id: "1".into(),
        policy: Arc::new(StsPolicy::read(text.as_bytes()).unwrap()),
        text: text.into(),
        hash: document(text).hash,
        first_seen: NOW.plus_seconds(-10 * DAY),
        last_seen: NOW.plus_seconds(-3600),
        seen_under_old_id: 0,
    }
}

/// A domain whose policy host has one address, which serves this.
pub(super) fn facts(text: &str) -> StsFacts {
    StsFacts {
        record: StsRecord::Id("1".into()),
        host: "mta-sts.bears.test".into(),
        host_fault: None,
        fetches: [fetch(1, Ok(document(text)))].into(),
        omitted: 0,
        current: Some(known(text)),
        former: Box::default(),
    }
}

pub(super) fn fetch(last: u8, outcome: Result<PolicyDocument, FetchFault>) -> PolicyFetch {
    PolicyFetch {
        address: [192, 0, 2, last].into(),
        at: NOW,
        chain: Vec::new(),
        outcome,
    }
}

pub(super) fn fault(step: FetchStep, reason: Option<Reason>, detail: &str) -> FetchFault {
    FetchFault {
        step,
        reason,
        status: None,
        detail: detail.into(),
    }
}
