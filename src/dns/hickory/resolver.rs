//! A view's names to answers: from the hosts file, or completed by the search list and asked for.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::super::cache::{Cache, Question};
use super::super::hosts::HostsFile;
use super::super::lookup::{AddressFamily, AddressRecord, Addresses, Answer, Trail};
use super::super::name_server::NameServer;
use super::super::policy::{Dnssec, Policy};
use super::super::published::Validation;
use super::super::record_set::{Data, RecordKind, RecordSet};
use super::ability::Ability;
use super::asker::Asker;
use super::fault::{failed, not_found};
use super::memory::PublishedMemory;
use super::question::{LookupUnderWay, ViewQuestions};
use super::upstream::Upstream;
use crate::facts::lookup::{Exchanger, LookupFault, Security};

/// The resolver of one view.
pub(super) struct Resolver {
    pub(super) shared: ViewQuestions,
    pub(super) published: Arc<PublishedMemory>,
    known: ViewMemory,
    hosts: Option<HostsFile>,
    upstream: Upstream,
    /// How long a look-up waits for what is published and nobody knows yet; the answer comes all the same.
    pub(super) patience: Duration,
}

/// What is known of a view, which those that follow each other in it share.
#[derive(Clone)]
pub(super) struct ViewMemory {
    /// Under which its answers are kept.
    key: Arc<str>,
    cache: Arc<Cache>,
    ability: Arc<Ability>,
    published: Arc<PublishedMemory>,
    /// Who asks now.
    present: Present,
}

/// The last of those that follow each other, as long as it is wanted.
#[derive(Clone, Default)]
pub(super) struct Present(Arc<Mutex<Weak<Resolver>>>);

impl Present {
    pub(super) fn get(&self) -> Option<Arc<Resolver>> {
        let present = self.0.lock();
        present.unwrap_or_else(PoisonError::into_inner).upgrade()
    }

    fn is(&self, resolver: &Arc<Resolver>) {
        let present = self.0.lock();
        *present.unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(resolver);
    }
}

impl ViewMemory {
    /// Nothing is known yet. No other view has this key.
    pub(super) fn new(key: Arc<str>, cache: &Arc<Cache>, published: &Arc<PublishedMemory>) -> Self {
        Self {
            key,
            cache: Arc::clone(cache),
            ability: Arc::default(),
            published: Arc::clone(published),
            present: Present::default(),
        }
    }
}

impl Resolver {
    /// Who asks from now on, with what is known.
    pub(super) fn new(
        known: ViewMemory,
        policy: &Policy,
        (deadline, patience): (Duration, Duration),
    ) -> Arc<Self> {
        let is_trusting = policy.dnssec == Dnssec::Trust;
        let is_system = policy.servers.contains(&NameServer::System);
        let ViewMemory {
            key,
            cache,
            ability,
            ..
        } = &known;
        let resolver = Arc::new(Self {
            shared: ViewQuestions::new(key, cache, ability, deadline, is_trusting),
            published: Arc::clone(&known.published),
            patience,
            hosts: is_system.then(HostsFile::of_this_machine),
            upstream: Upstream::new(policy.clone(), deadline),
            known,
        });
        resolver.known.present.is(&resolver);
        resolver
    }

    /// What is known, for who asks the same servers in the same manner.
    pub(super) fn known(&self, policy: &Policy) -> Option<&ViewMemory> {
        self.upstream
            .policy()
            .is_same_as(policy)
            .then_some(&self.known)
    }

    /// Who asks now.
    pub(super) fn present(&self) -> &Present {
        &self.known.present
    }

    /// Every address of a name, as it was written.
    pub(super) async fn addresses(
        &self,
        name: &str,
        family: AddressFamily,
        for_strangers: bool,
    ) -> Result<Answer<Addresses>, LookupFault> {
        let listed = self.hosts_file(name, family).await;
        if !listed.records.is_empty() {
            return Ok(Answer::unproven(listed));
        }
        let until = Instant::now() + self.shared.deadline;
        let asker = self.asker(until).await?;
        let asking = LookupUnderWay::new(&self.shared, &asker, until, for_strangers);
        let mut first_fault = None;
        let candidates = asker.search.candidates(name);
        for candidate in &candidates {
            let (_, found) = tokio::join!(self.look(&asker), asked(asking, candidate, family));
            match found {
                Ok(found) if !found.value.records.is_empty() => {
                    return Ok(self.addresses_believed(found));
                }
                Ok(_) => {}
                Err(fault) => {
                    first_fault.get_or_insert(fault);
                }
            }
        }
        let missing = || {
            let name = name.trim_end_matches('.');
            not_found(format!("{name} has no {}", family.records()), &candidates)
        };
        Err(first_fault.unwrap_or_else(missing))
    }

    /// What the hosts file says. As in the C library, a name that stands there is not asked for in DNS.
    async fn hosts_file(&self, name: &str, family: AddressFamily) -> Addresses {
        let listed = match &self.hosts {
            Some(hosts) => hosts.addresses(name).await,
            None => Vec::new(),
        };
        let wanted = listed.into_iter().filter(|address| family.takes(*address));
        let record = |address| AddressRecord { address, ttl: None };
        Addresses {
            records: wanted.map(record).collect(),
            ..Addresses::default()
        }
    }

    /// The MX records of a domain, as it was written.
    pub(super) async fn exchangers(
        &self,
        domain: &str,
        for_strangers: bool,
    ) -> Result<Answer<Vec<Exchanger>>, LookupFault> {
        let until = Instant::now() + self.shared.deadline;
        let asker = self.asker(until).await?;
        let asking = LookupUnderWay::new(&self.shared, &asker, until, for_strangers);
        let (mut first_fault, mut missing) = (None, None);
        let candidates = asker.search.mail_domains(domain);
        for candidate in &candidates {
            let (_, found) = tokio::join!(self.look(&asker), asking.ask(candidate, RecordKind::Mx));
            match found {
                Ok(answer) if !answer.records.is_empty() => {
                    let found = exchangers(&answer);
                    let security = self.believed(found.security);
                    return Ok(Answer { security, ..found });
                }
                Ok(answer) if answer.exists => missing = Some(exchangers(&answer)),
                Ok(answer) => {
                    let fault = leads_nowhere(candidate, &answer, "MX record");
                    first_fault = first_fault.or(fault);
                }
                Err(fault) => first_fault = first_fault.or(Some(fault)),
            }
        }
        match (first_fault, missing) {
            (Some(fault), _) => Err(fault),
            (None, Some(none)) => Ok(none),
            (None, None) => Err(not_found(format!("{domain} does not exist"), &candidates)),
        }
    }

    pub(super) async fn asker(&self, until: Instant) -> Result<Arc<Asker>, LookupFault> {
        let late = |_| failed("its name servers were not found in time".to_owned());
        let asker = timeout_at(until, self.upstream.asker()).await;
        asker.map_err(late)?.map_err(failed)
    }

    /// Where the servers' word on signatures is taken: finds out whether it is worth anything, when that is due.
    async fn look(&self, asker: &Asker) {
        let until = Instant::now() + self.shared.deadline / 2;
        let look = self.shared.ability.look(asker);
        if self.shared.is_trusting && timeout_at(until, look).await == Ok(true) {
            self.shared.cache.forget_unproven(&self.known.key);
            self.published.fresh.forget_unproven(&self.known.key);
        }
    }

    /// Whether its servers validate; asks them when that is due.
    pub(super) async fn validates(&self) -> Validation {
        let until = Instant::now() + self.shared.deadline;
        if self.shared.is_trusting
            && self.shared.ability.may_be_due()
            && let Ok(asker) = self.asker(until).await
        {
            self.look(&asker).await;
        }
        self.validation()
    }

    /// The same as far as it is known.
    pub(super) fn validation(&self) -> Validation {
        match self.shared.is_trusting {
            true => self.shared.ability.known(),
            false => Validation::NotAsked,
        }
    }

    /// A question that is asked of this view.
    pub(super) fn question(&self, name: impl Into<String>, kind: RecordKind) -> Question {
        self.shared.question(name, kind)
    }

    fn addresses_believed(&self, mut found: Answer<Addresses>) -> Answer<Addresses> {
        found.security = self.believed(found.security);
        found.value.trail.best = self.believed(found.value.trail.best);
        found
    }
}

/// The addresses of an absolute name; none if it has none. Half an answer is better than none: the family that
/// resolved is probed.
async fn asked(
    asking: LookupUnderWay<'_>,
    name: &str,
    family: AddressFamily,
) -> Result<Answer<Addresses>, LookupFault> {
    let (v4, v6) = match family {
        AddressFamily::Ipv4 => {
            return whole(name, family, &[asking.ask(name, RecordKind::A).await?]);
        }
        AddressFamily::Ipv6 => {
            return whole(name, family, &[asking.ask(name, RecordKind::Aaaa).await?]);
        }
        AddressFamily::Any => tokio::join!(
            asking.ask(name, RecordKind::A),
            asking.ask(name, RecordKind::Aaaa)
        ),
    };
    let half = |answer: &RecordSet, family, fault| Answer {
        value: Addresses {
            records: addresses(answer).collect(),
            lost: Some((family, fault)),
            trail: trail(name, std::slice::from_ref(answer)),
        },
        security: answer.security,
    };
    match (v4, v6) {
        (Ok(v4), Ok(v6)) => whole(name, family, &[v4, v6]),
        (Ok(v4), Err(fault)) if !v4.records.is_empty() => Ok(half(&v4, AddressFamily::Ipv6, fault)),
        (Err(fault), Ok(v6)) if !v6.records.is_empty() => Ok(half(&v6, AddressFamily::Ipv4, fault)),
        (Err(fault), _) | (_, Err(fault)) => Err(fault),
    }
}

fn whole(
    name: &str,
    family: AddressFamily,
    answers: &[RecordSet],
) -> Result<Answer<Addresses>, LookupFault> {
    // A family that the name lacks takes nothing from the other one.
    let told = answers.iter().filter(|answer| !answer.records.is_empty());
    let security = told.map(|answer| answer.security).reduce(Security::and);
    let records: Vec<_> = answers.iter().flat_map(addresses).collect();
    let nowhere = |answer| leads_nowhere(name, answer, family.records());
    match answers.iter().find_map(nowhere) {
        Some(fault) if records.is_empty() => Err(fault),
        _ => Ok(Answer {
            value: Addresses {
                records,
                lost: None,
                trail: trail(name, answers),
            },
            security: security.unwrap_or_default(),
        }),
    }
}

/// How a name led to the family of which DNSSEC says the better.
fn trail(name: &str, answers: &[RecordSet]) -> Trail {
    let told = answers.iter().filter(|answer| !answer.records.is_empty());
    let best = told.min_by_key(|answer| match answer.security {
        Security::Secure => 0,
        Security::Insecure => 1,
        Security::Unknown => 2,
    });
    Trail {
        name: Some(name.trim_end_matches('.').to_ascii_lowercase().into()),
        end: best.and_then(|answer| answer.alias_of.clone()),
        best: best.map(|answer| answer.security).unwrap_or_default(),
    }
}

/// Of an alias without records: what it leads to. The name itself exists, so it is not called missing.
fn leads_nowhere(name: &str, answer: &RecordSet, wanted: &str) -> Option<LookupFault> {
    let end = answer.alias_of.as_ref()?;
    let name = name.trim_end_matches('.');
    let what = match answer.exists {
        true => format!("has no {wanted}"),
        false => "does not exist".to_owned(),
    };
    Some(failed(format!("{name} is an alias of {end}, which {what}")))
}

fn addresses(answer: &RecordSet) -> impl Iterator<Item = AddressRecord> {
    answer.records.iter().filter_map(|data| match data {
        Data::Address(address) => Some(AddressRecord {
            address: *address,
            ttl: Some(answer.ttl),
        }),
        _ => None,
    })
}

fn exchangers(answer: &RecordSet) -> Answer<Vec<Exchanger>> {
    let exchanger = |data: &Data| match data {
        Data::Exchanger(exchanger) => Some(exchanger.clone()),
        _ => None,
    };
    Answer {
        value: answer.records.iter().filter_map(exchanger).collect(),
        security: answer.security,
    }
}
