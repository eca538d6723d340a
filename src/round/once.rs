//! One target that somebody names to a snapshot of its own: probed now, kept nowhere.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::judging::{self, Held};
use super::{Gate, Probed, Refusal, Rounds, Watched};
use crate::dns::{Lookup, LookupFault};
use crate::observation::{Fault, Observation, Phase};
use crate::probe::Limits;
use crate::reason::Reason;
use crate::report::{Resolution, Snapshot, TargetReport};
use crate::target::{DEFAULT_VIEW, Endpoint, Expansion, Offer, expand};

/// A probe ends so much before its deadline, for its result to name the phase that was too slow.
const MARGIN: Duration = Duration::from_millis(50);

impl<L: Lookup + 'static> Rounds<L> {
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
        let expansion = timeout_at(deadline - MARGIN, expand(&watched.source, &self.lookup))
            .await
            .unwrap_or_else(|_| too_late());
        let (permitted, refused): (Vec<_>, Vec<_>) = expansion
            .endpoints
            .iter()
            .cloned()
            .partition(|endpoint| gate.permits(endpoint.address));
        if let (true, Some(first)) = (permitted.is_empty(), refused.first()) {
            return Err(Refusal::Address {
                target: watched.source.name.clone(),
                address: first.address,
            });
        }
        for endpoint in refused {
            tracing::debug!(address = %endpoint.address, "not dialled: probe_endpoint closes it");
        }
        let resolving = expansion.resolving;
        let mut held = self.fly_all(&watched, permitted, resolving, deadline).await;
        if let Some(fault) = &expansion.fault {
            held.extend(self.nowhere(&watched, fault, resolving));
        }
        Ok(self.alone(&watched, expansion, held))
    }

    async fn fly_all(
        self: &Arc<Self>,
        watched: &Watched,
        endpoints: Vec<Arc<Endpoint>>,
        resolving: Option<Duration>,
        deadline: Instant,
    ) -> Vec<Held> {
        let mut held: Vec<Held> = endpoints.into_iter().map(|e| (e, None)).collect();
        let mut flights = JoinSet::new();
        for (nth, (endpoint, _)) in held.iter().enumerate() {
            let (rounds, endpoint) = (Arc::clone(self), Arc::clone(endpoint));
            let watched = watched.clone();
            let left = deadline.saturating_duration_since(Instant::now() + MARGIN);
            let limits = Limits {
                timeout: self.settings.limits.timeout.min(left),
                ..self.settings.limits.clone()
            };
            flights.spawn(async move {
                let flight = rounds.fly(endpoint, &watched, resolving, limits);
                (nth, flight.await)
            });
        }
        while let Ok(Some(landed)) = timeout_at(deadline, flights.join_next()).await {
            if let Ok((nth, probed)) = landed {
                held[nth].1 = Some(probed);
            }
        }
        held
    }

    /// A target without addresses still has its series: they fail at an address that is none.
    fn nowhere(
        &self,
        watched: &Watched,
        fault: &LookupFault,
        resolving: Option<Duration>,
    ) -> Vec<Held> {
        let source = &watched.source;
        let host = source.host.as_ref().map(ToString::to_string);
        let host: Arc<str> = host.unwrap_or_default().into();
        let mut seen = Observation {
            fault: Some(Fault::new(Phase::Resolve, fault.reason, &fault.detail)),
            duration: resolving.unwrap_or_default(),
            ..Observation::default()
        };
        seen.timings.add(Phase::Resolve, seen.duration);
        let probed = Probed {
            observation: Arc::new(seen),
            trust: None,
            revocation: None,
            obtained_at: (self.clock)(),
        };
        let endpoint = |port: &u16| Endpoint {
            target: source.name.as_str().into(),
            host: Arc::clone(&host),
            port: *port,
            view: DEFAULT_VIEW.into(),
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            offer: Offer::Any,
            mode: source.mode_on(*port),
            server_name: source.server_name.clone(),
        };
        let ports = source.ports.iter().map(endpoint);
        ports
            .map(|endpoint| (Arc::new(endpoint), Some(probed.clone())))
            .collect()
    }

    fn alone(&self, watched: &Watched, expansion: Expansion, held: Vec<Held>) -> Snapshot {
        let now = (self.clock)();
        Snapshot {
            at: now,
            targets: vec![TargetReport {
                source: Arc::clone(&watched.source),
                resolutions: vec![Resolution {
                    view: expansion.view,
                    fault: expansion.fault,
                    endpoints: expansion.endpoints.len(),
                }],
                entries: judging::entries(held, &watched.expectations, now),
            }],
        }
    }
}

fn too_late() -> Expansion {
    Expansion {
        view: DEFAULT_VIEW.into(),
        endpoints: Vec::new(),
        resolving: None,
        fault: Some(LookupFault {
            reason: Reason::DnsError,
            detail: "no answer from DNS within the time limit".to_owned(),
        }),
    }
}
