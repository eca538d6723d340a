//! What can be the matter with a mail server seen from inside, each case by its name; knows no probe.

/// Takes the reasons of the wire, adds those of the inside, and hands all on.
macro_rules! on_the_inside {
    ($list:ident, $($wire:tt)*) => {
        $list! {
            $($wire)*
            Inventory {
                /// There is no inventory of this server.
                InventoryMissing = "missing",
                    wire "`inside.servers` or a connector's list of servers names it, and no file does; or its file is gone";
                /// The inventory is older than `max_age`.
                InventoryStale = "stale",
                    wire "`collected_at` is too long ago",
                    note "What it said of queues and connectors counts no more; the ends of certificates stay for a day.";
                /// The inventory comes from the future.
                InventoryClock = "clock", wire "`collected_at` is more than 5 minutes ahead";
                /// The system does not let the exporter read the file.
                InventoryUnreadable = "unreadable",
                    wire "permissions, no regular file, or an error of the disk",
                    note "What it said last counts until `max_age`.";
                /// The file is not JSON in UTF-8.
                InventoryNotJson = "not_json",
                    wire "cut off, UTF-16, nested too deeply; the detail says which, and where",
                    note "What it said last counts until `max_age`.";
                /// The file is JSON, but no inventory that this version understands.
                InventoryWrongSchema = "wrong_schema",
                    wire "another `schema`, or no `collected_at`, or no name of a server",
                    note "What it said last counts until `max_age`.";
                /// The file has more than 8 MiB.
                InventoryTooLarge = "too_large", note "What it said last counts until `max_age`.";
            }
            Connector {
                /// No certificate on this server is the one that the connector selects.
                ConnectorCertNotFound = "connector_cert_not_found",
                    wire "none with the issuer and subject of TlsCertificateName, none that covers the name, none in \
                          the file",
                    note "The detail quotes a certificate of the same subject from another issuer, as the connector \
                          must name it.";
                /// The certificate is there, but not enabled for SMTP.
                ConnectorCertNotEnabled = "connector_cert_not_enabled",
                    wire "Exchange: `Services` without SMTP",
                    note "Enabling counts on one server only.";
                /// The server itself calls the certificate unfit.
                ConnectorCertRejected = "connector_cert_rejected",
                    wire "Exchange: `Status` is Revoked, Invalid, Untrusted or PendingRequest; or DateInvalid though \
                          the dates are good, which points at the server's clock";
                /// The certificate is there without its private key.
                ConnectorCertKeyMissing = "connector_cert_key_missing",
                    wire "in the Windows store without a key; a key file that does not fit",
                    note "Get-ExchangeCertificate does not list it.";
                /// The certificate is not valid yet.
                ConnectorCertNotYetValid = "connector_cert_not_yet_valid", wire "notBefore is in the future";
                /// The certificate has expired.
                ConnectorCertExpired = "connector_cert_expired", wire "notAfter is past";
                /// A later certificate is there beside the one in use, but cannot be used: a renewal was begun and
                /// not finished.
                ConnectorNewerUnusable = "connector_newer_unusable",
                    wire "the connector selects both; the detail says what the later one lacks",
                    note "The server may choose the later one all the same.";
                /// The certificate on the wire is not among those of the server.
                ServedNotInStore = "served_not_in_store", wire "its SHA-1 is not in the server's inventory";
                /// The server has a later usable certificate for the same names, and presents the older one.
                StoreNewerNotServed = "store_newer_not_served",
                    wire "the later one has been in the inventory for 15 minutes";
            }
            Queue {
                /// The server did not find the certificate that its connector names.
                OwnCertNotFound = "own_cert_not_found",
                    wire "`454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be \
                          found.`",
                    note "Exchange says so also where it is there and expired, or not enabled for SMTP.";
                /// The server cannot use the key of its certificate.
                OwnCredentials = "own_credentials", wire "`NoCredentials`, `UnknownCredentials`";
                /// The server's own TLS does not work.
                OwnTlsUnavailable = "own_tls_unavailable", wire "Postfix: `our TLS engine is unavailable`";
                /// The other side does not accept the certificate that the server presents.
                OwnCertRefused = "own_cert_refused",
                    wire "`550 5.7.51 TenantInboundAttribution`, `5.7.64 TenantAttribution`";
                /// The other side's certificate has expired.
                PeerCertExpired = "peer_cert_expired", wire "`CertificateExpired`, `certificate has expired`, `5.7.322`";
                /// The other side's certificate has another name.
                PeerCertName = "peer_cert_name", wire "`SubjectMismatch`";
                /// The other side's certificate is of an issuer that the server does not trust.
                PeerCertUntrusted = "peer_cert_untrusted", wire "`UntrustedRoot`";
                /// The other side's certificate was not accepted, and the server does not say why.
                PeerCertInvalid = "peer_cert_invalid",
                    wire "`Certificate validation failure`, `4.7.320`; Postfix: `Server certificate not verified`; Exim: \
                          `certificate verification failed`";
                /// TLS is required, and the other side offers none.
                PeerOffersNoTls = "peer_offers_no_tls",
                    wire "`STARTTLS is required to send mail`; Postfix: `TLS is required, but was not offered`";
                /// The other side demands TLS, and the server uses none.
                PeerDemandsTls = "peer_demands_tls", wire "`Must issue a STARTTLS command first`";
                /// The other side does not take TLS 1.0 and 1.1 any more.
                TlsTooOld = "tls_too_old", wire "`421 4.7.66 TLS 1.0 and 1.1 are not supported`";
                /// The other side does not keep what its TLSA records promise.
                DaneFailed = "dane_failed", wire "`5.7.321` to `5.7.325`, also with a 4";
                /// The other side does not keep what its MTA-STS policy promises.
                MtaStsFailed = "mta_sts_failed", wire "`MTA-STS`, `STS policy`";
                /// TLS could not be negotiated.
                TlsHandshakeFailed = "tls_handshake_failed",
                    wire "Postfix: `Cannot start TLS: handshake failure`; Exim: `TLS session: (…)`; `TLS negotiation \
                          failed`";
                /// The next hop could not be looked up.
                DnsFailed = "dns_failed", wire "`DNS query failed`; Postfix: `Name service error`";
                /// The other side does not let the server log in.
                LoginFailed = "login_failed", wire "`454 4.7.0 Temporary authentication failure.`, `535`";
                /// The next hop could not be reached.
                ConnectFailed = "connect_failed",
                    wire "`421 4.2.1 Unable to connect`, `No route to host`, `Network is unreachable`",
                    note "A missing key or a certificate that is not enabled looks the same.";
                /// The other side broke off.
                ConnectionDropped = "connection_dropped",
                    wire "`421 4.4.2 Connection dropped due to SocketError`; Postfix: `lost connection with … while …`",
                    note "A client certificate that has expired looks the same under TLS 1.3.";
                /// The other side has no room, or limits us.
                PeerBusy = "peer_busy", wire "`421 4.3.2`, `452 4.3.1`, `451 4.7.500`, `too many connections`";
                /// The other side refuses for now.
                RefusedTemporarily = "refused_temporarily", wire "any other reply of 4xx";
                /// The other side refuses.
                Refused = "refused", wire "any other reply of 5xx";
                /// Nothing was said about why.
                NoError = "none", wire "no error";
                /// What was said is none of these cases.
                Unrecognized = "unrecognized", note "Table, page and JSON quote it, with what may be an address masked.";
                /// An administrator holds the mail.
                Held = "suspended", wire "status Suspended, `hold`, `frozen`, and no error";
                /// Mail is being sent, but more comes in.
                Growing = "growing", wire "more than 100 messages, and more than in the inventory before";
                /// There is no route for the mail.
                Unroutable = "unroutable", wire "more than 10 messages in the queue Unreachable";
                /// Mail that may have broken the server is set aside.
                Poison = "poison", wire "messages in the poison queue";
            }
        }
    };
}
