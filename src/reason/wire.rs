//! What a probe can come to on the wire, each case by its name; knows no server from inside.

/// Hands its reasons on to those of the inside, which come after them.
macro_rules! on_the_wire {
    ($next:ident, $list:ident) => {
        $next! { $list,
            Name {
                /// The name does not exist, or has no address.
                DnsNotFound = "dns_not_found", wire "NXDOMAIN, or an empty answer for A and AAAA";
                /// DNS gave no usable answer.
                DnsError = "dns_error",
                    wire "SERVFAIL, no answer in time, no resolver configured; an alias (CNAME) that loops, or leads to a \
                          name that does not exist or has no address",
                    note "The endpoints last found are still probed. If only one address family failed, the detail names it, \
                          and `smtp_tls_target_resolved` stays 1.";
                /// The domain accepts no mail (RFC 7505).
                NullMx = "null_mx", wire "MX `0 .`";
                /// An MX record names an IP address, where only a host name is allowed; the other MX hosts are probed.
                MxIpLiteral = "mx_ip_literal", wire "MX `10 192.0.2.1.`";
                /// More MX hosts (50) or addresses per name (100) than are probed; only the first are.
                TooManyAnswers = "too_many_answers";
                /// An address that no server can have; the exporter never connects to it, only to the others.
                AddressUnusable = "address_unusable",
                    wire "unspecified (`0.0.0.0/8`, `::`), multicast or broadcast, also mapped into IPv6";
            }
            Connection {
                /// The view's proxy cannot be reached.
                ProxyUnreachable = "proxy_unreachable", wire "refused, timed out, or its name not found";
                /// The proxy wants a user and password, or different ones.
                ProxyAuth = "proxy_auth", wire "407, or the SOCKS authentication failed";
                /// The proxy does not allow the connection.
                ProxyRefused = "proxy_refused", wire "4xx, or a SOCKS ruleset";
                /// The proxy could not connect to the server, or is not a proxy.
                ProxyFailed = "proxy_failed",
                    wire "5xx, a general SOCKS failure, or no such protocol",
                    note "Over SOCKS, a refusal by the server is `connect_refused`.";
                /// The proxy accepted the request, but did not answer in time.
                ProxyTimeout = "proxy_timeout", wire "nothing after our request";
                /// Nothing listens on the port.
                ConnectRefused = "connect_refused", wire "RST", note "If the port is wrong, correct `ports`.";
                /// No answer in time.
                ConnectTimeout = "connect_timeout", wire "SYN without answer";
                /// The network says that the server cannot be reached.
                ConnectUnreachable = "connect_unreachable",
                    wire "ICMP unreachable; no route; no IPv6 on this machine",
                    note "Check routes and address families.";
            }
            Smtp {
                /// Connected, but no greeting in time.
                GreetingTimeout = "greeting_timeout",
                    wire "TCP is up, no line",
                    note "Behind a load balancer, the server may wait for a PROXY header: set `proxy_protocol`.";
                /// The server is busy or limits us.
                Greeting4xx = "greeting_4xx", wire "`421` or another 4xx for a greeting, or `421` later";
                /// The server refuses us.
                Greeting5xx = "greeting_5xx", wire "`554` or another 5xx for a greeting";
                /// The peer closed the connection during the dialogue.
                ConnectionClosed = "connection_closed",
                    wire "FIN or RST outside the handshake",
                    note "Behind a load balancer, the server may demand a PROXY header: set `proxy_protocol`.";
                /// Not SMTP.
                ProtocolError = "protocol_error",
                    wire "garbage, an overlong line, an endless reply, 256 KiB without a reply (such as endless session \
                          tickets), or a 1xx or 3xx code, which answers none of our commands";
                /// TLS where plain SMTP was expected.
                UnexpectedTls = "unexpected_tls", wire "a TLS record instead of a greeting";
                /// EHLO was refused.
                EhloRejected = "ehlo_rejected",
                    wire "a reply of 4xx or 5xx to EHLO",
                    note "Behind a load balancer, set `proxy_protocol`: without the header, Exim refuses EHLO.";
                /// No reply to EHLO in time.
                EhloTimeout = "ehlo_timeout", wire "silence after EHLO";
                /// EHLO does not offer STARTTLS.
                StarttlsNotOffered = "starttls_not_offered",
                    wire "no such keyword",
                    note "Exchange hides STARTTLS when it finds no usable certificate.";
                /// A firewall overwrote the keyword.
                StarttlsMasked = "starttls_masked", wire "`XXXXXXXA` or `****` among the keywords";
                /// Offered, then refused for now.
                Starttls4xx = "starttls_4xx", wire "`454` to STARTTLS";
                /// Offered, then refused.
                Starttls5xx = "starttls_5xx", wire "5xx to STARTTLS (any 2xx begins TLS)";
                /// No reply to STARTTLS in time.
                StarttlsTimeout = "starttls_timeout", wire "silence after STARTTLS";
                /// Plain text after the reply to STARTTLS.
                PlaintextAfterStarttls = "plaintext_after_starttls", wire "bytes after the `220`, before our ClientHello";
            }
            Tls {
                /// The peer closed the connection during the handshake.
                TlsClosed = "tls_closed",
                    wire "FIN or RST after the ClientHello",
                    note "Often its key cannot be read, or a device in between dislikes the hello.";
                /// The handshake did not finish in time.
                TlsTimeout = "tls_timeout",
                    wire "no ServerHello",
                    note "Check the path MTU, and look for a device that inspects TLS.";
                /// Plain text where TLS was expected.
                NotTls = "not_tls", wire "a greeting on a port for implicit TLS";
                /// The server speaks only versions before TLS 1.2.
                TlsVersionUnsupported = "tls_version_unsupported",
                    wire "alert protocol_version (70), or an old ServerHello",
                    note "If possible, its certificate is read with an old hello.";
                /// No cipher suite, group or signature scheme in common.
                TlsNoCommonParameters = "tls_no_common_parameters",
                    wire "alert handshake_failure (40) or insufficient_security (71)",
                    note "Enable ECDHE suites with AEAD.";
                /// The server ended the handshake with another alert.
                TlsAlert = "tls_alert",
                    wire "the detail names the alert, such as internal_error (80) or unrecognized_name (112)",
                    note "Try `server_name`.";
                /// The server broke the TLS protocol.
                TlsProtocolError = "tls_protocol_error",
                    wire "a malformed or unexpected message",
                    note "Look for a device in between.";
                /// The server presents more certificates, or a larger one, than clients take.
                ChainTooLarge = "chain_too_large",
                    wire "a Certificate message of more than 64 KiB",
                    note "Up to 256 KiB are still read, with a second hello for TLS 1.2. If the server speaks only TLS 1.3, \
                          they cannot be read, because TLS 1.3 encrypts them; the detail says so.";
                /// The server could not prove that it holds the key.
                HandshakeSignatureInvalid = "handshake_signature_invalid", wire "an invalid signature over the handshake";
                /// The server insists on a client certificate.
                ClientCertRequired = "client_cert_required",
                    wire "CertificateRequest, then alert certificate_required (116) or another about certificates, or FIN or \
                          RST without an alert",
                    note "What the server presented is still reported.";
                /// The server refuses the client certificate of `client_certificate`.
                ClientCertRejected = "client_cert_rejected",
                    wire "CertificateRequest, our certificate, then an alert, FIN or RST";
            }
            Exporter {
                /// No result within the scrape's deadline yet.
                Pending = "pending", note "`/probe` answers 503 if no server could be asked in time.";
                /// The probe itself broke.
                Internal = "internal",
                    note "If the detail says \"Too many open files\", raise `ulimit -n`, or find out who holds connections to \
                          the exporter.";
            }
            Certificate {
                /// The leaf has expired.
                CertExpired = "cert_expired", wire "notAfter is past";
                /// The leaf, or a certificate on its path, is not valid yet.
                CertNotYetValid = "cert_not_yet_valid", wire "notBefore is in the future";
                /// Another certificate on the path has expired.
                ChainExpired = "chain_expired",
                    wire "an intermediate, or a configured root, with notAfter past",
                    note "If a root has expired, add the renewed one to `trust.roots` beside it.";
                /// The server does not present an intermediate that clients need.
                ChainIncomplete = "chain_incomplete", wire "often the leaf alone";
                /// The path ends at a root that is not trusted.
                UnknownIssuer = "unknown_issuer", wire "a private CA";
                /// Signed by itself and not pinned.
                SelfSigned = "self_signed", wire "issuer equals subject";
                /// An expected name is not covered.
                NameMismatch = "name_mismatch", wire "the SAN lacks the name", note "What is expected is in `expect.names`.";
                /// Not the expected subject.
                SubjectMismatch = "subject_mismatch", note "What is expected is in `expect.subject`.";
                /// Not the expected issuer.
                IssuerMismatch = "issuer_mismatch",
                    wire "often after a change of CA",
                    note "What is expected is in `expect.issuer`.";
                /// The connector string does not name this certificate.
                TlsCertificateNameMismatch = "tls_certificate_name_mismatch",
                    wire "issuer or subject differ from `<I>…<S>…`",
                    note "The label `tls_certificate_name` of `smtp_tls_cert_info` has the new value, for `Set-SendConnector \
                          -TlsCertificateName`.";
                /// None of the expected fingerprints.
                FingerprintMismatch = "fingerprint_mismatch",
                    note "What is expected is in `expect.fingerprints`; it changes with every renewal.";
                /// Not issued for the use it is put to; the detail names the purposes that it has.
                EkuMissing = "eku_missing",
                    wire "extended key usage without serverAuth, or without clientAuth where `client_auth` is on";
                /// The key may not be used the way TLS uses it.
                KeyUsageMissing = "key_usage_missing",
                    wire "key usage without digitalSignature, such as keyEncipherment alone; `Untrusted` if it has nothing \
                          that TLS can use",
                    note "OpenSSL accepts keyEncipherment or keyAgreement alone; GnuTLS (Exim) and BoringSSL do not.";
                /// A certificate on the path, or a root given as a file, does not allow its owner to issue this one.
                IssuerUnfit = "issuer_unfit",
                    wire "not a CA, a path length that is exceeded, key usage without keyCertSign, or extended key usage \
                          without serverAuth; the old purposes for server gated cryptography (SGC) do not count as \
                          serverAuth, though OpenSSL accepts them",
                    note "Or have the server present that CA's other intermediate.";
                /// The leaf, or an intermediate that it needs (without a trusted path: any that names lead to), has a key or
                /// signature that is too weak; in other certificates the check only notes it and passes.
                WeakCrypto = "weak_crypto", wire "RSA below 2048 bits, EC below 256, DSA; MD5 or SHA-1";
                /// A signature or constraint on the path is violated.
                ChainInvalid = "chain_invalid", note "Compare it with what the CA delivered.";
                /// The issuer has revoked the certificate, or one of its issuers'.
                Revoked = "revoked", wire "an entry in a list from `trust.crls`, or a stapled OCSP response that says so";
                /// The certificate promises a stapled OCSP response, and no usable one came.
                MustStapleMissing = "must_staple_missing", wire "TLS feature extension, no current status in the handshake";
                /// The TLS version that the server chose is below `expect.min_tls`.
                TlsVersionTooOld = "tls_version_too_old", note "What is expected is in `expect.min_tls`.";
                /// Another endpoint of the target serves a newer, good certificate; or all are bad and another is newer.
                CertificatesDiffer = "certificates_differ",
                    wire "different leaves at the addresses of one target",
                    note "If the servers may differ, set `same_certificate: false`.";
                /// The target's views lead to different certificates.
                ViewsDiffer = "views_differ", wire "different leaves behind the addresses that another resolver or proxy gives";
                /// Little of the lifetime is left.
                ExpiresSoon = "expires_soon", wire "below 25 % of it and 30 days: `Warning`; below 10 % and 7 days: `Critical`";
                /// Trust, dates or names could not be judged; the detail says which check and why.
                Undecided = "undecided",
                    wire "for example a signature algorithm that is not verified here, or a date without seconds, with an \
                          offset or a fraction, which RFC 5280 §4.1.2.5 forbids (OpenSSL and GnuTLS refuse it; it is still \
                          reported)",
                    note "Or have it reissued in the usual form. You can switch off a check that does not matter here.";
                /// The certificate cannot be parsed.
                CertUnreadable = "cert_unreadable", wire "malformed DER", note "Its fingerprints are still reported.";
            }
        }
    };
}
