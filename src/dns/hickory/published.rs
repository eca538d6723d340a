//! Questions about what is published to answers that are kept fresh, at their turns; in views whose resolver is trusted,
//! what was signed counts as unsigned only when that resolver still validates.

use std::sync::Arc;

use tokio::time::{Instant, sleep, timeout_at};

use super::super::cache::Question;
use super::super::freshness::{Ended, Look};
use super::super::published::{PublishedRecords, Unanswered, Validation};
use super::super::record_set::{Data, RecordKind, RecordSet};
use super::memory::PublishedMemory;
use super::question::LookupUnderWay;
use super::resolver::{Present, Resolver};
use crate::facts::lookup::Security;

impl Resolver {
    /// The records of one kind at a complete name. Strangers do not wait for those who have time, and nothing of
    /// theirs is kept.
    pub(super) async fn published<T>(
        self: &Arc<Self>,
        name: &str,
        kind: RecordKind,
        for_strangers: bool,
        pick: impl Fn(&Data) -> Option<T>,
    ) -> Result<PublishedRecords<T>, Unanswered> {
        let question = self.question([name.trim_end_matches('.'), "."].concat(), kind);
        let now = Instant::now();
        let found = match for_strangers {
            true => self.at_once(&question).await?,
            false => self.kept(&question, now + self.patience).await?,
        };
        Ok(self.picked(&found, pick))
    }

    async fn at_once(&self, question: &Question) -> Result<RecordSet, Unanswered> {
        let until = Instant::now() + self.shared.deadline;
        let turn = self.published.turns.turn(true);
        let late = || Unanswered::Pending("too many questions wait for their turn".into());
        timeout_at(until, turn).await.map_err(|_| late())?;
        match self.ask_anew(question, true).await {
            Ended::Answer(answer) => Ok(answer),
            Ended::Failure(fault) => Err(Unanswered::Failed(fault)),
            Ended::Doubtful => Err(Unanswered::Pending(DOUBT.into())),
        }
    }

    async fn kept(
        self: &Arc<Self>,
        question: &Question,
        until: Instant,
    ) -> Result<RecordSet, Unanswered> {
        let fresh = &self.published.fresh;
        let mut told = match fresh.look(question, Instant::now().into_std()) {
            Look::Known(said) => return said.map_err(Unanswered::Failed),
            Look::Wait(told) => told,
            Look::Ask(told) => {
                let shared = Arc::clone(&self.published);
                tokio::spawn(tend(self.present().clone(), shared, question.clone()));
                told
            }
        };
        let _ = timeout_at(until, told.changed()).await;
        let known = fresh.known(question, Instant::now().into_std());
        let known = known.ok_or_else(|| Unanswered::Pending(WAITS.into()))?;
        known.map_err(Unanswered::Failed)
    }

    /// Asks, whoever is told.
    async fn ask_anew(&self, question: &Question, is_urgent: bool) -> Ended {
        let until = Instant::now() + self.shared.deadline;
        let asker = match self.asker(until).await {
            Ok(asker) => asker,
            Err(fault) => return Ended::Failure(fault),
        };
        let asking = LookupUnderWay::new(&self.shared, &asker, until, is_urgent);
        let answer = match asking.ask_published(question, &self.published.turns).await {
            Ok(answer) => answer,
            Err(fault) => return Ended::Failure(fault),
        };
        let before = self.published.fresh.security(question);
        let is_lost = before == Some(Security::Secure) && answer.is_unproven();
        match is_lost && !self.shared.ability.settles(&asker).await {
            true => Ended::Doubtful,
            false => Ended::Answer(answer),
        }
    }

    fn picked<T>(
        &self,
        found: &RecordSet,
        pick: impl Fn(&Data) -> Option<T>,
    ) -> PublishedRecords<T> {
        PublishedRecords {
            records: found.records.iter().filter_map(pick).collect(),
            count: found.count,
            exists: found.exists,
            end: found.alias_of.clone(),
            security: match found.records.is_empty() {
                true => Security::Unknown,
                false => self.believed(found.security),
            },
            ttl: found.published_ttl,
        }
    }

    /// What is made of what a resolver says of signatures: nothing where it does not validate.
    pub(super) fn believed(&self, security: Security) -> Security {
        match self.validation() {
            Validation::NotAsked | Validation::Able => security,
            Validation::Unknown | Validation::Unable => Security::Unknown,
        }
    }
}

const WAITS: &str = "the question waits for its turn, or for an answer";
const DOUBT: &str = "it was signed, and whether the resolver still validates is being found out";

/// Asks and asks again, as long as somebody wants to know and there is somebody to ask.
async fn tend(present: Present, shared: Arc<PublishedMemory>, question: Question) {
    loop {
        shared.turns.turn(false).await;
        let Some(resolver) = present.get() else {
            return shared.fresh.forget(&question);
        };
        // So that it takes memory only while it asks.
        let outcome = Box::pin(resolver.ask_anew(&question, false)).await;
        drop(resolver);
        let now = Instant::now().into_std();
        match shared.fresh.keep(&question, outcome, now) {
            Some(pause) => sleep(pause).await,
            None => return,
        }
    }
}
