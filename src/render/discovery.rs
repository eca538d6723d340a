//! Configured targets to the JSON that Prometheus' http_sd reads, for those who want one /probe scrape a target.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Serialize;

use super::json;
use crate::endpoint::{Place, Source};
use crate::name::Host;
use crate::smtp::Mode;

#[derive(Serialize)]
struct Group<'a> {
    targets: Vec<String>,
    labels: BTreeMap<&'a str, &'a str>,
}

/// One group for each target and way of beginning TLS. The labels that begin with two underscores are for
/// relabelling, and become parameters of /probe.
pub fn discovery<'a>(targets: impl Iterator<Item = &'a Source>) -> String {
    let groups: Vec<_> = targets
        .flat_map(|source| [Mode::StartTls, Mode::Implicit].map(|mode| group(source, mode)))
        .flatten()
        .collect();
    json::pretty(&groups)
}

fn group(source: &Source, mode: Mode) -> Option<Group<'_>> {
    let ports = source.ports.iter();
    let ports: Vec<_> = ports
        .filter(|port| source.mode_on(**port) == mode)
        .collect();
    let targets: Vec<_> = match &source.place {
        // Its hosts are found by /probe.
        Place::Mx(domain) => ports.iter().map(|p| format!("mx:{domain}:{p}")).collect(),
        Place::Host(host) => ports.iter().map(|port| at(host, **port)).collect(),
        Place::Addresses(addresses) => addresses
            .iter()
            .flat_map(|address| {
                ports
                    .iter()
                    .map(|p| SocketAddr::new(*address, **p).to_string())
            })
            .collect(),
    };
    let mut labels: BTreeMap<_, _> = source
        .labels
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    labels.insert("__meta_smtp_tls_target", &source.name);
    labels.insert(
        "__param_module",
        match mode {
            Mode::StartTls => "smtp",
            Mode::Implicit => "smtps",
        },
    );
    if let Some(name) = source.server_name.as_ref().and_then(Host::name) {
        labels.insert("__param_hostname", name);
    }
    (!targets.is_empty()).then_some(Group { targets, labels })
}

fn at(host: &Host, port: u16) -> String {
    match host {
        Host::Name(name) => format!("{name}:{port}"),
        Host::Address(address) => SocketAddr::new(*address, port).to_string(),
    }
}
