//! A reason to the shipped alerts that it causes: so alert, runbook, table and page tell the same remedy.

use crate::reason::Reason;

/// Declares the alerts of each reason.
macro_rules! alerts {
    ($($($reason:ident)|+: $($alert:ident)+;)+) => {
        /// The alerts of alerts/smtp-tls.rules.yml that can have it as their cause, the likeliest first.
        pub const fn alerts(reason: Reason) -> &'static [&'static str] {
            match reason {
                $($(Reason::$reason)|+ => &[$(concat!("SmtpTls", stringify!($alert))),+],)+
            }
        }
    };
}

alerts! {
    DnsNotFound | NullMx | MxIpLiteral | TooManyAnswers | AddressUnusable: TargetUnresolvable TargetHalfResolved;
    DnsError: TargetUnresolvable TargetHalfResolved MtaStsUnavailable RptRecordInvalid;
    ProxyUnreachable | ProxyAuth | ProxyRefused | ProxyFailed | ProxyTimeout: ProbeFailed;
    ConnectRefused | ConnectTimeout | ConnectUnreachable: ProbeFailed;
    GreetingTimeout | Greeting5xx | UnexpectedTls: ProbeFailed;
    Greeting4xx | ConnectionClosed | ProtocolError | EhloRejected | EhloTimeout: ProbeFailed SessionFailed;
    StarttlsNotOffered | StarttlsMasked: StarttlsMissing;
    Starttls4xx | Starttls5xx | StarttlsTimeout | PlaintextAfterStarttls: ProbeFailed;
    TlsClosed | TlsTimeout | NotTls | TlsNoCommonParameters | TlsAlert | TlsProtocolError: HandshakeFailed;
    ChainTooLarge | HandshakeSignatureInvalid: HandshakeFailed;
    ClientCertRequired | ClientCertRejected | CertUnreadable: HandshakeFailed SessionFailed;
    TlsVersionUnsupported | TlsVersionTooOld: OldTlsOnly;
    Pending | Internal: ProbeFailed;
    CertExpired: CertificateExpired;
    ExpiresSoon: CertificateExpiringSoon CertificateRenewalOverdue ConnectorCertificateExpiringSoon;
    CertNotYetValid: CertificateNotYetValid CheckFailed;
    ChainExpired: ChainExpired ChainExpiringSoon;
    ChainIncomplete: ChainIncomplete;
    UnknownIssuer | SelfSigned | ChainInvalid: CertificateUntrusted;
    NameMismatch | SubjectMismatch | IssuerMismatch | FingerprintMismatch: SubjectMismatch;
    TlsCertificateNameMismatch: TlsCertificateNameMismatch;
    EkuMissing | KeyUsageMissing | IssuerUnfit | MustStapleMissing: CheckFailed;
    WeakCrypto: WeakCrypto;
    Revoked: CertificateRevoked;
    CertificatesDiffer: FleetInconsistent;
    ViewsDiffer: ViewsDisagree;
    Undecided: Undecided;
    InventoryMissing | InventoryStale | InventoryClock: InventoryMissing;
    InventoryUnreadable | InventoryNotJson | InventoryWrongSchema | InventoryTooLarge: InventoryMissing;
    ConnectorCertNotFound | ConnectorCertNotEnabled | ConnectorCertRejected | ConnectorCertKeyMissing:
        ConnectorCertificateUnusable ConnectorHalfRenewed;
    ConnectorCertNotYetValid | ConnectorCertExpired: ConnectorCertificateUnusable ConnectorHalfRenewed;
    ConnectorNewerUnusable: RenewalNotFinished;
    ServedNotInStore: ServedNotInStore;
    StoreNewerNotServed: StoreNewerNotServed;
    OwnCertNotFound | OwnCredentials | OwnTlsUnavailable | OwnCertRefused: QueueStuckOnCertificate;
    PeerCertExpired | PeerCertName | PeerCertUntrusted | PeerCertInvalid: QueueStuckOnCertificate;
    PeerOffersNoTls | PeerDemandsTls | TlsTooOld | DaneFailed | MtaStsFailed | TlsHandshakeFailed:
        QueueStuckOnCertificate;
    DnsFailed | LoginFailed | ConnectFailed | ConnectionDropped | PeerBusy: QueueWaiting;
    RefusedTemporarily | Refused | NoError | Unrecognized | Held: QueueWaiting;
    Growing: QueueGrowing;
    Unroutable | Poison: QueueUnroutable;
    DnssecUnavailable: DnssecUnavailable;
    DaneMismatch | DaneDigestAgility | DaneTaNotSent | DaneNameMismatch | DaneChainInvalid: DaneMismatch;
    DaneUnusable: DaneUnusable;
    DaneStarttlsMissing: DaneStarttlsMissing;
    DaneDnsError: DaneLookupFails;
    DaneNextMissing: DaneRolloverNotReady;
    StsHostNotFound | StsFetchError | StsWebpkiInvalid | StsPolicyInvalid: MtaStsUnavailable;
    StsMxMismatch | StsCachedMxMismatch: MtaStsMxNotCovered;
    StsStarttlsMissing | StsCertificateInvalid: MtaStsCertificateInvalid;
    StsRecordInvalid: MtaStsRecordInvalid;
    StsIdUnchanged: MtaStsIdUnchanged;
    StsPolicyDiffers: MtaStsPolicyDiffers;
    StsWithdrawn: MtaStsWithdrawn;
    TlsRptRecordInvalid | TlsRptRuaInvalid: RptRecordInvalid;
    DaneNoRecords | DaneHostInsecure | DaneMxInsecure | DaneTlsaInsecure: PublishedPolicyMissing;
    StsNoRecord | StsModeNone | TlsRptNoRecord: PublishedPolicyMissing;
}
