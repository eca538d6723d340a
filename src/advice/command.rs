//! An endpoint to the commands that show the same by hand.

use std::net::IpAddr;

use super::remedy::Look;
use crate::endpoint::{Offer, ProxyProtocol};
use crate::name::Host;
use crate::report::Entry;
use crate::smtp::Mode;

/// What shows the trouble; no tool sends the PROXY header that some servers wait for.
pub(super) fn showing(entry: &Entry, look: Look) -> Option<String> {
    let (address, port) = (&entry.endpoint.address, entry.endpoint.port);
    match look {
        Look::Nothing => None,
        Look::Port => Some(format!("nc -vz {address} {port}")),
        Look::Handshake => {
            let is_headless = entry.endpoint.proxy_protocol == ProxyProtocol::Off;
            is_headless.then(|| openssl(entry))
        }
    }
}

/// How to see what the probe saw: lines for a shell.
pub fn by_hand(entry: &Entry) -> [String; 3] {
    let headless = match entry.endpoint.proxy_protocol {
        ProxyProtocol::Off => "",
        ProxyProtocol::V1 | ProxyProtocol::V2 => {
            "# Neither sends the PROXY header that this server waits for: go through its load balancer.\n"
        }
    };
    [headless.to_owned(), openssl(entry), finger(entry)]
}

/// The name as sent in SNI. A host has only letters, digits, dots, hyphens and underscores: no quotes are needed.
fn server_name(entry: &Entry) -> Option<&str> {
    entry.endpoint.server_name.as_ref().and_then(Host::name)
}

fn openssl(entry: &Entry) -> String {
    let endpoint = &entry.endpoint;
    let at = endpoint.at();
    let starttls = match endpoint.mode {
        Mode::StartTls => " -starttls smtp",
        Mode::Implicit => "",
    };
    let name = match server_name(entry) {
        Some(name) => format!("-servername {name} -verify_hostname {name}"),
        None => "-noservername".to_owned(),
    };
    let offer = match endpoint.offer {
        Offer::Any => "",
        Offer::Rsa => " -sigalgs RSA-PSS+SHA256:RSA+SHA256",
        Offer::Ecdsa => " -sigalgs ECDSA+SHA256:ECDSA+SHA384",
    };
    format!("openssl s_client{starttls} -connect {at} {name}{offer} -showcerts </dev/null")
}

/// posttls-finger(1) wants addresses in brackets, without which it would look for MX records.
fn finger(entry: &Entry) -> String {
    let endpoint = &entry.endpoint;
    let wrapper = match endpoint.mode {
        Mode::StartTls => "",
        Mode::Implicit => " -w",
    };
    let name = server_name(entry);
    let sni = name.map_or_else(String::new, |name| format!(" -s {name}"));
    let matched = name.map_or_else(String::new, |name| format!(" {name}"));
    let address = match &endpoint.address {
        Host::Address(IpAddr::V6(v6)) => format!("ipv6:{v6}"),
        other => other.to_string(),
    };
    format!(
        "posttls-finger -C -l secure{wrapper}{sni} \"[{address}]:{}\"{matched}",
        endpoint.port
    )
}
