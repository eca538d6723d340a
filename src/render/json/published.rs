//! What is published for a target's hosts and mail domains to its JSON.

use serde::Serialize;

use crate::facts::lookup::LookupFault;
use crate::facts::published::{
    DaneFacts, DaneStanding, FetchStep, KnownPolicy, PolicyFetch, StsFacts, StsRecord, TlsRptFacts,
    TlsaSet,
};
use crate::report::{
    DomainReport, HostReport, Mechanism, PublishedFailures, PublishedReasons, Snapshot,
};
use crate::timestamp::Timestamp;

/// By mechanism.
#[derive(Serialize)]
pub(super) struct PublishedJson<'a> {
    dane: Vec<DaneJson<'a>>,
    mta_sts: Vec<StsJson<'a>>,
    tlsrpt: Vec<TlsRptJson<'a>>,
}

#[derive(Serialize)]
struct DaneJson<'a> {
    host: &'a str,
    port: u16,
    view: &'a str,
    standing: &'static str,
    detail: Option<String>,
    hop_security: &'static str,
    base_domain: &'a str,
    owner: Option<&'a str>,
    ttl_seconds: Option<u64>,
    records: Vec<RecordJson>,
    records_published: usize,
    rollover_ready: Option<bool>,
    next: Vec<NextJson<'a>>,
    reasons: Vec<&'static str>,
}

#[derive(Serialize)]
struct RecordJson {
    usage: u8,
    selector: u8,
    matching_type: u8,
    record: String,
    result: &'static str,
    unusable: Option<String>,
    overruled: bool,
    matched_at: String,
}

#[derive(Serialize)]
struct NextJson<'a> {
    file: &'a str,
    published: bool,
}

#[derive(Serialize)]
struct StsJson<'a> {
    domain: &'a str,
    view: &'a str,
    record: &'static str,
    detail: Option<String>,
    id: Option<&'a str>,
    policy: Option<PolicyJson<'a>>,
    former: Vec<PolicyJson<'a>>,
    host: &'a str,
    fetches: Vec<FetchJson<'a>>,
    fetches_omitted: usize,
    mx_covered: Vec<CoveredJson<'a>>,
    reasons: Vec<&'static str>,
}

#[derive(Serialize)]
struct PolicyJson<'a> {
    id: &'a str,
    mode: &'static str,
    max_age_seconds: u64,
    mx: Vec<&'a str>,
    text: &'a str,
    first_seen: String,
    last_seen: String,
    kept_until: String,
    remarks: Vec<String>,
}

#[derive(Serialize)]
struct FetchJson<'a> {
    address: String,
    at: String,
    valid: bool,
    step: Option<&'static str>,
    status: Option<u16>,
    reason: Option<&'static str>,
    detail: Option<String>,
    content_type: Option<&'a str>,
    not_after: Option<String>,
}

#[derive(Serialize)]
struct CoveredJson<'a> {
    host: &'a str,
    covered: bool,
}

#[derive(Serialize)]
struct TlsRptJson<'a> {
    domain: &'a str,
    view: &'a str,
    record: &'static str,
    detail: Option<String>,
    destinations: Vec<&'a str>,
    mistakes: Vec<String>,
    reasons: Vec<&'static str>,
}

/// Of one target.
pub(super) fn published<'a>(
    snapshot: &'a Snapshot,
    failures: &PublishedFailures<'_>,
    target: &str,
) -> PublishedJson<'a> {
    let hosts = snapshot.hosts.iter();
    let hosts = hosts.filter(|host| &*host.key.target == target);
    let domains = snapshot.domains.iter();
    let domains = domains.filter(|domain| &*domain.key.target == target);
    PublishedJson {
        dane: hosts.filter_map(|host| dane(host, failures)).collect(),
        mta_sts: domains
            .clone()
            .filter_map(|one| sts(one, failures, snapshot.at))
            .collect(),
        tlsrpt: domains.filter_map(|one| tlsrpt(one, failures)).collect(),
    }
}

fn names(reasons: &PublishedReasons) -> Vec<&'static str> {
    reasons.keys().map(|reason| reason.as_str()).collect()
}

fn dane<'a>(host: &'a HostReport, failures: &PublishedFailures<'_>) -> Option<DaneJson<'a>> {
    let facts: &DaneFacts = host.facts.dane.as_deref()?;
    let (standing, detail) = match &facts.standing {
        DaneStanding::Unavailable => ("unavailable", None),
        DaneStanding::Pending(why) => ("pending", Some(why.to_string())),
        DaneStanding::HostInsecure => ("host_insecure", None),
        DaneStanding::None => ("none", None),
        DaneStanding::Insecure => ("insecure", None),
        DaneStanding::Error(fault) => ("error", Some(fault.to_string())),
        DaneStanding::Records(_) => ("secure", None),
    };
    let set = match &facts.standing {
        DaneStanding::Records(set) => Some(set),
        _ => None,
    };
    Some(DaneJson {
        host: &host.key.host,
        port: host.key.port,
        view: &host.key.view,
        standing,
        detail,
        hop_security: facts.hop.as_str(),
        base_domain: &facts.base,
        owner: set.map(|set| &*set.owner),
        ttl_seconds: set.map(|set| set.ttl.as_secs()),
        records: set.map_or_else(Vec::new, |set| records(host, set)),
        records_published: set.map_or(0, |set| set.published),
        rollover_ready: host.dane.as_ref().and_then(|dane| dane.rollover_ready),
        next: host
            .dane
            .iter()
            .flat_map(|dane| &dane.next)
            .map(|(file, published)| NextJson {
                file,
                published: *published,
            })
            .collect(),
        reasons: names(&failures.of_host(host)),
    })
}

fn records(host: &HostReport, set: &TlsaSet) -> Vec<RecordJson> {
    let reports = host.dane.iter().flat_map(|dane| &dane.records);
    let pairs = set.records.iter().zip(reports);
    pairs
        .map(|(record, report)| RecordJson {
            usage: record.usage,
            selector: record.selector,
            matching_type: record.matching_type,
            record: record.to_string(),
            result: report.result.as_str(),
            unusable: record.unusable().map(|why| why.to_string()),
            overruled: report.is_weaker,
            matched_at: report.at.to_string(),
        })
        .collect()
}

fn sts<'a>(
    domain: &'a DomainReport,
    failures: &PublishedFailures<'_>,
    now: Timestamp,
) -> Option<StsJson<'a>> {
    let known: &StsFacts = domain.facts.sts.as_deref()?;
    let (record, detail) = match &known.record {
        StsRecord::Pending(why) => ("pending", Some(why.to_string())),
        StsRecord::None => ("none", None),
        StsRecord::Error(fault) => ("error", Some(fault.to_string())),
        StsRecord::Several(count) => ("several", Some(format!("{count} records"))),
        StsRecord::Malformed(mistake) => ("malformed", Some(mistake.to_string())),
        StsRecord::Id(_) => (
            "valid",
            known.host_fault.as_ref().map(LookupFault::to_string),
        ),
    };
    let hosts = domain
        .facts
        .exchangers
        .iter()
        .filter(|_| known.current.is_some());
    Some(StsJson {
        domain: &domain.key.domain,
        view: &domain.key.view,
        record,
        detail,
        id: known.record.id(),
        policy: known.current.as_ref().map(policy),
        former: known.former.iter().map(policy).collect(),
        host: &known.host,
        fetches: known.fetches.iter().map(fetch).collect(),
        fetches_omitted: known.omitted,
        mx_covered: hosts
            .map(|mx| CoveredJson {
                host: &mx.host,
                covered: known.covers(&mx.host, now),
            })
            .collect(),
        reasons: names(&failures.of_domain(domain, Mechanism::MtaSts)),
    })
}

fn policy(known: &KnownPolicy) -> PolicyJson<'_> {
    PolicyJson {
        id: &known.id,
        mode: known.policy.mode.as_str(),
        max_age_seconds: known.policy.max_age.as_secs(),
        mx: known.policy.patterns.iter().map(|one| &**one).collect(),
        text: &known.text,
        first_seen: known.first_seen.to_string(),
        last_seen: known.last_seen.to_string(),
        kept_until: known.kept_until().to_string(),
        remarks: known
            .policy
            .remarks
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}

fn fetch(fetch: &PolicyFetch) -> FetchJson<'_> {
    let leaf = fetch.chain.first().and_then(|leaf| leaf.facts().ok());
    let (fault, document) = match &fetch.outcome {
        Ok(document) => (None, Some(document)),
        Err(fault) => (Some(fault), None),
    };
    let mistake = document.and_then(|document| document.policy.as_ref().err());
    FetchJson {
        address: fetch.address.to_string(),
        at: fetch.at.to_string(),
        valid: fetch.policy().is_some(),
        step: fault.map(|fault| FetchStep::as_str(fault.step)),
        status: fault.map_or(Some(200), |fault| fault.status),
        reason: fault
            .and_then(|fault| fault.reason)
            .map(|reason| reason.as_str()),
        detail: fault
            .map(|fault| fault.detail.to_string())
            .or_else(|| mistake.map(ToString::to_string)),
        content_type: document.and_then(|document| document.content_type.as_deref()),
        not_after: leaf.map(|leaf| leaf.not_after.to_string()),
    }
}

fn tlsrpt<'a>(
    domain: &'a DomainReport,
    failures: &PublishedFailures<'_>,
) -> Option<TlsRptJson<'a>> {
    let known: &TlsRptFacts = domain.facts.tlsrpt.as_deref()?;
    let (record, detail) = match known {
        TlsRptFacts::Pending(why) => ("pending", Some(why.to_string())),
        TlsRptFacts::None => ("none", None),
        TlsRptFacts::Error(fault) => ("error", Some(fault.to_string())),
        TlsRptFacts::Several(count) => ("several", Some(format!("{count} records"))),
        TlsRptFacts::Malformed(mistake) => ("malformed", Some(mistake.to_string())),
        TlsRptFacts::Record(_) => ("valid", None),
    };
    let (destinations, mistakes) = match known {
        TlsRptFacts::Record(record) => (&*record.destinations, &*record.mistakes),
        _ => (&[][..], &[][..]),
    };
    Some(TlsRptJson {
        domain: &domain.key.domain,
        view: &domain.key.view,
        record,
        detail,
        destinations: destinations.iter().map(|one| &*one.uri).collect(),
        mistakes: mistakes.iter().map(ToString::to_string).collect(),
        reasons: names(&failures.of_domain(domain, Mechanism::TlsRpt)),
    })
}
