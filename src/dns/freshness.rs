//! Answers about what is published, each asked for again before it runs out, in bounded memory; asks nobody, and time is
//! an argument.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::cache::Question;
use super::record_set::RecordSet;
use crate::facts::lookup::{LookupFault, Security};

/// However long a TTL is, a change is seen after this time; the same for what is not there.
const MAX_TTL: Duration = Duration::from_secs(3600);
const MAX_NEGATIVE_TTL: Duration = Duration::from_secs(900);
/// However short it is, nobody is asked more often; and so soon again after a failure.
const MIN_TTL: Duration = Duration::from_secs(30);
/// How old an answer may be that counts until a newer one comes.
const MAX_AGE: Duration = Duration::from_secs(3600);
/// For how long at least an answer is kept fresh that nobody asks for.
const IDLE: Duration = Duration::from_secs(600);
/// What the tables and the task take for an entry, beside its question and answer.
const ENTRY: usize = 768;

/// How a question ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    Answer(RecordSet),
    /// Nobody could tell.
    Failure(LookupFault),
    /// An answer that is not to be believed for the moment: what was known before counts.
    Doubtful,
}

/// What is known of a question.
pub(super) enum Look {
    /// This counts.
    Known(Result<RecordSet, LookupFault>),
    /// Nothing yet that counts; somebody asks, and this tells when he is done.
    Wait(watch::Receiver<()>),
    /// The same, and it is the caller's turn to ask, and to go on as [`Freshness::keep`] says.
    Ask(watch::Receiver<()>),
}

/// Everything that is known.
pub(super) struct Freshness {
    bound: usize,
    kept: Mutex<Kept>,
    spread: RandomState,
}

#[derive(Default)]
struct Kept {
    entries: HashMap<Question, Entry>,
    bytes: usize,
}

struct Entry {
    last: Option<Known>,
    /// When somebody last wanted it.
    wanted: Instant,
    /// Whether somebody keeps it fresh.
    is_tended: bool,
    told: watch::Sender<()>,
}

struct Known {
    said: Result<RecordSet, LookupFault>,
    at: Instant,
    until: Instant,
}

impl Freshness {
    /// Keeps at most so many bytes.
    pub(super) fn new(bound: usize) -> Self {
        Self {
            bound,
            kept: Mutex::default(),
            spread: RandomState::new(),
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known to somebody who wants to know.
    pub(super) fn look(&self, question: &Question, now: Instant) -> Look {
        let mut kept = self.locked();
        if !kept.entries.contains_key(question) {
            kept.add(question, now);
            kept.shrink(self.bound);
        }
        let Some(entry) = kept.entries.get_mut(question) else {
            let (_, never) = watch::channel(());
            return Look::Wait(never);
        };
        entry.wanted = now;
        // A newer answer waits for its turn: nobody waits with it.
        let counts = |known: &&Known| now < known.until || entry.is_tended && known.is_young(now);
        if let Some(known) = entry.last.as_ref().filter(counts) {
            return Look::Known(known.said.clone());
        }
        let receiver = entry.told.subscribe();
        match std::mem::replace(&mut entry.is_tended, true) {
            true => Look::Wait(receiver),
            false => Look::Ask(receiver),
        }
    }

    /// What counts as long as nothing newer comes; wants nothing.
    pub(super) fn known(
        &self,
        question: &Question,
        now: Instant,
    ) -> Option<Result<RecordSet, LookupFault>> {
        let kept = self.locked();
        let known = kept.entries.get(question)?.last.as_ref()?;
        known.is_young(now).then(|| known.said.clone())
    }

    /// What DNSSEC said of the last answer.
    pub(super) fn security(&self, question: &Question) -> Option<Security> {
        let kept = self.locked();
        let known = kept.entries.get(question)?.last.as_ref()?;
        known.said.as_ref().ok().map(|answer| answer.security)
    }

    /// Keeps what came of a question, and tells those who wait: how long to pause before asking again. `None` when
    /// nobody wants to know any more.
    pub(super) fn keep(
        &self,
        question: &Question,
        outcome: Ended,
        now: Instant,
    ) -> Option<Duration> {
        let mut kept = self.locked();
        let entry = kept.entries.get_mut(question)?;
        let holds = now + self.time(&outcome);
        let before = entry.size();
        let is_lasting = |known: &Known| known.said.is_ok() && now < known.until;
        match outcome {
            Ended::Answer(answer) => entry.learn(Ok(answer), now, holds),
            // What was said before still holds.
            Ended::Failure(_) if entry.last.as_ref().is_some_and(is_lasting) => {}
            Ended::Failure(fault) => entry.learn(Err(fault), now, holds),
            Ended::Doubtful => {}
        }
        entry.told.send_replace(());
        let idle = IDLE.max(2 * holds.saturating_duration_since(now));
        let is_wanted = now.saturating_duration_since(entry.wanted) < idle;
        entry.is_tended = is_wanted;
        let after = entry.size();
        kept.bytes = kept.bytes + after - before;
        kept.shrink(self.bound);
        let share = 80 + self.spread.hash_one((question, now)) % 20;
        let pause =
            holds.saturating_duration_since(now) * u32::try_from(share).unwrap_or(100) / 100;
        is_wanted.then_some(pause)
    }

    /// Forgets what nobody can be asked for any more.
    pub(super) fn forget(&self, question: &Question) {
        let mut kept = self.locked();
        if let Some(entry) = kept.entries.remove(question) {
            kept.bytes -= size(question, &entry);
        }
    }

    /// How long an outcome counts.
    fn time(&self, outcome: &Ended) -> Duration {
        match outcome {
            Ended::Answer(answer) if answer.records.is_empty() => {
                answer.ttl.clamp(MIN_TTL, MAX_NEGATIVE_TTL)
            }
            Ended::Answer(answer) => answer.ttl.clamp(MIN_TTL, MAX_TTL),
            Ended::Failure(_) | Ended::Doubtful => MIN_TTL,
        }
    }

    /// Forgets the answers of a view that are not proven, so that they are asked for anew.
    pub(super) fn forget_unproven(&self, view: &str) {
        for (question, entry) in &mut self.locked().entries {
            let is_unproven = |known: &Known| {
                let security = known.said.as_ref().map(|answer| answer.security);
                security != Ok(Security::Secure)
            };
            if *question.view == *view && entry.last.as_ref().is_some_and(is_unproven) {
                entry.last = None;
            }
        }
    }
}

impl Known {
    fn is_young(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) < MAX_AGE
    }
}

impl Entry {
    fn learn(&mut self, said: Result<RecordSet, LookupFault>, at: Instant, until: Instant) {
        self.last = Some(Known { said, at, until });
    }

    fn size(&self) -> usize {
        match self.last.as_ref().map(|known| &known.said) {
            Some(Ok(answer)) => answer.size(),
            Some(Err(fault)) => fault.detail.len(),
            None => 0,
        }
    }
}

impl Kept {
    fn add(&mut self, question: &Question, now: Instant) {
        self.bytes += size_of::<Question>() + question.name.len() + ENTRY;
        let entry = Entry {
            last: None,
            wanted: now,
            is_tended: false,
            told: watch::Sender::new(()),
        };
        self.entries.insert(question.clone(), entry);
    }

    /// Forgets a quarter of it, what nobody wanted for the longest time, when it has grown too large.
    fn shrink(&mut self, bound: usize) {
        if self.bytes <= bound {
            return;
        }
        let mut wanted: Vec<_> = self.entries.values().map(|entry| entry.wanted).collect();
        wanted.sort_unstable();
        let Some(least) = wanted.get(wanted.len() / 4).copied() else {
            return;
        };
        self.entries.retain(|_, entry| entry.wanted > least);
        let sizes = self.entries.iter();
        self.bytes = sizes.map(|(question, entry)| size(question, entry)).sum();
    }
}

fn size(question: &Question, entry: &Entry) -> usize {
    size_of::<Question>() + question.name.len() + ENTRY + entry.size()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any moment will do")]
mod tests {
    use super::*;
    use crate::dns::record_set::{Data, RecordKind};
    use crate::reason::Reason;

    fn question(name: &str) -> Question {
        Question {
            view: "v".into(),
            name: name.into(),
            kind: RecordKind::Txt,
        }
    }

    fn answer(text: &[u8], ttl: u64) -> RecordSet {
        let records: Vec<_> = [text].into_iter().filter(|text| !text.is_empty()).collect();
        let ttl = Duration::from_secs(ttl);
        RecordSet {
            count: records.len(),
            records: records.into_iter().map(|t| Data::Text(t.into())).collect(),
            alias_of: None,
            exists: true,
            security: Security::Secure,
            ttl,
            published_ttl: ttl,
        }
    }

    fn failure() -> Ended {
        Ended::Failure(LookupFault {
            reason: Reason::DnsError,
            detail: "SERVFAIL".to_owned(),
        })
    }

    fn seconds(pause: Option<Duration>) -> u64 {
        pause.expect("somebody wants to know").as_secs()
    }

    /// What counts: a text, an error, or nothing yet.
    fn seen(fresh: &Freshness, now: Instant) -> String {
        match fresh.look(&question("a"), now) {
            Look::Known(Ok(answer)) => match answer.records.first() {
                Some(Data::Text(text)) => String::from_utf8_lossy(text).into_owned(),
                _ => "none".to_owned(),
            },
            Look::Known(Err(fault)) => fault.detail,
            Look::Wait(_) => "wait".to_owned(),
            Look::Ask(_) => "ask".to_owned(),
        }
    }

    #[test]
    fn one_asks_and_asks_again_before_it_runs_out() {
        let (fresh, now) = (Freshness::new(1 << 20), Instant::now());
        assert_eq!(seen(&fresh, now), "ask");
        assert_eq!(seen(&fresh, now), "wait");
        for (ttl, least, most) in [(1000, 800, 1000), (86_400, 2880, 3600), (1, 24, 30)] {
            let kept = fresh.keep(&question("a"), Ended::Answer(answer(b"1", ttl)), now);
            let pause = seconds(kept);
            assert!((least..=most).contains(&pause), "{ttl}: {pause}");
            assert_eq!(seen(&fresh, now), "1");
        }
        let none = Ended::Answer(answer(b"", 86_400));
        let pause = seconds(fresh.keep(&question("a"), none, now));
        assert!((720..=900).contains(&pause), "{pause}");
    }

    #[test]
    fn what_was_known_counts_while_a_newer_answer_is_late_but_not_for_ever() {
        let (fresh, now) = (Freshness::new(1 << 20), Instant::now());
        let after = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(seen(&fresh, now), "ask");
        fresh.keep(&question("a"), Ended::Answer(answer(b"1", 60)), now);
        assert_eq!(seen(&fresh, after(3599)), "1");
        assert_eq!(seen(&fresh, after(3600)), "wait");
        assert!(fresh.known(&question("a"), after(3600)).is_none());
    }

    #[test]
    fn a_failure_takes_nothing_away_that_still_holds_and_a_doubt_nothing_at_all() {
        let (fresh, now) = (Freshness::new(1 << 20), Instant::now());
        let after = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(seen(&fresh, now), "ask");
        fresh.keep(&question("a"), Ended::Answer(answer(b"1", 60)), now);
        fresh.keep(&question("a"), failure(), after(50));
        assert_eq!(seen(&fresh, after(59)), "1");
        fresh.keep(&question("a"), Ended::Doubtful, after(70));
        assert_eq!(seen(&fresh, after(71)), "1");
        fresh.keep(&question("a"), failure(), after(80));
        assert_eq!(seen(&fresh, after(81)), "SERVFAIL");
        fresh.keep(&question("a"), Ended::Answer(answer(b"2", 60)), after(111));
        assert_eq!(seen(&fresh, after(112)), "2");
    }

    #[test]
    fn what_nobody_wants_is_not_asked_for_again() {
        let (fresh, now) = (Freshness::new(1 << 20), Instant::now());
        assert_eq!(seen(&fresh, now), "ask");
        let late = now + IDLE;
        let again = fresh.keep(&question("a"), Ended::Answer(answer(b"1", 60)), late);
        assert_eq!(again, None);
        assert_eq!(seen(&fresh, late + Duration::from_secs(61)), "ask");
    }

    #[test]
    fn memory_is_bounded_in_bytes_and_the_newest_questions_stay() {
        let (fresh, begun) = (Freshness::new(1 << 20), Instant::now());
        let text = [b'x'; 1000];
        for nth in 0..10_000 {
            let (one, now) = (
                question(&format!("h{nth}")),
                begun + Duration::from_millis(nth),
            );
            fresh.look(&one, now);
            fresh.keep(&one, Ended::Answer(answer(&text, 300)), now);
            assert!(fresh.known(&one, now).is_some(), "{nth}");
        }
        let kept = fresh.locked();
        assert!((1 << 18..=1 << 20).contains(&kept.bytes), "{}", kept.bytes);
    }

    #[test]
    fn what_was_said_by_one_who_does_not_validate_is_forgotten() {
        let (fresh, now) = (Freshness::new(1 << 20), Instant::now());
        assert_eq!(seen(&fresh, now), "ask");
        fresh.keep(&question("a"), Ended::Answer(answer(b"1", 60)), now);
        fresh.forget_unproven("v");
        assert_eq!(seen(&fresh, now), "1");
        let security = Security::Insecure;
        let unproven = RecordSet {
            security,
            ..answer(b"2", 60)
        };
        fresh.keep(&question("a"), Ended::Answer(unproven), now);
        fresh.forget_unproven("v");
        assert_eq!(seen(&fresh, now), "wait");
    }
}
