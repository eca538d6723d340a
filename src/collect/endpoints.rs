//! Addresses of a target to its endpoints: one for each port and offer; asks nobody.

use std::sync::Arc;

use crate::endpoint::{Endpoint, LookupView, Offer, Place, Source};
use crate::name::Host;

/// The endpoints of a target at these addresses, which are a host's if one is named.
pub(super) fn endpoints(
    source: &Source,
    vantage: &LookupView,
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
            proxy_protocol: source.proxy_protocol,
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
