//! A question for one absolute name and kind of records to its answer: from the cache, or asked along the aliases.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::proto::rr::Name;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::super::cache::{Cache, Question};
use super::super::record_set::{Data, RecordKind, RecordSet};
use super::super::search::{is_local, is_no_dns_name};
use super::super::turns::Turns;
use super::ability::Ability;
use super::asker::Asker;
use super::chain::{AliasChain, AliasStep};
use super::data::record_type;
use super::fault::failed;
use crate::facts::lookup::{LookupFault, Security};

/// How often an answer may say that another name has to be asked for.
const MAX_QUESTIONS: usize = 8;

/// Questions at once in a view; more wait. Each takes up to six sockets while servers keep silent.
pub(super) const MAX_LOOKUPS: usize = 96;
/// The same for names that strangers ask for.
const MAX_LOOKUPS_OF_STRANGERS: usize = 32;
/// The same about what is published: where TLSA is answered by silence, addresses do not wait for it.
const MAX_LOOKUPS_OF_PUBLISHED: usize = 48;

/// What all questions of one view share.
pub(super) struct ViewQuestions {
    view: Arc<str>,
    pub(super) cache: Arc<Cache>,
    permits: Semaphore,
    strangers: Semaphore,
    published: Semaphore,
    /// The longest that a look-up takes.
    pub(super) deadline: Duration,
    /// Whether the servers' word on signatures is taken.
    pub(super) is_trusting: bool,
    /// What they are able to, then.
    pub(super) ability: Arc<Ability>,
}

impl ViewQuestions {
    pub(super) fn new(
        view: &Arc<str>,
        cache: &Arc<Cache>,
        ability: &Arc<Ability>,
        deadline: Duration,
        is_trusting: bool,
    ) -> Self {
        Self {
            view: Arc::clone(view),
            cache: Arc::clone(cache),
            permits: Semaphore::new(MAX_LOOKUPS),
            strangers: Semaphore::new(MAX_LOOKUPS_OF_STRANGERS),
            published: Semaphore::new(MAX_LOOKUPS_OF_PUBLISHED),
            deadline,
            is_trusting,
            ability: Arc::clone(ability),
        }
    }

    /// About an absolute name, however it is written.
    pub(super) fn question(&self, name: impl Into<String>, kind: RecordKind) -> Question {
        let mut name = name.into();
        name.make_ascii_lowercase();
        Question {
            view: Arc::clone(&self.view),
            name: name.into(),
            kind,
        }
    }
}

/// A look-up under way.
#[derive(Clone, Copy)]
pub(super) struct LookupUnderWay<'a> {
    shared: &'a ViewQuestions,
    asker: &'a Asker,
    until: Instant,
    for_strangers: bool,
}

impl<'a> LookupUnderWay<'a> {
    /// Answers that strangers ask for are not kept: they could fill any cache.
    pub(super) fn new(
        shared: &'a ViewQuestions,
        asker: &'a Asker,
        until: Instant,
        for_strangers: bool,
    ) -> Self {
        Self {
            shared,
            asker,
            until,
            for_strangers,
        }
    }

    /// Asks one question, with the deadline around everything: a family that is not answered takes nothing from the
    /// other one.
    pub(super) async fn ask(self, name: &str, kind: RecordKind) -> Result<RecordSet, LookupFault> {
        if let Some(answer) = by_definition(name, kind) {
            return Ok(answer);
        }
        let question = self.shared.question(name, kind);
        let cache = &self.shared.cache;
        let before = cache.security(&question);
        if let Some(answer) = cache.find(&question, Instant::now().into_std()) {
            return Ok(answer);
        }
        let mut answer = self.in_time(name, kind, None).await?;
        let is_lost = before == Some(Security::Secure) && answer.is_unproven();
        if is_lost && self.shared.is_trusting && !self.shared.ability.settles(self.asker).await {
            answer.security = Security::Unknown;
        } else if !self.for_strangers {
            cache.keep(question, &answer, Instant::now().into_std());
        }
        Ok(answer)
    }

    /// Asks about what is published: a turn for each query beyond the first, for which the caller had his.
    pub(super) async fn ask_published(
        self,
        question: &Question,
        turns: &Turns,
    ) -> Result<RecordSet, LookupFault> {
        if let Some(answer) = by_definition(&question.name, question.kind) {
            return Ok(answer);
        }
        self.in_time(&question.name, question.kind, Some(turns))
            .await
    }

    async fn in_time(
        self,
        name: &str,
        kind: RecordKind,
        turns: Option<&Turns>,
    ) -> Result<RecordSet, LookupFault> {
        let answer = timeout_at(self.until, self.along_aliases(name, kind, turns)).await;
        let answer = answer.unwrap_or_else(|_| {
            let within = self.shared.deadline;
            Err(format!("no answer within {within:?}"))
        });
        let bare = name.trim_end_matches('.');
        answer.map_err(|why| failed(format!("{kind} of {bare}: {why}")))
    }

    async fn along_aliases(
        self,
        name: &str,
        kind: RecordKind,
        turns: Option<&Turns>,
    ) -> Result<RecordSet, String> {
        let permits = match (self.for_strangers, turns) {
            (true, _) => &self.shared.strangers,
            (false, Some(_)) => &self.shared.published,
            (false, None) => &self.shared.permits,
        };
        let _permit = permits.acquire().await;
        let name = Name::from_ascii(name).map_err(|e| format!("no DNS name: {e}"))?;
        let mut chain = AliasChain::new(name, kind);
        for _ in 0..MAX_QUESTIONS {
            let statement = self.asker.ask(chain.end(), record_type(kind)).await?;
            match chain.follow(&statement) {
                AliasStep::Done(answer) => return Ok(answer),
                AliasStep::Ask => {
                    if let Some(turns) = turns {
                        turns.turn(self.for_strangers).await;
                    }
                }
                AliasStep::Astray(why) => return Err(why),
            }
        }
        Err("it leads through too many aliases".to_owned())
    }
}

/// What is known of some names without asking anybody.
fn by_definition(name: &str, kind: RecordKind) -> Option<RecordSet> {
    let is_local = is_local(name);
    let records = match kind {
        _ if is_no_dns_name(name) => Vec::new(),
        _ if !is_local => return None,
        RecordKind::A => vec![Data::Address(Ipv4Addr::LOCALHOST.into())],
        RecordKind::Aaaa => vec![Data::Address(Ipv6Addr::LOCALHOST.into())],
        RecordKind::Mx | RecordKind::Tlsa | RecordKind::Txt | RecordKind::Cname => Vec::new(),
    };
    Some(RecordSet {
        count: records.len(),
        records: records.into(),
        alias_of: None,
        exists: is_local,
        security: Security::Unknown,
        ttl: Duration::ZERO,
        published_ttl: Duration::ZERO,
    })
}
