//! `targets:` and `defaults:` to what is probed and what is expected of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::client_certificate;
use super::demands::Demands;
use super::expect::Expect;
use super::host::{addresses, host, usable};
use super::keys;
use super::labels::labels;
use super::limits;
use super::trust::TrustStores;
use super::views::KnownViews;
use crate::endpoint::{DEFAULT_VIEW, Offer, Place, ProxyProtocol, Source};
use crate::name::Host;
use crate::pki::{Anchors, Crls};
use crate::probe::ClientCertificate;
use crate::smtp::Mode;
use crate::verdict::{CHECKS, Switch};
use crate::watch::Watched;
use crate::yaml::{Fields, Problem, Value, secret};

/// What can be said for all targets and for each.
#[derive(Debug, Clone)]
pub(super) struct Common {
    pub(super) ports: Vec<u16>,
    pub(super) offers: Vec<Offer>,
    pub(super) mode: Option<Mode>,
    pub(super) proxy_protocol: ProxyProtocol,
    pub(super) known_views: Arc<KnownViews>,
    pub(super) views: Vec<Arc<str>>,
    pub(super) client_certificate: Option<ClientCertificate>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) expect: Expect,
}

impl Common {
    pub(super) fn new(roots: Arc<Anchors>, crls: Arc<Crls>, known_views: KnownViews) -> Self {
        Self {
            ports: vec![25],
            offers: vec![Offer::Any],
            mode: None,
            proxy_protocol: ProxyProtocol::Off,
            known_views: Arc::new(known_views),
            views: vec![DEFAULT_VIEW.into()],
            client_certificate: None,
            labels: BTreeMap::new(),
            expect: Expect::new(roots, crls),
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
        fields.finish(&keys::DEFAULTS.names())
    }

    /// Overrides what the map says; labels, expectations and checks are merged key by key.
    pub(super) fn take_from(
        &mut self,
        fields: &mut Fields<'_>,
        stores: &mut TrustStores,
    ) -> Result<(), Problem> {
        if let Some(value) = fields.take("ports") {
            self.ports = ports(&value)?;
        }
        if let Some(value) = fields.take("offers") {
            self.offers = offers(&value)?;
        }
        if let Some(value) = fields.take("tls") {
            self.mode = Some(value.choice(&keys::MODES)?);
        }
        if let Some(value) = fields.take("views") {
            self.views = value.distinct(|v| self.known_views.named(v))?;
        }
        if let Some(value) = fields.take("proxy_protocol") {
            self.proxy_protocol = value.choice(&keys::PROXY_PROTOCOLS)?;
        }
        if let Some(value) = fields.take("client_certificate") {
            self.client_certificate = Some(client_certificate::read(&value, &stores.base)?);
        }
        if let Some(value) = fields.take("labels") {
            self.labels.extend(labels(value.entries()?)?);
        }
        if let Some(value) = fields.take("expect") {
            self.expect.take_from(&value, stores)?;
        }
        if let Some(value) = fields.take("limits") {
            let expectations = Arc::make_mut(&mut self.expect.expectations);
            limits::take_from(&value, &mut expectations.thresholds)?;
        }
        if let Some(value) = fields.take("checks") {
            self.checks(&value)?;
        }
        Ok(())
    }

    /// Whether the place can be found in every view: a proxy finds no MX records.
    pub(super) fn finds(&self, place: &Place) -> Result<(), String> {
        let mut views = self.views.iter();
        let blind = views.find(|view| !self.known_views.finds_exchangers(view));
        match (place, blind) {
            (Place::Mx(_), Some(view)) => Err(format!(
                "in view {view} the proxy resolves names, and knows no MX records, expected a view with resolvers"
            )),
            (Place::Mx(_) | Place::Host(_) | Place::Addresses(_), _) => Ok(()),
        }
    }

    /// Decides what published policies are asked of a target at a place.
    pub(super) fn settle(&mut self, defaults: Demands, place: &Place) -> Result<(), String> {
        let trusts = self.views.iter().any(|view| self.known_views.trusts(view));
        let settled = self.expect.demands.settle(defaults, place, trusts)?;
        settled.into_expectations(&mut self.expect.expectations);
        Ok(())
    }

    fn checks(&mut self, section: &Value<'_>) -> Result<(), Problem> {
        let mut fields = section.fields()?;
        for check in CHECKS {
            let Some(value) = fields.take(check.name) else {
                continue;
            };
            let switch = match value.flag_as("on or off")? {
                true => Switch::On,
                false => Switch::Off,
            };
            let expectations = Arc::make_mut(&mut self.expect.expectations);
            expectations.switches.insert(check.name, switch);
        }
        let names: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
        fields.finish(&names)
    }
}

/// Reads one target.
pub(super) fn target(
    value: &Value<'_>,
    mut common: Common,
    stores: &mut TrustStores,
) -> Result<Watched, Problem> {
    let mut fields = value.fields()?;
    let found = fields.take("host").map(|v| usable(&v, host(&v)?));
    let host = found.transpose()?;
    let place = place(&mut fields, host.as_ref())?;
    let name = match fields.take("name") {
        Some(value) => value.parsed_by(
            target_name,
            "a name of 1 to 200 characters, without control characters, other than . and ..",
        )?,
        None => default_name(&place, host.as_ref()),
    };
    let server_name = match fields.take("server_name") {
        Some(value) => Some(self::host(&value)?),
        None => host.clone(),
    };
    let defaults = common.expect.demands;
    common.take_from(&mut fields, stores)?;
    common.finds(&place).map_err(|why| fields.problem(why))?;
    let settled = common.settle(defaults, &place);
    settled.map_err(|why| fields.problem(why))?;
    fields.finish(&keys::TARGET.names())?;
    Ok(Watched {
        source: Arc::new(Source {
            name,
            host,
            place,
            ports: common.ports,
            offers: common.offers,
            mode: common.mode,
            proxy_protocol: common.proxy_protocol,
            server_name,
            views: common.views,
            labels: common.labels,
        }),
        expectations: common.expect.expectations,
        client_certificate: common.client_certificate,
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
        (None, None) => Err(nothing_to_probe(fields)),
    }
}

fn nothing_to_probe(fields: &Fields<'_>) -> Problem {
    let whole = || fields.problem("nothing to probe, expected host, mx or addresses");
    fields
        .mistyped(&["host", "mx", "addresses"])
        .unwrap_or_else(whole)
}

fn target_name(text: &str) -> Result<String, &'static str> {
    let length = text.chars().count();
    // Browsers would leave these two out of the address of the target's page.
    let is_path = [".", ".."].contains(&text);
    let is_plain = !text.chars().any(char::is_control) && !secret::is_in(text);
    if (1..=200).contains(&length) && is_plain && !is_path {
        Ok(text.to_owned())
    } else {
        Err("not a target name")
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

pub(super) fn ports(value: &Value<'_>) -> Result<Vec<u16>, Problem> {
    value.distinct(|v| v.integer_in(keys::PORTS, "port"))
}

fn offers(value: &Value<'_>) -> Result<Vec<Offer>, Problem> {
    value.distinct(|v| v.choice(&keys::OFFERS))
}
