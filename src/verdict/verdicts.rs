//! What the checks found of one subject, and one place in memory for all verdicts that say the same: most subjects are
//! alike, and findings would be most of a snapshot.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::check::{Check, Failure, Finding};

/// A check and what it found.
type Judgement = (&'static Check, Finding);

/// All findings about one subject.
#[derive(Debug, Clone, Default)]
pub struct Verdict(pub(super) Arc<[Judgement]>);

impl Verdict {
    /// The findings with their checks, in list order.
    pub fn judgements(&self) -> impl Iterator<Item = (&'static Check, &Finding)> {
        self.0.iter().map(|(check, finding)| (*check, finding))
    }

    /// The findings with the names of their checks, in list order.
    pub fn findings(&self) -> impl Iterator<Item = (&'static str, &Finding)> {
        self.judgements()
            .map(|(check, finding)| (check.name, finding))
    }

    /// The failures with the names of their checks.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, &Failure)> {
        self.findings().filter_map(|(name, finding)| match finding {
            Finding::Fail(failure) => Some((name, failure)),
            _ => None,
        })
    }

    /// What one check found, if it ran.
    pub fn of_check(&self, check: &str) -> Option<&Finding> {
        self.findings()
            .find_map(|(name, finding)| (name == check).then_some(finding))
    }

    /// The failure of one check.
    pub fn failure(&self, check: &str) -> Option<&Failure> {
        self.failures()
            .find_map(|(name, failure)| (name == check).then_some(failure))
    }
}

impl Verdict {
    /// Whether nothing speaks against the leaf that any client would mind: it is valid, trusted, for these names. What its
    /// operator expects besides changes with a renewal, and an intermediate that is missing is not the leaf's fault.
    pub fn is_leaf_fit(&self) -> bool {
        let failed = |check| self.failure(check).is_some();
        let is_untrusted = failed("trust") && !failed("chain_complete");
        let minded = [
            "lifetime",
            "names",
            "revocation",
            "eku_server",
            "issuer_purpose",
        ];
        !is_untrusted && !minded.into_iter().any(failed)
    }
}

/// What was said before, each once.
#[derive(Debug, Default)]
pub struct Verdicts(HashSet<Said>);

impl Verdicts {
    /// The same verdict, where it was said first.
    #[must_use]
    pub fn shared(&mut self, verdict: Verdict) -> Verdict {
        let said = Said(verdict);
        if let Some(Said(first)) = self.0.get(&said) {
            return first.clone();
        }
        let verdict = said.0.clone();
        self.0.insert(said);
        verdict
    }

    /// Forgets what nobody else holds any more.
    pub fn forget_unheld(&mut self) {
        self.0
            .retain(|Said(verdict)| Arc::strong_count(&verdict.0) > 1);
    }
}

/// A verdict as what it says: the checks by their place among all, the findings by their words.
#[derive(Debug)]
struct Said(Verdict);

impl PartialEq for Said {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (&self.0.0, &other.0.0);
        let is_same = |((check, finding), (other, found)): (&Judgement, &Judgement)| {
            std::ptr::eq(*check, *other) && finding == found
        };
        one.len() == other.len() && one.iter().zip(&**other).all(is_same)
    }
}

impl Eq for Said {}

impl Hash for Said {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (check, finding) in &*self.0.0 {
            std::ptr::hash(*check, state);
            finding.hash(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_before_takes_no_memory_until_nobody_holds_it() {
        let mut verdicts = Verdicts::default();
        let mut say = |finding| verdicts.shared(Verdict::of(&[("names", finding)]));
        let first = say(Finding::Pass);
        let other = say(Finding::NotApplicable("none"));
        let again = say(Finding::Pass);
        assert!(Arc::ptr_eq(&first.0, &again.0) && !Arc::ptr_eq(&first.0, &other.0));
        drop((first, other));
        verdicts.forget_unheld();
        assert_eq!(verdicts.0.len(), 1, "one is held");
        drop(again);
        verdicts.forget_unheld();
        assert!(verdicts.0.is_empty());
    }
}
