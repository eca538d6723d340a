//! The last results of one target's endpoints to judged entries: every endpoint beside its fleet.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use super::paired::Servers;
use super::policies::Announced;
use super::probed::{Held, Probed};
use super::settings::Watched;
use crate::certificate::Certificate;
use crate::collect::Expansion;
use crate::endpoint::{Endpoint, Offer};
use crate::facts::observation::Observation;
use crate::reason::Reason;
use crate::report::{Entry, Resolution, TargetReport, assess};
use crate::timestamp::Timestamp;
use crate::verdict::{
    Evidence, Expectations, Fleet, Leaf, StsEvidence, TargetEvidence, Verdict, Verdicts, Views,
    judge, judge_target,
};

/// A target as it was found in its views, with the results that are known.
pub(super) struct Seen<'a> {
    /// Where each view leads.
    pub(super) found: &'a [(&'a Arc<str>, Option<&'a Expansion>)],
    /// What its mail domain tells the world, by view in the same order.
    pub(super) announced: &'a [Announced],
    /// Its endpoints.
    pub(super) held: Vec<Held>,
    /// What was last said of it.
    pub(super) last: Option<&'a TargetReport>,
}

/// One target, judged.
pub(super) fn report(
    watched: &Watched,
    Seen {
        found,
        announced,
        held,
        last,
    }: Seen<'_>,
    servers: &Servers<'_>,
    now: Timestamp,
) -> TargetReport {
    let last_known = found.iter().filter_map(|(_, found)| *found);
    let last_known = last_known.flat_map(|found| &found.last_known);
    let names = found.iter().map(|(view, found)| {
        let is_complete = |found: &Expansion| found.fault.is_none();
        (Arc::clone(view), found.is_some_and(is_complete))
    });
    let views = Views::new(names, seen(&held));
    let context = Context {
        expectations: &watched.expectations,
        views: &views,
        found,
        announced,
        servers,
        former: former(last, &held),
        now,
    };
    let (verdict, entries) = judged(held, &context);
    let resolutions = found
        .iter()
        .map(|(view, found)| Resolution::new(view, *found));
    TargetReport::new(
        Arc::clone(&watched.source),
        resolutions.collect(),
        entries,
        verdict,
        views,
        last_known.cloned().collect(),
    )
}

/// What is known beside the probes.
struct Context<'a> {
    expectations: &'a Arc<Expectations>,
    views: &'a Views,
    found: &'a [(&'a Arc<str>, Option<&'a Expansion>)],
    announced: &'a [Announced],
    servers: &'a Servers<'a>,
    /// The leaves that endpoints presented before the present ones.
    former: HashMap<Arc<Endpoint>, Certificate>,
    now: Timestamp,
}

impl Context<'_> {
    /// Everything that a check of one endpoint may look at.
    fn evidence<'b>(
        &'b self,
        endpoint: &'b Endpoint,
        probed: &'b Probed,
        fleet: &'b Fleet,
    ) -> Evidence<'b> {
        let mut views = self.found.iter();
        let place = views.position(|(view, _)| **view == endpoint.view);
        let found = place.and_then(|place| self.found.get(place)?.1);
        let announced = place.and_then(|place| self.announced.get(place));
        Evidence {
            observation: &probed.observation,
            expectations: self.expectations,
            trust: probed.trust.as_deref(),
            server_name: endpoint.server_name.as_ref(),
            revocation: probed.revocation.as_ref(),
            fleet,
            views: self.views,
            inside: endpoint.ip().and_then(|ip| self.servers.get(&ip).copied()),
            dane: found
                .and_then(|found| found.dane(endpoint))
                .map(|dane| &**dane),
            sts: announced.and_then(|announced| {
                Some(StsEvidence {
                    facts: announced.sts.as_deref()?,
                    host: &endpoint.host,
                    trust: probed.policy_trust.as_deref(),
                })
            }),
            former: self.former.get(endpoint),
            now: self.now,
        }
    }
}

/// The target's own verdict, and its endpoints.
fn judged(held: Vec<Held>, context: &Context<'_>) -> (Verdict, Vec<Entry>) {
    let Context {
        expectations,
        views,
        now,
        ..
    } = *context;
    let nobody = Fleet::default();
    let one = |endpoint: &Endpoint, probed: &Probed, fleet: &Fleet| {
        judge(&context.evidence(endpoint, probed, fleet))
    };
    let fleets = fleets(&held, |endpoint, probed| {
        one(endpoint, probed, &nobody).is_leaf_fit()
    });
    let whole = judge_target(&TargetEvidence {
        expectations,
        fleets: &fleets.values().collect::<Vec<_>>(),
        views,
        now,
    });
    let mut alike = Verdicts::default();
    let entries = held
        .into_iter()
        .map(|(endpoint, probed)| {
            let fleet = fleets.get(&fleet_key(&endpoint)).unwrap_or(&nobody);
            let obtained_at = probed.as_ref().map(|probed| probed.obtained_at);
            let probed = probed.unwrap_or_else(|| pending(now));
            let verdict = alike.shared(one(&endpoint, &probed, fleet));
            let seen = &probed.observation;
            let (state, causes) = assess(seen, &verdict, &expectations.thresholds, now);
            Entry {
                observation: Arc::clone(seen),
                trust: probed.trust.clone(),
                obtained_at,
                verdict,
                state,
                causes,
                former: context.former.get(&endpoint).cloned(),
                endpoint,
                expectations: Arc::clone(expectations),
            }
        })
        .collect();
    (whole, entries)
}

/// The leaf that each endpoint presented before the one that it presents, as far as that was last told.
fn former(last: Option<&TargetReport>, held: &[Held]) -> HashMap<Arc<Endpoint>, Certificate> {
    let entries = last.map_or(&[][..], |last| &last.entries);
    let known: HashMap<_, _> = entries.iter().map(|one| (&one.endpoint, one)).collect();
    let leaf = |(endpoint, probed): &Held| {
        let last = known.get(endpoint)?;
        let present = probed.as_ref().and_then(|probed| probed.observation.leaf());
        let mut earlier = last.observation.leaf().into_iter().chain(&last.former);
        let other = earlier.find(|one| Some(*one) != present)?;
        Some((Arc::clone(endpoint), other.clone()))
    };
    held.iter().filter_map(leaf).collect()
}

/// Thousands of endpoints may have no result, which is held once.
static NO_RESULT: LazyLock<Arc<Observation>> =
    LazyLock::new(|| Arc::new(Observation::pending("no probe has answered yet")));

/// What stands in for a first result.
fn pending(now: Timestamp) -> Arc<Probed> {
    Arc::new(Probed {
        observation: Arc::clone(&NO_RESULT),
        trust: None,
        policy_trust: None,
        revocation: None,
        obtained_at: now,
    })
}

/// What was seen in the views: a leaf, or that an endpoint showed none.
fn seen(held: &[Held]) -> impl Iterator<Item = (&str, Option<&Certificate>)> {
    held.iter().filter_map(|(endpoint, probed)| {
        let seen = probed.as_ref().map(|p| &*p.observation);
        let leaf = seen.and_then(|seen| seen.leaf());
        if leaf.is_none() && seen.is_some_and(|seen| lacks_the_kind(endpoint, seen)) {
            return None;
        }
        Some((&*endpoint.view, leaf))
    })
}

/// A server that has no certificate of the kind that was asked for has shown all that there is to see.
fn lacks_the_kind(endpoint: &Endpoint, seen: &Observation) -> bool {
    let reason = seen.fault.as_ref().map(|fault| fault.reason);
    endpoint.offer != Offer::Any && reason == Some(Reason::TlsNoCommonParameters)
}

/// Endpoints are compared with those of the same offer, and with what the same view leads to: how views differ among
/// each other is another question.
type FleetKey = (Arc<str>, Offer);

fn fleet_key(endpoint: &Endpoint) -> FleetKey {
    (Arc::clone(&endpoint.view), endpoint.offer)
}

/// The leaves of each kin. Whether one is fit is asked only where there is something to compare.
fn fleets(held: &[Held], is_fit: impl Fn(&Endpoint, &Probed) -> bool) -> BTreeMap<FleetKey, Fleet> {
    let mut kin: BTreeMap<FleetKey, Vec<(Leaf, &Endpoint, &Probed)>> = BTreeMap::new();
    for (endpoint, probed) in held {
        let Some(probed) = probed else {
            continue;
        };
        let leaf = probed.observation.leaf();
        if let Some(leaf) = leaf.and_then(|leaf| Leaf::new(endpoint.at(), leaf)) {
            let one = (leaf, &**endpoint, &**probed);
            kin.entry(fleet_key(endpoint)).or_default().push(one);
        }
    }
    let fleet = |mut all: Vec<(Leaf, &Endpoint, &Probed)>| {
        let differ = all
            .iter()
            .any(|one| one.0.fingerprint != all[0].0.fingerprint);
        for (leaf, endpoint, probed) in all.iter_mut().filter(|_| differ) {
            leaf.is_fit = is_fit(endpoint, probed);
        }
        Fleet::new(all.into_iter().map(|(leaf, ..)| leaf).collect())
    };
    kin.into_iter()
        .map(|(group, all)| (group, fleet(all)))
        .collect()
}
