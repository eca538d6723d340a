//! Why mail waits, in few words.

/// Where the fault lies for which mail waits; each reason belongs to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaitCause {
    /// The certificate that this server presents.
    OwnCertificate,
    /// The certificate of the server on the other side.
    PeerCertificate,
    /// The other side's TLS, or what both can speak.
    PeerTls,
    /// The names in DNS.
    Dns,
    /// The login at the other side.
    Login,
    /// The way to the other side.
    Network,
    /// The other side itself.
    Peer,
    /// Anything else, or nothing that was said.
    Other,
}

impl WaitCause {
    /// Every cause.
    pub const ALL: [Self; 8] = [
        Self::OwnCertificate,
        Self::PeerCertificate,
        Self::PeerTls,
        Self::Dns,
        Self::Login,
        Self::Network,
        Self::Peer,
        Self::Other,
    ];

    /// The public word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OwnCertificate => "own_certificate",
            Self::PeerCertificate => "peer_certificate",
            Self::PeerTls => "peer_tls",
            Self::Dns => "dns",
            Self::Login => "login",
            Self::Network => "network",
            Self::Peer => "peer",
            Self::Other => "other",
        }
    }

    /// Whether a certificate or TLS is to blame.
    pub fn is_tls(self) -> bool {
        match self {
            Self::OwnCertificate | Self::PeerCertificate | Self::PeerTls => true,
            Self::Dns | Self::Login | Self::Network | Self::Peer | Self::Other => false,
        }
    }
}
