//! Check `dane`: a sender that follows the TLSA records delivers here; one row of RFC 7672 each way to come to that.

mod matching;
mod mistakes;
mod records;
#[cfg(test)]
mod rows;
mod survey;

use self::matching::{Matching, outcome};
use self::records::{TOLD, named};
pub(super) use self::records::Records;
pub(super) use self::survey::is_published;
pub use self::survey::{DaneReport, RecordReport, RecordResult, RecordSum};
use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use super::expectations::Demand;
use crate::certificate::Certificate;
use crate::facts::lookup::Security;
use crate::facts::observation::Observation;
use crate::facts::published::{DaneFacts, DaneStanding, TlsaRecord, TlsaSet};
use crate::name::Host;
use crate::pki;
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "dane",
    help: "A sender that follows the TLSA records (DANE) delivers here.",
    citation: "RFC 7672 §2.2, §3 (SMTP), RFC 7671 §5 (usages), §9 (digest agility)",
    kind: Kind::Published,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let demand = evidence.expectations.dane;
    let facts = match (demand, evidence.dane) {
        (Demand::Off, _) => return Finding::NotApplicable("DANE is not expected"),
        (_, None) => return Finding::NotApplicable("nobody asked for TLSA records"),
        (_, Some(facts)) => facts,
    };
    match (&facts.standing, absence(facts)) {
        (DaneStanding::Records(set), _) => served(evidence, facts, set),
        (_, Some(absence)) => absence.judged(demand, facts),
        (standing, None) => untold(standing).unwrap_or(Finding::Pass),
    }
}

/// What is said where DNS gave nothing to judge by.
pub(super) fn untold(standing: &DaneStanding) -> Option<Finding> {
    match standing {
        DaneStanding::Unavailable => Some(Finding::Unknown(NOT_VALIDATING.to_owned())),
        DaneStanding::Pending(why) => Some(Finding::Unknown(why.to_string())),
        DaneStanding::Error(fault) => Some(Finding::fail(
            Reason::DaneDnsError,
            format!("senders put the mail off: {fault}"),
        )),
        DaneStanding::HostInsecure
        | DaneStanding::None
        | DaneStanding::Insecure
        | DaneStanding::Records(_) => None,
    }
}

pub(super) const NOT_VALIDATING: &str =
    "the resolver of this view does not validate DNSSEC, so that nobody can tell";

/// Why senders do not do DANE with a host, which is a fault only where that is required.
pub(super) struct Absence {
    reason: Reason,
    why: &'static str,
}

/// Why there are no records that count, if DNS says so.
pub(super) fn absence(facts: &DaneFacts) -> Option<Absence> {
    let (reason, why) = match &facts.standing {
        DaneStanding::HostInsecure => (
            Reason::DaneHostInsecure,
            "the host's addresses are not signed, so that no sender asks for TLSA records",
        ),
        DaneStanding::None => (Reason::DaneNoRecords, "there are no TLSA records"),
        DaneStanding::Insecure => (
            Reason::DaneTlsaInsecure,
            "the TLSA records are not signed, or an alias leads them out of a signed zone",
        ),
        DaneStanding::Records(_)
        | DaneStanding::Unavailable
        | DaneStanding::Pending(_)
        | DaneStanding::Error(_) => return None,
    };
    Some(Absence { reason, why })
}

impl Absence {
    pub(super) fn judged(&self, demand: Demand, facts: &DaneFacts) -> Finding {
        match demand {
            Demand::Required if is_asked_by_senders(facts) => {
                Finding::weak(self.reason, format!("{}: {}", facts.base, self.why))
            }
            Demand::Required | Demand::Opportunistic | Demand::Off => {
                Finding::NotApplicable(self.why)
            }
        }
    }
}

/// Clients that submit mail on 465 and 587 are free to look for records (RFC 7672 §7), so that none are missed there.
pub(super) fn is_asked_by_senders(facts: &DaneFacts) -> bool {
    !matches!(facts.port, 465 | 587)
}

/// Judges what an endpoint serves by proven records.
fn served(evidence: &Evidence<'_>, facts: &DaneFacts, set: &TlsaSet) -> Finding {
    let (seen, records) = (evidence.observation, Records::new(&set.records));
    if seen.chain.is_empty() {
        return without_certificate(seen, set);
    }
    let names = || names(facts);
    let of = |records: &[_]| outcome(records, &seen.chain, names, evidence.now);
    if records.counted.is_empty() {
        let flaws = records.flaws().unwrap_or_default();
        return Finding::weak(Reason::DaneUnusable, format!("{}: {flaws}", set.owner));
    }
    let failed = match of(&records.counted) {
        Matching::Match => return matched(evidence, facts, &records),
        Matching::Undecided(why) => return Finding::Unknown(why),
        failed => failed,
    };
    let is_weaker = !records.weaker.is_empty() && of(&records.weaker) == Matching::Match;
    let told = Told {
        evidence,
        set,
        records: &records,
    };
    let (reason, why) = match failed {
        _ if is_weaker => (Reason::DaneDigestAgility, told.weaker()),
        Matching::NotSent => (Reason::DaneTaNotSent, told.not_sent()),
        Matching::Name => (Reason::DaneNameMismatch, told.names(&names())),
        Matching::Invalid(why) => (Reason::DaneChainInvalid, why),
        Matching::Mismatch | Matching::Match | Matching::Undecided(_) => {
            (Reason::DaneMismatch, told.mismatch())
        }
    };
    Finding::fail(reason, format!("{why}{}", told.remarks(facts)))
}

fn matched(evidence: &Evidence<'_>, facts: &DaneFacts, records: &Records<'_>) -> Finding {
    let is_required = evidence.expectations.dane == Demand::Required;
    if is_required && facts.hop == Security::Insecure && is_asked_by_senders(facts) {
        return mx_insecure();
    }
    records.flaws().map_or(Finding::Pass, Finding::Remark)
}

pub(super) fn mx_insecure() -> Finding {
    Finding::weak(
        Reason::DaneMxInsecure,
        "the records match, but the MX records are not signed: who forges those leads mail elsewhere",
    )
}

/// Without TLS nothing is delivered to a host with records, not even with those that nobody can use.
fn without_certificate(seen: &Observation, set: &TlsaSet) -> Finding {
    let Some(fault) = &seen.fault else {
        return Finding::Unknown("no certificate was seen".to_owned());
    };
    let why = format!("{}: {}", fault.reason.as_str(), fault.detail);
    match fault.reason {
        Reason::StarttlsNotOffered
        | Reason::StarttlsMasked
        | Reason::Starttls4xx
        | Reason::Starttls5xx => Finding::fail(
            Reason::DaneStarttlsMissing,
            format!("{} has records, so that senders insist on TLS; {why}", set.owner),
        ),
        _ => Finding::Unknown(format!("no certificate was seen: {why}")),
    }
}

/// The names of which a leaf needs one where an issuer is pinned (RFC 7672 §3.2.2).
fn names(facts: &DaneFacts) -> Vec<Host> {
    let others = [facts.alias.as_deref(), facts.mail_domain.as_deref()];
    let all = std::iter::once(&*facts.base).chain(others.into_iter().flatten());
    all.filter_map(|name| Host::parse(name).ok()).collect()
}

/// The words for a failure.
struct Told<'a> {
    evidence: &'a Evidence<'a>,
    set: &'a TlsaSet,
    records: &'a Records<'a>,
}

impl Told<'_> {
    fn chain(&self) -> &[Certificate] {
        &self.evidence.observation.chain
    }

    fn mismatch(&self) -> String {
        let (owner, counted) = (&self.set.owner, named(&self.records.counted));
        let served = self.chain().first().and_then(|leaf| leaf.association(1, 1));
        let served = served.map_or_else(String::new, |data| {
            let own = TlsaRecord {
                usage: 3,
                selector: 1,
                matching_type: 1,
                data: data.into(),
            };
            format!("; its own would be {own}")
        });
        format!("the leaf matches none of the records at {owner} ({counted}){served}")
    }

    fn weaker(&self) -> String {
        format!(
            "{} is right, but of the digests only the strongest counts, and {} is of something else",
            named(&self.records.weaker),
            named(&self.records.counted)
        )
    }

    fn not_sent(&self) -> String {
        let named = named(&self.records.counted);
        let why = format!("no certificate above the leaf is one of {named}: send the issuer along");
        let whole = self.records.counted.iter().find(|record| record.matching_type == 0);
        let leads = |record: &&TlsaRecord| match record.selector {
            0 => pki::anchored(self.chain(), &[&*record.data], self.evidence.now).is_ok(),
            _ => pki::is_signed_by(self.chain(), &record.data),
        };
        match whole.filter(|record| leads(record)) {
            Some(_) => format!("{why}; Postfix takes it from DNS, Exim does not"),
            None => why,
        }
    }

    fn names(&self, names: &[Host]) -> String {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        format!(
            "an issuer is pinned, so that the leaf needs one of the names {}",
            names.join(", ")
        )
    }

    /// What else helps.
    fn remarks(&self, facts: &DaneFacts) -> String {
        let mut told = Vec::new();
        if facts.hop == Security::Insecure {
            told.push("the MX records are not signed, so that Exim would not look".to_owned());
        }
        let all = self.records.counted.iter().chain(&self.records.weaker);
        for record in all.take(TOLD) {
            let Evidence { fleet, former, .. } = *self.evidence;
            let mistake = mistakes::mistake(record, self.chain()).map(str::to_owned);
            let mistake = mistake.or_else(|| mistakes::changed(record, fleet, former));
            told.extend(mistake.map(|why| format!("{} {why}", record.short())));
        }
        told.extend(self.records.flaws());
        told.iter().map(|one| format!("; {one}")).collect()
    }
}
