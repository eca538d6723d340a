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
use super::asker::Asker;
use super::chain::{AliasChain, AliasStep, record_type};
use super::fault::failed;
use crate::facts::lookup::{LookupFault, Security};

/// How often an answer may say that another name has to be asked for.
const MAX_QUESTIONS: usize = 8;

/// Questions at once in a view; more wait. Each takes up to six sockets while servers keep silent.
pub(super) const MAX_LOOKUPS: usize = 96;
/// The same for names that strangers ask for.
const MAX_LOOKUPS_OF_STRANGERS: usize = 32;

/// What all questions of one view share.
pub(super) struct ViewQuestions {
    view: Arc<str>,
    cache: Arc<Cache>,
    permits: Semaphore,
    strangers: Semaphore,
    /// The longest that a look-up takes.
    pub(super) deadline: Duration,
}

impl ViewQuestions {
    pub(super) fn new(view: &Arc<str>, cache: &Arc<Cache>, deadline: Duration) -> Self {
        Self {
            view: Arc::clone(view),
            cache: Arc::clone(cache),
            permits: Semaphore::new(MAX_LOOKUPS),
            strangers: Semaphore::new(MAX_LOOKUPS_OF_STRANGERS),
            deadline,
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
        let question = Question {
            view: Arc::clone(&self.shared.view),
            name: name.to_ascii_lowercase().into(),
            kind,
        };
        let cache = &self.shared.cache;
        if let Some(answer) = cache.find(&question, Instant::now().into_std()) {
            return Ok(answer);
        }
        let answer = timeout_at(self.until, self.along_aliases(name, kind)).await;
        let answer = answer.unwrap_or_else(|_| {
            let within = self.shared.deadline;
            Err(format!("no answer within {within:?}"))
        });
        let bare = name.trim_end_matches('.');
        let answer = answer.map_err(|why| failed(format!("{kind} of {bare}: {why}")))?;
        if !self.for_strangers {
            cache.keep(question, &answer, Instant::now().into_std());
        }
        Ok(answer)
    }

    async fn along_aliases(self, name: &str, kind: RecordKind) -> Result<RecordSet, String> {
        let permits = match self.for_strangers {
            true => &self.shared.strangers,
            false => &self.shared.permits,
        };
        let _permit = permits.acquire().await;
        let name = Name::from_ascii(name).map_err(|e| format!("no DNS name: {e}"))?;
        let mut chain = AliasChain::new(name, kind);
        for _ in 0..MAX_QUESTIONS {
            let statement = self.asker.ask(chain.end(), record_type(kind)).await?;
            match chain.follow(&statement) {
                AliasStep::Done(answer) => return Ok(answer),
                AliasStep::Ask => {}
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
        RecordKind::Mx => Vec::new(),
    };
    Some(RecordSet {
        records: records.into(),
        alias_of: None,
        exists: is_local,
        security: Security::Unknown,
        ttl: Duration::ZERO,
    })
}
