//! A target and DNS answers to endpoints, and what could not be found; asks only through [`Lookup`].

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{Endpoint, Offer, Place, Source, Vantage, mail_domain};
use crate::dns::{Addresses, Exchanger, Lookup, LookupFault};
use crate::name::Host;
use crate::reason::Reason;

/// Most addresses of a name that are probed; real ones have up to a dozen.
const MAX_ADDRESSES: usize = 100;

/// What a target comes to in one view.
#[derive(Debug, Clone)]
pub struct Expansion {
    /// The view.
    pub view: Arc<str>,
    /// Every address and port that was found just now.
    pub endpoints: Vec<Arc<Endpoint>>,
    /// The endpoints of hosts that were found before but not now.
    pub last_known: Vec<Arc<Endpoint>>,
    /// The MX hosts of a mail domain.
    pub exchangers: Vec<Exchanger>,
    /// How long the look-ups took; `None` when there was nothing to look up.
    pub resolving: Option<Duration>,
    /// Why names were not found: the first of them.
    pub fault: Option<LookupFault>,
    missing: Missing,
}

/// Which hosts were not found.
#[derive(Debug, Clone)]
enum Missing {
    /// These.
    Hosts(Vec<String>),
    /// Not even which hosts there are.
    All,
}

impl Expansion {
    fn new(vantage: &Vantage) -> Self {
        Self {
            view: Arc::clone(&vantage.name),
            endpoints: Vec::new(),
            last_known: Vec::new(),
            exchangers: Vec::new(),
            resolving: None,
            fault: None,
            missing: Missing::Hosts(Vec::new()),
        }
    }

    /// What a view comes to in which nothing could be found.
    pub fn failed(vantage: &Vantage, fault: LookupFault) -> Self {
        let mut failed = Self::new(vantage);
        failed.missing = Missing::All;
        failed.fail(fault);
        failed
    }

    /// All endpoints to probe.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.endpoints.iter().chain(&self.last_known)
    }

    /// Keeps of an earlier expansion what was not found this time: servers run on while DNS fails.
    pub fn remember(&mut self, earlier: &Self) {
        let missing = |host: &str| match &self.missing {
            Missing::All => true,
            Missing::Hosts(hosts) => hosts.iter().any(|h| h == host),
        };
        let lost = earlier.all().filter(|endpoint| missing(&endpoint.host));
        let kept = lost.filter(|endpoint| !self.endpoints.contains(endpoint));
        self.last_known = kept.cloned().collect();
        if matches!(self.missing, Missing::All) {
            self.exchangers.clone_from(&earlier.exchangers);
        }
    }

    fn fail(&mut self, fault: LookupFault) {
        self.fault.get_or_insert(fault);
    }

    /// Adds a host's endpoints, or why there are none.
    fn add(
        &mut self,
        source: &Source,
        vantage: &Vantage,
        host: &str,
        found: Result<Addresses, LookupFault>,
    ) {
        match found {
            Ok(found) => {
                let records = found.records.iter();
                let mut addresses: Vec<_> = records.map(|record| record.address).collect();
                addresses.sort_unstable();
                addresses.dedup();
                if addresses.len() > MAX_ADDRESSES {
                    self.fail(too_many(host, addresses.len()));
                    addresses.truncate(MAX_ADDRESSES);
                }
                let addresses = addresses.into_iter().map(Host::from);
                self.endpoints
                    .extend(endpoints(source, vantage, Some(host), addresses));
            }
            Err(fault) => {
                self.fail(fault);
                if let Missing::Hosts(hosts) = &mut self.missing {
                    hosts.push(host.to_owned());
                }
            }
        }
    }
}

fn too_many(host: &str, count: usize) -> LookupFault {
    LookupFault {
        reason: Reason::TooManyAnswers,
        detail: format!("{host} has {count} addresses; the first {MAX_ADDRESSES} are probed"),
    }
}

/// Finds every endpoint of a target in a view.
pub async fn expand<L: Lookup + 'static>(
    source: &Source,
    vantage: &Vantage,
    lookup: &Arc<L>,
) -> Expansion {
    let mut found = Expansion::new(vantage);
    let begun = Instant::now();
    match &source.place {
        Place::Addresses(addresses) => fixed(source, vantage, None, addresses, &mut found),
        Place::Host(Host::Address(address)) => {
            let host = address.to_string();
            fixed(source, vantage, Some(&host), &[*address], &mut found);
        }
        Place::Host(Host::Name(name)) => {
            find(source, vantage, lookup, vec![name.clone()], &mut found).await;
            found.resolving = Some(begun.elapsed());
        }
        Place::Mx(domain) => {
            mail_hosts(source, vantage, lookup, domain, &mut found).await;
            found.resolving = Some(begun.elapsed());
        }
    }
    found
}

/// Addresses that nobody has to be asked for, as far as the view reaches them.
fn fixed(
    source: &Source,
    vantage: &Vantage,
    host: Option<&str>,
    addresses: &[IpAddr],
    found: &mut Expansion,
) {
    let mut wanted: Vec<IpAddr> = addresses.to_vec();
    wanted.retain(|address| vantage.family.takes(*address));
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        found.fail(LookupFault {
            reason: Reason::DnsNotFound,
            detail: "none of its addresses is of this view's family".to_owned(),
        });
    }
    let wanted = wanted.into_iter().map(Host::from);
    found.endpoints = endpoints(source, vantage, host, wanted);
}

async fn mail_hosts<L: Lookup + 'static>(
    source: &Source,
    vantage: &Vantage,
    lookup: &Arc<L>,
    domain: &str,
    found: &mut Expansion,
) {
    match lookup.exchangers(&vantage.name, domain).await {
        Ok(records) => {
            let read = mail_domain::hosts(domain, records);
            let names = read.hosts.iter().map(|e| e.host.clone()).collect();
            found.exchangers = read.hosts;
            find(source, vantage, lookup, names, found).await;
            if let Some(fault) = read.fault {
                found.fail(fault);
            }
        }
        Err(fault) => {
            found.fail(fault);
            found.missing = Missing::All;
        }
    }
}

/// Looks all names up at once, so that one that hangs delays no other; adds them in the order given.
async fn find<L: Lookup + 'static>(
    source: &Source,
    vantage: &Vantage,
    lookup: &Arc<L>,
    names: Vec<String>,
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
        let asked = as_asked(source, &name);
        asking.spawn(async move {
            let found = lookup.addresses(&vantage.name, &asked, vantage.family);
            let answer = found.await;
            (nth, name, answer)
        });
    }
    let mut answers = asking.join_all().await;
    answers.sort_by_key(|(nth, ..)| *nth);
    for (_, name, answer) in answers {
        found.add(source, vantage, &name, answer);
    }
}

/// The hosts of a mail domain are complete names (RFC 5321 §2.3.5): no search list leads a stranger's record elsewhere.
fn as_asked(source: &Source, name: &str) -> String {
    match &source.place {
        Place::Mx(domain) if domain != name || name.contains('.') => format!("{name}."),
        _ => name.to_owned(),
    }
}

fn endpoints(
    source: &Source,
    vantage: &Vantage,
    host: Option<&str>,
    addresses: impl Iterator<Item = Host>,
) -> Vec<Arc<Endpoint>> {
    let target: Arc<str> = source.name.as_str().into();
    let configured = source.host.as_ref().map(Host::to_string);
    let label = configured.as_deref().or(host);
    let server_name = match (&source.server_name, host) {
        (None, Some(host)) if matches!(source.place, Place::Mx(_)) => Host::parse(host).ok(),
        (name, _) => name.clone(),
    };
    let one = |address: &Host, port: u16, offer: Offer| {
        Arc::new(Endpoint {
            target: Arc::clone(&target),
            host: label
                .map_or_else(|| address.to_string(), str::to_owned)
                .into(),
            port,
            view: Arc::clone(&vantage.name),
            address: address.clone(),
            offer,
            mode: source.mode_on(port),
            server_name: server_name.clone(),
        })
    };
    let mut endpoints = Vec::new();
    for address in addresses {
        for port in &source.ports {
            endpoints.extend(source.offers.iter().map(|o| one(&address, *port, *o)));
        }
    }
    endpoints
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::dns::{AddressRecord, Family};
    use crate::smtp::Mode;

    /// Addresses and MX records by name; what is not there does not exist.
    #[derive(Default)]
    struct Map {
        addresses: BTreeMap<&'static str, Vec<&'static str>>,
        exchangers: BTreeMap<&'static str, Vec<(u16, &'static str)>>,
    }

    fn not_found() -> LookupFault {
        LookupFault {
            reason: Reason::DnsNotFound,
            detail: "no such name".into(),
        }
    }

    impl Lookup for Map {
        async fn addresses(
            &self,
            _view: &str,
            name: &str,
            family: Family,
        ) -> Result<Addresses, LookupFault> {
            let name = name.trim_end_matches('.');
            let found = self.addresses.get(name).ok_or_else(not_found)?;
            let found = found.iter().map(|a| a.parse().unwrap());
            let records = found
                .filter(|a| family.takes(*a))
                .map(|address| AddressRecord { address, ttl: None });
            Ok(Addresses {
                records: records.collect(),
                lost: None,
            })
        }

        async fn exchangers(
            &self,
            _view: &str,
            domain: &str,
        ) -> Result<Vec<Exchanger>, LookupFault> {
            let found = self.exchangers.get(domain).ok_or_else(not_found)?;
            let exchanger = |(preference, host): &(u16, &str)| Exchanger {
                preference: *preference,
                host: (*host).to_owned(),
            };
            Ok(found.iter().map(exchanger).collect())
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
        }
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
            server_name: None,
            views: vec!["default".into()],
            labels: BTreeMap::new(),
        }
    }

    fn vantage(family: Family) -> Vantage {
        Vantage {
            name: "default".into(),
            family,
            proxied_names: false,
        }
    }

    fn host(name: &str) -> Place {
        Place::Host(Host::parse(name).unwrap())
    }

    async fn expanded(place: Place) -> Expansion {
        expand(&source(place), &vantage(Family::Any), &Arc::new(map())).await
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
        let found = expand(&source, &vantage(Family::Any), &Arc::new(map())).await;
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
        let nobody = Arc::new(Map::default());
        let found = expand(&source(place), &vantage(Family::Ipv6), &nobody).await;
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
        assert_eq!(found.exchangers[0].preference, 10);
        let implicit = expanded(Place::Mx("cave.test".into())).await;
        assert_eq!(addresses(&implicit), ["192.0.2.7:25", "192.0.2.7:465"]);
    }

    #[tokio::test]
    async fn a_proxy_is_handed_the_name() {
        let vantage = Vantage {
            proxied_names: true,
            ..vantage(Family::Any)
        };
        let nobody = Arc::new(Map::default());
        let found = expand(&source(host("mx.bears.test")), &vantage, &nobody).await;
        assert_eq!(addresses(&found), ["mx.bears.test:25", "mx.bears.test:465"]);
    }

    #[tokio::test]
    async fn what_was_found_before_is_remembered_host_by_host() {
        let source = source(Place::Mx("bears.test".into()));
        let vantage = vantage(Family::Any);
        let before = expand(&source, &vantage, &Arc::new(map())).await;
        let mut half = map();
        half.addresses.remove("mx.bears.test");
        let mut now = expand(&source, &vantage, &Arc::new(half)).await;
        now.remember(&before);
        assert_eq!(addresses(&now), ["192.0.2.2:25", "192.0.2.2:465"]);
        assert_eq!(now.last_known.len(), 4);
        assert_eq!(now.fault.as_ref().unwrap().reason, Reason::DnsNotFound);
        let mut later = expand(&source, &vantage, &Arc::new(Map::default())).await;
        later.remember(&now);
        assert_eq!((later.endpoints.len(), later.last_known.len()), (0, 6));
        assert_eq!(later.exchangers.len(), 2);
        let mut again = expand(&source, &vantage, &Arc::new(map())).await;
        again.remember(&later);
        assert_eq!((again.endpoints.len(), again.last_known.len()), (6, 0));
    }
}
