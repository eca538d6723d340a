//! Rounds to looks at what mail domains publish: beside the probes, one at a time for a domain and view, a first one at
//! once and the next when it is due.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::policies::{Policies, Prospect, at};
use super::settings::{View, Watched};
use super::single_flight::Landing;
use super::trust::TrustCache;
use super::{Clock, Rounds};
use crate::facts::observation::Observation;
use crate::facts::published::StsFacts;
use crate::name::Host;
use crate::pki::Anchors;
use crate::policy::{self, Approach, Believer, DomainAt, Doubting, Inquiry};
use crate::verdict::{Demand, Finding, webpki};

impl Rounds {
    /// Has a target's domain looked at in a view, where that is due; returns looks to wait for: the first ones.
    pub(super) fn look_at_policies(
        self: &Arc<Self>,
        watched: &Watched,
        view: &Arc<View>,
    ) -> Vec<Landing> {
        let Some(at) = at(&watched.source, &view.vantage.name) else {
            return Vec::new();
        };
        let expected = &watched.expectations;
        let sts = (expected.mta_sts != Demand::Off).then(|| self.look_at_sts(&at, watched, view));
        let tlsrpt = (expected.tlsrpt != Demand::Off).then(|| self.look_at_tlsrpt(&at, watched));
        [sts, tlsrpt].into_iter().flatten().flatten().collect()
    }

    fn look_at_sts(
        self: &Arc<Self>,
        at: &DomainAt,
        watched: &Watched,
        view: &Arc<View>,
    ) -> Option<Landing> {
        let policies = &self.policies;
        let last = policies.sts.last(at);
        let prospect = Prospect::of_sts(last.as_deref());
        let is_known = |last: &StsFacts| last.current.is_some() || !last.fetches.is_empty();
        let is_first = prospect == Prospect::Pending && !last.as_deref().is_some_and(is_known);
        let max_age = policies.max_age(at, prospect);
        let landing = policies.sts.board(at, max_age, |ticket| {
            let wait = self.wait(at, last.is_none());
            let inquiry = self.inquiry(at, view);
            let (rounds, target) = (Arc::clone(self), watched.source.name.clone());
            tokio::spawn(async move {
                sleep(wait).await;
                let (asked, now) = (Instant::now(), (rounds.clock)());
                let memory = &rounds.policies.memory;
                let facts = policy::sts(&inquiry, memory, last.as_deref(), now).await;
                ticket.land(Arc::new(facts), asked);
                rounds.tell_policies(&target);
            });
        });
        landing.filter(|_| is_first)
    }

    fn look_at_tlsrpt(self: &Arc<Self>, at: &DomainAt, watched: &Watched) -> Option<Landing> {
        let policies = &self.policies;
        let last = policies.tlsrpt.last(at);
        let prospect = Prospect::of_tlsrpt(last.as_deref());
        let is_first = prospect == Prospect::Pending;
        let max_age = policies.max_age(at, prospect);
        let landing = policies.tlsrpt.board(at, max_age, |ticket| {
            let wait = self.wait(at, last.is_none());
            let (rounds, at) = (Arc::clone(self), at.clone());
            let target = watched.source.name.clone();
            tokio::spawn(async move {
                sleep(wait).await;
                let asked = Instant::now();
                let facts = policy::tlsrpt(&at, &rounds.lookup).await;
                let facts = last
                    .filter(|last| **last == facts)
                    .unwrap_or_else(|| Arc::new(facts));
                ticket.land(facts, asked);
                rounds.tell_policies(&target);
            });
        });
        landing.filter(|_| is_first)
    }

    /// How long a look waits: both of a domain take turns together with those of others.
    fn wait(&self, at: &DomainAt, is_new: bool) -> Duration {
        match is_new {
            true => Policies::first_wait(at, self.targets().len()),
            false => Duration::ZERO,
        }
    }

    fn inquiry(&self, at: &DomainAt, view: &View) -> Inquiry {
        let settings = &self.policies.settings;
        Inquiry {
            at: at.clone(),
            family: view.vantage.family,
            way: Approach {
                route: view.route.clone(),
                tls: self.tls.presenting(None),
                port: settings.port,
                timeout: settings.timeout,
                turns: Arc::clone(&self.policies.fetches),
            },
            lookup: Arc::clone(&self.lookup),
            believer: Arc::new(Web {
                trust: Arc::clone(&self.trust),
                roots: Arc::clone(&settings.roots),
                clock: self.clock,
            }),
        }
    }

    /// Has what is new published when nobody looks at the target any more.
    fn tell_policies(&self, target: &str) {
        self.policies.changed();
        self.under_way.look(target).is_new();
    }
}

/// Whom senders believe.
struct Web {
    trust: Arc<TrustCache>,
    roots: Arc<Anchors>,
    clock: Clock,
}

impl Believer for Web {
    fn doubt<'a>(&'a self, seen: &'a Observation, name: &'a Host) -> Doubting<'a> {
        Box::pin(async move {
            let now = (self.clock)();
            let trust = self
                .trust
                .path(&Arc::new(seen.clone()), &self.roots, now)
                .await;
            match webpki(seen, trust.as_deref(), name, now) {
                Finding::Pass | Finding::Remark(_) => None,
                Finding::Fail(failure) => Some((Some(failure.reason), failure.evidence)),
                Finding::Unknown(why) => Some((None, why)),
                Finding::NotApplicable(why) => Some((None, why.to_owned())),
            }
        })
    }
}
