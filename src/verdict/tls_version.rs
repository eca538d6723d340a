//! Check `tls_version`: the version that the server chose is recent enough.

use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "tls_version",
    help: "The TLS version that the server chose is at least the expected one.",
    citation: "RFC 8996 (TLS 1.0 and 1.1 must not be used); RFC 9325 §3.1",
    kind: Kind::Strength,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let Some(connection) = &evidence.observation.connection else {
        return Finding::NotApplicable("the server chose no version");
    };
    let expected = evidence.expectations.min_tls;
    if connection.version >= expected {
        return Finding::Pass;
    }
    Finding::fail(
        Reason::TlsVersionTooOld,
        format!(
            "the server chose {}, at least {} is expected",
            connection.version.as_str(),
            expected.as_str()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::case::Case;
    use super::*;
    use crate::facts::observation::{Fallback, TlsVersion};

    #[test]
    fn the_minimum_is_enough() {
        let mut case = Case::new();
        case.expectations.min_tls = TlsVersion::Tls13;
        assert_eq!(judge(&case.evidence()), Finding::Pass);
        if let Some(connection) = &mut case.observation.connection {
            connection.version = TlsVersion::Tls12;
        }
        assert_eq!(case.reason(judge), Some(Reason::TlsVersionTooOld));
    }

    #[test]
    fn what_only_the_last_rung_saw_is_judged_too() {
        let mut case = Case::new();
        if let Some(connection) = &mut case.observation.connection {
            connection.fallback = Fallback::Legacy;
            connection.version = TlsVersion::Tls10;
        }
        assert_eq!(case.reason(judge), Some(Reason::TlsVersionTooOld));
        case.expectations.min_tls = TlsVersion::Tls10;
        assert_eq!(judge(&case.evidence()), Finding::Pass);
    }

    #[test]
    fn nothing_is_judged_without_a_handshake() {
        let none = Case::without_certificate();
        assert!(matches!(judge(&none.evidence()), Finding::NotApplicable(_)));
    }
}
