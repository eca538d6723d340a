//! `probe_endpoint:` to what may be probed on request; knows no HTTP.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::host::host;
use super::keys;
use super::targets::{Common, ports};
use super::trust::TrustStores;
use crate::endpoint::Place;
use crate::name::Host;
use crate::smtp::Mode;
use crate::watch::{Gate, Module, OnRequest};
use crate::yaml::{Problem, Value};

/// The ports that mail servers listen on.
const PORTS: [u16; 3] = [25, 465, 587];

/// Reads the section; without one, the modules that always exist and what is open by default.
pub(super) fn read(
    section: Option<Value<'_>>,
    common: &Common,
    stores: &mut TrustStores,
) -> Result<OnRequest, Problem> {
    let mut on_request = OnRequest {
        enabled: true,
        ports: PORTS.to_vec(),
        gate: Gate::default(),
        modules: BTreeMap::from([
            ("smtp".to_owned(), common.clone().module(false)),
            ("smtps".to_owned(), common.clone().implicit().module(false)),
        ]),
    };
    let Some(section) = section else {
        return Ok(on_request);
    };
    let mut fields = section.fields()?;
    if let Some(value) = fields.take("enabled") {
        on_request.enabled = value.flag()?;
    }
    if let Some(value) = fields.take("ports") {
        on_request.ports = ports(&value)?;
    }
    if let Some(value) = fields.take("allow") {
        on_request.gate.allow = value.distinct(network)?;
    }
    if let Some(value) = fields.take("deny") {
        on_request.gate.deny = networks(&value)?;
    }
    if let Some(value) = fields.take("deny_default") {
        on_request.gate.deny_default = value.flag()?;
    }
    if let Some(value) = fields.take("modules") {
        for (name, value) in value.entries()? {
            let module = module(name, &value, common, stores)?;
            on_request.modules.insert(name.to_owned(), module);
        }
    }
    fields.finish(&keys::PROBE_ENDPOINT.names())?;
    Ok(on_request)
}

fn module(
    name: &str,
    value: &Value<'_>,
    common: &Common,
    stores: &mut TrustStores,
) -> Result<Module, Problem> {
    let common = match name {
        "smtps" => common.clone().implicit(),
        _ => common.clone(),
    };
    let has_port = value.entries()?.iter().any(|(key, _)| *key == "ports");
    let defaults = common.expect.demands;
    let (mut common, server_name) = common.module_section(value, stores)?;
    let place = Place::Addresses(Vec::new());
    let settled = common.settle(defaults, &place);
    // What the defaults ask of targets, a module cannot ask of everybody's.
    if common.expect.demands != defaults {
        settled.map_err(|why| value.problem(why))?;
    }
    let mut module = common.module(has_port);
    module.server_name = server_name;
    Ok(module)
}

impl Common {
    /// Reads a module of `/probe`: the keys of `defaults:`, and the server's name.
    fn module_section(
        mut self,
        section: &Value<'_>,
        stores: &mut TrustStores,
    ) -> Result<(Self, Option<Host>), Problem> {
        let mut fields = section.fields()?;
        let server_name = fields.take("server_name").map(|v| host(&v)).transpose()?;
        self.take_from(&mut fields, stores)?;
        fields.finish(&keys::MODULE.names())?;
        Ok((self, server_name))
    }

    /// The same with TLS from the first byte.
    fn implicit(self) -> Self {
        Self {
            mode: Some(Mode::Implicit),
            ..self
        }
    }

    /// The module that this comes to; `has_port` when it says itself which port to probe.
    fn module(self, has_port: bool) -> Module {
        let usual = match self.mode {
            Some(Mode::Implicit) => 465,
            _ => 25,
        };
        let own = self.ports.first().copied().filter(|_| has_port);
        Module {
            mode: self.mode,
            proxy_protocol: self.proxy_protocol,
            port: own.unwrap_or(usual),
            offers: self.offers,
            client_certificate: self.client_certificate,
            server_name: None,
            labels: self.labels,
            views: self.views,
            expectations: self.expect.expectations,
        }
    }
}

/// May be empty: then nothing more is denied than by default.
fn networks(value: &Value<'_>) -> Result<Vec<IpNet>, Problem> {
    value.list_or_one()?.iter().map(network).collect()
}

/// `10.0.0.0/8`, or one address.
fn network(value: &Value<'_>) -> Result<IpNet, Problem> {
    let parse = |text: &str| match text.parse::<IpAddr>() {
        Ok(address) => Ok(IpNet::from(address)),
        Err(_) => text.parse::<IpNet>(),
    };
    value.parsed_by(parse, "a network such as 10.0.0.0/8, or an address")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn read(section: &str) -> Result<OnRequest, String> {
        let text = format!("targets: [{{host: a}}]\nprobe_endpoint: {section}\n");
        let read = Config::parse(Path::new("x.yml"), text.as_bytes(), "helo.test");
        read.map(|config| config.on_request)
            .map_err(|e| e.to_string())
    }

    #[test]
    fn two_modules_and_the_mail_ports_are_always_there() {
        for section in ["", "{modules: {own: {tls: implicit}}}"] {
            let found = read(section).unwrap();
            assert_eq!(found.ports, [25, 465, 587]);
            assert_eq!(found.gate, Gate::default());
            let module = |name: &str| {
                let module = &found.modules[name];
                (module.mode, module.port)
            };
            assert_eq!(module("smtp"), (None, 25));
            assert_eq!(module("smtps"), (Some(Mode::Implicit), 465));
        }
    }

    #[test]
    fn modules_are_targets_without_a_host() {
        let modules = "{modules: {smtps: {expect: {min_tls: '1.3'}}, in: {ports: 2525, server_name: mx.test}}}";
        let found = read(modules).unwrap();
        assert_eq!(found.modules["smtps"].mode, Some(Mode::Implicit));
        assert_eq!(found.modules["in"].port, 2525);
        let host = Host::parse("mx.test").unwrap();
        assert_eq!(found.modules["in"].server_name, Some(host));
    }

    #[test]
    fn what_is_denied_adds_to_what_is_closed_by_default() {
        let permits = |section: &str, address: &str| {
            let gate = read(section).unwrap().gate;
            gate.permits(address.parse().unwrap())
        };
        let found = read("{ports: [2525], allow: 192.0.2.0/24, enabled: false}").unwrap();
        assert_eq!((found.ports, found.enabled), (vec![2525], false));
        assert!(read("{deny: []}").unwrap().enabled);
        for section in [
            "{}",
            "{deny: []}",
            "{deny: [10.0.0.0/8]}",
            "{allow: 127.0.0.1}",
        ] {
            assert!(!permits(section, "127.0.0.1"), "{section}");
        }
        assert!(!permits("{deny: [10.0.0.0/8]}", "10.1.2.3"));
        assert!(permits("{deny_default: off}", "127.0.0.1"));
        assert!(!permits(
            "{deny_default: off, deny: 127.0.0.1}",
            "::ffff:127.0.0.1"
        ));
    }

    #[test]
    fn mistakes_have_a_line() {
        for (section, line) in [
            (
                "{port: 25}",
                "x.yml:2: probe_endpoint.port: unknown key (did you mean ports?)",
            ),
            ("{ports: []}", "x.yml:2: probe_endpoint.ports: empty"),
            (
                "{deny: [10.0.0.0/33]}",
                "x.yml:2: probe_endpoint.deny[0]: '10.0.0.0/33'",
            ),
            (
                "{modules: {x: {host: a}}}",
                "x.yml:2: probe_endpoint.modules.x.host: unknown key",
            ),
        ] {
            let told = read(section).unwrap_err();
            assert!(told.starts_with(line), "{told}");
        }
    }
}
