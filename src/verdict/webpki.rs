//! What a server presented to whether a client of the web accepts it by a name: senders do with the policy host, and in
//! mode enforce with the MX host (RFC 8461 §3.3, §4.2). Made of the checks of every endpoint.

use std::sync::Arc;

use super::check::{Check, Evidence, Finding, Judge};
use super::expectations::Expectations;
use super::fleet::Fleet;
use super::views::Views;
use super::{eku_server, lifetime, names, trust};
use crate::facts::observation::Observation;
use crate::name::Host;
use crate::pki::{Anchors, Trust};
use crate::timestamp::Timestamp;

/// What a client asks of a certificate, in the order in which it is told.
const ASKED: [Check; 4] = [
    lifetime::CHECK,
    trust::CHECK,
    names::CHECK,
    eku_server::CHECK,
];

/// The first thing for which a client refuses the leaf; [`Finding::Pass`] if it does not.
pub fn webpki(
    observation: &Observation,
    found: Option<&Trust>,
    name: &Host,
    now: Timestamp,
) -> Finding {
    let nothing_else = Expectations::new(Arc::new(Anchors::default()));
    let evidence = Evidence {
        observation,
        expectations: &nothing_else,
        trust: found,
        server_name: Some(name),
        revocation: None,
        fleet: &Fleet::default(),
        views: &Views::default(),
        inside: None,
        dane: None,
        former: None,
        sts: None,
        now,
    };
    let findings = ASKED.iter().filter_map(|check| match check.judge {
        Judge::Endpoint(judge) => Some(judge(&evidence)),
        _ => None,
    });
    let refuses = |finding: &Finding| match finding {
        Finding::Pass | Finding::Remark(_) => false,
        Finding::Fail(_) | Finding::Unknown(_) | Finding::NotApplicable(_) => true,
    };
    findings.into_iter().find(refuses).unwrap_or(Finding::Pass)
}
