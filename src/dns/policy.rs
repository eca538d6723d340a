//! Who answers in a view, and how far.

use std::net::IpAddr;
use std::sync::Arc;

use super::hickory::trust_anchor::TrustAnchor;
use super::name_server::NameServer;
use crate::pki::Anchors;

/// Who answers in one view, and how far he is believed.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Whom to ask. Several are asked in this order: the next when one does not know or keeps silent.
    pub servers: Vec<NameServer>,
    /// Whether unsigned answers of signed zones are refused (RFC 4035 §5).
    pub validate: bool,
    /// Where signatures end; `None`: the root's own keys, as built in.
    pub trust_anchor: Option<TrustAnchor>,
    /// Where the certificates of DNS over TLS and HTTPS end.
    pub roots: Arc<Anchors>,
    /// From where to ask.
    pub source: Option<IpAddr>,
}

impl Policy {
    /// This machine's own resolver, unvalidated.
    pub fn system(roots: Arc<Anchors>) -> Self {
        Self {
            servers: vec![NameServer::System],
            validate: false,
            trust_anchor: None,
            roots,
            source: None,
        }
    }
}
