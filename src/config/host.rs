//! A value to a host or addresses that can be probed; knows no key.

use std::net::IpAddr;

use crate::endpoint::is_unusable;
use crate::name::Host;
use crate::yaml::{Problem, Value};

/// A host, whether it can be probed or not.
pub(super) fn host(value: &Value<'_>) -> Result<Host, Problem> {
    value.parsed_by(Host::parse, "a host name or IP address without port")
}

/// Addresses that can be probed, each once.
pub(super) fn addresses(value: &Value<'_>) -> Result<Vec<IpAddr>, Problem> {
    let expected = "an IP address without port";
    value.distinct(|one| {
        let address = one.parsed_by(str::parse::<IpAddr>, expected)?;
        usable(one, Host::Address(address))?;
        Ok(address)
    })
}

/// A host that can be probed: any but an address that is none.
pub(super) fn usable(value: &Value<'_>, host: Host) -> Result<Host, Problem> {
    match host {
        Host::Address(address) if is_unusable(address) => Err(value.problem(format!(
            "{address} is unspecified, multicast or broadcast, expected the address of a server"
        ))),
        host => Ok(host),
    }
}
