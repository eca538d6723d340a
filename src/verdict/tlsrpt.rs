//! Check `tlsrpt`: senders know where to report.

use super::check::{Check, Finding, Judge, Kind, Switch};
use super::expectations::{Demand, Expectations};
use crate::facts::domain::DomainFacts;
use crate::facts::published::TlsRptFacts;
use crate::reason::Reason;
use crate::timestamp::Timestamp;

pub(super) const CHECK: Check = Check {
    name: "tlsrpt",
    help: "The domain's TLSRPT record, if it has one, is valid, and senders can use every destination in it.",
    citation: "RFC 8460 §3",
    kind: Kind::Published,
    default: Switch::On,
    judge: Judge::Domain(judge),
};

fn judge(facts: &DomainFacts, expected: &Expectations, _now: Timestamp) -> Finding {
    if expected.tlsrpt == Demand::Off {
        return Finding::NotApplicable("TLSRPT is not looked at");
    }
    let Some(tlsrpt) = &facts.tlsrpt else {
        return Finding::Unknown("nobody has looked for a record yet".to_owned());
    };
    match &**tlsrpt {
        TlsRptFacts::Pending(why) => Finding::Unknown(why.to_string()),
        TlsRptFacts::None if expected.tlsrpt == Demand::Required => {
            Finding::weak(Reason::TlsRptNoRecord, "no record")
        }
        TlsRptFacts::None => Finding::NotApplicable("the domain has no TLSRPT record"),
        TlsRptFacts::Error(fault) => Finding::weak(Reason::DnsError, &*fault.detail),
        TlsRptFacts::Several(count) => Finding::weak(
            Reason::TlsRptRecordInvalid,
            format!("{count} records, expected one: senders see none"),
        ),
        TlsRptFacts::Malformed(mistake) => {
            Finding::weak(Reason::TlsRptRecordInvalid, mistake.to_string())
        }
        TlsRptFacts::Record(to) => match to.mistakes.first() {
            Some(mistake) => Finding::weak(Reason::TlsRptRuaInvalid, mistake.to_string()),
            None => Finding::Pass,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::case::{Case, NOW};
    use super::*;
    use crate::facts::lookup::LookupFault;

    fn found(tlsrpt: TlsRptFacts, demand: Demand) -> Finding {
        let mut expected = Case::new().expectations;
        expected.tlsrpt = demand;
        let facts = DomainFacts {
            tlsrpt: Some(Arc::new(tlsrpt)),
            ..DomainFacts::default()
        };
        judge(&facts, &expected, NOW)
    }

    fn reason(records: &[&str], demand: Demand) -> Option<Reason> {
        let records = records.iter().map(|text| text.as_bytes());
        match found(TlsRptFacts::read(records), demand) {
            Finding::Fail(failure) => {
                assert!(failure.mail_flows);
                Some(failure.reason)
            }
            _ => None,
        }
    }

    #[test]
    fn each_reason_has_its_records() {
        const ASKED: Demand = Demand::Opportunistic;
        let good = "v=TLSRPTv1; rua=mailto:tls@bears.test";
        assert_eq!(reason(&[good], Demand::Required), None);
        assert_eq!(reason(&[], ASKED), None);
        assert_eq!(reason(&[], Demand::Required), Some(Reason::TlsRptNoRecord));
        let invalid = Some(Reason::TlsRptRecordInvalid);
        assert_eq!(reason(&[good, good], ASKED), invalid);
        assert_eq!(reason(&["v=TLSRPTv1;"], ASKED), invalid);
        let rua = Some(Reason::TlsRptRuaInvalid);
        let half = "v=TLSRPTv1; rua=mailto:tls@bears.test,http://r.bears.test/";
        assert_eq!(reason(&[half], ASKED), rua);
        assert_eq!(reason(&["v=TLSRPTv1; rua="], ASKED), rua);
        assert_eq!(reason(&["v=TLSRPTv1;"], Demand::Off), None);
    }

    #[test]
    fn a_failure_of_dns_is_not_no_record() {
        let lost = LookupFault {
            reason: Reason::DnsError,
            detail: "SERVFAIL".into(),
        };
        let Finding::Fail(failure) = found(TlsRptFacts::Error(lost), Demand::Opportunistic) else {
            panic!("nobody could tell");
        };
        assert_eq!(failure.reason, Reason::DnsError);
        let pending = found(TlsRptFacts::Pending("not yet".into()), Demand::Required);
        assert_eq!(pending, Finding::Unknown("not yet".into()));
    }
}
