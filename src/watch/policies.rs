//! What is known of what mail domains publish, and when it is to be looked at again; asks nobody.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::settings::Watched;
use super::single_flight::SingleFlight;
use crate::endpoint::{Place, Source};
use crate::facts::published::{StsFacts, StsRecord, TlsRptFacts};
use crate::pki::Anchors;
use crate::policy::{DomainAt, PolicyMemory, PolicySettings, RETRY};
use crate::timestamp::Timestamp;
use crate::verdict::Demand;

/// What is known of all domains, and who is being asked.
pub(super) struct Policies {
    pub(super) settings: PolicySettings,
    pub(super) memory: Arc<PolicyMemory>,
    pub(super) sts: SingleFlight<DomainAt, Arc<StsFacts>>,
    pub(super) tlsrpt: SingleFlight<DomainAt, Arc<TlsRptFacts>>,
    /// How many connections to policy hosts there may be.
    pub(super) fetches: Arc<Semaphore>,
    changes: Arc<AtomicU64>,
}

/// Connections to policy hosts at a time, so that thousands of domains take turns.
const FETCHES: usize = 64;

/// What a domain tells the world, as far as somebody asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Announced {
    pub(super) sts: Option<Arc<StsFacts>>,
    pub(super) tlsrpt: Option<Arc<TlsRptFacts>>,
}

impl Announced {
    /// Whether it is the same value, not merely an equal one.
    pub(super) fn is(&self, other: &Self) -> bool {
        fn same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
            one.map(Arc::as_ptr) == other.map(Arc::as_ptr)
        }
        same(self.sts.as_ref(), other.sts.as_ref())
            && same(self.tlsrpt.as_ref(), other.tlsrpt.as_ref())
    }
}

impl Policies {
    /// Nothing is known yet but what the state directory has.
    pub(super) fn new(settings: PolicySettings, now: Timestamp) -> Self {
        let memory = PolicyMemory::open(settings.state_directory.as_deref(), now);
        Self {
            memory: Arc::new(memory),
            settings,
            sts: SingleFlight::default(),
            tlsrpt: SingleFlight::default(),
            fetches: Arc::new(Semaphore::new(FETCHES)),
            changes: Arc::default(),
        }
    }

    /// With other settings; what is known is kept, also where it is to be remembered elsewhere. A file that is open stays
    /// open, if it is still the one that is meant.
    pub(super) fn with(&self, settings: PolicySettings, now: Timestamp) -> Self {
        let directory = settings.state_directory.as_deref();
        let memory = match settings.state_directory == self.settings.state_directory {
            true => Arc::clone(&self.memory),
            false => Arc::new(self.memory.moved(directory, now)),
        };
        let sts = match settings.roots == self.settings.roots {
            true => self.sts.clone(),
            false => SingleFlight::default(),
        };
        Self {
            settings,
            memory,
            sts,
            tlsrpt: self.tlsrpt.clone(),
            fetches: Arc::clone(&self.fetches),
            changes: Arc::clone(&self.changes),
        }
    }

    /// Whom senders believe.
    pub(super) fn roots(&self) -> &Arc<Anchors> {
        &self.settings.roots
    }

    /// Something else is known.
    pub(super) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// A later number: something else is known.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// What is known of a target in a view.
    pub(super) fn of(&self, watched: &Watched, view: &str) -> Announced {
        let Some(at) = at(&watched.source, view) else {
            return Announced::default();
        };
        let expected = &watched.expectations;
        let sts = (expected.mta_sts != Demand::Off).then(|| self.sts.last(&at));
        let tlsrpt = (expected.tlsrpt != Demand::Off).then(|| self.tlsrpt.last(&at));
        Announced {
            sts: sts.flatten(),
            tlsrpt: tlsrpt.flatten(),
        }
    }

    /// Forgets domains that nobody watches any more.
    pub(super) fn retain(&self, targets: &[Watched]) {
        let views = |watched: &Watched| {
            let views = watched.source.views.iter();
            let all = views.filter_map(|view| at(&watched.source, view));
            all.collect::<Vec<_>>()
        };
        let watched: HashSet<_> = targets.iter().flat_map(views).collect();
        self.sts.retain(|at| watched.contains(at));
        self.tlsrpt.retain(|at| watched.contains(at));
    }

    /// How old what is known of a domain may be: a failure is looked at again sooner, and not all domains at once.
    pub(super) fn max_age(&self, at: &DomainAt, prospect: Prospect) -> Duration {
        let whole = match prospect {
            Prospect::Sound => self.settings.interval,
            Prospect::Faulty => self.settings.interval.min(RETRY),
            Prospect::Pending => Duration::ZERO,
        };
        // A round that comes a little early is in time.
        let whole = whole - whole / 20 - share(at, whole / 20);
        // Who looked before the state directory was read knew less than there is to know.
        let late = self.memory.read_late().map(|read| read.elapsed());
        late.map_or(whole, |late| late.min(whole))
    }

    /// How long the first look waits, so that a fleet that starts anew does not ask everywhere at once.
    pub(super) fn first_wait(at: &DomainAt, targets: usize) -> Duration {
        let each = Duration::from_millis(20);
        let targets = u32::try_from(targets).unwrap_or(u32::MAX);
        share(at, each.saturating_mul(targets).min(MOST_WAIT))
    }
}

/// The longest wait of a first look.
const MOST_WAIT: Duration = Duration::from_secs(10);

/// A part of a duration, always the same for a domain.
fn share(at: &DomainAt, of: Duration) -> Duration {
    let mut hasher = DefaultHasher::new();
    at.hash(&mut hasher);
    let permille = u32::try_from(hasher.finish() % 1000).unwrap_or_default();
    of * permille / 1000
}

/// Which domain a target is, if it is one.
pub(super) fn at(source: &Source, view: &str) -> Option<DomainAt> {
    match &source.place {
        Place::Mx(domain) => Some(DomainAt {
            domain: domain.as_str().into(),
            view: view.into(),
        }),
        Place::Host(_) | Place::Addresses(_) => None,
    }
}

/// How far a look got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prospect {
    /// There is nothing to be seen again soon.
    Sound,
    /// Something is wrong, which may be mended soon.
    Faulty,
    /// Nobody has answered yet. To look again costs nobody else anything.
    Pending,
}

impl Prospect {
    pub(super) fn of_sts(facts: Option<&StsFacts>) -> Self {
        let Some(facts) = facts else {
            return Self::Pending;
        };
        match &facts.record {
            StsRecord::None => Self::Sound,
            StsRecord::Id(_) => {
                let mut fetches = facts.fetches.iter();
                let is_sound =
                    facts.host_fault.is_none() && fetches.all(|fetch| fetch.policy().is_some());
                match is_sound {
                    true => Self::Sound,
                    false => Self::Faulty,
                }
            }
            StsRecord::Pending(_) => Self::Pending,
            StsRecord::Error(_) | StsRecord::Several(_) | StsRecord::Malformed(_) => Self::Faulty,
        }
    }

    pub(super) fn of_tlsrpt(facts: Option<&TlsRptFacts>) -> Self {
        match facts {
            None | Some(TlsRptFacts::Pending(_)) => Self::Pending,
            Some(TlsRptFacts::Error(_)) => Self::Faulty,
            Some(_) => Self::Sound,
        }
    }
}
