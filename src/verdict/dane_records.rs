//! Check `dane_records`: what DNS says for DANE of a host can be used, and has the keys to come.

use super::check::{Check, Finding, Judge, Kind, Switch};
use super::dane::{
    NOT_VALIDATING, Records, absence, is_asked_by_senders, is_published, mx_insecure, untold,
};
use super::expectations::{Demand, Expectations};
use crate::facts::host::HostFacts;
use crate::facts::lookup::Security;
use crate::facts::published::{DaneFacts, DaneStanding, TlsaRecord};
use crate::reason::Reason;
use crate::timestamp::Timestamp;

pub(super) const CHECK: Check = Check {
    name: "dane_records",
    help: "The host's TLSA records can be looked up and used, and each key of `dane_next` has one.",
    citation: "RFC 7672 §2.1.2, §2.1.3, §2.2, RFC 7671 §8.1",
    kind: Kind::Published,
    default: Switch::On,
    judge: Judge::Host(judge),
};

fn judge(facts: &HostFacts, expected: &Expectations, _: Timestamp) -> Finding {
    let facts = match (expected.dane, &facts.dane) {
        (Demand::Off, _) => return Finding::NotApplicable("DANE is not expected"),
        (_, None) => return Finding::NotApplicable("nobody asked for TLSA records"),
        (_, Some(facts)) => facts,
    };
    match (&facts.standing, absence(facts)) {
        (DaneStanding::Unavailable, _) => Finding::weak(Reason::DnssecUnavailable, NOT_VALIDATING),
        (DaneStanding::Records(set), _) => of_records(&set.records, facts, expected),
        (_, Some(absence)) => match missing(expected, &[]) {
            Some(missing) if is_asked_by_senders(facts) => missing,
            _ => absence.judged(expected.dane, facts),
        },
        (standing, None) => untold(standing).unwrap_or(Finding::Pass),
    }
}

fn of_records(all: &[TlsaRecord], facts: &DaneFacts, expected: &Expectations) -> Finding {
    let records = Records::new(all);
    let flaws = records.flaws();
    if records.counted.is_empty() {
        return Finding::weak(Reason::DaneUnusable, flaws.unwrap_or_default());
    }
    let is_required = expected.dane == Demand::Required && is_asked_by_senders(facts);
    match missing(expected, &records.counted) {
        Some(missing) => missing,
        None if is_required && facts.hop == Security::Insecure => mx_insecure(),
        None => flaws.map_or(Finding::Pass, Finding::Remark),
    }
}

/// The keys to come that have no record, if there are any.
fn missing(expected: &Expectations, counted: &[&TlsaRecord]) -> Option<Finding> {
    let next = expected.dane_next.iter();
    let missing = next.filter(|key| !is_published(key, counted));
    let missing: Vec<_> = missing.map(|key| &*key.file).collect();
    (!missing.is_empty()).then(|| {
        Finding::weak(
            Reason::DaneNextMissing,
            format!("no record that counts is of the key of {}", missing.join(", ")),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::case::Case;
    use super::super::expectations::NextKey;
    use super::*;
    use crate::facts::lookup::LookupFault;
    use crate::facts::published::TlsaSet;

    fn record(usage: u8, data: &[u8]) -> TlsaRecord {
        TlsaRecord {
            usage,
            selector: 1,
            matching_type: 1,
            data: data.into(),
        }
    }

    fn records(all: &[TlsaRecord]) -> DaneStanding {
        DaneStanding::Records(TlsaSet {
            owner: "_25._tcp.mx.bears.test".into(),
            records: all.into(),
            published: all.len(),
            ttl: Duration::from_secs(3600),
        })
    }

    /// What is said under a demand, with keys to come: its word, the reason, and whether mail flows all the same.
    fn said(facts: DaneFacts, demand: Demand, next: &[NextKey]) -> (&'static str, Option<Reason>, bool) {
        let mut expected = Case::new().expectations;
        (expected.dane, expected.dane_next) = (demand, next.into());
        let facts = HostFacts {
            dane: Some(Arc::new(facts)),
            ..HostFacts::default()
        };
        let finding = judge(&facts, &expected, Timestamp(0));
        let word = finding.as_str();
        match finding {
            Finding::Fail(failure) => (word, Some(failure.reason), failure.mail_flows),
            _ => (word, None, false),
        }
    }

    fn facts(standing: DaneStanding) -> DaneFacts {
        DaneFacts {
            hop: Security::Secure,
            port: 25,
            base: "mx.bears.test".into(),
            alias: None,
            mail_domain: None,
            standing,
        }
    }

    #[test]
    fn what_dns_says_of_a_host_is_judged_by_itself() {
        use Demand::{Opportunistic, Required};
        let (good, bad) = (record(3, &[7; 32]), record(1, &[7; 32]));
        let fault = LookupFault {
            reason: Reason::DnsError,
            detail: "SERVFAIL".to_owned(),
        };
        let weak = |reason| ("fail", Some(reason), true);
        let (pass, none, unknown) = (("pass", None, false), ("not_applicable", None, false), ("unknown", None, false));
        let unavailable = weak(Reason::DnssecUnavailable);
        let failed = ("fail", Some(Reason::DaneDnsError), false);
        let unusable = weak(Reason::DaneUnusable);
        for (standing, opportunistic, required) in [
            (records(std::slice::from_ref(&good)), pass, pass),
            (records(&[good, bad.clone()]), pass, pass),
            (records(&[bad]), unusable, unusable),
            (DaneStanding::None, none, weak(Reason::DaneNoRecords)),
            (DaneStanding::HostInsecure, none, weak(Reason::DaneHostInsecure)),
            (DaneStanding::Insecure, none, weak(Reason::DaneTlsaInsecure)),
            (DaneStanding::Error(fault), failed, failed),
            (DaneStanding::Unavailable, unavailable, unavailable),
            (DaneStanding::Pending("later".into()), unknown, unknown),
        ] {
            let facts = facts(standing);
            assert_eq!(said(facts.clone(), Opportunistic, &[]), opportunistic, "{facts:?}");
            assert_eq!(said(facts.clone(), Required, &[]), required, "{facts:?}");
            assert_eq!(said(facts, Demand::Off, &[]), none);
        }
    }

    #[test]
    fn signed_records_of_an_unsigned_domain_are_not_what_is_required() {
        let mut facts = facts(records(&[record(3, &[7; 32])]));
        facts.hop = Security::Insecure;
        let weak = ("fail", Some(Reason::DaneMxInsecure), true);
        assert_eq!(said(facts.clone(), Demand::Required, &[]), weak);
        assert_eq!(said(facts.clone(), Demand::Opportunistic, &[]).0, "pass");
        facts.port = 465;
        assert_eq!(said(facts, Demand::Required, &[]).0, "pass");
    }

    #[test]
    fn a_key_to_come_needs_a_record() {
        let case = Case::new();
        let leaf = &case.observation.chain[0];
        let next = NextKey {
            file: "next.csr".into(),
            public_key: leaf.facts().unwrap().spki.clone().into(),
            certificate: None,
        };
        let own = record(3, &leaf.association(1, 1).unwrap());
        let found = |standing| said(facts(standing), Demand::Opportunistic, std::slice::from_ref(&next));
        assert_eq!(found(records(&[own])).0, "pass");
        let missing = ("fail", Some(Reason::DaneNextMissing), true);
        assert_eq!(found(records(&[record(3, &[7; 32])])), missing);
        assert_eq!(found(DaneStanding::None), missing);
        assert_eq!(found(DaneStanding::HostInsecure), missing);
    }
}
