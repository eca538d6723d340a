//! What the operator wants watched, and the endpoints that it comes to; knows nothing of probing.

mod expand;

pub use expand::{Expansion, expand};

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::name::Host;
use crate::smtp::Mode;

/// The view that always exists: the system's resolver, no proxy.
pub const DEFAULT_VIEW: &str = "default";

/// Where a target's endpoints come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Every A and AAAA address of this host.
    Host(Host),
    /// Exactly these addresses.
    Addresses(Vec<IpAddr>),
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
    /// The name sent as SNI; none is sent for addresses (RFC 6066 §3).
    pub server_name: Option<Host>,
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
    pub fn as_str(self) -> &'static str {
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

/// The unit that is probed. Its fields are its identity: two endpoints with the same label set are the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The target's name.
    pub target: Arc<str>,
    /// The target's host, for the label.
    pub host: Arc<str>,
    /// The port.
    pub port: u16,
    /// The view it was found in.
    pub view: Arc<str>,
    /// The address.
    pub address: IpAddr,
    /// What our ClientHello offers.
    pub offer: Offer,
    /// How TLS begins.
    pub mode: Mode,
    /// SNI.
    pub server_name: Option<Host>,
}
