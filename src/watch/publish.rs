//! Results to the snapshot that everybody reads: judged once a change, told to the log, and put in the place of the one
//! before. Whoever brings results has it done; readers take what is there.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::judging::{self, Seen};
use super::known::{Known, Target};
use super::located::Locations;
use super::locked::lock;
use super::paired::Servers;
use super::policies::Announced;
use super::probed::is_from;
use super::settings::Watched;
use super::{dates, paired, subjects};
use crate::certificate::Certificate;
use crate::endpoint::Endpoint;
use crate::facts::inventory::{InsideFacts, Inventory};
use crate::report::{Inside, InsideSettings, Snapshot, TargetReport};
use crate::timestamp::Timestamp;
use crate::verdict::{Expectations, Verdicts};

/// What is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything that is in by now: somebody waits no longer for the rest.
    Everything,
    /// Targets that nobody looks at any more. While a fleet is being probed, one half differs from the other.
    Finished,
}

/// A snapshot, and how many came before it.
#[derive(Debug, Clone)]
pub struct Published {
    /// A later one has a larger number.
    pub number: u64,
    /// What everybody reads.
    pub snapshot: Arc<Snapshot>,
}

/// What was published last, and what it was made from.
pub(super) struct Publisher {
    making: Mutex<Making>,
    begun: AtomicU64,
    last: RwLock<Published>,
}

struct Making {
    targets: Arc<[Watched]>,
    /// What was last said of each of them, in their order.
    judged: Vec<Option<Judged>>,
    /// What was last told of the inside, and how it is judged.
    inside: Arc<InsideFacts>,
    inside_settings: InsideSettings,
    /// What hosts and mail domains were judged from: the number of the last change, and when.
    looked_up: Option<([u64; 2], Timestamp)>,
    /// What was said, each once.
    verdicts: Verdicts,
    /// When something was last judged anew.
    judged_at: Timestamp,
    /// The number of the last one of everything.
    everything: u64,
}

/// A target's report, and what it was made from.
struct Judged {
    report: Arc<TargetReport>,
    expectations: Arc<Expectations>,
    /// Of each view, since which change it leads where it does.
    since: Vec<Option<u64>>,
    /// What the mail domain told the world, by view.
    announced: Vec<Announced>,
    /// Of the servers that its endpoints are.
    inventories: Vec<Arc<Inventory>>,
    from: Timestamp,
    /// The first moment that may see it otherwise.
    until: Timestamp,
}

/// So long a judgement holds whatever the dates say: evidence tells how many days ago something was.
const HOLDS: i64 = 60;

impl Publisher {
    /// Nothing is known yet.
    pub(super) fn new(now: Timestamp) -> Self {
        let nothing = Snapshot {
            at: now,
            targets: Vec::new(),
            hosts: Arc::default(),
            domains: Arc::default(),
            inside: Arc::default(),
            dnssec: BTreeMap::new(),
        };
        let making = Making {
            targets: Arc::default(),
            judged: Vec::new(),
            inside: Arc::default(),
            inside_settings: InsideSettings::default(),
            looked_up: None,
            verdicts: Verdicts::default(),
            judged_at: now,
            everything: 0,
        };
        Self {
            making: Mutex::new(making),
            begun: AtomicU64::new(0),
            last: RwLock::new(Published {
                number: 0,
                snapshot: Arc::new(nothing),
            }),
        }
    }

    /// What was published last.
    pub(super) fn last(&self) -> Published {
        self.last
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How many have been begun: whatever is known now will be in the next.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Acquire)
    }

    /// Publishes what is known, unless that was done since `asked`, when so many had been begun. `follow` is told of a
    /// snapshot in which something is judged anew, before others see it.
    pub(super) fn publish<'a>(
        &self,
        part: Part,
        asked: u64,
        known: impl FnOnce() -> Known<'a>,
        follow: impl FnOnce(&Snapshot, &Locations),
    ) -> Published {
        let mut making = lock(&self.making);
        if making.everything > asked {
            return self.last();
        }
        let number = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let known = known();
        making.judge(&known, part);
        let last = self.last().snapshot;
        let targets = making.reports();
        let inside = making.judged_inside(&last, &known);
        let is_new = !is_same(&last.targets, &targets)
            || !Arc::ptr_eq(&last.inside, &inside)
            || last.dnssec != known.dnssec
            || !holds(making.judged_at, known.now, HOLDS);
        let snapshot = if is_new {
            let snapshot = Arc::new(making.snapshot(&known, &last, targets, inside));
            follow(&snapshot, &known.located);
            making.judged_at = known.now;
            snapshot
        } else if part == Part::Everything && last.at != known.now {
            let at = known.now;
            Arc::new(Snapshot {
                at,
                ..Snapshot::clone(&last)
            })
        } else {
            last
        };
        if part == Part::Everything {
            making.everything = number;
        }
        let published = Published { number, snapshot };
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = published.clone();
        published
    }
}

impl Making {
    /// Judges every target of which something is new, or for which time has come.
    fn judge(&mut self, known: &Known<'_>, part: Part) {
        self.arrange(&known.targets);
        let servers = known.inside.by_address();
        for (watched, judged) in known.targets.iter().zip(&mut self.judged) {
            let target = Target::new(watched, known);
            let is_unfinished =
                || part == Part::Finished && known.under_way.has(&watched.source.name);
            let last = judged.as_ref().filter(|last| last.holds_at(known.now));
            if !last.is_some_and(|last| last.is_of(&target, &servers) || is_unfinished()) {
                let new = Judged::new(
                    target,
                    judged.as_ref(),
                    &servers,
                    &mut self.verdicts,
                    known.now,
                );
                *judged = Some(new);
            }
        }
        self.verdicts.forget_unheld();
    }

    /// Brings what was said into the order of these targets, and forgets the others.
    fn arrange(&mut self, targets: &Arc<[Watched]>) {
        if Arc::ptr_eq(&self.targets, targets) {
            return;
        }
        let names = self.targets.iter().map(|watched| &watched.source.name);
        let mut before: HashMap<_, _> = names.zip(mem::take(&mut self.judged)).collect();
        let judged = |watched: &Watched| before.remove(&watched.source.name).flatten();
        self.judged = targets.iter().map(judged).collect();
        self.targets = Arc::clone(targets);
        self.looked_up = None;
    }

    /// What is judged of the inside: the last, as long as no file and no date says otherwise.
    fn judged_inside(&mut self, last: &Snapshot, known: &Known<'_>) -> Arc<Inside> {
        let is_same = self.inside_settings == known.inside_settings;
        let before = match is_same {
            true => &last.inside,
            false => &Arc::default(),
        };
        if is_same && Arc::ptr_eq(&self.inside, &known.inside) && before.holds_at(known.now) {
            return Arc::clone(before);
        }
        self.inside = Arc::clone(&known.inside);
        self.inside_settings = known.inside_settings.clone();
        subjects::inside(before, &known.inside, &known.inside_settings, known.now)
    }

    fn reports(&self) -> Vec<Arc<TargetReport>> {
        let judged = self.judged.iter().flatten();
        judged.map(|judged| Arc::clone(&judged.report)).collect()
    }

    /// All of it, with what was said of the targets; hosts and mail domains as in the last one, while they hold.
    fn snapshot(
        &mut self,
        known: &Known<'_>,
        last: &Snapshot,
        targets: Vec<Arc<TargetReport>>,
        inside: Arc<Inside>,
    ) -> Snapshot {
        let Known { located, now, .. } = known;
        let changes = [located.changes(), known.policies.changes()];
        let is_same = self
            .looked_up
            .is_some_and(|(before, at)| before == changes && holds(at, *now, HOLDS));
        let domains = match is_same {
            true => Arc::clone(&last.domains),
            false => subjects::domains(&known.targets, located, known.policies, *now),
        };
        // Records are held against what is served.
        let is_served = || {
            last.hosts.iter().all(|host| host.dane.is_none())
                || serve_the_same(&last.targets, &targets)
        };
        let hosts = match is_same && is_served() {
            true => Arc::clone(&last.hosts),
            false => subjects::hosts(&known.targets, located, &targets, *now),
        };
        if !is_same {
            self.looked_up = Some((changes, *now));
        }
        Snapshot {
            at: *now,
            targets,
            hosts,
            domains,
            inside,
            dnssec: known.dnssec.clone(),
        }
    }
}

/// Whether a judgement of one moment holds at another, so many seconds later at most. A clock that was set back is a
/// reason to look again, too.
fn holds(from: Timestamp, now: Timestamp, seconds: i64) -> bool {
    from <= now && now < from.plus_seconds(seconds)
}

impl Judged {
    fn new(
        target: Target<'_>,
        last: Option<&Self>,
        servers: &Servers<'_>,
        verdicts: &mut Verdicts,
        now: Timestamp,
    ) -> Self {
        let inventories = paired::inventories(&target.held, servers);
        let of_servers = paired::next(&target.held, servers, now);
        let since = target.since().collect();
        let found = target.found.iter();
        let found: Vec<_> = found
            .map(|(view, located)| (*view, located.map(|located| &*located.found)))
            .collect();
        let seen = Seen {
            found: &found,
            announced: &target.announced,
            held: target.held,
            last: last.map(|last| &*last.report),
        };
        let mut report = judging::report(target.watched, seen, servers, now);
        report.share(verdicts);
        let most = now.plus_seconds(HOLDS);
        let dates = dates::next(&report, now).into_iter().chain(of_servers);
        Self {
            expectations: Arc::clone(&target.watched.expectations),
            since,
            announced: target.announced,
            from: now,
            inventories,
            until: dates.chain([most]).min().unwrap_or(most),
            report: Arc::new(report),
        }
    }

    fn holds_at(&self, now: Timestamp) -> bool {
        holds(self.from, now, self.until.seconds_since(self.from))
    }

    /// Whether it was made from the same.
    fn is_of(&self, target: &Target<'_>, servers: &Servers<'_>) -> bool {
        let (report, watched) = (&self.report, target.watched);
        Arc::ptr_eq(&report.source, &watched.source)
            && Arc::ptr_eq(&self.expectations, &watched.expectations)
            && self.since.iter().copied().eq(target.since())
            && self
                .announced
                .iter()
                .zip(&target.announced)
                .all(|(one, other)| one.is(other))
            && report.entries.len() == target.held.len()
            && report.entries.iter().zip(&target.held).all(is_from)
            && paired::are_same(&self.inventories, &target.held, servers)
    }
}

/// Whether all endpoints present what they did.
fn serve_the_same(last: &[Arc<TargetReport>], next: &[Arc<TargetReport>]) -> bool {
    served(last).eq(served(next))
}

fn served(targets: &[Arc<TargetReport>]) -> impl Iterator<Item = (&Arc<Endpoint>, &[Certificate])> {
    let entries = targets.iter().flat_map(|target| &target.entries);
    entries.map(|entry| (&entry.endpoint, &*entry.observation.chain))
}

fn is_same(last: &[Arc<TargetReport>], next: &[Arc<TargetReport>]) -> bool {
    last.iter()
        .map(Arc::as_ptr)
        .eq(next.iter().map(Arc::as_ptr))
}
