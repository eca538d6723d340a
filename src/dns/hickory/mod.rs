//! [`Lookup`] by hickory-resolver's connections, one resolver a view; nothing outside this folder knows hickory.

mod asker;
mod chain;
mod fault;
mod order;
mod proof;
mod question;
mod resolver;
mod runtime;
mod server;
mod system;
pub(super) mod trust_anchor;
mod upstream;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::cache::Cache;
use super::lookup::{AddressFamily, Addresses, Asking, Lookup};
use super::policy::Policy;
use crate::facts::lookup::{Exchanger, LookupFault};
use fault::failed;
use resolver::Resolver;

/// Memory for the answers of all views: those of some hundred thousand names.
const MAX_CACHE_BYTES: usize = 32 * 1024 * 1024;

/// The resolvers of all views. They share nothing but the memory for answers: a dead one delays no other view.
#[derive(Clone)]
pub struct Resolvers {
    views: Arc<HashMap<Arc<str>, Resolver>>,
    for_strangers: bool,
}

impl Resolvers {
    /// One resolver for each view. No look-up takes longer than `deadline`.
    pub fn new<'a>(
        views: impl IntoIterator<Item = (&'a Arc<str>, &'a Policy)>,
        deadline: Duration,
    ) -> Self {
        let cache = Arc::new(Cache::new(MAX_CACHE_BYTES));
        let resolver = |(name, policy): (&Arc<str>, &Policy)| {
            let resolver = Resolver::new(name, policy, deadline, &cache);
            (Arc::clone(name), resolver)
        };
        Self {
            views: Arc::new(views.into_iter().map(resolver).collect()),
            for_strangers: false,
        }
    }

    fn view(&self, view: &str) -> Result<&Resolver, LookupFault> {
        let resolver = self.views.get(view);
        resolver.ok_or_else(|| failed(format!("there is no view {view}")))
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
