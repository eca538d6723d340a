//! Check `queue`: mail goes out, and waits for no certificate.

use super::check::{Check, Finding, Judge, Kind, Switch};
use super::inside::QueueEvidence;
use crate::facts::inventory::{QueueKind, QueueStatus, WaitCause};
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "queue",
    help: "The mail server sends what is in the queue; nothing waits for a certificate, and little for anything else.",
    citation: "Microsoft: Get-Queue (status, LastError); postqueue(1); Exim: -bp",
    kind: Kind::Queue,
    default: Switch::On,
    judge: Judge::Queue(judge),
};

/// Messages without a route may be a few.
const UNROUTABLE: u64 = 10;
/// So many messages on their way are ordinary.
const BUSY: u64 = 100;
/// Most characters of an error that are quoted.
const QUOTED: usize = 200;

fn judge(evidence: &QueueEvidence<'_>) -> Finding {
    let total = sum(evidence, |_| true);
    match evidence.kind {
        QueueKind::Shadow => Finding::NotApplicable("copies that another server is responsible for"),
        QueueKind::Submission => Finding::NotApplicable("mail that is not sorted yet"),
        QueueKind::Unreachable if total > UNROUTABLE => {
            Finding::fail(Reason::Unroutable, format!("{total} messages without a route"))
        }
        QueueKind::Poison if total > 0 => {
            Finding::fail(Reason::Poison, format!("{total} messages set aside"))
        }
        QueueKind::Unreachable | QueueKind::Poison => Finding::NotApplicable("hardly any messages"),
        QueueKind::Delivery => judge_delivery(evidence, total),
    }
}

fn judge_delivery(evidence: &QueueEvidence<'_>, total: u64) -> Finding {
    let is_tls = |(cause, ..): &(WaitCause, Reason, &str)| cause.is_tls();
    if let Some((_, reason, _)) = evidence.failed.filter(is_tls) {
        return Finding::fail(reason, told(evidence));
    }
    if total <= evidence.limit {
        return Finding::NotApplicable("hardly any messages");
    }
    let waiting = sum(evidence, waits);
    if waiting > evidence.limit {
        return Finding::fail(waits_for(evidence), told(evidence));
    }
    match evidence.before {
        Some(before) if total - waiting > BUSY && total > before => {
            Finding::fail(Reason::Growing, format!("{total} messages, {before} before"))
        }
        _ => Finding::Pass,
    }
}

fn waits(status: QueueStatus) -> bool {
    status == QueueStatus::Retry || status == QueueStatus::Suspended
}

fn sum(evidence: &QueueEvidence<'_>, counts: impl Fn(QueueStatus) -> bool) -> u64 {
    let each = evidence.messages.iter();
    let each = each.filter(|(status, _)| counts(*status));
    each.fold(0, |sum, (_, messages)| sum.saturating_add(*messages))
}

/// Whether more messages are held than retried.
fn is_held(evidence: &QueueEvidence<'_>) -> bool {
    let held = sum(evidence, |status| status == QueueStatus::Suspended);
    held > sum(evidence, |status| status == QueueStatus::Retry)
}

fn waits_for(evidence: &QueueEvidence<'_>) -> Reason {
    match evidence.failed {
        Some((_, reason, _)) => reason,
        None if is_held(evidence) => Reason::Held,
        None => Reason::NoError,
    }
}

/// `Retry since 2023-06-06 17:05Z (Outbound to Office 365)`, and what else is good to know.
fn told(evidence: &QueueEvidence<'_>) -> String {
    let mut told = match is_held(evidence) {
        true => "Suspended",
        false => "Retry",
    }
    .to_owned();
    if let Some(since) = evidence.since {
        told += &format!(" since {}", since.minute());
    }
    if !evidence.connector.is_empty() {
        told += &format!(" ({})", evidence.connector);
    }
    let Some((cause, _, text)) = evidence.failed else {
        return told;
    };
    match cause {
        WaitCause::OwnCertificate | WaitCause::PeerCertificate | WaitCause::PeerTls => {}
        WaitCause::Network => {
            if let Some(fault) = evidence.connector_fault {
                told += &format!("; its certificate: {}", fault.as_str());
            }
        }
        WaitCause::Dns | WaitCause::Login | WaitCause::Peer | WaitCause::Other => {
            told += &format!(": {}", text.chars().take(QUOTED).collect::<String>());
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: QueueStatus = QueueStatus::Retry;

    fn queue(messages: &[(QueueStatus, u64)]) -> QueueEvidence<'_> {
        QueueEvidence {
            kind: QueueKind::Delivery,
            messages,
            failed: None,
            since: None,
            connector: "",
            before: None,
            connector_fault: None,
            limit: 10,
        }
    }

    fn failure(evidence: &QueueEvidence<'_>) -> Option<(Reason, String)> {
        match judge(evidence) {
            Finding::Fail(failure) => Some((failure.reason, failure.evidence)),
            _ => None,
        }
    }

    #[test]
    fn one_message_that_waits_for_a_certificate_is_enough() {
        let messages = [(RETRY, 1)];
        let mut queue = queue(&messages);
        assert!(matches!(judge(&queue), Finding::NotApplicable(_)));
        queue.failed = Some((WaitCause::OwnCertificate, Reason::OwnCertNotFound, "…"));
        let told = (Reason::OwnCertNotFound, "Retry".to_owned());
        assert_eq!(failure(&queue), Some(told));
    }

    #[test]
    fn many_that_wait_for_anything_else_are_told_with_what_was_said() {
        let messages = [(RETRY, 11)];
        let mut queue = queue(&messages);
        assert_eq!(failure(&queue).map(|(reason, _)| reason), Some(Reason::NoError));
        queue.failed = Some((WaitCause::Peer, Reason::Refused, "550 no"));
        assert_eq!(failure(&queue), Some((Reason::Refused, "Retry: 550 no".to_owned())));
        queue.failed = Some((WaitCause::Network, Reason::ConnectionDropped, "…"));
        queue.connector_fault = Some(Reason::ConnectorCertKeyMissing);
        queue.connector = "Outbound";
        let told = "Retry (Outbound); its certificate: connector_cert_key_missing".to_owned();
        assert_eq!(failure(&queue), Some((Reason::ConnectionDropped, told)));
        let held = [(QueueStatus::Suspended, 11)];
        queue.messages = &held;
        queue.failed = None;
        assert_eq!(failure(&queue).map(|(reason, _)| reason), Some(Reason::Held));
    }

    #[test]
    fn what_is_on_its_way_is_judged_only_where_it_grows() {
        let messages = [(QueueStatus::Active, 101)];
        let mut queue = queue(&messages);
        for (before, reason) in [
            (None, None),
            (Some(101), None),
            (Some(100), Some(Reason::Growing)),
        ] {
            queue.before = before;
            assert_eq!(failure(&queue).map(|(reason, _)| reason), reason);
        }
        let few = [(QueueStatus::Active, 100)];
        queue.messages = &few;
        queue.before = Some(0);
        assert_eq!(judge(&queue), Finding::Pass);
    }

    #[test]
    fn other_kinds_have_limits_of_their_own() {
        for (kind, messages, reason) in [
            (QueueKind::Unreachable, 10, None),
            (QueueKind::Unreachable, 11, Some(Reason::Unroutable)),
            (QueueKind::Poison, 0, None),
            (QueueKind::Poison, 1, Some(Reason::Poison)),
            (QueueKind::Shadow, 5000, None),
            (QueueKind::Submission, 5000, None),
        ] {
            let messages = [(RETRY, messages)];
            let mut queue = queue(&messages);
            queue.kind = kind;
            assert_eq!(failure(&queue).map(|(reason, _)| reason), reason, "{kind:?}");
        }
    }
}
