//! `targets:` and `defaults:` to what is probed and what is expected of it.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use super::document::Document;
use super::expect::{CHECK_WORDS, Expect};
use super::file::UNSUPPORTED;
use super::place::Path;
use super::reader::{Fields, Problem, Value};
use super::trust::TrustStores;
use super::views::Views;
use crate::name::Host;
use crate::pki::Anchors;
use crate::render::RESERVED_LABELS;
use crate::round::Watched;
use crate::smtp::Mode;
use crate::target::{DEFAULT_VIEW, Place, Source};
use crate::verdict::CHECKS;

const COMMON_KEYS: [&str; 6] = ["ports", "tls", "views", "labels", "expect", "checks"];
const TARGET_KEYS: [&str; 11] = [
    "name",
    "host",
    "mx",
    "addresses",
    "server_name",
    "ports",
    "tls",
    "views",
    "labels",
    "expect",
    "checks",
];

/// What can be said for all targets and for each.
#[derive(Debug, Clone)]
pub(super) struct Common {
    ports: Vec<u16>,
    mode: Option<Mode>,
    known_views: Views,
    views: Vec<Arc<str>>,
    labels: BTreeMap<String, String>,
    expect: Expect,
}

impl Common {
    pub(super) fn new(roots: Arc<Anchors>, known_views: Views) -> Self {
        Self {
            ports: vec![25],
            mode: None,
            known_views,
            views: vec![DEFAULT_VIEW.into()],
            labels: BTreeMap::new(),
            expect: Expect::new(roots),
        }
    }

    /// Reads `defaults:`.
    pub(super) fn defaults_section(
        &mut self,
        section: &Value<'_>,
        stores: &mut TrustStores,
    ) -> Result<(), Problem> {
        let mut fields = section.fields()?;
        self.take_from(&mut fields, stores)?;
        fields.finish(&COMMON_KEYS)
    }

    /// Overrides what the map says; labels, expectations and checks are merged key by key.
    fn take_from(
        &mut self,
        fields: &mut Fields<'_>,
        stores: &mut TrustStores,
    ) -> Result<(), Problem> {
        refuse_later(fields)?;
        if let Some(value) = fields.take("ports") {
            self.ports = ports(&value)?;
        }
        if let Some(value) = fields.take("tls") {
            let words = [("starttls", Mode::StartTls), ("implicit", Mode::Implicit)];
            self.mode = Some(value.choice(&words)?);
        }
        if let Some(value) = fields.take("views") {
            self.views = distinct(&value, |v| self.known_views.named(v))?;
        }
        if let Some(value) = fields.take("labels") {
            self.labels.extend(labels(value.entries()?)?);
        }
        if let Some(value) = fields.take("expect") {
            self.expect.take_from(&value, stores)?;
        }
        if let Some(value) = fields.take("checks") {
            self.checks(&value)?;
        }
        Ok(())
    }

    /// A view of the target in which no MX records are found.
    fn without_exchangers(&self) -> Option<&Arc<str>> {
        let mut views = self.views.iter();
        views.find(|view| !self.known_views.finds_exchangers(view))
    }

    fn checks(&mut self, section: &Value<'_>) -> Result<(), Problem> {
        let mut fields = section.fields()?;
        for check in CHECKS {
            let Some(value) = fields.take(check.name) else {
                continue;
            };
            if value.choice(&CHECK_WORDS)? {
                self.expect.expectations.switched_off.remove(check.name);
            } else {
                self.expect.expectations.switched_off.insert(check.name);
            }
        }
        let names: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
        fields.finish(&names)
    }
}

fn refuse_later(fields: &mut Fields<'_>) -> Result<(), Problem> {
    fields.refuse("client_certificate", UNSUPPORTED)?;
    let offers = fields.take("offers").map(|value| value.list_or_one());
    for word in offers.transpose()?.unwrap_or_default() {
        if word.text()? != "any" {
            return Err(word.problem(format!("{UNSUPPORTED}, expected any")));
        }
    }
    Ok(())
}

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
    let place = Place::Host(host.clone());
    let ports = port.map_or_else(|| common.ports.clone(), |port| vec![port]);
    Ok(Watched {
        source: Arc::new(Source {
            name: value.text()?.to_owned(),
            server_name: Some(host.clone()),
            host: Some(host),
            place,
            ports,
            mode: common.mode,
            views: common.views,
            labels: common.labels,
        }),
        expectations: Arc::new(common.expect.expectations),
    })
}

fn target(
    value: &Value<'_>,
    mut common: Common,
    stores: &mut TrustStores,
) -> Result<Watched, Problem> {
    let mut fields = value.fields()?;
    let host = fields.take("host").map(|v| host(&v)).transpose()?;
    let place = place(&mut fields, host.as_ref())?;
    let name = match fields.take("name") {
        Some(value) => value.parsed_by(target_name, "a name of 1 to 200 characters")?,
        None => default_name(&place, host.as_ref()),
    };
    let server_name = match fields.take("server_name") {
        Some(value) => Some(self::host(&value)?),
        None => host.clone(),
    };
    common.take_from(&mut fields, stores)?;
    if let (Place::Mx(_), Some(view)) = (&place, common.without_exchangers()) {
        let why = format!(
            "in view {view} names are found by a proxy, which knows no MX records, expected a view with resolvers"
        );
        return Err(fields.problem(why));
    }
    fields.finish(&TARGET_KEYS)?;
    Ok(Watched {
        source: Arc::new(Source {
            name,
            host,
            place,
            ports: common.ports,
            mode: common.mode,
            server_name,
            views: common.views,
            labels: common.labels,
        }),
        expectations: Arc::new(common.expect.expectations),
    })
}

/// `mx`, `addresses` or `host`; a host beside addresses only names the server.
fn place(fields: &mut Fields<'_>, host: Option<&Host>) -> Result<Place, Problem> {
    let addresses = fields
        .take("addresses")
        .map(|v| addresses(&v))
        .transpose()?;
    if let Some(value) = fields.take("mx") {
        if host.is_some() || addresses.is_some() {
            return Err(value.problem("beside host or addresses, expected it alone"));
        }
        return match self::host(&value)? {
            Host::Name(domain) => Ok(Place::Mx(domain)),
            Host::Address(_) => Err(value.problem("an address, expected a mail domain")),
        };
    }
    match (addresses, host) {
        (Some(addresses), _) => Ok(Place::Addresses(addresses)),
        (None, Some(host)) => Ok(Place::Host(host.clone())),
        (None, None) => Err(fields.problem("nothing to probe, expected host, mx or addresses")),
    }
}

pub(super) fn host(value: &Value<'_>) -> Result<Host, Problem> {
    value.parsed_by(Host::parse, "a host name or IP address without port")
}

fn target_name(text: &str) -> Result<String, &'static str> {
    let length = text.chars().count();
    if (1..=200).contains(&length) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err("is no name for a target")
    }
}

fn default_name(place: &Place, host: Option<&Host>) -> String {
    match (host, place) {
        (Some(host), _) | (None, Place::Host(host)) => host.to_string(),
        (None, Place::Mx(domain)) => format!("mx:{domain}"),
        (None, Place::Addresses(addresses)) => {
            let first = addresses.first().map(ToString::to_string);
            first.unwrap_or_default()
        }
    }
}

fn addresses(value: &Value<'_>) -> Result<Vec<IpAddr>, Problem> {
    let expected = "an IP address without port";
    distinct(value, |v| v.parsed_by(str::parse::<IpAddr>, expected))
}

fn ports(value: &Value<'_>) -> Result<Vec<u16>, Problem> {
    distinct(value, |v| v.integer_in(1..=u16::MAX, "port"))
}

/// A list, or one item in its place: not empty, and nothing twice.
fn distinct<T: PartialEq>(
    value: &Value<'_>,
    read: impl Fn(&Value<'_>) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    let mut items = Vec::new();
    for one in value.list_or_one()? {
        let item = read(&one)?;
        if items.contains(&item) {
            return Err(one.problem("listed twice, expected it once"));
        }
        items.push(item);
    }
    if items.is_empty() {
        return Err(value.problem("empty, expected at least one"));
    }
    Ok(items)
}

fn labels<'a>(
    entries: impl IntoIterator<Item = (&'a str, Value<'a>)>,
) -> Result<BTreeMap<String, String>, Problem> {
    let mut labels = BTreeMap::new();
    for (name, value) in entries {
        if !is_label_name(name) {
            let expected = "letters, digits and _, not beginning with a digit or __";
            return Err(value.problem(format!("no label name, expected {expected}")));
        }
        if RESERVED_LABELS.contains(&name) {
            let why = "a label of the exporter's own series, expected another name";
            return Err(value.problem(why));
        }
        labels.insert(name.to_owned(), value.text()?.to_owned());
    }
    Ok(labels)
}

/// As Prometheus' data model has them; names with two underscores are its own.
fn is_label_name(name: &str) -> bool {
    !name.starts_with("__")
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
