//! One target that somebody names to a snapshot of its own: probed now, kept nowhere.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::judging::{self, Seen};
use super::policies::Announced;
use super::probed::Probed;
use super::{Gate, Refusal, Rounds, View, Watched, subjects};
use crate::collect::{Expansion, expand};
use crate::dns::LookupFault;
use crate::endpoint::{Endpoint, Offer};
use crate::facts::observation::{Fault, Observation, Phase};
use crate::name::Host;
use crate::reason::Reason;
use crate::report::Snapshot;
use crate::verdict::Demand;

/// A probe ends so much before its deadline, for its result to name the phase that was too slow.
const MARGIN: Duration = Duration::from_millis(50);

/// Most endpoints that one request has probed, over all views. Each costs a connection, up to three while the server
/// refuses the handshake, and one more when it turns out to be slow.
const MOST_PROBED: usize = 64;
/// Most that its answer lists; those that are not probed are pending.
const MOST_LISTED: usize = 4 * MOST_PROBED;

type Results = HashMap<Arc<Endpoint>, Arc<Probed>>;

impl Rounds {
    /// Probes one target within a deadline, with the manners and counters of all others. When the future is dropped
    /// the probes end.
    ///
    /// # Errors
    /// [`Refusal`] when `gate` closes every address of the target. What it closes is never dialled: the same answer
    /// of DNS is judged and used.
    pub async fn probe_once(
        self: &Arc<Self>,
        watched: Watched,
        gate: &Gate,
        deadline: Instant,
    ) -> Result<Snapshot, Refusal> {
        let mut found = Vec::new();
        let asks_dane = watched.expectations.dane != Demand::Off;
        let lookup = self.lookup.for_strangers();
        let lookup = lookup.unwrap_or_else(|| Arc::clone(&self.lookup));
        for view in self.views_of(&watched.source) {
            let finding = expand(&watched.source, &view.vantage, &lookup, asks_dane);
            let expansion = timeout_at(deadline - MARGIN, finding).await;
            let expansion =
                expansion.unwrap_or_else(|_| Expansion::failed(&view.vantage, too_late()));
            found.push((Arc::clone(view), expansion));
        }
        refuse(&watched, &mut found, gate)?;
        cut(&mut found);
        let mut results = self.fly_all(&watched, &found, deadline).await;
        for (view, expansion) in &mut found {
            if let (true, Some(fault)) = (expansion.endpoints.is_empty(), expansion.fault.clone()) {
                expansion.endpoints = nowhere(&watched, view);
                self.fail(expansion, &fault, &mut results);
            }
        }
        let now = (self.clock)();
        let seen: Vec<_> = found
            .iter()
            .map(|(view, expansion)| (&view.vantage.name, Some(expansion)))
            .collect();
        let endpoints = found.iter().flat_map(|(_, expansion)| expansion.all());
        let held = endpoints.map(|one| (Arc::clone(one), results.get(one).cloned()));
        let inside = self.inventories.facts();
        let servers = inside.by_address();
        // A stranger has nobody's policy fetched.
        let seen = Seen {
            found: &seen,
            announced: &[],
            held: held.collect(),
            last: None,
        };
        let report = judging::report(&watched, seen, &servers, now);
        Ok(Snapshot {
            at: now,
            hosts: found
                .iter()
                .flat_map(|(_, found)| subjects::hosts_of(&watched, found, Some(&report), now))
                .collect(),
            targets: vec![Arc::new(report)],
            domains: found
                .iter()
                .filter_map(|(_, found)| {
                    subjects::domain_of(&watched, found, Announced::default(), now)
                })
                .collect(),
            inside: Arc::default(),
            dnssec: self.dnssec(),
        })
    }

    async fn fly_all(
        self: &Arc<Self>,
        watched: &Watched,
        found: &[(Arc<View>, Expansion)],
        deadline: Instant,
    ) -> Results {
        let mut flights = JoinSet::new();
        let ways = found.iter().flat_map(|(view, expansion)| {
            let endpoints = expansion
                .endpoints
                .iter()
                .take(share(MOST_PROBED, found.len()));
            endpoints.map(move |endpoint| (view, expansion.resolving, endpoint))
        });
        for (view, resolving, endpoint) in ways {
            let (rounds, endpoint) = (Arc::clone(self), Arc::clone(endpoint));
            let (watched, view) = (watched.clone(), Arc::clone(view));
            let until = Some(deadline - MARGIN);
            flights.spawn(async move {
                let key = Arc::clone(&endpoint);
                let flight = rounds.fly(endpoint, &watched, &view.route, resolving, until);
                (key, Arc::new(flight.await))
            });
        }
        let mut results = Results::new();
        while let Ok(Some(landed)) = timeout_at(deadline, flights.join_next()).await {
            results.extend(landed.ok());
        }
        results
    }

    /// Results for endpoints that stand in for a target whose names were not found.
    fn fail(&self, expansion: &Expansion, fault: &LookupFault, results: &mut Results) {
        let mut seen = Observation {
            fault: Some(Fault::new(Phase::Resolve, fault.reason, &fault.detail)),
            duration: expansion.resolving.unwrap_or_default(),
            ..Observation::default()
        };
        seen.timings.add(Phase::Resolve, seen.duration);
        let probed = Arc::new(Probed {
            observation: Arc::new(seen),
            trust: None,
            policy_trust: None,
            revocation: None,
            obtained_at: (self.clock)(),
        });
        for endpoint in &expansion.endpoints {
            results.insert(Arc::clone(endpoint), Arc::clone(&probed));
        }
    }
}

/// Takes away what must not be dialled.
fn refuse(
    watched: &Watched,
    found: &mut [(Arc<View>, Expansion)],
    gate: &Gate,
) -> Result<(), Refusal> {
    let (mut is_any_left, mut first_refused, mut first_unusable) = (false, None, None);
    for (_, expansion) in found.iter_mut() {
        let endpoints = std::mem::take(&mut expansion.endpoints);
        let (permitted, refused): (Vec<_>, Vec<_>) = endpoints
            .into_iter()
            .partition(|endpoint| gate.permits_host(&endpoint.address));
        is_any_left |= !permitted.is_empty();
        expansion.endpoints = permitted;
        let none = expansion.unusable.iter().filter(|a| !gate.permits(**a));
        first_unusable = first_unusable.or_else(|| none.copied().next());
        for endpoint in refused {
            tracing::debug!(address = %endpoint.at(), "not dialled: probe_endpoint closes it");
            first_refused.get_or_insert_with(|| endpoint.address.clone());
        }
    }
    match first_refused.or_else(|| first_unusable.map(Host::Address)) {
        Some(address) if !is_any_left => Err(Refusal::Address {
            target: watched.source.name.clone(),
            address,
        }),
        _ => Ok(()),
    }
}

/// What a view gets of a bound for all.
fn share(all: usize, views: usize) -> usize {
    (all / views.max(1)).max(1)
}

/// Leaves out what would only make the answer long.
fn cut(found: &mut [(Arc<View>, Expansion)]) {
    let most = share(MOST_LISTED, found.len());
    for (_, expansion) in found {
        let count = expansion.endpoints.len();
        if count <= most {
            continue;
        }
        expansion.endpoints.truncate(most);
        expansion.fault.get_or_insert_with(|| LookupFault {
            reason: Reason::TooManyAnswers,
            detail: format!("{count} endpoints; a request lists {most} of them"),
        });
    }
}

/// A target without addresses still has its series: they fail at an address that is none.
fn nowhere(watched: &Watched, view: &View) -> Vec<Arc<Endpoint>> {
    let source = &watched.source;
    let host = source.host.as_ref().map(ToString::to_string);
    let endpoint = |port: &u16| Endpoint {
        target: source.name.as_str().into(),
        host: host.clone().unwrap_or_default().into(),
        port: *port,
        view: Arc::clone(&view.vantage.name),
        address: Host::Address(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        offer: source.offers.first().copied().unwrap_or(Offer::Any),
        mode: source.mode_on(*port),
        proxy_protocol: source.proxy_protocol,
        server_name: source.server_name.clone(),
    };
    source.ports.iter().map(endpoint).map(Arc::new).collect()
}

fn too_late() -> LookupFault {
    LookupFault {
        reason: Reason::DnsError,
        detail: "no answer from DNS within the time limit".to_owned(),
    }
}
