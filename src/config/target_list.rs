//! A list of targets, our own and Prometheus' groups of hosts, each name once; knows no key of a target but its place.

use std::collections::HashMap;
use std::sync::Arc;

use super::document::Document;
use super::place::Path;
use super::reader::{Problem, Value};
use super::targets::{Common, labels, target, usable};
use super::trust::TrustStores;
use crate::name::Host;
use crate::round::Watched;
use crate::target::{Place, Source};

/// Reads `targets:`, which may not be empty.
pub(super) fn read(
    document: &Document,
    value: &Value<'_>,
    common: &Common,
    stores: &mut TrustStores,
) -> Result<Vec<Watched>, Problem> {
    let watched = listed(document, value, common, stores)?;
    if watched.is_empty() {
        return Err(value.problem("empty, expected at least one target"));
    }
    Ok(watched)
}

/// Reads a list of targets. Beside our own ones there may be groups as in Prometheus' `file_sd_config`.
pub(super) fn listed(
    document: &Document,
    value: &Value<'_>,
    common: &Common,
    stores: &mut TrustStores,
) -> Result<Vec<Watched>, Problem> {
    let mut seen: HashMap<String, Path> = HashMap::new();
    let mut watched = Vec::new();
    for item in value.list()? {
        for (at, one) in group(&item, common, stores)? {
            let name = one.source.name.clone();
            if let Some(first) = seen.insert(name.clone(), at.path().clone()) {
                let line = document.line(&first).unwrap_or_default();
                return Err(at.problem(format!(
                    "a second target '{name}' (the first is in line {line}), expected a unique name"
                )));
            }
            watched.push(one);
        }
    }
    Ok(watched)
}

/// One item of the list: a target, or a map with `targets` and `labels` only.
fn group<'a>(
    item: &Value<'a>,
    common: &Common,
    stores: &mut TrustStores,
) -> Result<Vec<(Value<'a>, Watched)>, Problem> {
    let mut fields = item.fields()?;
    let Some(addresses) = fields.take("targets") else {
        let one = target(item, common.clone(), stores)?;
        return Ok(vec![(item.clone(), one)]);
    };
    let mut common = common.clone();
    if let Some(value) = fields.take("labels") {
        // Labels with two underscores are for Prometheus' relabelling, and not for series.
        let own = |(name, _): &(&str, _)| !name.starts_with("__");
        let entries = value.entries()?.into_iter().filter(own);
        common.labels.extend(labels(entries)?);
    }
    fields.finish(&["targets", "labels"])?;
    let read = |value: Value<'a>| discovered(&value, common.clone()).map(|one| (value, one));
    addresses.list()?.into_iter().map(read).collect()
}

/// A target that is only a host, with or without a port.
fn discovered(value: &Value<'_>, common: Common) -> Result<Watched, Problem> {
    let expected = "a host or IP address, with or without a port";
    let (host, port) = value.parsed_by(Host::parse_with_port, expected)?;
    let host = usable(value, host)?;
    let place = Place::Host(host.clone());
    let ports = port.map_or_else(|| common.ports.clone(), |port| vec![port]);
    Ok(Watched {
        source: Arc::new(Source {
            name: value.text()?.to_owned(),
            server_name: Some(host.clone()),
            host: Some(host),
            place,
            ports,
            offers: common.offers,
            mode: common.mode,
            views: common.views,
            labels: common.labels,
        }),
        expectations: Arc::new(common.expect.expectations),
        client_certificate: common.client_certificate,
    })
}
