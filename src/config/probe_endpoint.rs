//! `probe_endpoint:` to what may be probed on request; knows no HTTP.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::reader::{Problem, Value};
use super::targets::{Common, distinct, ports};
use super::trust::TrustStores;
use crate::round::{Gate, Module, OnRequest};

const KEYS: [&str; 4] = ["ports", "allow", "deny", "modules"];
/// The ports that mail servers listen on.
const PORTS: [u16; 3] = [25, 465, 587];

/// Reads the section; without one, the modules that always exist and what is open by default.
pub(super) fn read(
    section: Option<Value<'_>>,
    common: &Common,
    stores: &mut TrustStores,
) -> Result<OnRequest, Problem> {
    let mut on_request = OnRequest {
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
    if let Some(value) = fields.take("ports") {
        on_request.ports = ports(&value)?;
    }
    if let Some(value) = fields.take("allow") {
        on_request.gate.allow = distinct(&value, network)?;
    }
    if let Some(value) = fields.take("deny") {
        on_request.gate.deny = networks(&value)?;
    }
    if let Some(value) = fields.take("modules") {
        for (name, value) in value.entries()? {
            let module = module(name, &value, common, stores)?;
            on_request.modules.insert(name.to_owned(), module);
        }
    }
    fields.finish(&KEYS)?;
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
    let (common, server_name) = common.module_section(value, stores)?;
    let mut module = common.module(has_port);
    module.server_name = server_name;
    Ok(module)
}

/// May be empty: then nothing is denied.
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
