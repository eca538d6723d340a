//! The closed list of reasons: what can be wrong with a server, each by one public name.

/// Why a probe failed or a check did; [`as_str`](Self::as_str) is a public label value.
///
/// The cases and their names follow the failure table that the project's docs explain one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The name does not exist, or has no address.
    DnsNotFound,
    /// The resolver failed or did not answer in time.
    DnsError,
    /// The domain takes no mail: its MX is `0 .` (RFC 7505).
    NullMx,
    /// An MX names an IP address where only a host name may stand (RFC 5321 §5.1).
    MxIpLiteral,
    /// More MX hosts or addresses than are probed.
    TooManyAnswers,
    /// The proxy itself cannot be reached.
    ProxyUnreachable,
    /// The proxy wants a user and password, or others than it was given.
    ProxyAuth,
    /// The proxy does not allow the connection.
    ProxyRefused,
    /// The proxy could not connect to the server, or is no proxy.
    ProxyFailed,
    /// The proxy took the request, but gave no answer in time.
    ProxyTimeout,
    /// Nothing listens on the port.
    ConnectRefused,
    /// No answer to the connection attempt in time.
    ConnectTimeout,
    /// The network says that the address cannot be reached.
    ConnectUnreachable,
    /// Connected, but no greeting in time (tarpit, slow reverse DNS).
    GreetingTimeout,
    /// The server is busy or limits us: a 4xx greeting.
    Greeting4xx,
    /// The server refuses us: a 5xx greeting.
    Greeting5xx,
    /// The peer closed the connection in the middle of the SMTP dialogue.
    ConnectionClosed,
    /// Not SMTP: garbage, an overlong line or an endless reply.
    ProtocolError,
    /// TLS where SMTP in clear was expected.
    UnexpectedTls,
    /// EHLO was refused.
    EhloRejected,
    /// No reply to EHLO in time.
    EhloTimeout,
    /// EHLO does not offer STARTTLS.
    StarttlsNotOffered,
    /// A firewall overwrote the STARTTLS keyword.
    StarttlsMasked,
    /// STARTTLS offered, then refused for now.
    Starttls4xx,
    /// STARTTLS offered, then refused.
    Starttls5xx,
    /// No reply to STARTTLS in time.
    StarttlsTimeout,
    /// Clear text arrived after the reply to STARTTLS (command injection).
    PlaintextAfterStarttls,
    /// The peer closed the connection during the handshake.
    TlsClosed,
    /// The handshake did not finish in time.
    TlsTimeout,
    /// Clear text where TLS was expected.
    NotTls,
    /// The server speaks only protocol versions before TLS 1.2.
    TlsVersionUnsupported,
    /// No cipher suite, group or signature scheme in common.
    TlsNoCommonParameters,
    /// The server ended the handshake with an alert.
    TlsAlert,
    /// The server broke the TLS protocol.
    TlsProtocolError,
    /// The server could not prove that it holds the certificate's key.
    HandshakeSignatureInvalid,
    /// The server insists on a client certificate.
    ClientCertRequired,
    /// No result within the scrape's deadline yet.
    Pending,
    /// The probe itself broke; a defect of this program.
    Internal,
    /// The leaf certificate has expired.
    CertExpired,
    /// The leaf certificate is not valid yet.
    CertNotYetValid,
    /// Another certificate on the path has expired.
    ChainExpired,
    /// An intermediate certificate is missing from what was presented.
    ChainIncomplete,
    /// The path ends at a root that is not trusted.
    UnknownIssuer,
    /// The certificate is signed by itself and not pinned.
    SelfSigned,
    /// The certificate does not cover an expected name.
    NameMismatch,
    /// The subject is not the expected one.
    SubjectMismatch,
    /// The issuer is not the expected one.
    IssuerMismatch,
    /// The connector string (`<I>…<S>…`) does not name this certificate.
    TlsCertificateNameMismatch,
    /// The fingerprint is none of the expected ones.
    FingerprintMismatch,
    /// The certificate is not meant for TLS servers.
    EkuMissing,
    /// A key or signature that is too weak.
    WeakCrypto,
    /// A signature or constraint on the path does not hold.
    ChainInvalid,
    /// The negotiated TLS version is below the expected minimum.
    TlsVersionTooOld,
    /// Another endpoint of the target serves a newer certificate.
    CertificatesDiffer,
    /// The target's views lead to different certificates.
    ViewsDiffer,
    /// The certificate cannot be parsed.
    CertUnreadable,
}

impl Reason {
    /// The public name, as in labels, JSON and docs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DnsNotFound => "dns_not_found",
            Self::DnsError => "dns_error",
            Self::NullMx => "null_mx",
            Self::MxIpLiteral => "mx_ip_literal",
            Self::TooManyAnswers => "too_many_answers",
            Self::ProxyUnreachable => "proxy_unreachable",
            Self::ProxyAuth => "proxy_auth",
            Self::ProxyRefused => "proxy_refused",
            Self::ProxyFailed => "proxy_failed",
            Self::ProxyTimeout => "proxy_timeout",
            Self::ConnectRefused => "connect_refused",
            Self::ConnectTimeout => "connect_timeout",
            Self::ConnectUnreachable => "connect_unreachable",
            Self::GreetingTimeout => "greeting_timeout",
            Self::Greeting4xx => "greeting_4xx",
            Self::Greeting5xx => "greeting_5xx",
            Self::ConnectionClosed => "connection_closed",
            Self::ProtocolError => "protocol_error",
            Self::UnexpectedTls => "unexpected_tls",
            Self::EhloRejected => "ehlo_rejected",
            Self::EhloTimeout => "ehlo_timeout",
            Self::StarttlsNotOffered => "starttls_not_offered",
            Self::StarttlsMasked => "starttls_masked",
            Self::Starttls4xx => "starttls_4xx",
            Self::Starttls5xx => "starttls_5xx",
            Self::StarttlsTimeout => "starttls_timeout",
            Self::PlaintextAfterStarttls => "plaintext_after_starttls",
            Self::TlsClosed => "tls_closed",
            Self::TlsTimeout => "tls_timeout",
            Self::NotTls => "not_tls",
            Self::TlsVersionUnsupported => "tls_version_unsupported",
            Self::TlsNoCommonParameters => "tls_no_common_parameters",
            Self::TlsAlert => "tls_alert",
            Self::TlsProtocolError => "tls_protocol_error",
            Self::HandshakeSignatureInvalid => "handshake_signature_invalid",
            Self::ClientCertRequired => "client_cert_required",
            Self::Pending => "pending",
            Self::Internal => "internal",
            Self::CertExpired => "cert_expired",
            Self::CertNotYetValid => "cert_not_yet_valid",
            Self::ChainExpired => "chain_expired",
            Self::ChainIncomplete => "chain_incomplete",
            Self::UnknownIssuer => "unknown_issuer",
            Self::SelfSigned => "self_signed",
            Self::NameMismatch => "name_mismatch",
            Self::SubjectMismatch => "subject_mismatch",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::TlsCertificateNameMismatch => "tls_certificate_name_mismatch",
            Self::FingerprintMismatch => "fingerprint_mismatch",
            Self::EkuMissing => "eku_missing",
            Self::WeakCrypto => "weak_crypto",
            Self::ChainInvalid => "chain_invalid",
            Self::TlsVersionTooOld => "tls_version_too_old",
            Self::CertificatesDiffer => "certificates_differ",
            Self::ViewsDiffer => "views_differ",
            Self::CertUnreadable => "cert_unreadable",
        }
    }
}
