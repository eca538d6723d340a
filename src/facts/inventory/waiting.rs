//! Why mail waits, in few words.

use crate::reason::Reason;

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

/// Declares for each reason where the fault lies.
macro_rules! causes {
    ($($($reason:ident)|+: $cause:expr;)+) => {
        impl WaitCause {
            /// Where the fault lies if mail waits for this reason; none where mail does not wait for such a reason.
            pub const fn of(reason: Reason) -> Option<Self> {
                use WaitCause::*;
                match reason {
                    $($(Reason::$reason)|+ => $cause,)+
                }
            }
        }
    };
}

causes! {
    OwnCertNotFound | OwnCredentials | OwnTlsUnavailable | OwnCertRefused: Some(OwnCertificate);
    PeerCertExpired | PeerCertName | PeerCertUntrusted | PeerCertInvalid: Some(PeerCertificate);
    PeerOffersNoTls | PeerDemandsTls | TlsTooOld | DaneFailed | MtaStsFailed | TlsHandshakeFailed: Some(PeerTls);
    DnsFailed: Some(Dns);
    LoginFailed: Some(Login);
    ConnectTimeout | ConnectRefused | ConnectFailed | ConnectionDropped: Some(Network);
    PeerBusy | RefusedTemporarily | Refused: Some(Peer);
    NoError | Unrecognized | Held | Growing | Unroutable | Poison: Some(Other);
    DnsNotFound | DnsError | NullMx | MxIpLiteral | TooManyAnswers | AddressUnusable: None;
    ProxyUnreachable | ProxyAuth | ProxyRefused | ProxyFailed | ProxyTimeout | ConnectUnreachable: None;
    GreetingTimeout | Greeting4xx | Greeting5xx | ConnectionClosed | ProtocolError | UnexpectedTls | EhloRejected | EhloTimeout: None;
    StarttlsNotOffered | StarttlsMasked | Starttls4xx | Starttls5xx | StarttlsTimeout | PlaintextAfterStarttls: None;
    TlsClosed | TlsTimeout | NotTls | TlsVersionUnsupported | TlsNoCommonParameters | TlsAlert | TlsProtocolError: None;
    ChainTooLarge | HandshakeSignatureInvalid | ClientCertRequired | ClientCertRejected | Pending | Internal: None;
    CertExpired | CertNotYetValid | ChainExpired | ChainIncomplete | UnknownIssuer | SelfSigned: None;
    NameMismatch | SubjectMismatch | IssuerMismatch | TlsCertificateNameMismatch | FingerprintMismatch: None;
    EkuMissing | KeyUsageMissing | IssuerUnfit | WeakCrypto | ChainInvalid | Revoked | MustStapleMissing | TlsVersionTooOld: None;
    CertificatesDiffer | ViewsDiffer | ExpiresSoon | Undecided | CertUnreadable: None;
    InventoryMissing | InventoryStale | InventoryClock: None;
    InventoryUnreadable | InventoryNotJson | InventoryWrongSchema | InventoryTooLarge: None;
    ConnectorCertNotFound | ConnectorCertNotEnabled | ConnectorCertRejected | ConnectorCertKeyMissing: None;
    ConnectorCertNotYetValid | ConnectorCertExpired | ConnectorNewerUnusable | ServedNotInStore | StoreNewerNotServed: None;
    DnssecUnavailable | DaneNoRecords | DaneHostInsecure | DaneMxInsecure | DaneTlsaInsecure: None;
    DaneMismatch | DaneDigestAgility | DaneTaNotSent | DaneNameMismatch | DaneChainInvalid: None;
    DaneUnusable | DaneStarttlsMissing | DaneDnsError | DaneNextMissing: None;
    StsNoRecord | StsModeNone | StsRecordInvalid | StsWithdrawn | StsHostNotFound | StsFetchError: None;
    StsWebpkiInvalid | StsPolicyInvalid | StsPolicyDiffers | StsIdUnchanged | StsMxMismatch: None;
    StsCachedMxMismatch | StsStarttlsMissing | StsCertificateInvalid: None;
    TlsRptNoRecord | TlsRptRecordInvalid | TlsRptRuaInvalid: None;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Origin;

    #[test]
    fn every_reason_of_queues_has_a_cause_and_hardly_any_other() {
        for reason in Reason::ALL {
            let is_shared = matches!(reason, Reason::ConnectTimeout | Reason::ConnectRefused);
            let waits = reason.origin() == Origin::Queue || is_shared;
            assert_eq!(
                WaitCause::of(*reason).is_some(),
                waits,
                "{}",
                reason.as_str()
            );
        }
    }
}
