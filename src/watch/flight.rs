//! One endpoint to one result with all manners: permits, the probe, the path to a root, the log.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout};

use super::permits::{Asker, Permit};
use super::probed::Probed;
use super::settings::Watched;
use super::{Rounds, change_log};
use crate::endpoint::Endpoint;
use crate::facts::observation::{Fault, Observation, Phase};
use crate::pki::Trust;
use crate::probe::{Limits, Route, Tls, Unread, probe};
use crate::reason::Reason;
use crate::timestamp::Timestamp;
use crate::verdict::Demand;

/// In less time no probe is begun.
const LEAST: Duration = Duration::from_millis(20);

/// A probe that took longer than this is a slow one: it queues with its like next time.
const SLOW: Duration = Duration::from_secs(1);

impl Rounds {
    /// One probe with all manners: a permit for its address, then one among all, then the probe itself. It ends when
    /// the future is dropped.
    pub(super) async fn fly(
        &self,
        endpoint: Arc<Endpoint>,
        watched: &Watched,
        route: &Route,
        resolving: Option<Duration>,
        until: Option<Instant>,
    ) -> Probed {
        let tls = self.tls.presenting(watched.client_certificate.clone());
        let mut observation = self.observe(&endpoint, route, &tls, until).await;
        self.tls.remember(&mut observation);
        if let Some(spent) = resolving {
            observation.timings.add(Phase::Resolve, spent);
            observation.duration += spent;
        }
        let (now, expectations) = ((self.clock)(), &watched.expectations);
        self.counters
            .finished(observation.fault.as_ref().map(|f| f.reason));
        change_log::log_probe(&endpoint, &observation);
        let observation = Arc::new(observation);
        let (trust, revocation) = self.trust.ask(&observation, expectations, now).await;
        let policy_trust = self.policy_trust(watched, &observation, trust.as_ref(), now);
        Probed {
            policy_trust: policy_trust.await,
            trust,
            revocation,
            observation,
            obtained_at: now,
        }
    }

    /// The path that senders find which do MTA-STS: they have roots of their own.
    async fn policy_trust(
        &self,
        watched: &Watched,
        observation: &Arc<Observation>,
        trust: Option<&Arc<Trust>>,
        now: Timestamp,
    ) -> Option<Arc<Trust>> {
        if watched.expectations.mta_sts == Demand::Off {
            return None;
        }
        let (ours, theirs) = (&watched.expectations.roots, self.policies.roots());
        if Arc::ptr_eq(ours, theirs) || ours == theirs {
            return trust.cloned();
        }
        self.trust.path(observation, theirs, now).await
    }

    /// Probes when there is a permit. Who turns out to be slow takes one of the permits for the slow; when there is none
    /// left, the probe is given up and begun again in their queue: a thousand tarpits that nobody knew yet would hold
    /// every permit until they have timed out, and keep all others from being probed at all.
    async fn observe(
        &self,
        endpoint: &Arc<Endpoint>,
        route: &Route,
        tls: &Tls,
        until: Option<Instant>,
    ) -> Observation {
        let last = self.flights.last(endpoint);
        let is_slow = last.is_some_and(|last| last.observation.duration > SLOW);
        let asker = until.map_or(Asker::Operator, |_| Asker::Request);
        let mut permit = self.permits.take(endpoint, is_slow, asker).await;
        // Time that was spent in a queue is none of the server's.
        let Some(limits) = self.limits(until) else {
            return Observation::pending("no permit was free in time");
        };
        let mut probing = self.begin(endpoint, route, tls, &limits);
        let early = match is_slow {
            true => None,
            false => timeout(SLOW, probing.join_next()).await.ok(),
        };
        let outcome = match early {
            Some(outcome) => outcome,
            None if is_slow || self.permits.linger(&mut permit) => seen(probing, &permit).await,
            None => {
                probing.shutdown().await;
                drop(permit);
                permit = self.permits.take(endpoint, true, asker).await;
                let Some(limits) = self.limits(until) else {
                    return Observation::pending("no permit was free in time");
                };
                seen(self.begin(endpoint, route, tls, &limits), &permit).await
            }
        };
        let unread = outcome.and_then(Result::ok).unwrap_or_else(|| {
            let detail = "defect in the prober: its task broke";
            Unread::from(Observation {
                fault: Some(Fault::new(Phase::Connect, Reason::Internal, detail)),
                ..Observation::default()
            })
        });
        // The permit is held so long, which bounds how many certificates wait to be read.
        let read = unread.read().await;
        drop(permit);
        read
    }

    /// What a probe that begins now may take, if that is enough to ask anything.
    fn limits(&self, until: Option<Instant>) -> Option<Limits> {
        let mut limits = self.settings.limits.clone();
        if let Some(until) = until {
            let left = until.saturating_duration_since(Instant::now());
            limits.timeout = limits.timeout.min(left);
            if left < LEAST {
                return None;
            }
        }
        Some(limits)
    }

    /// A task of its own, so that a defect in it breaks nothing else; it ends when the set is dropped.
    fn begin(
        &self,
        endpoint: &Arc<Endpoint>,
        route: &Route,
        tls: &Tls,
        limits: &Limits,
    ) -> JoinSet<Unread> {
        let (endpoint, limits) = (Arc::clone(endpoint), limits.clone());
        let route = route.clone();
        let (tls, in_flight) = (tls.clone(), self.counters.begin());
        let mut probing = JoinSet::new();
        probing.spawn(async move {
            let unread = probe(&endpoint, &route, &limits, &tls).await;
            drop(in_flight);
            unread
        });
        probing
    }
}

/// The end of a probe, unless its permit is needed by somebody who comes before it.
async fn seen(mut probing: JoinSet<Unread>, permit: &Permit) -> Option<Result<Unread, JoinError>> {
    tokio::select! {
        seen = probing.join_next() => seen,
        () = permit.wanted() => {
            let why = "given up for a probe of the configuration at the same address";
            Some(Ok(Observation::pending(why).into()))
        }
    }
}
