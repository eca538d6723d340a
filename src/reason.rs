//! The closed list of reasons: what can be wrong with a server, each by one public name.

/// Declares each reason once: its meaning, its variant, its public name.
macro_rules! reasons {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $name:literal,)+) => {
        /// Why a probe failed or a check did; [`as_str`](Self::as_str) is a public label value.
        ///
        /// The cases and their names follow the failure table that docs/reasons.md explains one by one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[doc = $meaning])+ $variant,)+
        }

        impl Reason {
            /// Every reason, in the order in which a probe can come to it.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The public name, as in labels, JSON and docs.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

reasons! {
    /// The name does not exist, or has no address.
    DnsNotFound = "dns_not_found",
    /// The resolver failed or did not answer in time.
    DnsError = "dns_error",
    /// The domain takes no mail: its MX is `0 .` (RFC 7505).
    NullMx = "null_mx",
    /// An MX names an IP address where only a host name may stand (RFC 5321 §5.1).
    MxIpLiteral = "mx_ip_literal",
    /// More MX hosts or addresses than are probed.
    TooManyAnswers = "too_many_answers",
    /// An address that no server can have: unspecified, multicast or broadcast.
    AddressUnusable = "address_unusable",
    /// The proxy itself cannot be reached.
    ProxyUnreachable = "proxy_unreachable",
    /// The proxy wants a user and password, or others than it was given.
    ProxyAuth = "proxy_auth",
    /// The proxy does not allow the connection.
    ProxyRefused = "proxy_refused",
    /// The proxy could not connect to the server, or is no proxy.
    ProxyFailed = "proxy_failed",
    /// The proxy took the request, but gave no answer in time.
    ProxyTimeout = "proxy_timeout",
    /// Nothing listens on the port.
    ConnectRefused = "connect_refused",
    /// No answer to the connection attempt in time.
    ConnectTimeout = "connect_timeout",
    /// The network says that the address cannot be reached.
    ConnectUnreachable = "connect_unreachable",
    /// Connected, but no greeting in time (tarpit, slow reverse DNS).
    GreetingTimeout = "greeting_timeout",
    /// The server is busy or limits us: a 4xx greeting, or a 421 later.
    Greeting4xx = "greeting_4xx",
    /// The server refuses us: a 5xx greeting.
    Greeting5xx = "greeting_5xx",
    /// The peer closed the connection in the middle of the SMTP dialogue.
    ConnectionClosed = "connection_closed",
    /// Not SMTP: garbage, an overlong line or an endless reply.
    ProtocolError = "protocol_error",
    /// TLS where SMTP in clear was expected.
    UnexpectedTls = "unexpected_tls",
    /// EHLO was refused.
    EhloRejected = "ehlo_rejected",
    /// No reply to EHLO in time.
    EhloTimeout = "ehlo_timeout",
    /// EHLO does not offer STARTTLS.
    StarttlsNotOffered = "starttls_not_offered",
    /// A firewall overwrote the STARTTLS keyword.
    StarttlsMasked = "starttls_masked",
    /// STARTTLS offered, then refused for now.
    Starttls4xx = "starttls_4xx",
    /// STARTTLS offered, then refused.
    Starttls5xx = "starttls_5xx",
    /// No reply to STARTTLS in time.
    StarttlsTimeout = "starttls_timeout",
    /// Clear text arrived after the reply to STARTTLS (command injection).
    PlaintextAfterStarttls = "plaintext_after_starttls",
    /// The peer closed the connection during the handshake.
    TlsClosed = "tls_closed",
    /// The handshake did not finish in time.
    TlsTimeout = "tls_timeout",
    /// Clear text where TLS was expected.
    NotTls = "not_tls",
    /// The server speaks only protocol versions before TLS 1.2.
    TlsVersionUnsupported = "tls_version_unsupported",
    /// No cipher suite, group or signature scheme in common.
    TlsNoCommonParameters = "tls_no_common_parameters",
    /// The server ended the handshake with an alert.
    TlsAlert = "tls_alert",
    /// The server broke the TLS protocol.
    TlsProtocolError = "tls_protocol_error",
    /// The server presents more certificates than clients take (64 KiB).
    ChainTooLarge = "chain_too_large",
    /// The server could not prove that it holds the certificate's key.
    HandshakeSignatureInvalid = "handshake_signature_invalid",
    /// The server insists on a client certificate.
    ClientCertRequired = "client_cert_required",
    /// The server refuses the client certificate that the configuration has for it.
    ClientCertRejected = "client_cert_rejected",
    /// No result within the scrape's deadline yet.
    Pending = "pending",
    /// The probe itself broke; a defect of this program.
    Internal = "internal",
    /// The leaf certificate has expired.
    CertExpired = "cert_expired",
    /// The leaf certificate is not valid yet.
    CertNotYetValid = "cert_not_yet_valid",
    /// Another certificate on the path has expired.
    ChainExpired = "chain_expired",
    /// An intermediate certificate is missing from what was presented.
    ChainIncomplete = "chain_incomplete",
    /// The path ends at a root that is not trusted.
    UnknownIssuer = "unknown_issuer",
    /// The certificate is signed by itself and not pinned.
    SelfSigned = "self_signed",
    /// The certificate does not cover an expected name.
    NameMismatch = "name_mismatch",
    /// The subject is not the expected one.
    SubjectMismatch = "subject_mismatch",
    /// The issuer is not the expected one.
    IssuerMismatch = "issuer_mismatch",
    /// The connector string (`<I>…<S>…`) does not name this certificate.
    TlsCertificateNameMismatch = "tls_certificate_name_mismatch",
    /// The fingerprint is none of the expected ones.
    FingerprintMismatch = "fingerprint_mismatch",
    /// The certificate is not meant for the use that is made of it.
    EkuMissing = "eku_missing",
    /// The certificate's key may not be used as TLS uses it.
    KeyUsageMissing = "key_usage_missing",
    /// An issuer's certificate does not allow it to issue this one.
    IssuerUnfit = "issuer_unfit",
    /// A key or signature that is too weak.
    WeakCrypto = "weak_crypto",
    /// A signature or constraint on the path does not hold.
    ChainInvalid = "chain_invalid",
    /// The issuer has revoked the certificate, or one of its issuers'.
    Revoked = "revoked",
    /// The certificate promises a stapled OCSP response, and the server sends no usable one.
    MustStapleMissing = "must_staple_missing",
    /// The TLS version that the server chose is below the expected minimum.
    TlsVersionTooOld = "tls_version_too_old",
    /// Another endpoint of the target serves a newer certificate.
    CertificatesDiffer = "certificates_differ",
    /// The target's views lead to different certificates.
    ViewsDiffer = "views_differ",
    /// Little of the certificate's lifetime is left.
    ExpiresSoon = "expires_soon",
    /// Something about the certificate could not be judged.
    Undecided = "undecided",
    /// The certificate cannot be parsed.
    CertUnreadable = "cert_unreadable",
}

impl Reason {
    /// Whether the server only had no time for us: a limit on connections, or a tarpit. Its certificate is not at fault.
    pub fn is_busy(self) -> bool {
        matches!(self, Self::Greeting4xx | Self::GreetingTimeout)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Reason;

    #[test]
    fn every_reason_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(names.len(), Reason::ALL.len());
    }
}
