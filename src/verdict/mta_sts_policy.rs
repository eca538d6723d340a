//! Check `mta_sts_policy`: senders that do MTA-STS find the policy that the domain announces, at every address.

use super::check::{Check, Finding, Judge, Kind, Switch};
use super::expectations::{Demand, Expectations};
use crate::facts::domain::DomainFacts;
use crate::facts::published::{
    FetchFault, FetchStep, KnownPolicy, PolicyDocument, PolicyFetch, StsFacts, StsMode, StsRecord,
};
use crate::reason::Reason;
use crate::timestamp::Timestamp;

pub(super) const CHECK: Check = Check {
    name: "mta_sts_policy",
    help: "The domain's MTA-STS record is valid, and every address of the policy host serves one valid policy under it.",
    citation: "RFC 8461 §3.1, §3.2, §3.3 and §8",
    kind: Kind::Published,
    default: Switch::On,
    judge: Judge::Domain(judge),
};

/// A policy that is kept for less lapses between two mails.
const SHORT: u64 = 86_400;

fn judge(facts: &DomainFacts, expected: &Expectations, now: Timestamp) -> Finding {
    if expected.mta_sts == Demand::Off {
        return Finding::NotApplicable("MTA-STS is not looked at");
    }
    let Some(sts) = &facts.sts else {
        return Finding::Unknown("nobody has looked for a policy yet".to_owned());
    };
    let is_required = expected.mta_sts == Demand::Required;
    match &sts.record {
        StsRecord::Pending(why) => Finding::Unknown(why.to_string()),
        StsRecord::Error(fault) => Finding::weak(Reason::DnsError, &*fault.detail),
        StsRecord::Several(count) => Finding::weak(
            Reason::StsRecordInvalid,
            format!("{count} records, expected one: senders see none"),
        ),
        StsRecord::Malformed(mistake) => {
            Finding::weak(Reason::StsRecordInvalid, mistake.to_string())
        }
        StsRecord::None => without_record(sts, is_required, now),
        StsRecord::Id(_) => reached(facts, sts, is_required),
    }
}

fn without_record(sts: &StsFacts, is_required: bool, now: Timestamp) -> Finding {
    let kept = sts.current.as_ref().filter(|known| {
        known.policy.mode != StsMode::None && known.kept_until() > now
    });
    match kept {
        Some(known) => Finding::weak(
            Reason::StsWithdrawn,
            format!(
                "no record any more, but senders keep the policy (id {}) until {}: publish mode none first",
                known.id,
                known.kept_until()
            ),
        ),
        None if is_required => Finding::weak(Reason::StsNoRecord, "no record"),
        None => Finding::NotApplicable("the domain has no MTA-STS record"),
    }
}

/// Of a valid record: the policy host, each address of it, and then the policy.
fn reached(facts: &DomainFacts, sts: &StsFacts, is_required: bool) -> Finding {
    if sts.fetches.is_empty() {
        return unfound(sts);
    }
    let all = sts.fetches.len();
    let mut undecided = None;
    for fetch in &sts.fetches {
        match refused(fetch, all) {
            Some(finding @ Finding::Fail(_)) => return finding,
            Some(finding) => undecided = Some(finding),
            None => {}
        }
    }
    if let Some(undecided) = undecided {
        return undecided;
    }
    if let Some(finding) = differs(sts) {
        return finding;
    }
    match &sts.current {
        Some(current) => judge_current(facts, sts, current, is_required),
        None => Finding::Unknown("no policy was read yet".to_owned()),
    }
}

fn unfound(sts: &StsFacts) -> Finding {
    match &sts.host_fault {
        Some(fault) if fault.reason == Reason::DnsError => {
            Finding::weak(Reason::DnsError, &*fault.detail)
        }
        Some(fault) => Finding::weak(Reason::StsHostNotFound, &*fault.detail),
        None => Finding::weak(
            Reason::StsHostNotFound,
            format!("{} has no address", sts.host),
        ),
    }
}

/// Why senders get no policy at an address, if they do not.
fn refused(fetch: &PolicyFetch, all: usize) -> Option<Finding> {
    let at = match all {
        1 => fetch.address.to_string(),
        _ => format!("{} (one of {all} addresses)", fetch.address),
    };
    match &fetch.outcome {
        Err(fault) => Some(unfetched(fault, &at)),
        Ok(PolicyDocument {
            policy: Err(mistake),
            ..
        }) => Some(Finding::weak(
            Reason::StsPolicyInvalid,
            format!("{at}: {mistake}"),
        )),
        Ok(_) => None,
    }
}

fn unfetched(fault: &FetchFault, at: &str) -> Finding {
    let FetchFault { step, detail, .. } = fault;
    match (step, fault.reason) {
        // Nothing was asked of the server.
        (_, Some(Reason::Internal | Reason::Pending)) | (FetchStep::Certificate, None) => {
            Finding::Unknown(format!("{at}: {detail}"))
        }
        (FetchStep::Certificate, Some(reason)) => Finding::weak(
            Reason::StsWebpkiInvalid,
            format!("{at}: {}: {detail}", reason.as_str()),
        ),
        (FetchStep::Connect | FetchStep::Handshake | FetchStep::Http, _) => Finding::weak(
            Reason::StsFetchError,
            format!("{at}: {}: {detail}", step.as_str()),
        ),
    }
}

fn documents(sts: &StsFacts) -> impl Iterator<Item = (&PolicyFetch, &PolicyDocument)> {
    let fetches = sts.fetches.iter();
    fetches.filter_map(|fetch| Some((fetch, fetch.outcome.as_ref().ok()?)))
}

/// Whether senders get other policies at other addresses.
fn differs(sts: &StsFacts) -> Option<Finding> {
    let mut policies = sts.fetches.iter().filter_map(|f| Some((f, f.policy()?)));
    let (first, policy) = policies.next()?;
    let (other, _) = policies.find(|(_, other)| !other.asks_the_same(policy))?;
    Some(Finding::weak(
        Reason::StsPolicyDiffers,
        format!("{} serves another policy than {}", other.address, first.address),
    ))
}

fn judge_current(
    facts: &DomainFacts,
    sts: &StsFacts,
    current: &KnownPolicy,
    is_required: bool,
) -> Finding {
    match current.seen_under_old_id {
        0 => {}
        1 => {
            return Finding::Unknown(format!(
                "the policy changed, and the id {} did not: seen once",
                current.id
            ));
        }
        times => {
            return Finding::weak(
                Reason::StsIdUnchanged,
                format!(
                    "the policy changed {}, and the id {} did not: seen {times} times",
                    current.first_seen, current.id
                ),
            );
        }
    }
    match current.policy.mode {
        StsMode::None if is_required => Finding::weak(Reason::StsModeNone, "mode none"),
        StsMode::None => Finding::NotApplicable("the policy says mode none"),
        StsMode::Enforce | StsMode::Testing => match odd(facts, sts, current) {
            Some(odd) => Finding::Remark(odd),
            None => Finding::Pass,
        },
    }
}

/// What stops no sender.
fn odd(facts: &DomainFacts, sts: &StsFacts, current: &KnownPolicy) -> Option<String> {
    let policy = &current.policy;
    if let Some(remark) = policy.remarks.first() {
        return Some(remark.to_string());
    }
    if policy.max_age.as_secs() < SHORT {
        return Some(format!(
            "max_age {} is less than a day: protection lapses between mails; weeks are usual",
            policy.max_age.as_secs()
        ));
    }
    if let Some((fetch, kind)) = documents(sts).find_map(|(fetch, document)| {
        let kind = document.content_type.as_deref().unwrap_or("no type");
        (!is_plain(kind)).then_some((fetch, kind))
    }) {
        return Some(format!("{} says {kind}, expected text/plain", fetch.address));
    }
    let mut all = documents(sts);
    if let Some((first, document)) = all.next()
        && let Some((other, _)) = all.find(|(_, other)| other.hash != document.hash)
    {
        let (first, other) = (first.address, other.address);
        return Some(format!("{other} spells the policy otherwise than {first}"));
    }
    nobody(facts, current)
}

fn is_plain(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case("text/plain")
}

/// A pattern that stands for no MX host.
fn nobody(facts: &DomainFacts, current: &KnownPolicy) -> Option<String> {
    if facts.exchangers.is_empty() {
        return None;
    }
    let stands_for_one = |pattern: &str| {
        let mut hosts = facts.exchangers.iter();
        hosts.any(|exchanger| crate::facts::published::matches(pattern, &exchanger.host))
    };
    let mut patterns = current.policy.patterns.iter().map(|pattern| &**pattern);
    let idle = patterns.find(|pattern| !stands_for_one(pattern))?;
    Some(format!("{idle} is no MX host"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::case::{Case, DAY, NOW};
    use super::super::sts_case::{document, facts, fault, fetch, known, text};
    use super::*;
    use crate::facts::lookup::{Exchanger, LookupFault};

    const MX: &[&str] = &["mx.bears.test"];

    fn good() -> String {
        text("enforce", MX, 14 * DAY)
    }

    fn found(sts: StsFacts, demand: Demand) -> Finding {
        let mut expected = Case::new().expectations;
        expected.mta_sts = demand;
        let facts = DomainFacts {
            exchangers: vec![Exchanger {
                preference: 10,
                host: "mx.bears.test".into(),
            }],
            sts: Some(Arc::new(sts)),
            ..DomainFacts::default()
        };
        judge(&facts, &expected, NOW)
    }

    /// A failure of a domain keeps no mail away.
    fn fails(sts: StsFacts, reason: Reason, evidence: &str) {
        let Finding::Fail(failure) = found(sts, Demand::Opportunistic) else {
            panic!("{evidence}");
        };
        assert_eq!((failure.reason, &*failure.evidence), (reason, evidence));
        assert!(failure.mail_flows);
    }

    fn with_record(record: StsRecord) -> StsFacts {
        StsFacts {
            record,
            fetches: Box::default(),
            current: None,
            ..facts(&good())
        }
    }

    fn with_outcome(outcome: Result<PolicyDocument, FetchFault>) -> StsFacts {
        StsFacts {
            fetches: [fetch(1, outcome)].into(),
            current: None,
            ..facts(&good())
        }
    }

    #[test]
    fn row_none_is_no_failure_unless_required() {
        let none = || with_record(StsRecord::None);
        let opportunistic = found(none(), Demand::Opportunistic);
        assert!(matches!(opportunistic, Finding::NotApplicable(_)));
        let Finding::Fail(failure) = found(none(), Demand::Required) else {
            panic!("it is required");
        };
        assert_eq!(failure.reason, Reason::StsNoRecord);
    }

    #[test]
    fn row_none_after_a_policy_is_withdrawn() {
        let before = |text: &str| StsFacts {
            current: Some(known(text)),
            ..with_record(StsRecord::None)
        };
        fails(
            before(&good()),
            Reason::StsWithdrawn,
            "no record any more, but senders keep the policy (id 1) until 2026-06-14T23:00:00Z: publish mode none first",
        );
        for harmless in [text("none", &[], 14 * DAY), text("enforce", MX, 3600)] {
            let finding = found(before(&harmless), Demand::Opportunistic);
            assert!(matches!(finding, Finding::NotApplicable(_)), "{harmless}");
        }
    }

    #[test]
    fn row_several_or_malformed() {
        let several = with_record(StsRecord::Several(2));
        fails(
            several,
            Reason::StsRecordInvalid,
            "2 records, expected one: senders see none",
        );
        let malformed = with_record(StsRecord::read([b"v=STSv1; id=a b".as_slice()]));
        let Finding::Fail(failure) = found(malformed, Demand::Opportunistic) else {
            panic!("it is malformed");
        };
        assert_eq!(failure.reason, Reason::StsRecordInvalid);
    }

    #[test]
    fn row_dns_error_never_looks_like_no_record() {
        let lost = LookupFault {
            reason: Reason::DnsError,
            detail: "SERVFAIL".into(),
        };
        fails(
            with_record(StsRecord::Error(lost.clone())),
            Reason::DnsError,
            "SERVFAIL",
        );
        let pending = with_record(StsRecord::Pending("not yet".into()));
        let pending = found(pending, Demand::Required);
        assert_eq!(pending, Finding::Unknown("not yet".into()));
        let mut host = with_record(StsRecord::Id("1".into()));
        host.host_fault = Some(lost);
        fails(host, Reason::DnsError, "SERVFAIL");
    }

    #[test]
    fn row_host_without_address() {
        let mut gone = with_record(StsRecord::Id("1".into()));
        gone.host_fault = Some(LookupFault {
            reason: Reason::DnsNotFound,
            detail: "mta-sts.bears.test does not exist".into(),
        });
        fails(
            gone,
            Reason::StsHostNotFound,
            "mta-sts.bears.test does not exist",
        );
    }

    #[test]
    fn rows_of_the_fetch() {
        let refused = fault(FetchStep::Connect, Some(Reason::ConnectRefused), "refused");
        fails(
            with_outcome(Err(refused)),
            Reason::StsFetchError,
            "192.0.2.1: connect: refused",
        );
        let expired = fault(FetchStep::Certificate, Some(Reason::CertExpired), "expired");
        fails(
            with_outcome(Err(expired)),
            Reason::StsWebpkiInvalid,
            "192.0.2.1: cert_expired: expired",
        );
        let moved = fault(FetchStep::Http, None, "status 404 Not Found");
        fails(
            with_outcome(Err(moved)),
            Reason::StsFetchError,
            "192.0.2.1: http: status 404 Not Found",
        );
        for ours in [
            fault(FetchStep::Connect, Some(Reason::Internal), "too many open files"),
            fault(FetchStep::Certificate, None, "a key of a kind that nobody knows"),
        ] {
            let finding = found(with_outcome(Err(ours)), Demand::Required);
            assert!(matches!(finding, Finding::Unknown(_)));
        }
    }

    #[test]
    fn row_malformed_policy_names_the_line() {
        let broken = document(&good().replace("enforce", "enforced"));
        fails(
            with_outcome(Ok(broken)),
            Reason::StsPolicyInvalid,
            "192.0.2.1: line 2: mode 'enforced' is none of enforce, testing, none",
        );
    }

    #[test]
    fn one_address_of_several_is_enough_to_fail() {
        let mut sts = facts(&good());
        let refused = fault(FetchStep::Connect, Some(Reason::ConnectRefused), "refused");
        sts.fetches = [fetch(1, Ok(document(&good()))), fetch(2, Err(refused))].into();
        fails(
            sts,
            Reason::StsFetchError,
            "192.0.2.2 (one of 2 addresses): connect: refused",
        );
        let mut sts = facts(&good());
        let other = document(&text("enforce", &["mx2.bears.test"], 14 * DAY));
        sts.fetches = [fetch(1, Ok(document(&good()))), fetch(2, Ok(other))].into();
        fails(
            sts,
            Reason::StsPolicyDiffers,
            "192.0.2.2 serves another policy than 192.0.2.1",
        );
    }

    #[test]
    fn row_id_unchanged_needs_two_sightings() {
        let seen = |times| {
            let mut sts = facts(&good());
            sts.current.as_mut().unwrap().seen_under_old_id = times;
            sts
        };
        let once = found(seen(1), Demand::Opportunistic);
        assert!(matches!(once, Finding::Unknown(_)));
        fails(
            seen(2),
            Reason::StsIdUnchanged,
            "the policy changed 2026-05-22T00:00:00Z, and the id 1 did not: seen 2 times",
        );
    }

    #[test]
    fn row_mode_none_is_no_failure_unless_required() {
        let none = || facts(&text("none", &[], 14 * DAY));
        let finding = found(none(), Demand::Opportunistic);
        assert!(matches!(finding, Finding::NotApplicable(_)));
        let Finding::Fail(failure) = found(none(), Demand::Required) else {
            panic!("it is required");
        };
        assert_eq!(failure.reason, Reason::StsModeNone);
    }

    #[test]
    fn row_short_max_age_and_what_else_is_odd_pass() {
        assert_eq!(found(facts(&good()), Demand::Required), Finding::Pass);
        let odd = |sts| match found(sts, Demand::Required) {
            Finding::Remark(odd) => odd,
            other => panic!("{other:?}"),
        };
        let short = odd(facts(&text("enforce", MX, 3600)));
        assert!(short.starts_with("max_age 3600 is less than a day"), "{short}");
        let more = odd(facts(&text("testing", &["mx.bears.test", "old.bears.test"], DAY)));
        assert_eq!(more, "old.bears.test is no MX host");
        let mut typed = facts(&good());
        if let Ok(document) = &mut typed.fetches[0].outcome {
            document.content_type = Some("text/html".into());
        }
        assert_eq!(odd(typed), "192.0.2.1 says text/html, expected text/plain");
        let mut spelt = facts(&good());
        let other = document(&good().replace('\n', "\r\n"));
        spelt.fetches = [fetch(1, Ok(document(&good()))), fetch(2, Ok(other))].into();
        let told = "192.0.2.2 spells the policy otherwise than 192.0.2.1";
        assert_eq!(odd(spelt), told);
    }

    #[test]
    fn what_nobody_asked_for_is_not_judged() {
        let off = found(facts(&good()), Demand::Off);
        assert!(matches!(off, Finding::NotApplicable(_)));
        let mut expected = Case::new().expectations;
        expected.mta_sts = Demand::Required;
        let nothing = judge(&DomainFacts::default(), &expected, NOW);
        assert!(matches!(nothing, Finding::Unknown(_)));
    }
}
