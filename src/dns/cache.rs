//! Answers to be kept for their TTL, in bounded memory; asks nobody, and time is an argument.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::record_set::{RecordKind, RecordSet};
use crate::facts::lookup::Security;

/// However long a TTL is, a change of DNS is seen after this time.
const MAX_TTL: Duration = Duration::from_secs(300);
/// The same for what does not exist: somebody may be busy creating it.
const MAX_NEGATIVE_TTL: Duration = Duration::from_secs(60);
/// What the tables take for an entry, beside its key and answer.
const ENTRY: usize = 64;
/// An answer larger than this share of the bound is not kept: it would drive out too many others.
const LARGEST_SHARE: usize = 1024;

/// A question in a view.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub(super) view: Arc<str>,
    /// Absolute and in lower case.
    pub(super) name: Box<str>,
    pub(super) kind: RecordKind,
}

/// Two generations: when the young one has grown to half of the bound, it becomes the old one, whose entries that
/// nobody asked for since are forgotten.
pub(super) struct Cache {
    bound: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    young: HashMap<Question, Entry>,
    old: HashMap<Question, Entry>,
    young_bytes: usize,
}

#[derive(Clone)]
struct Entry {
    answer: RecordSet,
    until: Instant,
}

impl Cache {
    /// Keeps at most so many bytes.
    pub(super) fn new(bound: usize) -> Self {
        Self {
            bound,
            kept: Mutex::default(),
        }
    }

    /// A kept answer that is still good.
    pub(super) fn find(&self, question: &Question, now: Instant) -> Option<RecordSet> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = kept.young.get(question) {
            return (now < entry.until).then(|| entry.answer.clone());
        }
        let (question, entry) = kept.old.remove_entry(question)?;
        let found = (now < entry.until).then(|| entry.answer.clone())?;
        kept.add(question, entry, self.bound);
        Some(found)
    }

    /// What DNSSEC said of the last answer that was kept, though it may not be good any more.
    pub(super) fn security(&self, question: &Question) -> Option<Security> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = kept.young.get(question).or_else(|| kept.old.get(question));
        entry.map(|entry| entry.answer.security)
    }

    /// Forgets the answers of a view that are not proven.
    pub(super) fn forget_unproven(&self, view: &str) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_kept = |question: &Question, entry: &mut Entry| {
            *question.view != *view || entry.answer.security == Security::Secure
        };
        kept.old.retain(is_kept);
        kept.young.retain(is_kept);
        let young = kept.young.iter();
        kept.young_bytes = young
            .map(|(question, entry)| size(question, &entry.answer))
            .sum();
    }

    /// Keeps an answer as long as its TTL says, and no longer than we want.
    pub(super) fn keep(&self, question: Question, answer: &RecordSet, now: Instant) {
        let longest = if answer.records.is_empty() {
            MAX_NEGATIVE_TTL
        } else {
            MAX_TTL
        };
        let ttl = answer.ttl.min(longest);
        if ttl.is_zero() || size(&question, answer) > self.bound / LARGEST_SHARE {
            return;
        }
        let answer = answer.clone();
        let until = now + ttl;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.add(question, Entry { answer, until }, self.bound);
    }
}

impl Kept {
    fn add(&mut self, question: Question, entry: Entry, bound: usize) {
        let size = size(&question, &entry.answer);
        if self.young_bytes + size > bound / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        let replaced = self.young.get(&question);
        let replaced = replaced.map_or(0, |entry| self::size(&question, &entry.answer));
        self.young_bytes = self.young_bytes + size - replaced;
        self.young.insert(question, entry);
    }
}

fn size(question: &Question, answer: &RecordSet) -> usize {
    size_of::<Question>() + question.name.len() + answer.size() + ENTRY
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any moment will do")]
mod tests {
    use super::*;
    use crate::dns::record_set::Data;
    use std::net::{IpAddr, Ipv4Addr};

    fn question(name: &str) -> Question {
        Question {
            view: "v".into(),
            name: name.into(),
            kind: RecordKind::A,
        }
    }

    fn answer(count: usize, ttl: u64) -> RecordSet {
        let address = Data::Address(IpAddr::V4(Ipv4Addr::LOCALHOST));
        RecordSet {
            records: vec![address; count].into(),
            count,
            alias_of: None,
            exists: true,
            security: Security::Unknown,
            ttl: Duration::from_secs(ttl),
            published_ttl: Duration::from_secs(ttl),
        }
    }

    fn bytes(cache: &Cache) -> usize {
        let kept = cache.kept.lock().unwrap();
        let all = kept.young.iter().chain(&kept.old);
        all.map(|(question, entry)| size(question, &entry.answer))
            .sum()
    }

    #[test]
    fn answers_are_kept_for_their_ttl_and_never_for_long() {
        let (cache, now) = (Cache::new(1 << 20), Instant::now());
        let after = |seconds| now + Duration::from_secs(seconds);
        for (name, count, ttl) in [
            ("short.", 1, 10),
            ("long.", 1, 86400),
            ("missing.", 0, 3600),
            ("never.", 1, 0),
        ] {
            cache.keep(question(name), &answer(count, ttl), now);
        }
        let is_kept = |name, at| cache.find(&question(name), at).is_some();
        assert!(is_kept("short.", after(9)) && !is_kept("short.", after(10)));
        assert!(is_kept("long.", after(299)) && !is_kept("long.", after(300)));
        assert!(is_kept("missing.", after(59)) && !is_kept("missing.", after(60)));
        assert!(!is_kept("never.", now));
    }

    #[test]
    fn memory_is_bounded_in_bytes_and_what_is_asked_for_stays() {
        let (cache, now) = (Cache::new(1 << 20), Instant::now());
        cache.keep(question("mine."), &answer(2, 300), now);
        for nth in 0..20_000 {
            cache.keep(
                question(&format!("h{nth}.evil.test.")),
                &answer(20, 300),
                now,
            );
            assert!(cache.find(&question("mine."), now).is_some(), "{nth}");
        }
        let bytes = bytes(&cache);
        assert!((1 << 18..=1 << 20).contains(&bytes), "{bytes}");
    }

    #[test]
    fn an_answer_that_is_too_large_drives_out_no_other() {
        let (cache, now) = (Cache::new(1 << 20), Instant::now());
        cache.keep(question("large."), &answer(4000, 300), now);
        assert_eq!(bytes(&cache), 0);
    }

    #[test]
    fn an_answer_that_replaces_another_counts_once() {
        let (cache, now) = (Cache::new(1 << 20), Instant::now());
        for _ in 0..100 {
            cache.keep(question("mine."), &answer(2, 300), now);
        }
        let counted = cache.kept.lock().unwrap().young_bytes;
        assert_eq!(counted, bytes(&cache));
    }
}
