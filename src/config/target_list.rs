//! A list of targets, our own and Prometheus' groups of hosts, each name once; knows no key of a target but its place.

use std::collections::HashMap;
use std::sync::Arc;

use super::host::usable;
use super::keys;
use super::labels::labels;
use super::targets::{Common, target};
use super::trust::TrustStores;
use crate::endpoint::{Place, Source};
use crate::name::{Host, HostError};
use crate::plain::plain;
use crate::watch::Watched;
use crate::yaml::{Document, KeyPath, Problem, Value};

/// A target, and where it was read.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) watched: Watched,
    pub(super) path: KeyPath,
    /// Of a group: a host with labels, which may be listed more than once.
    is_discovered: bool,
}

/// What a list comes to: a bad entry costs none of the others.
#[derive(Debug, Default)]
pub(super) struct TargetList {
    pub(super) good: Vec<Listed>,
    pub(super) bad: Vec<Problem>,
}

/// Reads `targets:`, which may not be empty and in which every mistake counts.
pub(super) fn read(
    document: &Document,
    value: &Value<'_>,
    common: &Common,
    stores: &mut TrustStores,
) -> Result<Vec<Watched>, Problem> {
    let list = listed(value, common, stores)?;
    if let Some(problem) = list.bad.into_iter().next() {
        return Err(problem);
    }
    let (mut names, mut watched) = (Names::default(), Vec::new());
    for one in list.good {
        let path = one.path.clone();
        match names.admit(one) {
            Admitted::New(one) => watched.push(one),
            Admitted::Again => {}
            Admitted::Clash { name, first } => {
                let line = document.line(&first).unwrap_or_default();
                let message = format!(
                    "a second target '{name}' (the first is in line {line}), expected a unique name"
                );
                return Err(Problem { path, message });
            }
        }
    }
    if watched.is_empty() {
        return Err(value.problem("empty, expected at least one target"));
    }
    Ok(watched)
}

/// Reads a list of targets. Beside our own ones there may be groups as in Prometheus' `file_sd_config`.
pub(super) fn listed(
    value: &Value<'_>,
    common: &Common,
    stores: &mut TrustStores,
) -> Result<TargetList, Problem> {
    let mut list = TargetList::default();
    for item in value.list()? {
        if let Err(problem) = one(&item, common, stores, &mut list) {
            list.bad.push(problem);
        }
    }
    Ok(list)
}

/// One item of the list: a target, or a map with `targets` and `labels` only.
fn one(
    item: &Value<'_>,
    common: &Common,
    stores: &mut TrustStores,
    list: &mut TargetList,
) -> Result<(), Problem> {
    let mut fields = item.fields()?;
    let Some(hosts) = fields.take("targets") else {
        list.good.push(Listed {
            watched: target(item, common.clone(), stores)?,
            path: item.path().clone(),
            is_discovered: false,
        });
        return Ok(());
    };
    let mut common = common.clone();
    if let Some(value) = fields.take("labels") {
        // Labels with two underscores are for Prometheus' relabelling, and not for series.
        let own = |(name, _): &(&str, _)| !name.starts_with("__");
        let entries = value.entries()?.into_iter().filter(own);
        common.labels.extend(labels(entries)?);
    }
    fields.finish(&keys::GROUP.names())?;
    for host in hosts.list_or_one()? {
        match discovered(&host, common.clone()) {
            Ok(watched) => list.good.push(Listed {
                watched,
                path: host.path().clone(),
                is_discovered: true,
            }),
            Err(problem) => list.bad.push(problem),
        }
    }
    Ok(())
}

/// A target that is only a host or a mail domain, with or without a port.
fn discovered(value: &Value<'_>, common: Common) -> Result<Watched, Problem> {
    let expected = "a host or IP address, or mx:DOMAIN, with or without a port";
    let (place, port) = value.parsed_by(discovered_place, expected)?;
    let host = match &place {
        Place::Host(host) => Some(usable(value, host.clone())?),
        Place::Mx(_) | Place::Addresses(_) => None,
    };
    common.finds(&place).map_err(|why| value.problem(why))?;
    let ports = port.map_or_else(|| common.ports.clone(), |port| vec![port]);
    Ok(Watched {
        source: Arc::new(Source {
            name: value.text()?.to_owned(),
            server_name: host.clone(),
            host,
            place,
            ports,
            offers: common.offers,
            mode: common.mode,
            proxy_protocol: common.proxy_protocol,
            views: common.views,
            labels: common.labels,
        }),
        expectations: common.expect.expectations,
        client_certificate: common.client_certificate,
    })
}

fn discovered_place(text: &str) -> Result<(Place, Option<u16>), HostError> {
    let Some(domain) = text.strip_prefix("mx:") else {
        let (host, port) = Host::parse_with_port(text)?;
        return Ok((Place::Host(host), port));
    };
    match Host::parse_with_port(domain)? {
        (Host::Name(domain), port) => Ok((Place::Mx(domain), port)),
        // An address has no MX records.
        (Host::Address(_), _) => Err(HostError::Malformed(text.to_owned())),
    }
}

/// The names that are taken, each by the target that came first.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<String, (Arc<Source>, KeyPath, bool)>);

/// What becomes of a target beside those before it.
pub(super) enum Admitted {
    /// Its name, or the one it got, is free.
    New(Watched),
    /// The very same was there before.
    Again,
    /// Another has the name.
    Clash { name: String, first: KeyPath },
}

impl Names {
    /// A target whose name is taken already, by one that keeps it.
    pub(super) fn take(&mut self, watched: &Watched) {
        let source = Arc::clone(&watched.source);
        let name = source.name.clone();
        self.0.insert(name, (source, KeyPath::default(), false));
    }

    /// Of a host that stands in several groups with other labels, the second is named with what differs.
    pub(super) fn admit(&mut self, listed: Listed) -> Admitted {
        let Listed {
            mut watched,
            path,
            is_discovered,
        } = listed;
        let name = &watched.source.name;
        if let Some((first, at, is_group)) = self.0.get(name) {
            let both = is_discovered && *is_group;
            if both && **first == *watched.source {
                return Admitted::Again;
            }
            let other = name_by_difference(first, &watched.source);
            let is_free = self.0.get(&other).map(|(taken, ..)| &taken.labels);
            match is_free {
                Some(labels) if both && *labels == watched.source.labels => return Admitted::Again,
                None if both => Arc::make_mut(&mut watched.source).name = other,
                _ => {
                    return Admitted::Clash {
                        name: name.clone(),
                        first: at.clone(),
                    };
                }
            }
        }
        let source = Arc::clone(&watched.source);
        let name = source.name.clone();
        self.0.insert(name, (source, path, is_discovered));
        Admitted::New(watched)
    }
}

/// `mail.example.com:25 (team=b)`.
fn name_by_difference(first: &Source, second: &Source) -> String {
    let none = String::new();
    let mut differing: Vec<_> = first.labels.keys().chain(second.labels.keys()).collect();
    differing.sort_unstable();
    differing.dedup();
    let differing: Vec<String> = differing
        .into_iter()
        .map(|key| (key, first.labels.get(key), second.labels.get(key)))
        .filter(|(_, one, other)| one != other)
        .map(|(key, _, other)| format!("{key}={}", other.unwrap_or(&none)))
        .collect();
    let name = format!("{} ({})", second.name, differing.join(", "));
    plain(&name, 200)
}
