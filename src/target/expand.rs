//! A target and DNS answers to endpoints, and what could not be found; asks only through [`Lookup`].

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{DEFAULT_VIEW, Endpoint, Offer, Place, Source};
use crate::dns::{Lookup, LookupFault};
use crate::name::Host;

/// What a target comes to in one view.
#[derive(Debug, Clone)]
pub struct Expansion {
    /// The view.
    pub view: Arc<str>,
    /// Every address and port; empty when the names were not found.
    pub endpoints: Vec<Arc<Endpoint>>,
    /// How long the look-ups took; `None` when there was nothing to look up.
    pub resolving: Option<Duration>,
    /// Why the names were not found.
    pub fault: Option<LookupFault>,
}

/// Finds every endpoint of a target.
pub async fn expand(source: &Source, lookup: &impl Lookup) -> Expansion {
    let begun = Instant::now();
    let (found, resolving) = match &source.place {
        Place::Addresses(addresses) => (Ok(addresses.clone()), None),
        Place::Host(Host::Address(address)) => (Ok(vec![*address]), None),
        Place::Host(Host::Name(name)) => {
            let found = lookup.addresses(name).await;
            (found, Some(begun.elapsed()))
        }
    };
    let (addresses, fault) = match found {
        Ok(addresses) => (addresses, None),
        Err(fault) => (Vec::new(), Some(fault)),
    };
    let view: Arc<str> = DEFAULT_VIEW.into();
    Expansion {
        endpoints: endpoints(source, &view, addresses),
        view,
        resolving,
        fault,
    }
}

fn endpoints(source: &Source, view: &Arc<str>, mut addresses: Vec<IpAddr>) -> Vec<Arc<Endpoint>> {
    addresses.sort_unstable();
    addresses.dedup();
    let target: Arc<str> = source.name.as_str().into();
    let one = |address: IpAddr, port: u16, offer: Offer| {
        let host = source.host.as_ref();
        Arc::new(Endpoint {
            target: Arc::clone(&target),
            host: host
                .map_or_else(|| address.to_string(), Host::to_string)
                .into(),
            port,
            view: Arc::clone(view),
            address,
            offer,
            mode: source.mode_on(port),
            server_name: source.server_name.clone(),
        })
    };
    let mut endpoints = Vec::new();
    for address in addresses {
        for port in &source.ports {
            endpoints.extend(source.offers.iter().map(|o| one(address, *port, *o)));
        }
    }
    endpoints
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::reason::Reason;
    use crate::smtp::Mode;

    struct Map(BTreeMap<&'static str, Vec<&'static str>>);

    impl Lookup for Map {
        async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, LookupFault> {
            let found = self.0.get(name).ok_or_else(|| LookupFault {
                reason: Reason::DnsNotFound,
                detail: "no such name".into(),
            })?;
            Ok(found.iter().map(|a| a.parse().unwrap()).collect())
        }
    }

    fn source(place: Place) -> Source {
        Source {
            name: "relay".into(),
            host: match &place {
                Place::Host(host) => Some(host.clone()),
                Place::Addresses(_) => None,
            },
            place,
            ports: vec![25, 465],
            offers: vec![Offer::Any],
            mode: None,
            server_name: None,
            labels: BTreeMap::new(),
        }
    }

    async fn expanded(place: Place) -> Expansion {
        let map = Map(BTreeMap::from([(
            "mx.bears.test",
            vec!["2001:db8::1", "192.0.2.1", "192.0.2.1"],
        )]));
        expand(&source(place), &map).await
    }

    #[tokio::test]
    async fn every_address_and_port_is_an_endpoint() {
        let found = expanded(Place::Host(Host::parse("mx.bears.test").unwrap())).await;
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
        let found = expand(&source, &Map(BTreeMap::new())).await;
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
        let found = expanded(Place::Host(Host::parse("gone.bears.test").unwrap())).await;
        assert!(found.endpoints.is_empty());
        assert_eq!(found.fault.unwrap().reason, Reason::DnsNotFound);
    }

    #[tokio::test]
    async fn fixed_addresses_ask_nobody() {
        let found = expanded(Place::Addresses(vec!["192.0.2.9".parse().unwrap()])).await;
        assert_eq!(found.endpoints.len(), 2);
        assert_eq!(&*found.endpoints[0].host, "192.0.2.9");
    }
}
