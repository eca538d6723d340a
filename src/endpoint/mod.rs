//! What the operator wants watched, and the endpoints that it comes to; knows nothing of probing.

mod unusable;

pub use unusable::is_unusable;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::dns::AddressFamily;
use crate::name::Host;
use crate::smtp::Mode;

/// The view that always exists: the system's resolver, no proxy.
pub const DEFAULT_VIEW: &str = "default";

/// Where a target's endpoints come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Every A and AAAA address of this host.
    Host(Host),
    /// Every address of every MX host of this domain.
    Mx(String),
    /// Exactly these addresses.
    Addresses(Vec<IpAddr>),
}

/// A view as far as finding endpoints goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupView {
    /// The view's name.
    pub name: Arc<str>,
    /// The addresses that are probed in it.
    pub family: AddressFamily,
    /// The view's proxy finds the addresses of names: then each name is one endpoint.
    pub proxied_names: bool,
}

/// One target as configured: what to probe, not what to expect of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Unique name.
    pub name: String,
    /// The `host` label: the host as configured, or the address where none was named.
    pub host: Option<Host>,
    /// Where its endpoints come from.
    pub place: Place,
    /// Ports to probe on every address.
    pub ports: Vec<u16>,
    /// What our ClientHello offers; each is an endpoint of its own.
    pub offers: Vec<Offer>,
    /// How TLS begins; `None`: implicit on 465, else STARTTLS.
    pub mode: Option<Mode>,
    /// What is sent before anything else.
    pub proxy_protocol: ProxyProtocol,
    /// The name sent as SNI; none is sent for addresses (RFC 6066 §3). `None`: that of the MX host, if there is one.
    pub server_name: Option<Host>,
    /// The names of the views to probe in.
    pub views: Vec<Arc<str>>,
    /// Labels added to every series of this target.
    pub labels: BTreeMap<String, String>,
}

impl Source {
    /// How TLS begins on this port.
    pub fn mode_on(&self, port: u16) -> Mode {
        self.mode.unwrap_or(if port == 465 {
            Mode::Implicit
        } else {
            Mode::StartTls
        })
    }
}

/// Which signature algorithms the ClientHello offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Offer {
    /// Everything that is safe.
    Any,
    /// Signatures by RSA keys, to see that certificate of a server with two.
    Rsa,
    /// Signatures by keys on elliptic curves (ECDSA, EdDSA).
    Ecdsa,
}

impl Offer {
    /// The public name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Rsa => "rsa",
            Self::Ecdsa => "ecdsa",
        }
    }

    /// The only kind of key that the server may use, as people write it.
    pub fn key_kind(self) -> Option<&'static str> {
        match self {
            Self::Any => None,
            Self::Rsa => Some("RSA"),
            Self::Ecdsa => Some("ECDSA"),
        }
    }
}

/// Whether a connection begins with the addresses of its two ends, as a load balancer tells them to its backends
/// (HAProxy's PROXY protocol).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProxyProtocol {
    /// No.
    #[default]
    Off,
    /// As a line of text.
    V1,
    /// In binary.
    V2,
}

impl ProxyProtocol {
    /// As in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

/// The unit that is probed. Its fields are its identity: two endpoints with the same label set are the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The target's name.
    pub target: Arc<str>,
    /// The target's host or MX host, for the label.
    pub host: Arc<str>,
    /// The port.
    pub port: u16,
    /// The view it was found in.
    pub view: Arc<str>,
    /// The address; the host's name where the view's proxy finds the address.
    pub address: Host,
    /// What our ClientHello offers.
    pub offer: Offer,
    /// How TLS begins.
    pub mode: Mode,
    /// What is sent before anything else.
    pub proxy_protocol: ProxyProtocol,
    /// SNI.
    pub server_name: Option<Host>,
}

impl Endpoint {
    /// Its address, unless a proxy finds that.
    pub fn ip(&self) -> Option<IpAddr> {
        match self.address {
            Host::Address(address) => Some(address),
            Host::Name(_) => None,
        }
    }

    /// Whether it only stands in for a target whose names were not found: its address is none.
    pub fn is_nowhere(&self) -> bool {
        matches!(self.address, Host::Address(address) if address.is_unspecified())
    }

    /// Where it is, for people: `192.0.2.1:25`.
    pub fn at(&self) -> String {
        self.address.at(self.port)
    }
}
