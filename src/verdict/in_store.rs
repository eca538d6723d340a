//! Check `in_store`: the server that an endpoint is has the certificate that it presents.

use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "in_store",
    help: "The leaf is among the certificates of the mail server with this address, as its inventory lists them.",
    citation: "Exchange keeps presenting a certificate that was removed until its services restart; so do Postfix and \
               Exim until they reload",
    kind: Kind::Fleet,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let Some(leaf) = evidence.observation.leaf() else {
        return Finding::NotApplicable("no certificate was seen");
    };
    let (server, inventory) = match evidence.server() {
        Ok(pair) => pair,
        Err(finding) => return finding,
    };
    let served = leaf.fingerprints();
    let stored = inventory.certificates();
    let is_served = |sha1: [u8; 20]| sha1 == served.sha1;
    if stored.iter().any(|one| is_served(one.certificate.fingerprints().sha1)) {
        return Finding::Pass;
    }
    let mut sections = ["certificates", "store", "limits"].into_iter();
    if let Some(section) = sections.find(|section| !inventory.is_whole(section)) {
        return Finding::Unknown(format!("section {section} of the inventory is not whole"));
    }
    let digits = served.sha1_hex();
    Finding::fail(
        Reason::ServedNotInStore,
        format!(
            "{}… is not among the {} certificates of {}",
            digits.get(..12).unwrap_or(&digits),
            stored.len(),
            server.key.0
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::case::{Case, paired};
    use super::*;

    #[test]
    fn what_is_served_is_in_the_store_or_not() {
        let mut case = Case::new();
        let leaf = case.observation.chain[0].clone();
        case.inside = Some(paired(&[&leaf], case.now));
        assert_eq!(judge(&case.evidence()), Finding::Pass);
        let other = Case::new().observation.chain[0].clone();
        case.inside = Some(paired(&[&other], case.now));
        assert_eq!(case.reason(judge), Some(Reason::ServedNotInStore));
    }

    #[test]
    fn without_a_young_inventory_nothing_is_said() {
        let mut case = Case::new();
        assert!(matches!(judge(&case.evidence()), Finding::NotApplicable(_)));
        case.inside = Some(paired(&[], case.now.plus_seconds(-901)));
        assert!(matches!(judge(&case.evidence()), Finding::NotApplicable(_)));
    }

    #[test]
    fn what_was_lost_may_be_it() {
        let mut case = Case::new();
        let mut server = paired(&[], case.now);
        let inventory = server.newest.as_deref().unwrap();
        let mut inventory = inventory.clone();
        inventory.errors.push(crate::facts::inventory::SectionError {
            section: "store".to_owned(),
            text: String::new(),
        });
        server.newest = Some(std::sync::Arc::new(inventory));
        case.inside = Some(server);
        assert!(matches!(judge(&case.evidence()), Finding::Unknown(_)));
    }
}
