//! A server's connectors to what is judged of their certificates.

use super::super::state::{State, assess_connector};
use super::model::{Candidate, ConnectorReport};
use super::settings::InsideSettings;
use crate::facts::inventory::{Inventory, Role, ServerFacts, Use};
use crate::timestamp::Timestamp;
use crate::verdict::{
    ConnectorEvidence, Finding, Selected, Unfit, Verdict, candidates, judge_connector,
};

/// The connectors that may be used from here, in the order of the inventory.
pub(super) fn connectors(
    facts: &ServerFacts,
    inventory: &Inventory,
    is_young: bool,
    settings: &InsideSettings,
    now: Timestamp,
) -> Vec<ConnectorReport> {
    let uses = inventory.uses().iter().enumerate();
    let own = uses.filter(|(_, connector)| applies(connector, facts));
    own.map(|(nth, connector)| {
        let candidates = candidates(inventory, connector, now);
        let evidence = ConnectorEvidence {
            server: facts,
            inventory,
            connector,
            candidates: &candidates,
            now,
        };
        match is_young {
            true => judged(nth, &evidence, settings),
            false => remembered(nth, &candidates, settings),
        }
    })
    .collect()
}

/// Whether a connector may be used from a server.
pub(super) fn applies(connector: &Use, facts: &ServerFacts) -> bool {
    let mut servers = connector.servers.iter();
    match connector.role {
        Role::Server => true,
        Role::Client => connector.servers.is_empty() || servers.any(|name| facts.is_named(name)),
    }
}

fn judged(
    nth: usize,
    evidence: &ConnectorEvidence<'_>,
    settings: &InsideSettings,
) -> ConnectorReport {
    let verdict = judge_connector(evidence);
    let chosen = evidence.candidates.first();
    let chosen = chosen.filter(|one| one.is_usable == Some(true));
    let facts = chosen.and_then(|one| one.stored.facts().ok());
    let finding = verdict.of_check("connector_certificate").cloned();
    let finding = finding.unwrap_or(Finding::NotApplicable("not judged"));
    // Nobody needs the certificate of a connector that is switched off.
    let facts = facts.filter(|_| finding == Finding::Pass);
    let dates = facts.map(|facts| (facts.not_before, facts.not_after));
    let (state, causes) = assess_connector(&verdict, dates, &settings.thresholds, evidence.now);
    ConnectorReport {
        finding,
        verdict,
        state,
        causes,
        ..shown(nth, evidence.candidates, settings)
    }
}

/// What an old inventory still tells of it: its certificates.
fn remembered(
    nth: usize,
    candidates: &[Selected<'_>],
    settings: &InsideSettings,
) -> ConnectorReport {
    shown(nth, candidates, settings)
}

/// Its certificates, before anything is judged.
fn shown(nth: usize, candidates: &[Selected<'_>], settings: &InsideSettings) -> ConnectorReport {
    ConnectorReport {
        nth,
        candidates: candidates.iter().map(candidate).collect(),
        shown: nearest(candidates),
        finding: Finding::Unknown("the inventory is old".to_owned()),
        verdict: Verdict::default(),
        thresholds: settings.thresholds,
        state: State::Blind,
        causes: Vec::new(),
    }
}

fn candidate(one: &Selected<'_>) -> Candidate {
    Candidate {
        nth: one.nth,
        fault: one.fault.map(Unfit::reason),
        is_usable: one.is_usable,
    }
}

/// The one that is used; else one of which nobody can tell; else the one that is nearest to usable, the youngest of them.
fn nearest(candidates: &[Selected<'_>]) -> Option<usize> {
    let rank = |one: &Selected<'_>| match one.is_usable {
        Some(true) => (2, None),
        None => (1, None),
        Some(false) => (0, one.fault),
    };
    // Of equals, `min_by_key` takes the first.
    let all = candidates.iter().enumerate();
    let nearest = all.min_by_key(|(_, one)| std::cmp::Reverse(rank(one)));
    nearest.map(|(nth, _)| nth)
}
