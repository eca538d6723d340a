//! [`Lookup`] by hickory-resolver's connections, one resolver a view; nothing outside this folder knows hickory.

mod ability;
mod asker;
mod chain;
mod data;
mod fault;
mod memory;
mod order;
mod proof;
mod published;
mod question;
mod resolver;
mod runtime;
mod server;

pub(super) mod system;
pub(super) mod trust_anchor;
mod upstream;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::cache::Cache;
use super::lookup::{AddressFamily, Addresses, Asking, Lookup};
use super::policy::Policy;
use super::published::{
    AskingPublished, AskingValidation, PublishedRecords, Unanswered, Validation,
};
use super::record_set::{Data, RecordKind};
use crate::facts::lookup::{Exchanger, LookupFault};
use crate::facts::published::TlsaRecord;
use fault::failed;
use memory::PublishedMemory;
use resolver::{Resolver, ViewMemory};

/// Memory for the answers of all views: those of some hundred thousand names.
const MAX_CACHE_BYTES: usize = 32 * 1024 * 1024;

/// So long who looks once waits for a turn: that of some ten thousand questions.
const ONE_LOOK: Duration = Duration::from_secs(600);

/// The resolvers of all views. They share nothing but the memory for answers: a dead one delays no other view.
#[derive(Clone)]
pub struct Resolvers {
    views: Arc<HashMap<Arc<str>, Arc<Resolver>>>,
    cache: Arc<Cache>,
    published: Arc<PublishedMemory>,
    /// How many there were before that share the memory.
    before: u64,
    for_strangers: bool,
}

impl Resolvers {
    /// One resolver for each view. No look-up takes longer than `deadline`; for what is published and not known yet, a
    /// round waits half of that.
    pub fn new<'a>(
        views: impl IntoIterator<Item = (&'a Arc<str>, &'a Policy)>,
        deadline: Duration,
    ) -> Self {
        Self::without_views().with(views, deadline, deadline / 2)
    }

    /// The same for who looks once: what is published is waited for until the question's turn has come.
    pub fn for_one_look<'a>(
        views: impl IntoIterator<Item = (&'a Arc<str>, &'a Policy)>,
        deadline: Duration,
    ) -> Self {
        Self::without_views().with(views, deadline, ONE_LOOK)
    }

    /// Resolvers over other settings. What is known of a view that is the same in both is kept, and kept fresh; whatever
    /// this machine says of its name servers is read again.
    #[must_use]
    pub fn successor<'a>(
        &self,
        views: impl IntoIterator<Item = (&'a Arc<str>, &'a Policy)>,
        deadline: Duration,
    ) -> Self {
        self.with(views, deadline, deadline / 2)
    }

    fn without_views() -> Self {
        Self {
            views: Arc::default(),
            cache: Arc::new(Cache::new(MAX_CACHE_BYTES)),
            published: Arc::default(),
            before: 0,
            for_strangers: false,
        }
    }

    fn with<'a>(
        &self,
        views: impl IntoIterator<Item = (&'a Arc<str>, &'a Policy)>,
        deadline: Duration,
        patience: Duration,
    ) -> Self {
        let resolver = |(name, policy): (&Arc<str>, &Policy)| {
            let resolver = Resolver::new(self.memory(name, policy), policy, (deadline, patience));
            (Arc::clone(name), resolver)
        };
        Self {
            views: Arc::new(views.into_iter().map(resolver).collect()),
            before: self.before + 1,
            ..self.clone()
        }
    }

    /// What is known of a view.
    fn memory(&self, name: &Arc<str>, policy: &Policy) -> ViewMemory {
        let before = self.views.get(name);
        let known = before.and_then(|before| before.known(policy));
        known.cloned().unwrap_or_else(|| {
            // Whoever had the name before may still be asking, and is told other things.
            let key = format!("{name}\n{}", self.before);
            ViewMemory::new(key.into(), &self.cache, &self.published)
        })
    }

    fn view(&self, view: &str) -> Result<&Arc<Resolver>, LookupFault> {
        let resolver = self.views.get(view);
        resolver.ok_or_else(|| failed(format!("there is no view {view}")))
    }

    async fn published<T>(
        &self,
        view: &str,
        name: &str,
        kind: RecordKind,
        pick: impl Fn(&Data) -> Option<T>,
    ) -> Result<PublishedRecords<T>, Unanswered> {
        let resolver = self.view(view).map_err(Unanswered::Failed)?;
        if kind != RecordKind::Txt && resolver.validation() == Validation::NotAsked {
            return Err(Unanswered::NotAsked);
        }
        resolver
            .published(name, kind, self.for_strangers, pick)
            .await
    }
}

impl Lookup for Resolvers {
    fn addresses<'a>(
        &'a self,
        view: &'a str,
        name: &'a str,
        family: AddressFamily,
    ) -> Asking<'a, Addresses> {
        Box::pin(async move {
            let resolver = self.view(view)?;
            resolver.addresses(name, family, self.for_strangers).await
        })
    }

    fn exchangers<'a>(&'a self, view: &'a str, domain: &'a str) -> Asking<'a, Vec<Exchanger>> {
        Box::pin(async move {
            let resolver = self.view(view)?;
            resolver.exchangers(domain, self.for_strangers).await
        })
    }

    fn tlsa<'a>(&'a self, view: &'a str, name: &'a str) -> AskingPublished<'a, TlsaRecord> {
        let pick = |data: &Data| match data {
            Data::Tlsa(record) => Some(record.clone()),
            _ => None,
        };
        Box::pin(self.published(view, name, RecordKind::Tlsa, pick))
    }

    fn texts<'a>(&'a self, view: &'a str, name: &'a str) -> AskingPublished<'a, Box<[u8]>> {
        let pick = |data: &Data| match data {
            Data::Text(text) => Some(text.clone()),
            _ => None,
        };
        Box::pin(self.published(view, name, RecordKind::Txt, pick))
    }

    fn alias<'a>(&'a self, view: &'a str, name: &'a str) -> AskingPublished<'a, Box<str>> {
        let pick = |data: &Data| match data {
            Data::Alias(name) => Some(name.clone()),
            _ => None,
        };
        Box::pin(self.published(view, name, RecordKind::Cname, pick))
    }

    fn validates<'a>(&'a self, view: &'a str) -> AskingValidation<'a> {
        Box::pin(async move {
            match self.views.get(view) {
                Some(resolver) => resolver.validates().await,
                None => Validation::NotAsked,
            }
        })
    }

    fn validation(&self, view: &str) -> Validation {
        let resolver = self.views.get(view);
        resolver
            .map(|resolver| resolver.validation())
            .unwrap_or_default()
    }

    fn for_strangers(&self) -> Option<Arc<dyn Lookup>> {
        Some(Arc::new(Self {
            for_strangers: true,
            ..self.clone()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::Anchors;

    #[tokio::test]
    async fn the_hosts_file_answers_without_dns() {
        let view: Arc<str> = "default".into();
        let policy = Policy::system(Arc::new(Anchors::default()));
        let resolvers = Resolvers::new([(&view, &policy)], Duration::from_secs(1));
        let found = resolvers.addresses("default", "localhost", AddressFamily::Any);
        let found = found.await.unwrap().value;
        assert!(!found.records.is_empty());
        let records = found.records.iter();
        assert!(records.map(|r| r.address).all(|a| a.is_loopback()));
    }
}
