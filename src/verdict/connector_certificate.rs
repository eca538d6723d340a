//! Check `connector_certificate`: the server holds a certificate that the connector may use now.

use std::cmp::Reverse;

use super::candidates::short;
use super::check::{Check, Finding, Judge, Kind, Switch};
use super::inside::{ConnectorEvidence, Selected};
use crate::certificate::TlsCertificateName;
use crate::facts::inventory::Select;
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "connector_certificate",
    help: "The mail server holds a certificate that the connector selects and may use now.",
    citation: "Microsoft: Set-SendConnector -TlsCertificateName, Enable-ExchangeCertificate; a connector is looked at on \
               every server that may use it",
    kind: Kind::Connector,
    default: Switch::On,
    judge: Judge::Connector(judge),
};

fn judge(evidence: &ConnectorEvidence<'_>) -> Finding {
    if let Some(why) = unasked(evidence) {
        return why;
    }
    let candidates = evidence.candidates;
    if candidates.iter().any(|one| one.is_usable == Some(true)) {
        return Finding::Pass;
    }
    let unclear = candidates.iter().find(|one| one.is_usable.is_none());
    if let Some(why) = unclear.map(Selected::told).or_else(|| lost(evidence)) {
        return Finding::Unknown(why);
    }
    let mut nearest: Vec<_> = candidates.iter().collect();
    nearest.sort_by_key(|one| Reverse(one.fault));
    match nearest.first().and_then(|one| one.fault) {
        Some(fault) => Finding::fail(fault.reason(), told(&nearest)),
        None => Finding::fail(Reason::ConnectorCertNotFound, not_found(evidence)),
    }
}

/// Where there is nothing to judge.
fn unasked(evidence: &ConnectorEvidence<'_>) -> Option<Finding> {
    if !evidence.connector.enabled {
        return Some(Finding::NotApplicable("the connector is switched off"));
    }
    match &evidence.connector.select {
        Select::Nothing => Some(Finding::NotApplicable("none is presented, on purpose")),
        Select::Unresolved(_) => Some(Finding::NotApplicable(
            "the collector could not tell which certificate is selected",
        )),
        Select::TlsCertificateName { text, names: None } => Some(Finding::Unknown(format!(
            "'{text}' names no issuer and subject"
        ))),
        Select::TlsCertificateName { .. } | Select::Fqdn(_) | Select::Place(_) => None,
    }
}

/// What was lost of the inventory and might be the certificate. A file that was read is what the connector selects,
/// whatever became of other files.
fn lost(evidence: &ConnectorEvidence<'_>) -> Option<String> {
    if evidence.inventory.certificates.is_none() {
        return Some("the inventory has no certificates".to_owned());
    }
    let is_file = matches!(evidence.connector.select, Select::Place(_));
    let is_found = !evidence.candidates.is_empty();
    let sections: &[&str] = match (is_file, is_found) {
        (true, true) => &[],
        (false, true) => &["certificates", "store"],
        (_, false) => &["certificates", "store", "limits"],
    };
    let mut errors = evidence.inventory.errors.iter();
    let error = errors.find(|error| sections.contains(&error.section.as_str()))?;
    Some(format!("section {} of the inventory: {}", error.section, error.text))
}

/// Most certificates that are told one by one.
const TOLD: usize = 4;

/// `117958926ACC… is valid but not enabled for SMTP; 061B4B3812C9… expired 2023-06-06`
fn told(nearest: &[&Selected<'_>]) -> String {
    let (shown, more) = nearest.split_at(nearest.len().min(TOLD));
    let shown: Vec<_> = shown.iter().map(|one| one.told()).collect();
    match more.len() {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}

fn not_found(evidence: &ConnectorEvidence<'_>) -> String {
    match &evidence.connector.select {
        Select::TlsCertificateName { text, names } => {
            let renewed = names.as_ref().and_then(|names| renamed(evidence, names));
            format!("none is '{text}'") + &renewed.unwrap_or_default()
        }
        Select::Fqdn(name) => format!("none covers {name}"),
        Select::Place(places) => format!("none in {}", places.join(", ")),
        Select::Nothing | Select::Unresolved(_) => String::new(),
    }
}

/// The same subject from another issuer: often the renewed certificate, which the connector has to name anew.
fn renamed(evidence: &ConnectorEvidence<'_>, names: &TlsCertificateName) -> Option<String> {
    let inventory = evidence.inventory;
    let stored = inventory.certificates().iter().enumerate();
    let alike = stored.filter_map(|(nth, stored)| {
        let facts = stored.facts().ok()?;
        let kind = &inventory.server.kind;
        let one = Selected::new(nth, stored, kind, evidence.now);
        facts.subject.matches(&names.subject).then_some((facts, one))
    });
    let (facts, one) = alike.max_by_key(|(facts, one)| {
        (one.is_usable, facts.not_before, facts.not_after, one.fingerprints().sha256)
    })?;
    Some(format!(
        "; {} has that subject from another issuer: '{}'",
        short(one.stored),
        TlsCertificateName::of(facts)
    ))
}

#[cfg(test)]
mod tests {
    use super::super::case::{InsideCase, leaf};
    use super::*;
    use crate::facts::inventory::{SectionError, ServerKind};

    fn named() -> Select {
        let text = "<I>CN=Bear Issuing CA, O=BearWorld<S>CN=mx.bears.test, O=BearWorld";
        Select::TlsCertificateName {
            text: text.to_owned(),
            names: TlsCertificateName::parse(text).ok(),
        }
    }

    fn fqdn(name: &str) -> Select {
        Select::Fqdn(name.to_owned())
    }

    #[test]
    fn the_fault_nearest_to_usable_is_told_whatever_the_order() {
        let (old, early, new) = (leaf(-90, -1), leaf(1, 90), leaf(-9, 90));
        let mut case = InsideCase::new(named(), &[&old]);
        assert_eq!(case.reason(judge), Some(Reason::ConnectorCertExpired));
        case = InsideCase::new(named(), &[&early, &old]);
        assert_eq!(case.reason(judge), Some(Reason::ConnectorCertNotYetValid));
        for turn in 0..3 {
            let mut case = InsideCase::new(named(), &[&old, &new, &early]);
            case.stored()[1].services = Some(Vec::new());
            case.stored().rotate_left(turn);
            assert_eq!(case.reason(judge), Some(Reason::ConnectorCertNotEnabled));
            case.stored().iter_mut().for_each(|one| one.status = Some("Invalid".to_owned()));
            assert_eq!(case.reason(judge), Some(Reason::ConnectorCertRejected));
            case.stored().iter_mut().for_each(|one| one.private_key = Some(false));
            assert_eq!(case.reason(judge), Some(Reason::ConnectorCertKeyMissing));
        }
    }

    #[test]
    fn what_the_server_cannot_check_is_no_fault() {
        let new = leaf(-9, 90);
        for (status, reason) in [
            ("RevocationCheckFailure", None),
            ("Unknown", None),
            ("dateinvalid", Some(Reason::ConnectorCertRejected)),
            ("Revoked", Some(Reason::ConnectorCertRejected)),
        ] {
            let mut case = InsideCase::new(named(), &[&new]);
            case.stored()[0].status = Some(status.to_owned());
            assert_eq!(case.reason(judge), reason, "{status}");
        }
        let mut case = InsideCase::new(named(), &[&new]);
        case.stored()[0].private_key = None;
        assert_eq!(case.found(judge), Finding::Pass);
    }

    #[test]
    fn a_name_selects_what_covers_it() {
        let new = leaf(-9, 90);
        let found = |name| InsideCase::new(fqdn(name), &[&new]).found(judge);
        assert_eq!(found("MX.bears.test"), Finding::Pass);
        let Finding::Fail(failure) = found("relay.bears.test") else {
            panic!("it is another name");
        };
        assert_eq!(failure.evidence, "none covers relay.bears.test");
    }

    #[test]
    fn a_file_is_judged_by_itself_and_one_that_is_lost_is_unknown() {
        let old = leaf(-90, -1);
        let place = |path: &str| Select::Place(vec![path.to_owned()]);
        let mut case = InsideCase::new(place("/etc/mail.pem"), &[&old]);
        case.inventory.server.kind = ServerKind::Postfix;
        case.stored()[0].places = vec!["/etc/mail.pem".to_owned()];
        case.stored()[0].services = None;
        case.inventory.errors.push(SectionError {
            section: "certificates".to_owned(),
            text: "/etc/other.pem: permission denied".to_owned(),
        });
        assert_eq!(case.reason(judge), Some(Reason::ConnectorCertExpired));
        case.connector.select = place("/etc/other.pem");
        assert!(matches!(case.found(judge), Finding::Unknown(_)));
        case.inventory.errors.clear();
        assert_eq!(case.reason(judge), Some(Reason::ConnectorCertNotFound));
    }

    #[test]
    fn services_that_nobody_knows_are_no_fault() {
        let (old, new) = (leaf(-90, -1), leaf(-9, 90));
        let mut case = InsideCase::new(named(), &[&old, &new]);
        case.stored()[1].services = None;
        assert!(matches!(case.found(judge), Finding::Unknown(_)));
        case.inventory.certificates = None;
        assert!(matches!(case.found(judge), Finding::Unknown(_)));
    }

    #[test]
    fn nothing_is_asked_of_what_presents_none() {
        let mut case = InsideCase::new(Select::Nothing, &[]);
        assert!(matches!(case.found(judge), Finding::NotApplicable(_)));
        case.connector.select = Select::Unresolved("a look-up".to_owned());
        assert!(matches!(case.found(judge), Finding::NotApplicable(_)));
        case.connector.select = named();
        assert_eq!(case.reason(judge), Some(Reason::ConnectorCertNotFound));
        case.connector.enabled = false;
        assert!(matches!(case.found(judge), Finding::NotApplicable(_)));
    }
}
