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
