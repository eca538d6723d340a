//! `targets:` and `defaults:` to what is probed and what is expected of it.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use super::document::Document;
use super::expect::{CHECK_WORDS, Expect};
use super::file::UNSUPPORTED;
use super::reader::{Fields, Problem, Value};
use super::trust::TrustStores;
use crate::name::Host;
use crate::pki::Anchors;
use crate::render::RESERVED_LABELS;
use crate::round::{Module, Watched};
use crate::smtp::Mode;
use crate::target::{Place, Source};
use crate::verdict::CHECKS;

const COMMON_KEYS: [&str; 5] = ["ports", "tls", "labels", "expect", "checks"];
const MODULE_KEYS: [&str; 6] = ["server_name", "ports", "tls", "labels", "expect", "checks"];
const TARGET_KEYS: [&str; 9] = [
    "name",
    "host",
    "addresses",
    "server_name",
    "ports",
    "tls",
    "labels",
    "expect",
    "checks",
];

/// What can be said for all targets and for each.
#[derive(Debug, Clone)]
pub(super) struct Common {
    ports: Vec<u16>,
    mode: Option<Mode>,
    labels: BTreeMap<String, String>,
    expect: Expect,
}

impl Common {
    pub(super) fn new(roots: Arc<Anchors>) -> Self {
        Self {
            ports: vec![25],
            mode: None,
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

    /// Reads a module of `/probe`: the keys of `defaults:`, and the server's name.
    pub(super) fn module_section(
        mut self,
        section: &Value<'_>,
        stores: &mut TrustStores,
    ) -> Result<(Self, Option<Host>), Problem> {
        let mut fields = section.fields()?;
        let server_name = fields.take("server_name").map(|v| host(&v)).transpose()?;
        self.take_from(&mut fields, stores)?;
        fields.finish(&MODULE_KEYS)?;
        Ok((self, server_name))
    }

    /// The same with TLS from the first byte.
    pub(super) fn implicit(self) -> Self {
        Self {
            mode: Some(Mode::Implicit),
            ..self
        }
    }

    /// The module that this comes to; `has_port` when it says itself which port to probe.
    pub(super) fn module(self, has_port: bool) -> Module {
        let usual = match self.mode {
            Some(Mode::Implicit) => 465,
            _ => 25,
        };
        let own = self.ports.first().copied().filter(|_| has_port);
        Module {
            mode: self.mode,
            port: own.unwrap_or(usual),
            server_name: None,
            labels: self.labels,
            expectations: self.expect.for_server(None),
        }
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
        if let Some(value) = fields.take("labels") {
            self.labels.extend(labels(&value)?);
        }
        if let Some(value) = fields.take("expect") {
            self.expect.take_from(&value, stores)?;
        }
        if let Some(value) = fields.take("checks") {
            self.checks(&value)?;
        }
        Ok(())
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
    for (key, only) in [("offers", "any"), ("views", "default")] {
        let Some(value) = fields.take(key) else {
            continue;
        };
        for word in value.list_or_one()? {
            if word.text()? != only {
                return Err(word.problem(format!("{UNSUPPORTED}, expected {only}")));
            }
        }
    }
    Ok(())
}

/// Reads `targets:`.
pub(super) fn read(
    document: &Document,
    listed: &Value<'_>,
    common: &Common,
    stores: &mut TrustStores,
) -> Result<Vec<Watched>, Problem> {
    let mut seen = HashMap::new();
    let mut watched = Vec::new();
    for value in listed.list()? {
        let one = target(&value, common.clone(), stores)?;
        let name = one.source.name.clone();
        if let Some(first) = seen.insert(name.clone(), value.path().clone()) {
            let line = document.line(&first).unwrap_or_default();
            return Err(value.problem(format!(
                "a second target '{name}' (the first is in line {line}), expected a unique name"
            )));
        }
        watched.push(one);
    }
    if watched.is_empty() {
        return Err(listed.problem("empty, expected at least one target"));
    }
    Ok(watched)
}

fn target(
    value: &Value<'_>,
    mut common: Common,
    stores: &mut TrustStores,
) -> Result<Watched, Problem> {
    let mut fields = value.fields()?;
    fields.refuse("mx", UNSUPPORTED)?;
    let host = fields.take("host").map(|v| host(&v)).transpose()?;
    let addresses = fields
        .take("addresses")
        .map(|v| addresses(&v))
        .transpose()?;
    let place = match (addresses, &host) {
        (Some(addresses), _) => Place::Addresses(addresses),
        (None, Some(host)) => Place::Host(host.clone()),
        (None, None) => return Err(fields.problem("nothing to probe, expected host or addresses")),
    };
    let name = match fields.take("name") {
        Some(value) => value.parsed_by(target_name, "a name of 1 to 200 characters")?,
        None => default_name(&place, host.as_ref()),
    };
    let server_name = match fields.take("server_name") {
        Some(value) => Some(self::host(&value)?),
        None => host.clone(),
    };
    common.take_from(&mut fields, stores)?;
    fields.finish(&TARGET_KEYS)?;
    let expectations = common.expect.for_server(server_name.as_ref());
    Ok(Watched {
        source: Arc::new(Source {
            name,
            host,
            place,
            ports: common.ports,
            mode: common.mode,
            server_name,
            labels: common.labels,
        }),
        expectations: Arc::new(expectations),
    })
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

pub(super) fn ports(value: &Value<'_>) -> Result<Vec<u16>, Problem> {
    distinct(value, |v| v.integer_in(1..=u16::MAX, "port"))
}

/// A list, or one item in its place: not empty, and nothing twice.
pub(super) fn distinct<T: PartialEq>(
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

fn labels(section: &Value<'_>) -> Result<BTreeMap<String, String>, Problem> {
    let mut labels = BTreeMap::new();
    for (name, value) in section.entries()? {
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
