//! Check `connector_renewal`: no later certificate waits beside the one that the connector uses.

use super::check::{Check, Finding, Judge, Kind, Switch};
use super::inside::{ConnectorEvidence, Selected, Unfit};
use crate::certificate::Facts;
use crate::facts::inventory::Select;
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "connector_renewal",
    help: "Of the current certificates that the connector selects on the mail server, the latest can be used.",
    citation: "Microsoft: Enable-ExchangeCertificate enables on one server only; Exchange may choose the latest match",
    kind: Kind::Connector,
    default: Switch::On,
    judge: Judge::Connector(judge),
};

fn judge(evidence: &ConnectorEvidence<'_>) -> Finding {
    if !evidence.connector.enabled {
        return Finding::NotApplicable("the connector is switched off");
    }
    let usable = |one: &&Selected<'_>| one.is_usable == Some(true);
    let Some(chosen) = evidence.candidates.first().filter(usable) else {
        return Finding::NotApplicable("none can be used");
    };
    let Ok(used) = chosen.stored.facts() else {
        return Finding::NotApplicable("none can be used");
    };
    let mut later = evidence.candidates.iter();
    match later.find(|one| is_pending(one, used, &evidence.connector.select)) {
        Some(later) if later.is_usable.is_none() => Finding::Unknown(later.told()),
        Some(later) => Finding::fail(
            Reason::ConnectorNewerUnusable,
            format!("{}; {}", later.told(), chosen.told()),
        ),
        None => Finding::Pass,
    }
}

/// Whether a certificate is current, began later than the one in use, and is not usable all the same.
fn is_pending(one: &Selected<'_>, used: &Facts, select: &Select) -> bool {
    let is_current = match one.fault {
        Some(Unfit::Expired | Unfit::NotYetValid) => false,
        Some(Unfit::KeyMissing | Unfit::Rejected | Unfit::NotEnabled) => true,
        None => one.is_usable.is_none(),
    };
    let facts = one.stored.facts().ok().filter(|_| is_current);
    facts.is_some_and(|facts| {
        let is_later = facts.not_before > used.not_before;
        is_later && (!is_by_name(select) || replaces(facts, used))
    })
}

/// A server may have other certificates for a name, which are for other services.
fn is_by_name(select: &Select) -> bool {
    match select {
        Select::Fqdn(_) => true,
        Select::TlsCertificateName { .. }
        | Select::Place(_)
        | Select::Nothing
        | Select::Unresolved(_) => false,
    }
}

/// Whether a certificate has every name of another one.
fn replaces(later: &Facts, used: &Facts) -> bool {
    let mut names = used.names.iter();
    names.all(|name| later.names.contains(name))
}

#[cfg(test)]
mod tests {
    use super::super::case::{InsideCase, leaf};
    use super::*;

    /// One in use for ninety days, and one that began three days ago.
    fn renewed() -> InsideCase {
        let select = Select::Fqdn("mx.bears.test".to_owned());
        InsideCase::new(select, &[&leaf(-90, 9), &leaf(-3, 90)])
    }

    #[test]
    fn a_later_one_that_cannot_be_used_is_a_renewal_begun() {
        let mut case = renewed();
        assert_eq!(case.found(judge), Finding::Pass);
        case.stored()[1].services = Some(vec!["IIS".to_owned()]);
        assert_eq!(case.reason(judge), Some(Reason::ConnectorNewerUnusable));
        case.stored()[1].private_key = Some(false);
        assert_eq!(case.reason(judge), Some(Reason::ConnectorNewerUnusable));
    }

    #[test]
    fn an_earlier_one_or_one_still_to_come_is_none() {
        let mut case = renewed();
        case.stored()[0].private_key = Some(false);
        assert_eq!(case.found(judge), Finding::Pass, "the later one is in use");
        let select = Select::Fqdn("mx.bears.test".to_owned());
        let case = InsideCase::new(select, &[&leaf(-90, 9), &leaf(3, 90)]);
        assert_eq!(case.found(judge), Finding::Pass);
    }

    #[test]
    fn without_one_in_use_there_is_nothing_to_compare() {
        let mut case = renewed();
        case.stored().iter_mut().for_each(|one| one.private_key = Some(false));
        assert!(matches!(case.found(judge), Finding::NotApplicable(_)));
        case.connector.enabled = false;
        assert!(matches!(case.found(judge), Finding::NotApplicable(_)));
    }
}
