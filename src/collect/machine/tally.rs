//! Messages that wait, one after the other, to queues: how many wait for each next hop, why and since when. Nothing of a
//! message is kept, and what is kept is bounded whatever waits.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::masked::masked;
use crate::facts::inventory::{Queue, QueueKind, QueueStatus};
use crate::timestamp::Timestamp;

/// Most next hops that are told apart while counting.
const MOST_HOPS: usize = 20_000;
/// Most texts that are told apart for one next hop.
const MOST_TEXTS: usize = 6;
/// Most bytes of all texts.
const MOST_BYTES: usize = 4 << 20;
/// Most characters of a text.
const LONGEST_TEXT: usize = 300;
/// Most characters of a name in DNS.
const LONGEST_NAME: usize = 255;

/// The next hop of all mail whose own has no place.
const OTHER: &str = "other";
/// What stands for the texts that have no place.
const OTHER_TEXTS: &str = "other reasons";

/// Why a message waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait<'a> {
    /// What for.
    pub(super) kind: QueueKind,
    /// What the server does about it.
    pub(super) status: QueueStatus,
    /// The id of the use with which it is sent.
    pub(super) use_id: Option<&'a str>,
    /// What the server was told last.
    pub(super) text: Option<&'a str>,
    /// Since when it waits.
    pub(super) since: Option<Timestamp>,
}

/// What is told apart for one next hop.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Why {
    kind: QueueKind,
    status: QueueStatus,
    use_id: Option<Arc<str>>,
    text: Option<Arc<str>>,
}

/// How many, and since when the first of them.
#[derive(Debug, Clone, Copy, Default)]
struct Waiting {
    messages: u64,
    since: Option<Timestamp>,
}

type Whys = HashMap<Why, Waiting>;

/// All that was counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    hops: HashMap<Box<str>, Whys>,
    others: Whys,
    words: HashSet<Arc<str>>,
    bytes: usize,
}

impl Tally {
    /// Counts one message for one next hop.
    pub(super) fn add(&mut self, next_hop: &str, wait: &Wait<'_>) {
        let why = Why {
            kind: wait.kind,
            status: wait.status,
            use_id: wait.use_id.map(|id| self.word(id)),
            text: wait.text.map(|text| self.word(&masked(text, LONGEST_TEXT))),
        };
        let one = Waiting {
            messages: 1,
            since: wait.since,
        };
        let next_hop = host(next_hop);
        if !self.hops.contains_key(&*next_hop) && self.hops.len() >= MOST_HOPS {
            return count(&mut self.others, why, one);
        }
        count(self.hops.entry(next_hop.into()).or_default(), why, one);
    }

    /// The queues of the `most` next hops for which most messages wait; all others are one.
    pub(super) fn into_queues(mut self, most: usize) -> Vec<Queue> {
        let mut hops: Vec<_> = self.hops.drain().collect();
        let messages = |whys: &Whys| whys.values().map(|w| w.messages).sum::<u64>();
        hops.sort_by_cached_key(|(name, whys)| (u64::MAX - messages(whys), name.clone()));
        for (_, whys) in hops.drain(most.min(hops.len())..) {
            for (why, waiting) in whys {
                count(&mut self.others, why, waiting);
            }
        }
        let named = hops.iter().flat_map(|(name, whys)| queues(name, whys));
        named.chain(queues(OTHER, &self.others)).collect()
    }

    /// The same text once, as long as there is room.
    fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.words.get(text) {
            return Arc::clone(known);
        }
        if self.bytes + text.len() > MOST_BYTES {
            return OTHER_TEXTS.into();
        }
        let word: Arc<str> = text.into();
        self.bytes += word.len();
        self.words.insert(Arc::clone(&word));
        word
    }
}

/// Adds to what waits for the same reason. Beyond so many texts they are one.
fn count(whys: &mut Whys, why: Why, more: Waiting) {
    let why = if whys.contains_key(&why) || whys.len() < MOST_TEXTS || why.text.is_none() {
        why
    } else {
        let text = Some(OTHER_TEXTS.into());
        Why { text, ..why }
    };
    let waiting = whys.entry(why).or_default();
    waiting.messages += more.messages;
    let both = waiting.since.into_iter().chain(more.since);
    waiting.since = both.min();
}

fn queues(next_hop: &str, whys: &Whys) -> Vec<Queue> {
    let mut queues: Vec<_> = whys
        .iter()
        .map(|(why, waiting)| queue(next_hop, why, waiting))
        .collect();
    queues.sort_by(|a, b| {
        let rank = |queue: &Queue| (u64::MAX - queue.messages, queue.status);
        (rank(a), &a.last_error).cmp(&(rank(b), &b.last_error))
    });
    queues
}

fn queue(next_hop: &str, why: &Why, waiting: &Waiting) -> Queue {
    Queue {
        kind: why.kind,
        next_hop: next_hop.into(),
        use_id: why.use_id.clone(),
        status: why.status,
        messages: waiting.messages,
        last_error: why.text.clone(),
        since: waiting.since,
        next_retry: None,
        velocity: None,
        incoming_rate: None,
        outgoing_rate: None,
        delivery_type: None,
    }
}

/// A next hop as text that has no address in it.
fn host(text: &str) -> String {
    let domain = text.rsplit('@').next().unwrap_or_default();
    let shown = domain
        .chars()
        .filter(|c| !c.is_control() && !c.is_whitespace());
    let name: String = shown.take(LONGEST_NAME).collect();
    match name.trim_end_matches('.') {
        "" => OTHER.to_owned(),
        name => name.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry<'a>(text: Option<&'a str>, since: i64) -> Wait<'a> {
        Wait {
            kind: QueueKind::Delivery,
            status: QueueStatus::Retry,
            use_id: Some("smtp"),
            text,
            since: Some(Timestamp(since)),
        }
    }

    fn told(queues: &[Queue]) -> Vec<(&str, u64, Option<&str>)> {
        let told = queues.iter();
        told.map(|q| (&*q.next_hop, q.messages, q.last_error.as_deref()))
            .collect()
    }

    #[test]
    fn messages_are_added_up_by_next_hop_and_reason() {
        let mut tally = Tally::default();
        tally.add("a.test", &retry(Some("no"), 20));
        tally.add("A.test.", &retry(Some("no"), 10));
        tally.add("a.test", &retry(Some("not for fox@a.test"), 30));
        tally.add("bear@b.test", &retry(None, 5));
        let suspended = QueueStatus::Suspended;
        tally.add(
            "b.test",
            &Wait {
                status: suspended,
                ..retry(None, 5)
            },
        );
        let queues = tally.into_queues(50);
        let expected = [
            ("a.test", 2, Some("no")),
            ("a.test", 1, Some("not for ***")),
            ("b.test", 1, None),
            ("b.test", 1, None),
        ];
        assert_eq!(told(&queues), expected);
        assert_eq!(queues[0].since, Some(Timestamp(10)));
        assert_eq!(queues[0].use_id.as_deref(), Some("smtp"));
        assert_eq!(queues[3].status, suspended);
    }

    #[test]
    fn the_rest_is_one_next_hop() {
        let mut tally = Tally::default();
        for n in 0..10 {
            for _ in 0..=n {
                tally.add(&format!("{n}.test"), &retry(Some("no"), n));
            }
        }
        let queues = tally.into_queues(2);
        let no = Some("no");
        assert_eq!(
            told(&queues),
            [("9.test", 10, no), ("8.test", 9, no), (OTHER, 36, no)]
        );
        assert_eq!(queues[2].since, Some(Timestamp(0)));
        let mut tally = Tally::default();
        tally.add("a.test", &retry(None, 0));
        assert_eq!(told(&tally.into_queues(0)), [(OTHER, 1, None)]);
    }

    #[test]
    fn whatever_waits_the_tally_is_bounded() {
        let mut tally = Tally::default();
        for n in 0..25_000 {
            let text = format!("{n} {}", "x".repeat(500));
            tally.add(&format!("{n}.test"), &retry(Some(&text), n));
            tally.add("one.test", &retry(Some(&text), n));
        }
        assert!(tally.bytes <= MOST_BYTES, "{}", tally.bytes);
        assert!(tally.hops.len() <= MOST_HOPS);
        let queues = tally.into_queues(1000);
        assert_eq!(queues.iter().map(|q| q.messages).sum::<u64>(), 50_000);
        assert_eq!(
            (&*queues[0].next_hop, queues[0].messages),
            ("one.test", 25_000 - 6)
        );
        assert_eq!(queues[0].last_error.as_deref(), Some(OTHER_TEXTS));
        assert!(queues.len() < 3000, "{}", queues.len());
    }
}
