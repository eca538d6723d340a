//! A reason to what helps against it: the one table of remedies, in which the compiler asks for every new reason.

use crate::reason::Reason;

/// What helps against one kind of trouble.
#[derive(Debug, Clone, Copy)]
pub(super) struct Remedy {
    /// What to do. `{at}` stands for the endpoints, `{name}` for the target, `{view}` for the view; of the inside,
    /// `{server}` for the mail servers, `{connector}` and `{next_hop}` for what they say.
    pub(super) words: &'static str,
    /// What shows the trouble by hand.
    pub(super) look: Look,
    /// What mends it on Exchange.
    pub(super) exchange: Exchange,
}

/// A command that shows the trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// None that says more than the words do.
    Nothing,
    /// Whether anything listens.
    Port,
    /// The handshake.
    Handshake,
}

/// Commands of the Exchange Management Shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exchange {
    /// What is wrong is not which certificate is enabled.
    Nothing,
    /// Another certificate has to be enabled.
    Enable,
    /// The connectors have to name this certificate.
    Connectors,
}

/// Declares the remedy of each reason.
macro_rules! remedies {
    ($($($reason:ident)|+: $look:ident, $exchange:ident, $words:literal;)+) => {
        /// What helps against it.
        pub(super) const fn remedy(reason: Reason) -> Remedy {
            match reason {
                $($(Reason::$reason)|+ => Remedy {
                    words: $words,
                    look: Look::$look,
                    exchange: Exchange::$exchange,
                },)+
            }
        }
    };
}

remedies! {
    DnsNotFound: Nothing, Nothing,
        "see what the resolvers of view {view} answer for {name}; then correct the name, or publish its record";
    DnsError: Nothing, Nothing, "see what the resolvers of view {view} answer for {name}";
    NullMx: Nothing, Nothing, "remove {name}, whose domain takes no mail, or correct its MX records";
    MxIpLiteral: Nothing, Nothing, "put a host name into the MX record of {name}: an address is not allowed there";
    TooManyAnswers: Nothing, Nothing, "split {name}: it has more hosts or addresses than are probed";
    AddressUnusable: Nothing, Nothing, "correct the address in DNS for {name}, or exempt the name from the filter that answers so";
    ProxyUnreachable: Nothing, Nothing,
        "start the proxy of view {view}, or correct its address; nothing was asked of {at} itself";
    ProxyAuth: Nothing, Nothing,
        "correct user and password of the proxy of view {view}; nothing was asked of {at} itself";
    ProxyRefused: Nothing, Nothing, "allow {at} in the proxy of view {view}";
    ProxyFailed | ProxyTimeout: Nothing, Nothing,
        "read the log of the proxy of view {view}: it may be unable to reach {at}";
    ConnectRefused | ConnectTimeout | ConnectUnreachable: Port, Nothing,
        "see whether the service runs and a firewall lets the exporter in at {at}";
    GreetingTimeout | EhloTimeout: Nothing, Nothing,
        "allow the exporter's address at {at}, where answers take too long, or raise probe.timeout";
    Greeting4xx: Nothing, Nothing, "lift the limit for the exporter at {at}, or raise probe.min_interval";
    Greeting5xx: Nothing, Nothing, "allow the exporter's address at {at}";
    ConnectionClosed: Handshake, Nothing, "read the server's log at {at}";
    ProtocolError: Nothing, Nothing, "see whether an SMTP server listens at {at} at all";
    UnexpectedTls: Nothing, Nothing, "set tls: implicit for {at}, where TLS begins at once";
    EhloRejected: Nothing, Nothing, "set probe.helo to a full name that resolves: the present one is refused at {at}";
    StarttlsMasked: Nothing, Nothing, "switch off SMTP inspection on the firewall in front of {at}: it hides STARTTLS";
    StarttlsNotOffered: Nothing, Nothing,
        "give {at} a certificate for SMTP, or look for a firewall that rewrites SMTP (Exchange: event 12014 names the \
         certificate that it cannot find)";
    Starttls4xx | Starttls5xx | StarttlsTimeout: Nothing, Nothing,
        "read the server's log at {at}: often the private key cannot be read";
    PlaintextAfterStarttls: Nothing, Nothing,
        "look at what stands between the exporter and {at}: something injects commands before TLS";
    TlsClosed | TlsTimeout | TlsAlert | TlsNoCommonParameters | TlsProtocolError: Handshake, Nothing,
        "read the server's log at {at}, and see what it says to another client";
    NotTls: Nothing, Nothing, "set tls: starttls for {at}, or repair the port: it begins in clear";
    TlsVersionUnsupported | TlsVersionTooOld: Nothing, Nothing,
        "enable TLS 1.2 or newer at {at}, or on the load balancer in front";
    ChainTooLarge: Nothing, Nothing,
        "have {at} present its own certificate and the intermediates above it, no others, or spread its names over \
         several certificates";
    HandshakeSignatureInvalid: Nothing, Nothing,
        "compare certificate and key at {at}: they do not belong together, or somebody is in between";
    ClientCertRequired: Nothing, Nothing,
        "set client_certificate for {at}, or let clients in without one there";
    ClientCertRejected: Nothing, Nothing,
        "compare the exporter's client certificate with what is trusted at {at}: it is refused";
    Pending: Nothing, Nothing,
        "ask again for {at}: no answer yet; if it stays so, raise probe.per_address (endpoints that share an address \
         wait for each other), probe.concurrency or the scrape's timeout";
    Internal: Nothing, Nothing, "report this as a defect of the program";
    CertExpired | ExpiresSoon: Nothing, Enable,
        "renew the certificate of {name} and enable it on every server; if a newer one is there already, only enable it";
    CertNotYetValid: Nothing, Enable,
        "compare the clocks; if they agree, put the previous certificate back at {at} while it is still valid";
    ChainExpired: Nothing, Nothing,
        "install the issuer's current intermediate at {at}; the certificate itself can stay";
    ChainIncomplete: Nothing, Nothing,
        "install the issuer's intermediates at {at}, so that it presents them too; if the issuer is a CA of your own, \
         add its root to trust.roots";
    UnknownIssuer: Nothing, Nothing, "if the issuer at {at} is a CA of your own, add its root to trust.roots";
    SelfSigned: Nothing, Enable,
        "enable the intended certificate at {at} instead of the self-signed one; to trust just that one, put it into \
         expect.roots";
    NameMismatch | SubjectMismatch | FingerprintMismatch: Nothing, Enable,
        "see which certificate {at} has enabled for SMTP, or correct what is expected";
    IssuerMismatch | TlsCertificateNameMismatch: Nothing, Connectors,
        "if the certificate at {at} is the renewed one, write its issuer and subject into every connector that names \
         the old one, and correct what is expected";
    EkuMissing | IssuerUnfit: Nothing, Enable,
        "have the certificate at {at} issued for that use, by a CA that may do so";
    KeyUsageMissing: Nothing, Enable,
        "have the certificate at {at} issued with the key usage digitalSignature";
    WeakCrypto: Nothing, Enable,
        "renew the certificate at {at} with a new key (RSA 2048 or longer, or ECDSA P-256) and SHA-256";
    ChainInvalid: Nothing, Nothing,
        "have {at} present the chain as its CA issued it: a signature or a constraint in it does not hold";
    Revoked: Nothing, Enable, "replace the certificate at {at} at once: it is revoked";
    MustStapleMissing: Nothing, Nothing,
        "switch OCSP stapling on at {at}, or have the certificate issued without that promise";
    CertificatesDiffer: Nothing, Enable,
        "bring the servers of {name} to one certificate: an older one is at {at}";
    ViewsDiffer: Nothing, Nothing,
        "ask each view of {name} for its addresses (dig), and renew where the older certificate is; if the views are \
         meant to differ, set checks: {views_agree: off}";
    Undecided: Nothing, Nothing,
        "look at the certificate of {at} by hand: clients may accept or refuse what could not be judged here";
    CertUnreadable: Nothing, Enable, "have the certificate at {at} issued anew: it cannot be read";
    InventoryMissing | InventoryStale: Nothing, Nothing,
        "see whether the collector still runs on {server}, and whether its file reaches the exporter";
    InventoryClock: Nothing, Nothing, "compare the clocks of {server} and of the exporter's machine";
    InventoryUnreadable: Nothing, Nothing, "let the exporter's user read the inventory of {server}";
    InventoryNotJson: Nothing, Nothing,
        "run the collector on {server} again: its file has to be JSON in UTF-8, and to be put in place in one step";
    InventoryWrongSchema: Nothing, Nothing,
        "bring the collector on {server} and the exporter to versions that know the same format";
    InventoryTooLarge: Nothing, Nothing,
        "have the collector on {server} name fewer next hops (--next-hops, -NextHops)";
    ConnectorCertNotFound: Nothing, Nothing,
        "import on {server} the certificate that {connector} names, or have {connector} name the renewed one";
    ConnectorCertNotEnabled: Nothing, Nothing, "enable the certificate of {connector} for SMTP on {server}";
    ConnectorCertRejected: Nothing, Nothing,
        "see why {server} does not accept the certificate of {connector} (Get-ExchangeCertificate: Status)";
    ConnectorCertKeyMissing: Nothing, Nothing,
        "import the certificate of {connector} on {server} again, this time with its private key";
    ConnectorCertNotYetValid: Nothing, Nothing,
        "compare the clocks; if they agree, put the previous certificate of {connector} back on {server}";
    ConnectorCertExpired: Nothing, Nothing, "renew the certificate of {connector} on {server}";
    ConnectorNewerUnusable: Nothing, Nothing,
        "finish the renewal for {connector} on {server}: the later certificate cannot be used yet";
    ServedNotInStore: Nothing, Nothing,
        "restart the mail service behind {at}, or see who answers there: what it presents is not among the server's \
         certificates";
    StoreNewerNotServed: Nothing, Nothing,
        "enable the newer certificate behind {at} for SMTP, or reload its mail service";
    OwnCertNotFound | OwnCredentials | OwnTlsUnavailable: Nothing, Nothing,
        "see which certificate {connector} uses on {server}, with its key, and that it is enabled for SMTP";
    OwnCertRefused: Nothing, Nothing,
        "compare the certificate that {server} presents with what the other side of {next_hop} expects of you";
    PeerCertExpired | PeerCertName | PeerCertUntrusted | PeerCertInvalid: Nothing, Nothing,
        "look at the certificate of {next_hop} (smtp-tls-exporter check), and tell its operators";
    PeerOffersNoTls: Nothing, Nothing,
        "see whether {next_hop} offers STARTTLS to others; if so, something on the way from {server} hides it";
    PeerDemandsTls: Nothing, Nothing, "have {server} use TLS for {next_hop}";
    TlsTooOld: Nothing, Nothing, "enable TLS 1.2 or newer on {server} for the mail that it sends";
    DaneFailed: Nothing, Nothing,
        "compare the certificate of {next_hop} with its TLSA records, and tell its operators";
    MtaStsFailed: Nothing, Nothing,
        "compare the certificate of {next_hop} with its MTA-STS policy, and tell its operators";
    TlsHandshakeFailed: Nothing, Nothing,
        "look at the certificates of both sides, {server} and {next_hop}, and at their TLS versions";
    DnsFailed: Nothing, Nothing, "ask the resolver of {server} for {next_hop}";
    LoginFailed: Nothing, Nothing, "see with which account {server} logs in at {next_hop}, and compare the clocks";
    ConnectFailed: Nothing, Nothing, "see from {server} whether {next_hop} can be reached";
    ConnectionDropped: Nothing, Nothing,
        "read the protocol log of {server} for {next_hop}: often the other side dislikes its certificate";
    PeerBusy | RefusedTemporarily | Refused: Nothing, Nothing,
        "read what {next_hop} answers to {server}: it refuses the mail itself";
    NoError | Unrecognized: Nothing, Nothing, "read the log of {server} for {next_hop}";
    Held: Nothing, Nothing, "ask who holds the mail for {next_hop} on {server}, and resume it";
    Growing: Nothing, Nothing, "see why {server} sends more slowly to {next_hop} than mail comes in";
    Unroutable: Nothing, Nothing, "give the mail that {server} cannot route a connector, or remove it";
    Poison: Nothing, Nothing, "look at the messages in the poison queue of {server}, and remove or resume them";
    DnssecUnavailable: Nothing, Nothing,
        "point view {view} at a resolver that validates: delv . NS, and dig . NS +adflag has to show the flag ad";
    DaneNoRecords: Nothing, Nothing,
        "publish a TLSA record for {name}: the command tlsa prints it";
    DaneHostInsecure | DaneMxInsecure | DaneTlsaInsecure: Nothing, Nothing,
        "sign the zone of {name}, and hand its DS record to the registrar: delv shows where the signatures end";
    DaneMismatch: Nothing, Nothing,
        "publish the record that the command tlsa prints for {at}, or install a key there that has a record";
    DaneDigestAgility: Nothing, Nothing,
        "correct the SHA-512 record of {at}, or remove it: senders use the strongest digest alone";
    DaneTaNotSent: Nothing, Nothing,
        "have {at} send the certificate that the TLSA record names, or publish a 3 1 1 record of the server's own key";
    DaneNameMismatch: Nothing, Nothing,
        "give {at} a certificate with the name of the host, or publish a 3 1 1 record, which leaves names out";
    DaneChainInvalid: Nothing, Enable,
        "renew what is expired or unfit in the chain of {at}, or publish a 3 1 1 record, which leaves dates out";
    DaneUnusable: Nothing, Nothing,
        "replace the TLSA records of {name} by 3 1 1 records: the command tlsa prints them";
    DaneStarttlsMissing: Nothing, Nothing,
        "have {at} offer STARTTLS again; if that takes long, take the TLSA records away until it does";
    DaneDnsError: Nothing, Nothing,
        "see what delv answers for the TLSA records of {name}: signatures that have expired, or a name server that \
         drops the question";
    DaneNextMissing: Nothing, Nothing,
        "publish the next key's record for {name} before you install it: the command tlsa prints it, with the key as the next one";
    StsNoRecord: Nothing, Nothing, "publish a policy and a record for {name}, or set expect.mta_sts to opportunistic";
    StsModeNone: Nothing, Nothing, "set the policy of {name} to testing or enforce, with a new id";
    StsRecordInvalid: Nothing, Nothing, "leave exactly one TXT record of the form v=STSv1; id=… for {name}";
    StsWithdrawn: Nothing, Nothing,
        "put the record of {name} back and publish mode: none, until the last max_age is over";
    StsHostNotFound: Nothing, Nothing, "give the policy host of {name} an address";
    StsFetchError: Nothing, Nothing,
        "fetch the policy of {name} by hand, from every address: curl --resolve, no redirect, status 200";
    StsWebpkiInvalid: Nothing, Nothing,
        "renew the certificate of the policy host of {name} at every address: it needs the name mta-sts.DOMAIN";
    StsPolicyInvalid: Nothing, Nothing, "correct the policy of {name}, and give it a new id";
    StsPolicyDiffers: Nothing, Nothing, "bring all web servers of the policy host of {name} to one text and certificate";
    StsIdUnchanged: Nothing, Nothing, "give the record of {name} a new id, as its policy has changed";
    StsMxMismatch: Nothing, Nothing,
        "add the MX host to the policy of {name} and change the id, or take the host out of the MX records";
    StsCachedMxMismatch: Nothing, Nothing,
        "keep the former MX hosts of {name} in DNS as well until the former policy's max_age is over";
    StsStarttlsMissing: Nothing, Nothing, "have {at} offer STARTTLS: the MTA-STS policy demands it";
    StsCertificateInvalid: Nothing, Enable,
        "give {at} a certificate of a public CA with the name of the MX host: the MTA-STS policy demands it";
    TlsRptNoRecord: Nothing, Nothing, "publish where reports about {name} go: v=TLSRPTv1; rua=mailto:…";
    TlsRptRecordInvalid: Nothing, Nothing,
        "leave exactly one TXT record of the form v=TLSRPTv1; rua=mailto:… for {name}";
    TlsRptRuaInvalid: Nothing, Nothing, "correct the destinations in the TLSRPT record of {name}: mailto: or https:";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_the_words_is_filled_in() {
        for reason in Reason::ALL {
            let words = remedy(*reason).words;
            let filled = [
                "{at}",
                "{name}",
                "{view}",
                "{server}",
                "{connector}",
                "{next_hop}",
                "{views_agree: off}",
            ];
            let rest = filled
                .iter()
                .fold(words.to_owned(), |rest, name| rest.replace(name, ""));
            assert!(!rest.contains(['{', '}']), "{}: {words}", reason.as_str());
        }
    }
}
