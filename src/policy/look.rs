//! A mail domain in a view to what senders learn of it, and may remember: its record, its policy host, its policy.

use std::net::IpAddr;
use std::sync::Arc;

use super::fetch::{Approach, Believer, MAX_ADDRESSES, fetch_all};
use super::memory::PolicyMemory;
use super::store::DomainAt;
use crate::dns::{AddressFamily, Addresses, Lookup, PublishedRecords, Unanswered};
use crate::endpoint::is_unusable;
use crate::facts::lookup::LookupFault;
use crate::facts::published::{PolicyFetch, StsFacts, StsRecord, TlsRptFacts};
use crate::reason::Reason;
use crate::timestamp::Timestamp;

/// Whom to ask, and how.
pub struct Inquiry {
    /// Which domain.
    pub at: DomainAt,
    /// Which addresses of the policy host.
    pub family: AddressFamily,
    /// How to get there.
    pub way: Approach,
    /// Who looks names up.
    pub lookup: Arc<dyn Lookup>,
    /// Who judges certificates.
    pub believer: Arc<dyn Believer>,
}

/// Asks for the record, and, if there is one, each address of the policy host. What nobody can tell now stays as it was
/// in `last`.
pub async fn sts(
    inquiry: &Inquiry,
    memory: &PolicyMemory,
    last: Option<&StsFacts>,
    now: Timestamp,
) -> StsFacts {
    let DomainAt { domain, view } = &inquiry.at;
    let host = format!("mta-sts.{domain}");
    let asked = inquiry
        .lookup
        .texts(view, &format!("_mta-sts.{domain}"))
        .await;
    let record = match asked {
        Ok(published) => StsRecord::read(texts(&published)),
        Err(Unanswered::Failed(fault)) => StsRecord::Error(fault),
        Err(Unanswered::Pending(why)) => StsRecord::Pending(why),
        Err(Unanswered::NotAsked) => StsRecord::Pending(NOBODY.into()),
    };
    let found = match record.id() {
        Some(_) => reach(inquiry, &host, now).await,
        None => Found::before(&record, last),
    };
    let served = found
        .fetches
        .iter()
        .filter_map(|fetch| fetch.outcome.as_ref().ok());
    let mut known = match record.id() {
        Some(id) => memory.see(&inquiry.at, id, served, now).await,
        None => memory.of(&inquiry.at).await,
    };
    known.forget(now);
    StsFacts {
        record,
        host: host.into(),
        host_fault: found.fault,
        fetches: found.fetches.into(),
        omitted: found.omitted,
        current: known.current,
        former: known.former.into(),
    }
}

/// Asks where senders report.
pub async fn tlsrpt(at: &DomainAt, lookup: &Arc<dyn Lookup>) -> TlsRptFacts {
    let name = format!("_smtp._tls.{}", at.domain);
    match lookup.texts(&at.view, &name).await {
        Ok(published) => TlsRptFacts::read(texts(&published)),
        Err(Unanswered::Failed(fault)) => TlsRptFacts::Error(fault),
        Err(Unanswered::Pending(why)) => TlsRptFacts::Pending(why),
        Err(Unanswered::NotAsked) => TlsRptFacts::Pending(NOBODY.into()),
    }
}

const NOBODY: &str = "nobody is asked for TXT records in this view";

fn texts(published: &PublishedRecords<Box<[u8]>>) -> impl Iterator<Item = &[u8]> {
    published.records.iter().map(|text| &**text)
}

/// A policy host as it was found.
#[derive(Default)]
struct Found {
    fault: Option<LookupFault>,
    fetches: Vec<PolicyFetch>,
    omitted: usize,
}

impl Found {
    /// While nobody can tell whether there is a record, what was found before is what is known.
    fn before(record: &StsRecord, last: Option<&StsFacts>) -> Self {
        match (record, last) {
            (StsRecord::Error(_) | StsRecord::Pending(_), Some(last)) => Self {
                fault: last.host_fault.clone(),
                fetches: last.fetches.to_vec(),
                omitted: last.omitted,
            },
            _ => Self::default(),
        }
    }

    fn nowhere(fault: LookupFault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::default()
        }
    }
}

async fn reach(inquiry: &Inquiry, host: &str, now: Timestamp) -> Found {
    let Inquiry { lookup, family, .. } = inquiry;
    let absolute = format!("{host}.");
    let answer = lookup.addresses(&inquiry.at.view, &absolute, *family).await;
    let Addresses { records, lost, .. } = match answer {
        Ok(answer) => answer.value,
        Err(fault) => return Found::nowhere(fault),
    };
    let mut addresses: Vec<IpAddr> = records.iter().map(|record| record.address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let (unusable, mut addresses): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| is_unusable(*address));
    if let (true, Some(none)) = (addresses.is_empty(), unusable.first()) {
        return Found::nowhere(LookupFault {
            reason: Reason::AddressUnusable,
            detail: format!("{host} has the address {none}, which no server can have"),
        });
    }
    let omitted = addresses.len().saturating_sub(MAX_ADDRESSES);
    addresses.truncate(MAX_ADDRESSES);
    Found {
        fault: lost.map(|(_, fault)| fault),
        fetches: fetch_all(host, &addresses, &inquiry.way, &inquiry.believer, now).await,
        omitted,
    }
}
