//! Who answers in a view, and how far.

use std::net::IpAddr;
use std::sync::Arc;

use super::hickory::system;
use super::hickory::trust_anchor::TrustAnchor;
use super::name_server::NameServer;
use crate::pki::Anchors;

/// Who looks at the signatures of DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dnssec {
    /// Nobody.
    #[default]
    Off,
    /// We do: unsigned answers of signed zones are refused (RFC 4035 §5).
    Validate,
    /// The servers that are asked: their flag AD is believed (RFC 6840 §5.8).
    Trust,
}

/// Who answers in one view, and how far he is believed.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Whom to ask. Several are asked in this order: the next when one does not know or keeps silent.
    pub servers: Vec<NameServer>,
    /// What is made of signatures.
    pub dnssec: Dnssec,
    /// Where signatures end; `None`: the root's own keys, as built in.
    pub trust_anchor: Option<TrustAnchor>,
    /// Where the certificates of DNS over TLS and HTTPS end.
    pub roots: Arc<Anchors>,
    /// From where to ask.
    pub source: Option<IpAddr>,
}

impl Policy {
    /// The servers whose word on signatures is believed though others can change it on the way: neither encrypted nor
    /// within this machine. Reads this machine's configuration where that names them; blocks.
    pub fn unsafe_ways(&self) -> Vec<String> {
        if self.dnssec != Dnssec::Trust {
            return Vec::new();
        }
        let unsafe_one = |server: &NameServer| match server {
            NameServer::System => system_ways(),
            NameServer::At { .. } if server.is_safe() => Vec::new(),
            NameServer::At { .. } => vec![server.to_string()],
        };
        self.servers.iter().flat_map(unsafe_one).collect()
    }

    /// Whether answers of the one are answers of the other. Whatever may be different behind the same file name counts
    /// as different.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.servers == other.servers
            && self.dnssec == other.dnssec
            && self.source == other.source
            && self.trust_anchor.is_none()
            && other.trust_anchor.is_none()
            && self.roots == other.roots
    }

    /// This machine's own resolver, unvalidated.
    pub fn system(roots: Arc<Anchors>) -> Self {
        Self {
            servers: vec![NameServer::System],
            dnssec: Dnssec::Off,
            trust_anchor: None,
            roots,
            source: None,
        }
    }
}

/// Of the servers that this machine's own configuration names.
fn system_ways() -> Vec<String> {
    let servers = system::servers().unwrap_or_default();
    let far = servers
        .into_iter()
        .filter(|server| !server.to_canonical().is_loopback());
    far.map(|server| format!("{server} (of /etc/resolv.conf)"))
        .collect()
}
