//! A target and DNS answers to endpoints, and what could not be found; asks only through [`Lookup`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::dane::{self, AskingDane, Hop};
use super::endpoints::endpoints;
use super::extent::Extent;
use super::host::FoundHost;
use super::mail_domain;
use super::shortcomings::{summed_up, unusable};
use crate::dns::{Addresses, Answer, Lookup, LookupFault};
use crate::endpoint::{Endpoint, LookupView, Place, Source, is_unusable};
use crate::facts::domain::{DomainFacts, DomainKey};
use crate::facts::host::{HostFacts, HostKey};
use crate::facts::published::DaneFacts;
use crate::name::Host;
use crate::reason::Reason;
use crate::timestamp::Timestamp;

/// What a target comes to in one view.
#[derive(Debug, Clone)]
pub struct Expansion {
    /// The view.
    pub view: Arc<str>,
    /// Every address and port that was found just now.
    pub endpoints: Vec<Arc<Endpoint>>,
    /// Those that were found before but not now.
    pub last_known: Vec<Arc<Endpoint>>,
    /// What is known of the mail domain, if the target is one.
    pub domain: Option<DomainFacts>,
    /// How long the look-ups took; `None` when there was nothing to look up.
    pub resolving: Option<Duration>,
    /// How much was found.
    pub extent: Extent,
    /// Why not all was found: the worst of the reasons, with the evidence for all of them.
    pub fault: Option<LookupFault>,
    /// Addresses that were found, but are no server's.
    pub unusable: Vec<IpAddr>,
    /// What is known of each host that was asked for.
    hosts: BTreeMap<String, FoundHost>,
    /// Not even the hosts are known.
    is_blind: bool,
    faults: Vec<(Extent, LookupFault)>,
}

impl Expansion {
    fn new(vantage: &LookupView) -> Self {
        Self {
            view: Arc::clone(&vantage.name),
            endpoints: Vec::new(),
            last_known: Vec::new(),
            domain: None,
            resolving: None,
            extent: Extent::Whole,
            fault: None,
            unusable: Vec::new(),
            hosts: BTreeMap::new(),
            is_blind: false,
            faults: Vec::new(),
        }
    }

    /// What a view comes to in which nothing could be found.
    pub fn failed(vantage: &LookupView, fault: LookupFault) -> Self {
        let mut failed = Self::new(vantage);
        failed.is_blind = true;
        failed.fail(Extent::Part, fault);
        failed.sum_up();
        failed
    }

    /// All endpoints to probe.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.endpoints.iter().chain(&self.last_known)
    }

    /// Keeps what was found before and may still be true: servers run on while DNS fails, and a name with many
    /// addresses hands out some of them each time.
    pub fn remember(
        &mut self,
        source: &Source,
        vantage: &LookupView,
        earlier: Option<&Self>,
        now: Timestamp,
    ) {
        if let (true, Some(earlier)) = (self.is_blind, earlier) {
            if let (Some(domain), Some(earlier)) = (&mut self.domain, &earlier.domain) {
                domain.exchangers.clone_from(&earlier.exchangers);
            }
            let unasked = |host: &String| (host.clone(), FoundHost::unasked(self.fault.as_ref()));
            self.hosts = earlier.hosts.keys().map(unasked).collect();
        }
        for (host, found) in &mut self.hosts {
            found.remember(earlier.and_then(|earlier| earlier.hosts.get(host)), now);
            let last_known = found.last_known();
            let wanted = last_known.filter(|address| vantage.family.takes(*address));
            let last_known = endpoints(source, vantage, Some(host), wanted.map(Host::from));
            self.last_known.extend(last_known);
        }
    }

    /// What is known of each host that was asked for, by the ports on which it takes mail.
    pub fn hosts(&self, source: &Source) -> impl Iterator<Item = (HostKey, HostFacts)> {
        let target: Arc<str> = source.name.as_str().into();
        let ways = self
            .hosts
            .iter()
            .flat_map(|way| source.ports.iter().map(move |port| (way, *port)));
        ways.map(move |((host, found), port)| {
            let key = HostKey {
                target: Arc::clone(&target),
                host: host.as_str().into(),
                port,
                view: Arc::clone(&self.view),
            };
            (key, found.facts(port))
        })
    }

    /// Whether both say the same of the same hosts; when it was seen does not count.
    pub fn has_the_hosts_of(&self, other: &Self) -> bool {
        let mut both = self.hosts.values().zip(other.hosts.values());
        self.hosts.keys().eq(other.hosts.keys()) && both.all(|(one, other)| one.is_same_as(other))
    }

    /// What senders that do DANE learn of the host of an endpoint, if anybody asked.
    pub fn dane(&self, endpoint: &Endpoint) -> Option<&Arc<DaneFacts>> {
        self.hosts.get(&*endpoint.host)?.dane(endpoint.port)
    }

    /// What is known of the mail domain, if the target is one.
    pub fn domain(&self, source: &Source) -> Option<(DomainKey, DomainFacts)> {
        let (Place::Mx(domain), Some(facts)) = (&source.place, &self.domain) else {
            return None;
        };
        let key = DomainKey {
            target: source.name.as_str().into(),
            domain: domain.as_str().into(),
            view: Arc::clone(&self.view),
        };
        Some((key, facts.clone()))
    }

    fn fail(&mut self, extent: Extent, fault: LookupFault) {
        self.faults.push((extent, fault));
    }

    /// Adds a host's endpoints, or why there are none.
    fn add(
        &mut self,
        source: &Source,
        vantage: &LookupView,
        host: String,
        found: Result<Answer<Addresses>, LookupFault>,
        dane: BTreeMap<u16, Arc<DaneFacts>>,
    ) {
        let (mut found, faults) = FoundHost::new(&host, found);
        found.publishes(dane);
        self.faults.extend(faults);
        let addresses = found.addresses().map(Host::from);
        self.endpoints
            .extend(endpoints(source, vantage, Some(&host), addresses));
        self.unusable.extend(found.unusable());
        self.hosts.insert(host, found);
    }

    /// Adds what is published about a host whose addresses are listed: DNS is not asked where it is, only how far it is
    /// signed.
    async fn listed(
        &mut self,
        source: &Source,
        vantage: &LookupView,
        lookup: &Arc<dyn Lookup>,
        host: &str,
    ) {
        let answer = lookup.addresses(&vantage.name, host, vantage.family).await;
        let asking = AskingDane::new(&**lookup, &vantage.name, host);
        let dane = dane::facts(asking, &source.ports, &Hop::configured(), &answer).await;
        if !dane.is_empty() {
            self.hosts
                .insert(host.to_owned(), FoundHost::listed(&answer, dane));
        }
    }

    /// Finds the one reason for all that is missing.
    fn sum_up(&mut self) {
        if let Some((worst, fault)) = summed_up(std::mem::take(&mut self.faults)) {
            self.extent = match self.endpoints.is_empty() {
                true => Extent::Nothing,
                false => worst,
            };
            self.fault = Some(fault);
        }
    }
}

/// Finds every endpoint of a target in a view; with `asks_dane` also what senders that do DANE learn of its hosts, where
/// the view can tell.
pub async fn expand(
    source: &Source,
    vantage: &LookupView,
    lookup: &Arc<dyn Lookup>,
    asks_dane: bool,
) -> Expansion {
    let mut found = Expansion::new(vantage);
    let begun = tokio::time::Instant::now();
    match &source.place {
        Place::Addresses(addresses) => {
            fixed(source, vantage, None, addresses, &mut found);
            if let (true, Some(Host::Name(name))) = (asks_dane, &source.host) {
                found.listed(source, vantage, lookup, name).await;
            }
        }
        Place::Host(Host::Address(address)) => {
            let host = address.to_string();
            fixed(source, vantage, Some(&host), &[*address], &mut found);
        }
        Place::Host(Host::Name(name)) => {
            let hop = asks_dane.then(Hop::configured);
            find(source, vantage, lookup, vec![name.clone()], hop, &mut found).await;
            found.resolving = Some(begun.elapsed());
        }
        Place::Mx(domain) => {
            mail_hosts(source, vantage, lookup, domain, asks_dane, &mut found).await;
            found.resolving = Some(begun.elapsed());
        }
    }
    found.sum_up();
    found
}

/// Addresses that nobody has to be asked for, as far as the view reaches them.
fn fixed(
    source: &Source,
    vantage: &LookupView,
    host: Option<&str>,
    addresses: &[IpAddr],
    found: &mut Expansion,
) {
    let mut wanted: Vec<IpAddr> = addresses.to_vec();
    wanted.retain(|address| vantage.family.takes(*address));
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        let fault = LookupFault {
            reason: Reason::DnsNotFound,
            detail: "none of its addresses is of this view's family".to_owned(),
        };
        found.fail(Extent::Part, fault);
    }
    let (none, wanted): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|a| is_unusable(*a));
    if !none.is_empty() {
        found.fail(Extent::Half, unusable(&source.name, &none));
        found.unusable = none;
    }
    let wanted = wanted.into_iter().map(Host::from);
    found.endpoints = endpoints(source, vantage, host, wanted);
}

async fn mail_hosts(
    source: &Source,
    vantage: &LookupView,
    lookup: &Arc<dyn Lookup>,
    domain: &str,
    asks_dane: bool,
    found: &mut Expansion,
) {
    match lookup.exchangers(&vantage.name, domain).await {
        Ok(Answer { value, security }) => {
            let hop = asks_dane.then(|| Hop {
                security: (!value.is_empty()).then_some(security),
                mail_domain: Some(domain.trim_end_matches('.').into()),
            });
            let read = mail_domain::hosts(domain, value);
            let names = read.hosts.iter().map(|e| e.host.clone()).collect();
            found.domain = Some(DomainFacts {
                exchangers: read.hosts,
                security,
                fault: read.fault.clone(),
                ..DomainFacts::default()
            });
            find(source, vantage, lookup, names, hop, found).await;
            if let Some(fault) = read.fault {
                found.fail(Extent::Part, fault);
            }
        }
        Err(fault) => {
            found.domain = Some(DomainFacts {
                fault: Some(fault.clone()),
                ..DomainFacts::default()
            });
            found.fail(Extent::Part, fault);
            found.is_blind = true;
        }
    }
}

/// Looks all names up at once, so that one that hangs delays no other; adds them in the order given.
async fn find(
    source: &Source,
    vantage: &LookupView,
    lookup: &Arc<dyn Lookup>,
    names: Vec<String>,
    hop: Option<Hop>,
    found: &mut Expansion,
) {
    if vantage.proxied_names {
        for name in names {
            let address = std::iter::once(Host::Name(name.clone()));
            found
                .endpoints
                .extend(endpoints(source, vantage, Some(&name), address));
        }
        return;
    }
    let mut asking = JoinSet::new();
    for (nth, name) in names.into_iter().enumerate() {
        let (lookup, vantage) = (Arc::clone(lookup), vantage.clone());
        let asked = mail_domain::as_asked(source, &name);
        let (ports, hop) = (source.ports.clone(), hop.clone());
        asking.spawn(async move {
            let found = lookup.addresses(&vantage.name, &asked, vantage.family);
            let answer = found.await;
            let dane = match &hop {
                Some(hop) => {
                    let asking = AskingDane::new(&*lookup, &vantage.name, &name);
                    dane::facts(asking, &ports, hop, &answer).await
                }
                None => BTreeMap::new(),
            };
            (nth, name, answer, dane)
        });
    }
    let mut answers = asking.join_all().await;
    answers.sort_by_key(|(nth, ..)| *nth);
    for (_, name, answer, dane) in answers {
        found.add(source, vantage, name, answer, dane);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::future::ready;

    use super::*;
    use crate::dns::{AddressFamily, AddressRecord, Asking, Exchanger};
    use crate::endpoint::{Offer, ProxyProtocol};
    use crate::smtp::Mode;

    /// Addresses and MX records by name; what is not there does not exist.
    #[derive(Default)]
    struct Map {
        addresses: BTreeMap<&'static str, Vec<&'static str>>,
        exchangers: BTreeMap<&'static str, Vec<(u16, &'static str)>>,
        /// Fails for every name.
        broken: Option<AddressFamily>,
        /// In seconds.
        ttl: u64,
    }

    fn fault(reason: Reason, detail: &str) -> LookupFault {
        let detail = detail.to_owned();
        LookupFault { reason, detail }
    }

    fn not_found() -> LookupFault {
        fault(Reason::DnsNotFound, "no such name")
    }

    impl Lookup for Map {
        fn addresses<'a>(
            &'a self,
            _view: &'a str,
            name: &'a str,
            family: AddressFamily,
        ) -> Asking<'a, Addresses> {
            Box::pin(ready(self.told(name, family)))
        }

        fn exchangers<'a>(&'a self, _view: &'a str, domain: &'a str) -> Asking<'a, Vec<Exchanger>> {
            Box::pin(ready(self.received(domain)))
        }
    }

    impl Map {
        fn told(
            &self,
            name: &str,
            family: AddressFamily,
        ) -> Result<Answer<Addresses>, LookupFault> {
            let name = name.trim_end_matches('.');
            let found = self.addresses.get(name).ok_or_else(not_found)?;
            let found = found.iter().map(|a| a.parse().unwrap());
            let is_told = |a: &IpAddr| family.takes(*a) && self.broken.is_none_or(|f| !f.takes(*a));
            let ttl = Some(Duration::from_secs(self.ttl));
            let records = found.filter(is_told);
            let lost = |family| (family, fault(Reason::DnsError, "SERVFAIL"));
            Ok(Answer::unproven(Addresses {
                records: records
                    .map(|address| AddressRecord { address, ttl })
                    .collect(),
                lost: self.broken.map(lost),
                ..Addresses::default()
            }))
        }

        fn received(&self, domain: &str) -> Result<Answer<Vec<Exchanger>>, LookupFault> {
            let found = self.exchangers.get(domain).ok_or_else(not_found)?;
            let exchanger = |(preference, host): &(u16, &str)| Exchanger {
                preference: *preference,
                host: (*host).to_owned(),
            };
            Ok(Answer::unproven(found.iter().map(exchanger).collect()))
        }
    }

    fn map() -> Map {
        Map {
            addresses: BTreeMap::from([
                (
                    "mx.bears.test",
                    vec!["2001:db8::1", "192.0.2.1", "192.0.2.1"],
                ),
                ("mx2.bears.test", vec!["192.0.2.2"]),
                ("cave.test", vec!["192.0.2.7"]),
            ]),
            exchangers: BTreeMap::from([
                (
                    "bears.test",
                    vec![(20, "mx2.bears.test"), (10, "mx.bears.test")],
                ),
                ("cave.test", vec![]),
            ]),
            ..Map::default()
        }
    }

    fn known(map: Map) -> Arc<dyn Lookup> {
        Arc::new(map)
    }

    fn source(place: Place) -> Source {
        Source {
            name: "relay".into(),
            host: match &place {
                Place::Host(host) => Some(host.clone()),
                Place::Addresses(_) | Place::Mx(_) => None,
            },
            place,
            ports: vec![25, 465],
            offers: vec![Offer::Any],
            mode: None,
            proxy_protocol: ProxyProtocol::Off,
            server_name: None,
            views: vec!["default".into()],
            labels: BTreeMap::new(),
        }
    }

    fn vantage(family: AddressFamily) -> LookupView {
        LookupView {
            name: "default".into(),
            family,
            proxied_names: false,
        }
    }

    fn host(name: &str) -> Place {
        Place::Host(Host::parse(name).unwrap())
    }

    async fn expanded(place: Place) -> Expansion {
        expand(
            &source(place),
            &vantage(AddressFamily::Any),
            &known(map()),
            false,
        )
        .await
    }

    fn addresses(found: &Expansion) -> Vec<String> {
        found.endpoints.iter().map(|e| e.at()).collect()
    }

    #[tokio::test]
    async fn every_address_and_port_is_an_endpoint() {
        let found = expanded(host("mx.bears.test")).await;
        let seen: Vec<_> = found
            .endpoints
            .iter()
            .map(|e| (e.address.to_string(), e.port, e.mode, e.host.to_string()))
            .collect();
        let host = "mx.bears.test".to_owned();
        assert_eq!(
            seen,
            [
                ("192.0.2.1".into(), 25, Mode::StartTls, host.clone()),
                ("192.0.2.1".into(), 465, Mode::Implicit, host.clone()),
                ("2001:db8::1".into(), 25, Mode::StartTls, host.clone()),
                ("2001:db8::1".into(), 465, Mode::Implicit, host),
            ]
        );
        assert_eq!(found.fault, None);
    }

    #[tokio::test]
    async fn every_offer_is_an_endpoint_of_its_own() {
        let mut source = source(Place::Addresses(vec!["192.0.2.9".parse().unwrap()]));
        source.offers = vec![Offer::Rsa, Offer::Ecdsa];
        let found = expand(&source, &vantage(AddressFamily::Any), &known(map()), false).await;
        let seen: Vec<_> = found.endpoints.iter().map(|e| (e.port, e.offer)).collect();
        assert_eq!(
            seen,
            [
                (25, Offer::Rsa),
                (25, Offer::Ecdsa),
                (465, Offer::Rsa),
                (465, Offer::Ecdsa)
            ]
        );
    }

    #[tokio::test]
    async fn a_missing_name_is_a_fact_not_an_error() {
        let found = expanded(host("gone.bears.test")).await;
        assert!(found.endpoints.is_empty());
        assert_eq!(found.fault.unwrap().reason, Reason::DnsNotFound);
    }

    #[tokio::test]
    async fn fixed_addresses_ask_nobody() {
        let place = Place::Addresses(vec!["192.0.2.9".parse().unwrap()]);
        let found = expanded(place.clone()).await;
        assert_eq!(found.endpoints.len(), 2);
        assert_eq!(&*found.endpoints[0].host, "192.0.2.9");
        let nobody = known(Map::default());
        let found = expand(
            &source(place),
            &vantage(AddressFamily::Ipv6),
            &nobody,
            false,
        )
        .await;
        assert!(found.endpoints.is_empty() && found.fault.is_some());
    }

    #[tokio::test]
    async fn a_mail_domain_comes_to_its_hosts_each_with_its_own_name() {
        let found = expanded(Place::Mx("bears.test".into())).await;
        let seen: Vec<_> = found
            .endpoints
            .iter()
            .filter(|e| e.port == 25)
            .map(|e| (e.at(), e.host.to_string(), e.server_name.clone()))
            .collect();
        let named = |name: &str| (name.to_owned(), Host::parse(name).ok());
        let (first, second) = (named("mx.bears.test"), named("mx2.bears.test"));
        assert_eq!(
            seen,
            [
                ("192.0.2.1:25".into(), first.0.clone(), first.1.clone()),
                ("[2001:db8::1]:25".into(), first.0, first.1),
                ("192.0.2.2:25".into(), second.0, second.1),
            ]
        );
        assert_eq!(found.domain.unwrap().exchangers[0].preference, 10);
        let implicit = expanded(Place::Mx("cave.test".into())).await;
        assert_eq!(addresses(&implicit), ["192.0.2.7:25", "192.0.2.7:465"]);
    }

    #[tokio::test]
    async fn a_proxy_is_handed_the_name() {
        let vantage = LookupView {
            proxied_names: true,
            ..vantage(AddressFamily::Any)
        };
        let nobody = known(Map::default());
        let found = expand(&source(host("mx.bears.test")), &vantage, &nobody, false).await;
        assert_eq!(addresses(&found), ["mx.bears.test:25", "mx.bears.test:465"]);
    }

    /// What a target comes to when DNS answers differently one after the other, so many seconds apart.
    async fn over_time(place: Place, answers: Vec<(i64, Map)>) -> Expansion {
        let (source, vantage) = (source(place), vantage(AddressFamily::Any));
        let mut last: Option<Expansion> = None;
        for (at, map) in answers {
            let mut found = expand(&source, &vantage, &known(map), false).await;
            found.remember(&source, &vantage, last.as_ref(), Timestamp(at));
            last = Some(found);
        }
        last.unwrap()
    }

    fn last_known(found: &Expansion) -> Vec<String> {
        let smtp = found.last_known.iter().filter(|e| e.port == 25);
        smtp.map(|e| e.at()).collect()
    }

    #[tokio::test]
    async fn what_was_found_before_is_remembered_host_by_host() {
        const DAY: i64 = 86_400;
        let place = || Place::Mx("bears.test".into());
        let half = || {
            let mut half = map();
            half.addresses.remove("mx.bears.test");
            half
        };
        let now = over_time(place(), vec![(0, map()), (DAY, half())]).await;
        assert_eq!(addresses(&now), ["192.0.2.2:25", "192.0.2.2:465"]);
        assert_eq!(last_known(&now), ["192.0.2.1:25", "[2001:db8::1]:25"]);
        assert_eq!(now.fault.as_ref().unwrap().reason, Reason::DnsNotFound);
        assert_eq!(now.extent, Extent::Part);
        let answers = vec![(0, map()), (DAY, half()), (2 * DAY, Map::default())];
        let later = over_time(place(), answers).await;
        assert_eq!((later.endpoints.len(), later.last_known.len()), (0, 6));
        assert_eq!(
            (later.domain.unwrap().exchangers.len(), later.extent),
            (2, Extent::Nothing)
        );
        let answers = vec![(0, map()), (DAY, Map::default()), (2 * DAY, map())];
        let again = over_time(place(), answers).await;
        assert_eq!((again.endpoints.len(), again.last_known.len()), (6, 0));
        assert_eq!(again.extent, Extent::Whole);
    }

    #[tokio::test]
    async fn half_an_answer_loses_no_endpoint() {
        let broken = |family| Map {
            broken: Some(family),
            ..map()
        };
        for (place, others) in [
            (host("mx.bears.test"), 0),
            (Place::Mx("bears.test".into()), 1),
        ] {
            let answers = vec![(0, map()), (86_400, broken(AddressFamily::Ipv6))];
            let found = over_time(place.clone(), answers).await;
            assert_eq!(last_known(&found), ["[2001:db8::1]:25"]);
            assert_eq!(found.endpoints.len(), 2 * (1 + others));
            assert_eq!(found.extent, Extent::Half);
            let told = found.fault.unwrap();
            assert_eq!(told.reason, Reason::DnsError);
            let begin = "IPv6 addresses of mx.bears.test unknown: SERVFAIL";
            assert!(told.detail.starts_with(begin), "{}", told.detail);
            let first = over_time(place, vec![(0, broken(AddressFamily::Ipv4))]).await;
            assert!(first.last_known.is_empty() && first.fault.is_some());
        }
        let answers = vec![
            (0, map()),
            (86_400, broken(AddressFamily::Ipv4)),
            (86_401, map()),
        ];
        let whole = over_time(host("mx.bears.test"), answers).await;
        assert_eq!((whole.last_known.len(), whole.fault), (0, None));
    }

    fn rotating(ttl: u64, addresses: &[&'static str]) -> Map {
        Map {
            addresses: BTreeMap::from([("pool.test", addresses.to_vec())]),
            ttl,
            ..Map::default()
        }
    }

    #[tokio::test]
    async fn an_address_stays_for_sixty_ttls() {
        for (ttl, kept) in [(0, 300), (5, 300), (10, 600), (60, 3600), (86_400, 3600)] {
            for (after, is_known) in [(kept - 1, true), (kept, false)] {
                let first = (0, rotating(ttl, &["192.0.2.1", "192.0.2.2"]));
                let then = (after, rotating(ttl, &["192.0.2.2"]));
                let found = over_time(host("pool.test"), vec![first, then]).await;
                assert_eq!(!found.last_known.is_empty(), is_known, "{ttl} {after}");
                assert_eq!((found.fault, found.extent), (None, Extent::Whole));
            }
        }
    }

    #[tokio::test]
    async fn what_rotates_is_bounded_and_one_big_answer_is_probed() {
        let v4: Vec<&'static str> = (0..200u8)
            .map(|n| &*Box::leak(format!("192.0.2.{n}").into_boxed_str()))
            .collect();
        let turns = (0..).zip(v4.chunks(8));
        let answers = turns.map(|(n, some)| (n, rotating(60, some))).collect();
        let found = over_time(host("pool.test"), answers).await;
        assert_eq!(found.all().filter(|e| e.port == 25).count(), 64);
        assert_eq!(found.endpoints[0].at(), "192.0.2.192:25");
        assert!(last_known(&found).contains(&"192.0.2.191:25".to_owned()));
        let answers = vec![
            (0, rotating(60, &v4[..90])),
            (1, rotating(60, &v4[90..180])),
        ];
        let found = over_time(host("pool.test"), answers).await;
        assert_eq!((found.endpoints.len(), found.last_known.len()), (180, 0));
        let found = over_time(host("pool.test"), vec![(0, rotating(60, &v4))]).await;
        assert_eq!((found.endpoints.len(), found.extent), (200, Extent::Half));
        assert_eq!(found.fault.unwrap().reason, Reason::TooManyAnswers);
    }

    #[tokio::test]
    async fn addresses_that_are_none_are_not_endpoints() {
        let good = || (0, rotating(60, &["192.0.2.1", "2001:db8::1"]));
        let reason = |found: &Expansion| found.fault.as_ref().map(|f| f.reason);
        let filtered = (9999, rotating(60, &["0.0.0.0", "::"]));
        let found = over_time(host("pool.test"), vec![good(), filtered]).await;
        assert_eq!(reason(&found), Some(Reason::AddressUnusable));
        assert_eq!((found.endpoints.len(), found.last_known.len()), (0, 4));
        let filtered = (9999, rotating(60, &["0.0.0.0", "2001:db8::1"]));
        let found = over_time(host("pool.test"), vec![good(), filtered]).await;
        assert_eq!(last_known(&found), ["192.0.2.1:25"]);
        assert_eq!(found.extent, Extent::Half);
        let beside = rotating(60, &["192.0.2.1", "224.0.0.1", "::ffff:0.0.0.0"]);
        let found = over_time(host("pool.test"), vec![(0, beside)]).await;
        assert_eq!(addresses(&found), ["192.0.2.1:25", "192.0.2.1:465"]);
        assert_eq!(reason(&found), Some(Reason::AddressUnusable));
        let fixed = ["255.255.255.255", "192.0.2.9"].map(|a| a.parse().unwrap());
        let found = expanded(Place::Addresses(fixed.to_vec())).await;
        assert_eq!(found.endpoints.len(), 2);
        assert_eq!(reason(&found), Some(Reason::AddressUnusable));
    }
}
