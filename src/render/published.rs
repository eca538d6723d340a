//! What is published for a target's hosts and mail domains, and what senders make of it, to one line each.

use crate::facts::published::{
    DaneStanding, KnownPolicy, ReportScheme, StsFacts, StsRecord, TlsRptFacts,
};
use crate::report::{
    DomainReport, HostReport, Mechanism, PublishedFailures, PublishedReasons, Snapshot, State,
};
use crate::timestamp::Timestamp;
use crate::verdict::RecordResult;

/// One mechanism of a host or mail domain in a view.
pub(super) struct PublishedLine<'a> {
    /// As people call it.
    pub(super) mechanism: &'static str,
    /// `mx1.example.com:25`, or a mail domain.
    pub(super) name: String,
    pub(super) target: &'a str,
    pub(super) view: &'a str,
    pub(super) state: State,
    /// What is there, then what is wrong.
    pub(super) text: String,
}

/// Records of a host that a line tells.
const TOLD: usize = 8;

/// Every line, target by target as they come.
pub(super) fn lines(snapshot: &Snapshot) -> Vec<PublishedLine<'_>> {
    among(snapshot, &PublishedFailures::new(snapshot), |_| true)
}

/// The lines of one target.
pub(super) fn lines_of<'a>(snapshot: &'a Snapshot, target: &str) -> Vec<PublishedLine<'a>> {
    let failures = PublishedFailures::of_target(snapshot, target);
    among(snapshot, &failures, |name| name == target)
}

fn among<'a>(
    snapshot: &'a Snapshot,
    failures: &PublishedFailures<'_>,
    is_meant: impl Fn(&str) -> bool,
) -> Vec<PublishedLine<'a>> {
    let hosts = snapshot.hosts.iter();
    let hosts = hosts.filter(|host| is_meant(&host.key.target));
    let hosts = hosts.filter_map(|host| of_host(host, failures));
    let domains = snapshot.domains.iter();
    let domains = domains.filter(|domain| is_meant(&domain.key.target));
    let domains = domains.flat_map(|domain| of_domain(domain, failures, snapshot.at));
    hosts.chain(domains).collect()
}

fn of_host<'a>(
    host: &'a HostReport,
    failures: &PublishedFailures<'_>,
) -> Option<PublishedLine<'a>> {
    let dane = host.facts.dane.as_deref()?;
    let (state, text) = said(dane_text(host, &dane.standing), failures.of_host(host));
    let is_open = matches!(
        dane.standing,
        DaneStanding::Pending(_) | DaneStanding::Unavailable
    );
    Some(PublishedLine {
        mechanism: "DANE",
        name: format!("{}:{}", host.key.host, host.key.port),
        target: &host.key.target,
        view: &host.key.view,
        state: if is_open { State::Undecided } else { state },
        text,
    })
}

fn dane_text(host: &HostReport, standing: &DaneStanding) -> String {
    let set = match standing {
        DaneStanding::Unavailable => {
            return "not known: the view's resolver does not validate".to_owned();
        }
        DaneStanding::Pending(why) => return format!("not known yet: {why}"),
        DaneStanding::HostInsecure => {
            return "none: the host's addresses are not signed".to_owned();
        }
        DaneStanding::None => return "no TLSA records".to_owned(),
        DaneStanding::Insecure => return "TLSA records that are not signed".to_owned(),
        DaneStanding::Error(fault) => return format!("no answer: {fault}"),
        DaneStanding::Records(set) => set,
    };
    let Some(report) = &host.dane else {
        return String::new();
    };
    let records = set.records.iter().zip(&report.records).take(TOLD);
    let mut told: Vec<_> = records
        .map(
            |(record, judged)| match (judged.result, record.unusable()) {
                (RecordResult::Unusable, Some(why)) => {
                    format!("{} unusable: {why}", record.short())
                }
                (RecordResult::Matched, _) => format!("{} matches", record.short()),
                (RecordResult::Unmatched | RecordResult::Unusable, _) => {
                    format!("{} matches nothing served", record.short())
                }
            },
        )
        .collect();
    if let more @ 1.. = set.published.max(set.records.len()).saturating_sub(TOLD) {
        told.push(format!("{more} more"));
    }
    told.extend(match report.rollover_ready {
        Some(true) => Some("ready for the next key".to_owned()),
        Some(false) => Some("no record to spare for the next key".to_owned()),
        None => None,
    });
    for (file, is_published) in &report.next {
        let is = if *is_published {
            "is published"
        } else {
            "is not published"
        };
        told.push(format!("{file} {is}"));
    }
    told.join(", ")
}

fn of_domain<'a>(
    domain: &'a DomainReport,
    failures: &PublishedFailures<'_>,
    now: Timestamp,
) -> impl Iterator<Item = PublishedLine<'a>> {
    let known = &domain.facts;
    let sts = known
        .sts
        .as_deref()
        .map(|sts| (Mechanism::MtaSts, sts_text(sts, now)));
    let tlsrpt = known
        .tlsrpt
        .as_deref()
        .map(|rpt| (Mechanism::TlsRpt, tlsrpt_text(rpt)));
    let all: Vec<_> = sts.into_iter().chain(tlsrpt).collect();
    let all = all
        .into_iter()
        .map(|(mechanism, text)| (mechanism, said(text, failures.of_domain(domain, mechanism))));
    let lines: Vec<_> = all
        .map(|(mechanism, (state, text))| PublishedLine {
            mechanism: match mechanism {
                Mechanism::Dane => "DANE",
                Mechanism::MtaSts => "MTA-STS",
                Mechanism::TlsRpt => "TLSRPT",
            },
            name: domain.key.domain.to_string(),
            target: &domain.key.target,
            view: &domain.key.view,
            state,
            text,
        })
        .collect();
    lines.into_iter()
}

fn sts_text(sts: &StsFacts, now: Timestamp) -> String {
    let record = match &sts.record {
        StsRecord::Pending(why) => format!("not known yet: {why}"),
        StsRecord::None => "no record".to_owned(),
        StsRecord::Error(fault) => format!("no answer: {fault}"),
        StsRecord::Several(count) => format!("{count} records, where one is allowed"),
        StsRecord::Malformed(mistake) => format!("a record that cannot be read: {mistake}"),
        StsRecord::Id(id) => format!("id {id}"),
    };
    let mut told = vec![record];
    told.extend(sts.current.as_ref().map(policy_text));
    let leaves = sts.fetches.iter().filter_map(|fetch| fetch.chain.first());
    let ends = leaves.filter_map(|leaf| Some(leaf.facts().ok()?.not_after));
    told.extend(ends.min().map(|end| {
        let days = end.seconds_since(now).div_euclid(86_400);
        format!("host certificate {days} d")
    }));
    told.join(", ")
}

fn policy_text(known: &KnownPolicy) -> String {
    let (mode, age) = (known.policy.mode.as_str(), known.policy.max_age.as_secs());
    match age / 86_400 {
        0 => format!("{mode}, max_age {age} s"),
        days => format!("{mode}, max_age {days} d"),
    }
}

fn tlsrpt_text(known: &TlsRptFacts) -> String {
    match known {
        TlsRptFacts::Pending(why) => format!("not known yet: {why}"),
        TlsRptFacts::None => "no record".to_owned(),
        TlsRptFacts::Error(fault) => format!("no answer: {fault}"),
        TlsRptFacts::Several(count) => format!("{count} records, where one is allowed"),
        TlsRptFacts::Malformed(mistake) => format!("a record that cannot be read: {mistake}"),
        TlsRptFacts::Record(record) => {
            let schemes = ReportScheme::ALL.into_iter();
            let schemes = schemes.filter(|scheme| record.count(*scheme) > 0);
            let told: Vec<_> = schemes.map(ReportScheme::as_str).collect();
            format!("reports by {}", told.join(", "))
        }
    }
}

/// What is there, then what is wrong with it.
fn said(what: String, wrong: PublishedReasons) -> (State, String) {
    let state = wrong.values().min().copied().unwrap_or(State::Healthy);
    let reasons = wrong.keys().map(|reason| reason.as_str().to_owned());
    let all: Vec<_> = std::iter::once(what).chain(reasons).collect();
    (state, all.join("; "))
}
