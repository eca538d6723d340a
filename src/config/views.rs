//! `views:` to the ways that targets are probed by; of files, opens only a trust anchor's.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::keys;
use super::last_good::{self, Base};
use super::named_file::FileKind;
use super::proxy;
use crate::dns::{AddressFamily, Dnssec, NameServer, Policy, TrustAnchor};
use crate::endpoint::{DEFAULT_VIEW, LookupView};
use crate::pki::Anchors;
use crate::probe::Route;
use crate::watch::View;
use crate::yaml::{Problem, Value, secret};

const RESOLVER_EXPECTED: &str =
    "system, udp://ADDRESS, tcp://ADDRESS, tls://ADDRESS#NAME or https://HOST/dns-query";

/// All views there are.
#[derive(Debug, Clone)]
pub(super) struct KnownViews {
    all: Vec<View>,
    /// Where each stands among all.
    places: HashMap<Arc<str>, usize>,
}

impl KnownViews {
    /// Only the view that always exists.
    pub(super) fn new() -> Self {
        let mut views = Self {
            all: Vec::new(),
            places: HashMap::new(),
        };
        views.add(View::default_view());
        views
    }

    fn add(&mut self, view: View) {
        let name = Arc::clone(&view.vantage.name);
        self.places.insert(name, self.all.len());
        self.all.push(view);
    }

    /// Reads `views:`. Relative paths are relative to `base`; `roots` are those of encrypted DNS.
    pub(super) fn read(
        &mut self,
        section: &Value<'_>,
        base: &Base,
        roots: &Arc<Anchors>,
    ) -> Result<(), Problem> {
        for (name, value) in section.entries()? {
            if name == DEFAULT_VIEW {
                let why = "always this machine's resolver without a proxy, expected another name";
                return Err(value.problem(why));
            }
            let length = name.chars().count();
            let is_plain = !name.chars().any(char::is_control) && !secret::is_in(name);
            if !(1..=60).contains(&length) || !is_plain {
                return Err(value.problem("not a view name, expected 1 to 60 characters"));
            }
            self.add(view(name, &value, base, roots)?);
        }
        Ok(())
    }

    /// The view that a target names.
    pub(super) fn named(&self, value: &Value<'_>) -> Result<Arc<str>, Problem> {
        let view = match value.text().ok().and_then(|name| self.places.get(name)) {
            Some(place) => &self.all[*place],
            None => {
                let names: Vec<_> = self.all.iter().map(|v| (&*v.vantage.name, v)).collect();
                value.choice(&names)?
            }
        };
        Ok(Arc::clone(&view.vantage.name))
    }

    /// Whether the resolvers of a view are believed about DNSSEC.
    pub(super) fn trusts(&self, name: &str) -> bool {
        let view = self.places.get(name).map(|place| &self.all[*place]);
        view.is_some_and(|view| view.policy.dnssec == Dnssec::Trust)
    }

    /// Whether MX records can be asked for in a view: a proxy finds addresses only.
    pub(super) fn finds_exchangers(&self, name: &str) -> bool {
        let view = self.places.get(name).map(|place| &self.all[*place]);
        view.is_none_or(|view| !view.vantage.proxied_names)
    }

    pub(super) fn into_inner(self) -> Vec<View> {
        self.all
    }
}

fn view(
    name: &str,
    section: &Value<'_>,
    base: &Base,
    roots: &Arc<Anchors>,
) -> Result<View, Problem> {
    let mut fields = section.fields()?;
    let resolvers = fields.take("resolvers").map(|v| servers(&v)).transpose()?;
    let proxy = fields.take("proxy");
    let proxy = proxy.map(|v| proxy::read(&v, base)).transpose()?;
    let family = match fields.take("family") {
        Some(value) => Some(value.choice(&keys::FAMILIES)?),
        None => None,
    };
    let source = match fields.take("source_address") {
        Some(value) => Some(source(&value, proxy.is_some(), family)?),
        None => None,
    };
    let dnssec = match fields.take("dnssec") {
        Some(value) => value.choice(&keys::DNSSEC)?,
        None => Dnssec::Off,
    };
    let trust_anchor = match fields.take("trust_anchor") {
        Some(value) if dnssec == Dnssec::Trust => {
            let why = "with dnssec: trust the resolvers know where signatures end, expected it only with validate";
            return Err(value.problem(why));
        }
        other => other.map(|value| anchor(&value, base)).transpose()?,
    };
    // Who names only a proxy wants to see what the proxy sees, not what this machine's resolver says.
    let proxied_names = proxy.is_some() && resolvers.is_none();
    if proxied_names && (dnssec != Dnssec::Off || family.is_some()) {
        let why = "the proxy resolves its names, expected resolvers beside dnssec and family";
        return Err(section.problem(why));
    }
    fields.finish(&keys::VIEW.names())?;
    Ok(View {
        vantage: LookupView {
            name: name.into(),
            family: match family {
                Some(AddressFamily::Any) | None => implied(source, proxy.is_some()),
                Some(family) => family,
            },
            proxied_names,
        },
        policy: Policy {
            servers: resolvers.unwrap_or_else(|| vec![NameServer::System]),
            dnssec,
            trust_anchor,
            roots: Arc::clone(roots),
            source,
        },
        route: Route { proxy, source },
    })
}

fn servers(value: &Value<'_>) -> Result<Vec<NameServer>, Problem> {
    let (mut servers, mut seen) = (Vec::new(), HashSet::new());
    for one in value.list_or_one()? {
        let server = one.parsed_by(NameServer::parse, RESOLVER_EXPECTED)?;
        if !seen.insert(server.clone()) {
            return Err(one.problem("listed twice, expected it once"));
        }
        servers.push(server);
    }
    if servers.is_empty() {
        return Err(value.problem(format!("empty, expected {RESOLVER_EXPECTED}")));
    }
    Ok(servers)
}

fn source(
    value: &Value<'_>,
    has_proxy: bool,
    family: Option<AddressFamily>,
) -> Result<IpAddr, Problem> {
    let expected = "an IP address of this machine";
    let source: IpAddr = value.parsed_by(str::parse, expected)?;
    let clashes =
        family.is_some_and(|family| family != AddressFamily::Any && !family.takes(source));
    if clashes && !has_proxy {
        let why = "of the other address family, expected one of the family to be probed";
        return Err(value.problem(why));
    }
    Ok(source)
}

/// From an address of one family only servers of that family can be reached; a proxy may reach all.
fn implied(source: Option<IpAddr>, has_proxy: bool) -> AddressFamily {
    match source {
        Some(_) if has_proxy => AddressFamily::Any,
        Some(IpAddr::V4(_)) => AddressFamily::Ipv4,
        Some(IpAddr::V6(_)) => AddressFamily::Ipv6,
        None => AddressFamily::Any,
    }
}

fn anchor(value: &Value<'_>, base: &Base) -> Result<TrustAnchor, Problem> {
    let file = base.file(FileKind::TrustAnchor, value.text()?);
    let shown = file.shown();
    let read = last_good::parsed(
        [file],
        |[read]| {
            let bytes = read.map_err(|e| format!("{shown}: {e}"))?;
            let anchor = String::from_utf8_lossy(&bytes).parse();
            anchor.map_err(|e| format!("{shown}: {e}"))
        },
        String::clone,
    );
    read.map_err(|e| value.problem(format!("{e}, expected a file of DNSKEY records")))
}
