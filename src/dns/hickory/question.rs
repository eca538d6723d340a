//! A question for one absolute name and kind of records to its answer: from the cache, or asked along the aliases.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::proto::rr::Name;
use tokio::time::{Instant, timeout_at};

use super::super::LookupFault;
use super::super::cache::Question;
use super::super::record_set::{Data, Kind, RecordSet};
use super::super::search::{is_local, is_no_dns_name};
use super::asker::Asker;
use super::chain::{Chain, Step, record_type};
use super::failed;
use super::resolver::Resolver;
use crate::facts::lookup::Security;

/// How often an answer may say that another name has to be asked for.
const MAX_QUESTIONS: usize = 8;

/// A look-up under way.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    resolver: &'a Resolver,
    asker: &'a Asker,
    until: Instant,
    for_strangers: bool,
}

impl<'a> Asking<'a> {
    /// Answers that strangers ask for are not kept: they could fill any cache.
    pub(super) fn new(
        resolver: &'a Resolver,
        asker: &'a Asker,
        until: Instant,
        for_strangers: bool,
    ) -> Self {
        Self {
            resolver,
            asker,
            until,
            for_strangers,
        }
    }

    /// Asks one question, with the deadline around everything: a family that is not answered takes nothing from the
    /// other one.
    pub(super) async fn ask(self, name: &str, kind: Kind) -> Result<RecordSet, LookupFault> {
        if let Some(answer) = by_definition(name, kind) {
            return Ok(answer);
        }
        let question = Question {
            view: Arc::clone(&self.resolver.view),
            name: name.to_ascii_lowercase().into(),
            kind,
        };
        let cache = &self.resolver.cache;
        if let Some(answer) = cache.find(&question, Instant::now().into_std()) {
            return Ok(answer);
        }
        let answer = timeout_at(self.until, self.along_aliases(name, kind)).await;
        let answer = answer.unwrap_or_else(|_| {
            let within = self.resolver.deadline;
            Err(format!("no answer within {within:?}"))
        });
        let bare = name.trim_end_matches('.');
        let answer = answer.map_err(|why| failed(format!("{kind} of {bare}: {why}")))?;
        if !self.for_strangers {
            cache.keep(question, &answer, Instant::now().into_std());
        }
        Ok(answer)
    }

    async fn along_aliases(self, name: &str, kind: Kind) -> Result<RecordSet, String> {
        let permits = match self.for_strangers {
            true => &self.resolver.strangers,
            false => &self.resolver.permits,
        };
        let _permit = permits.acquire().await;
        let name = Name::from_ascii(name).map_err(|e| format!("no DNS name: {e}"))?;
        let mut chain = Chain::new(name, kind);
        for _ in 0..MAX_QUESTIONS {
            let statement = self.asker.ask(chain.end(), record_type(kind)).await?;
            match chain.follow(&statement) {
                Step::Done(answer) => return Ok(answer),
                Step::Ask => {}
                Step::Astray(why) => return Err(why),
            }
        }
        Err("it leads through too many aliases".to_owned())
    }
}

/// What is known of some names without asking anybody.
fn by_definition(name: &str, kind: Kind) -> Option<RecordSet> {
    let is_local = is_local(name);
    let records = match kind {
        _ if is_no_dns_name(name) => Vec::new(),
        _ if !is_local => return None,
        Kind::A => vec![Data::Address(Ipv4Addr::LOCALHOST.into())],
        Kind::Aaaa => vec![Data::Address(Ipv6Addr::LOCALHOST.into())],
        Kind::Mx => Vec::new(),
    };
    Some(RecordSet {
        records: records.into(),
        alias_of: None,
        exists: is_local,
        security: Security::Unknown,
        ttl: Duration::ZERO,
    })
}
