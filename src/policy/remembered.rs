//! What was known of a domain's policies and what is served now to what is known from now on; pure.

use std::sync::Arc;

use crate::facts::published::{KnownPolicy, PolicyDocument, StsPolicy};
use crate::timestamp::Timestamp;

/// Most former policies of a domain that are kept.
pub const MAX_FORMER: usize = 16;

/// What is remembered of a domain in a view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The policy that counts.
    pub current: Option<KnownPolicy>,
    /// Others that senders may still keep, the one seen last first.
    pub former: Vec<KnownPolicy>,
}

impl Remembered {
    /// Takes in what the addresses of a policy host serve at a moment under an id, where that is valid.
    ///
    /// Of several policies the youngest counts: whoever still serves an older one is behind. The others are kept, too,
    /// because senders may have got them.
    pub fn see<'a>(
        &mut self,
        id: &str,
        served: impl IntoIterator<Item = &'a PolicyDocument>,
        now: Timestamp,
    ) {
        let served = counted(served);
        let Some(chosen) = self.youngest(&served) else {
            self.forget(now);
            return;
        };
        for one in served.iter().filter(|one| one.policy != chosen.policy) {
            self.put_aside(one.known(id, now));
        }
        self.count(chosen.known(id, now));
        self.forget(now);
    }

    /// Takes in what was seen since, by somebody who did not know this.
    pub fn follow(&mut self, since: Self, now: Timestamp) {
        for former in since.former {
            self.put_aside(former);
        }
        if let Some(current) = since.current {
            self.count(current);
        }
        self.forget(now);
    }

    fn youngest<'s>(&self, served: &'s [Served<'_>]) -> Option<&'s Served<'s>> {
        // Of several that are new, the one that most addresses serve.
        let age = |one: &&Served<'_>| {
            let first_seen = self.known(&one.policy).map(|known| known.first_seen);
            (first_seen.unwrap_or(Timestamp(i64::MAX)), one.addresses)
        };
        let mut best: Option<&Served<'_>> = None;
        for one in served {
            if best.is_none_or(|best| age(&one) > age(&best)) {
                best = Some(one);
            }
        }
        best
    }

    fn known(&self, policy: &StsPolicy) -> Option<&KnownPolicy> {
        let mut all = self.current.iter().chain(&self.former);
        all.find(|known| known.policy.asks_the_same(policy))
    }

    /// Keeps one that some address serves beside the one that counts.
    fn put_aside(&mut self, one: KnownPolicy) {
        let same = |known: &&mut KnownPolicy| known.policy.asks_the_same(&one.policy);
        // The one that counted until now is put aside when another takes its place.
        let mut all = self.current.iter_mut().chain(&mut self.former);
        match all.find(same) {
            Some(known) => known.last_seen = known.last_seen.max(one.last_seen),
            None => self.former.push(one),
        }
    }

    /// Makes one the policy that counts.
    fn count(&mut self, mut next: KnownPolicy) {
        match self.current.take() {
            Some(last) if last.policy.asks_the_same(&next.policy) => {
                if last.hash == next.hash {
                    next.first_seen = last.first_seen;
                }
                if *last.id == *next.id {
                    next.seen_under_old_id = match last.seen_under_old_id {
                        0 => 0,
                        before => before.saturating_add(1),
                    };
                }
            }
            Some(last) => {
                next.seen_under_old_id = u32::from(*last.id == *next.id);
                let before = self
                    .former
                    .iter()
                    .find(|f| f.policy.asks_the_same(&next.policy));
                if let Some(before) = before.filter(|before| before.hash == next.hash) {
                    next.first_seen = before.first_seen;
                }
                self.former.push(last);
            }
            None => {}
        }
        self.former
            .retain(|former| !former.policy.asks_the_same(&next.policy));
        self.current = Some(next);
    }

    /// Forgets former policies that no sender keeps any more, and the oldest of too many.
    pub fn forget(&mut self, now: Timestamp) {
        self.former.retain(|former| former.kept_until() > now);
        self.former
            .sort_by_key(|former| std::cmp::Reverse(former.last_seen));
        self.former.truncate(MAX_FORMER);
    }
}

/// A policy that so many addresses serve.
struct Served<'a> {
    document: &'a PolicyDocument,
    policy: Arc<StsPolicy>,
    addresses: usize,
}

impl Served<'_> {
    fn known(&self, id: &str, now: Timestamp) -> KnownPolicy {
        KnownPolicy {
            id: id.into(),
            policy: Arc::clone(&self.policy),
            text: Arc::clone(&self.document.text),
            hash: self.document.hash,
            first_seen: now,
            last_seen: now,
            seen_under_old_id: 0,
        }
    }
}

/// Each valid policy once; those that ask the same of senders are one, whatever their spelling.
fn counted<'a>(documents: impl IntoIterator<Item = &'a PolicyDocument>) -> Vec<Served<'a>> {
    let mut all: Vec<Served<'a>> = Vec::new();
    for document in documents {
        let Ok(policy) = &document.policy else {
            continue;
        };
        match all.iter_mut().find(|one| one.policy.asks_the_same(policy)) {
            Some(known) => known.addresses += 1,
            None => all.push(Served {
                document,
                policy: Arc::clone(policy),
                addresses: 1,
            }),
        }
    }
    all
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    pub(in crate::policy) fn document(mode: &str, mx: &str, max_age: u32) -> PolicyDocument {
        let text = format!("version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: {max_age}\n");
        PolicyDocument {
            content_type: None,
            hash: [u8::try_from(text.len() % 251).unwrap(); 32],
            policy: StsPolicy::read(text.as_bytes()).map(Arc::new),
            text: text.into(),
        }
    }

    fn seen(looks: &[(&str, &[PolicyDocument], i64)]) -> Remembered {
        let mut known = Remembered::default();
        for (id, served, hour) in looks {
            known.see(id, *served, Timestamp(hour * HOUR));
        }
        known
    }

    fn patterns(known: &Remembered) -> Vec<&str> {
        let all = known.current.iter().chain(&known.former);
        all.map(|known| &*known.policy.patterns[0]).collect()
    }

    #[test]
    fn the_same_policy_is_seen_again() {
        let a = [document("enforce", "a.test", 86_400)];
        let known = seen(&[("1", &a, 0), ("1", &a, 1)]);
        let current = known.current.unwrap();
        assert_eq!(
            (current.first_seen, current.last_seen),
            (Timestamp(0), Timestamp(HOUR))
        );
        assert_eq!(current.seen_under_old_id, 0);
        assert!(known.former.is_empty());
    }

    #[test]
    fn what_was_seen_meanwhile_goes_behind_what_was_known_before() {
        let [a, b, c] =
            ["a.test", "bb.test", "ccc.test"].map(|mx| [document("enforce", mx, 86_400)]);
        let follow = |mut before: Remembered, since| {
            before.follow(since, Timestamp(3 * HOUR));
            before
        };
        let before = || seen(&[("1", &a, 0), ("2", &b, 1)]);
        let known = follow(before(), seen(&[("3", &c, 2)]));
        assert_eq!(patterns(&known), ["ccc.test", "bb.test", "a.test"]);
        let known = follow(before(), seen(&[("2", &b, 2)]));
        assert_eq!(patterns(&known), ["bb.test", "a.test"]);
        let current = known.current.unwrap();
        assert_eq!(
            (current.first_seen.0, current.last_seen.0),
            (HOUR, 2 * HOUR)
        );
        assert_eq!(follow(before(), Remembered::default()), before());
        let known = follow(before(), seen(&[("3", &a, 2), ("4", &c, 2)]));
        assert_eq!(patterns(&known), ["ccc.test", "a.test", "bb.test"]);
    }

    #[test]
    fn a_former_policy_is_kept_as_long_as_senders_keep_it() {
        let [a, b] = [
            [document("enforce", "a.test", 86_400)],
            [document("enforce", "bb.test", 86_400)],
        ];
        let known = seen(&[("1", &a, 0), ("1", &a, 1), ("2", &b, 2)]);
        assert_eq!(patterns(&known), ["bb.test", "a.test"]);
        assert_eq!(known.former[0].kept_until(), Timestamp(25 * HOUR));
        assert_eq!(
            patterns(&seen(&[("1", &a, 0), ("2", &b, 2), ("2", &b, 23)])).len(),
            2
        );
        assert_eq!(
            patterns(&seen(&[("1", &a, 0), ("2", &b, 2), ("2", &b, 24)])),
            ["bb.test"]
        );
        let back = seen(&[("1", &a, 0), ("2", &b, 1), ("3", &a, 2)]);
        assert_eq!(patterns(&back), ["a.test", "bb.test"]);
        assert_eq!(back.current.unwrap().first_seen, Timestamp(0));
    }

    #[test]
    fn an_id_that_stays_while_the_text_changes_is_counted() {
        let [a, b] = [
            [document("enforce", "a.test", 86_400)],
            [document("enforce", "bb.test", 86_400)],
        ];
        let count = |looks: &[_]| seen(looks).current.unwrap().seen_under_old_id;
        assert_eq!(count(&[("1", &a, 0), ("1", &b, 1)]), 1);
        assert_eq!(count(&[("1", &a, 0), ("1", &b, 1), ("1", &b, 2)]), 2);
        assert_eq!(count(&[("1", &a, 0), ("1", &b, 1), ("2", &b, 2)]), 0);
        assert_eq!(count(&[("1", &a, 0), ("2", &b, 1), ("2", &b, 2)]), 0);
        assert_eq!(count(&[("1", &a, 0), ("1", &b, 1), ("1", &a, 2)]), 1);
    }

    #[test]
    fn of_several_policies_the_youngest_counts_and_all_are_kept() {
        let (a, b) = (
            document("enforce", "a.test", 86_400),
            document("enforce", "bb.test", 86_400),
        );
        let both = [a.clone(), b.clone()];
        let known = seen(&[("1", std::slice::from_ref(&a), 0), ("2", &both, 1)]);
        assert_eq!(patterns(&known), ["bb.test", "a.test"]);
        assert_eq!(
            known.former[0].last_seen,
            Timestamp(HOUR),
            "some got it now"
        );
        let known = seen(&[
            ("1", std::slice::from_ref(&a), 0),
            ("2", &both, 1),
            ("2", &both, 2),
        ]);
        assert_eq!(patterns(&known), ["bb.test", "a.test"]);
        assert_eq!(known.current.unwrap().seen_under_old_id, 0);
        let first = seen(&[("1", &[a.clone(), b.clone(), b], 0)]);
        assert_eq!(patterns(&first), ["bb.test", "a.test"]);
        let rolled_back = seen(&[
            ("1", std::slice::from_ref(&a), 0),
            ("1", &both, 1),
            ("1", std::slice::from_ref(&a), 2),
        ]);
        assert_eq!(patterns(&rolled_back), ["a.test", "bb.test"]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let all: Vec<_> = (0..100)
            .map(|n| [document("enforce", &format!("{n}.test"), 31_557_600)])
            .collect();
        let mut known = Remembered::default();
        for (n, one) in (0..).zip(&all) {
            known.see(&n.to_string(), one, Timestamp(n));
        }
        assert_eq!(known.former.len(), MAX_FORMER);
        assert_eq!(&*known.former[0].policy.patterns[0], "98.test");
    }

    #[test]
    fn what_is_no_policy_changes_nothing() {
        let a = [document("enforce", "a.test", 86_400)];
        let broken = [document("enforced", "a.test", 86_400)];
        let known = seen(&[("1", &a, 0), ("2", &broken, 1), ("2", &[], 2)]);
        assert_eq!(known, seen(&[("1", &a, 0)]));
    }
}
