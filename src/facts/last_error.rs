//! What a mail server says of a delivery that failed, to the reason that it names; knows no queue.

use crate::reason::Reason;

/// Most characters of a text that are read.
const MOST: usize = 4096;

/// By what a text is known. All in lower case, with single blanks.
#[derive(Debug, Clone, Copy)]
enum Mark {
    /// All these are in it.
    Says(&'static [&'static str]),
    /// This stands alone in it: letters, digits and dots.
    Word(&'static str),
    /// A reply with this code is quoted in it.
    Reply(&'static str),
}

use Mark::{Reply, Says, Word};

/// The more special ones come first: texts stand within texts, and what was said first was said furthest inside.
const TABLE: &[(Reason, &[Mark])] = &[
    (
        Reason::OwnCertNotFound,
        &[Says(&[
            "certificate specified in tlscertificatename",
            "could not be found",
        ])],
    ),
    (
        Reason::OwnCredentials,
        &[Says(&["nocredentials"]), Says(&["unknowncredentials"])],
    ),
    (
        Reason::OwnTlsUnavailable,
        &[Says(&["our tls engine is unavailable"])],
    ),
    (
        Reason::OwnCertRefused,
        &[
            Says(&["tenantinboundattribution"]),
            Says(&["tenantattribution"]),
            // Postfix, as the other side.
            Says(&["client certificate not trusted"]),
            Says(&["no client certificate presented"]),
        ],
    ),
    (
        Reason::PeerCertExpired,
        &[
            Says(&["certificateexpired"]),
            Says(&["certificate has expired"]),
            Word("5.7.322"),
            Word("4.7.322"),
        ],
    ),
    (Reason::PeerCertName, &[Says(&["subjectmismatch"])]),
    (Reason::PeerCertUntrusted, &[Says(&["untrustedroot"])]),
    (
        Reason::PeerCertInvalid,
        &[
            Says(&["certificate validation fail"]),
            Word("4.7.320"),
            Word("5.7.320"),
            Says(&["server certificate not verified"]),
            Says(&["server certificate not trusted"]),
            Says(&["certificate verification failed"]),
        ],
    ),
    (
        Reason::PeerOffersNoTls,
        &[
            Says(&["starttls is required to send mail"]),
            Says(&["tls is required, but was not offered"]),
            Says(&["a tls session is required, but the server did not offer"]),
        ],
    ),
    (
        Reason::PeerDemandsTls,
        &[Says(&["must issue a starttls command first"])],
    ),
    (
        Reason::TlsTooOld,
        &[Says(&["tls 1.0 and 1.1 are not supported"]), Word("4.7.66")],
    ),
    (
        Reason::DaneFailed,
        &[
            Word("4.7.321"),
            Word("5.7.321"),
            Word("4.7.323"),
            Word("5.7.323"),
            Word("4.7.324"),
            Word("5.7.324"),
            Word("4.7.325"),
            Word("5.7.325"),
        ],
    ),
    (Reason::MtaStsFailed, &[Word("sts")]),
    (
        Reason::TlsHandshakeFailed,
        &[
            Says(&["cannot start tls"]),
            Says(&["tls session:"]),
            Says(&["tls negotiation failed"]),
        ],
    ),
    (
        Reason::DnsFailed,
        &[Says(&["dns query failed"]), Says(&["name service error"])],
    ),
    (
        Reason::LoginFailed,
        &[Says(&["temporary authentication failure"]), Reply("535")],
    ),
    (
        Reason::ConnectTimeout,
        &[
            Says(&["connection timed out"]),
            Says(&["timed out while"]),
            Word("10060"),
        ],
    ),
    (
        Reason::ConnectRefused,
        &[Says(&["connection refused"]), Word("10061")],
    ),
    (
        Reason::ConnectFailed,
        &[
            Says(&["unable to connect"]),
            Says(&["no route to host"]),
            Says(&["network is unreachable"]),
        ],
    ),
    (
        Reason::ConnectionDropped,
        &[
            Says(&["connection dropped"]),
            Says(&["socketerror"]),
            Says(&["suspiciousremoteservererror"]),
            Says(&["disconnected abruptly"]),
            Says(&["lost connection with"]),
            Says(&["host closed connection"]),
            Says(&["properly terminated"]),
        ],
    ),
    (
        Reason::PeerBusy,
        &[
            Word("4.3.2"),
            Says(&["too many", "connections"]),
            Word("4.3.1"),
            Says(&["insufficient system resources"]),
            Word("4.7.500"),
        ],
    ),
];

/// Why mail waits, by what its server was told last. The first row of the table counts; otherwise the innermost reply.
pub fn reason_of(text: &str) -> Reason {
    let said = said(text);
    if !said.contains(|c: char| c.is_alphanumeric()) {
        return Reason::NoError;
    }
    let replies = replies(&said);
    let is_in = |mark: &Mark| match mark {
        Says(all) => all.iter().all(|part| said.contains(part)),
        Word(word) => words(&said).any(|one| one == *word),
        Reply(code) => replies.contains(code),
    };
    let known = TABLE.iter().find(|(_, marks)| marks.iter().any(is_in));
    match (known, replies.last()) {
        (Some((reason, _)), _) => *reason,
        (None, Some(code)) if code.starts_with('4') => Reason::RefusedTemporarily,
        (None, Some(_)) => Reason::Refused,
        (None, None) => Reason::Unrecognized,
    }
}

/// The text in lower case, with single blanks, and without what newer builds of Exchange wrap around it:
/// `[{LED=…};{MSG=…};{FQDN=…};{IP=…};{LRT=…}]`.
fn said(text: &str) -> String {
    let text: String = text.chars().take(MOST).collect();
    let text = text.to_lowercase();
    let is_wrapped = text.contains("{led=");
    let mut said = String::with_capacity(text.len());
    for part in text.split('{') {
        let about = ["fqdn=", "ip=", "lrt="];
        let part = match about.iter().any(|key| part.starts_with(key)) {
            true if is_wrapped => part.split_once('}').map_or("", |(_, behind)| behind),
            _ => part,
        };
        let part = part.strip_prefix("led=").unwrap_or(part);
        let part = part.strip_prefix("msg=").unwrap_or(part);
        for word in part.split_whitespace() {
            said.push_str(word);
            said.push(' ');
        }
    }
    said
}

fn words(said: &str) -> impl Iterator<Item = &str> {
    let parts = said.split(|c: char| !c.is_alphanumeric() && c != '.');
    parts.map(|word| word.trim_matches('.'))
}

/// The codes of the replies that a text quotes, 4xx and 5xx, the innermost last. A number counts as one where a reply
/// may begin, or where an enhanced status code follows.
fn replies(said: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut before = "";
    let mut words = said.split(' ').peekable();
    while let Some(word) = words.next() {
        let bare = word.trim_start_matches(['"', '\'', '(', '[']);
        let begins = before.is_empty()
            || bare.len() < word.len()
            || before.ends_with([':', ']', '}', ';'])
            || ["->", "with"].contains(&before);
        let (code, rest) = bare.split_at_checked(3).unwrap_or((bare, ""));
        let next = rest.strip_prefix('-').or_else(|| match rest.is_empty() {
            true => words.peek().copied(),
            false => None,
        });
        let goes_on = next.is_some_and(|next| begins || is_enhanced(next, code));
        if is_failure(code) && goes_on {
            found.push(code);
        }
        before = word;
    }
    found
}

/// RFC 5321 §4.2: `4yz` and `5yz`.
fn is_failure(code: &str) -> bool {
    matches!(code.as_bytes(), [b'4' | b'5', b'0'..=b'5', b'0'..=b'9'])
}

/// RFC 3463: `4.y.z` behind `4yz`, `5.y.z` behind `5yz`.
fn is_enhanced(word: &str, code: &str) -> bool {
    let mut parts = word.split('.');
    let is_number =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let class = parts.next();
    let rest: Vec<_> = parts.collect();
    class == code.get(..1) && rest.len() == 2 && rest.into_iter().all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was seen, or is documented, in its own words.
    const SEEN: &[(&str, Reason)] = &[
        (
            "454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found.",
            Reason::OwnCertNotFound,
        ),
        (
            "454 4.7.5 The certificate specified in tlscertificatename of the send connector could not be found.",
            Reason::OwnCertNotFound,
        ),
        (
            "TLS negotiation failed with error NoCredentials",
            Reason::OwnCredentials,
        ),
        (
            "TLS negotiation failed with error UnknownCredentials",
            Reason::OwnCredentials,
        ),
        (
            "TLS is required, but our TLS engine is unavailable",
            Reason::OwnTlsUnavailable,
        ),
        (
            "550 5.7.51 TenantInboundAttribution; There is a partner connector configured",
            Reason::OwnCertRefused,
        ),
        (
            "550 5.7.64 TenantAttribution; Relay Access Denied",
            Reason::OwnCertRefused,
        ),
        (
            "454 4.7.5 Certificate validation failure, Reason:CertificateExpired",
            Reason::PeerCertExpired,
        ),
        (
            "450 4.7.322 certificate-expired: the certificate has expired",
            Reason::PeerCertExpired,
        ),
        ("550 5.7.322 certificate-expired", Reason::PeerCertExpired),
        (
            "450 4.4.317 Cannot connect to remote server [Message=SubjectMismatch Expected Subject: relay.example.com]",
            Reason::PeerCertName,
        ),
        (
            "454 4.7.5 Certificate validation failure, Reason:UntrustedRoot",
            Reason::PeerCertUntrusted,
        ),
        (
            "454 4.7.5 certificate validation failure, reason:untrustedroot",
            Reason::PeerCertUntrusted,
        ),
        (
            "454 4.7.5 Certificate validation failure",
            Reason::PeerCertInvalid,
        ),
        (
            "454 4.7.5 Certificate validation failure, Reason:RevocationStatusUnknown",
            Reason::PeerCertInvalid,
        ),
        (
            "450 4.7.320 Certificate validation failed",
            Reason::PeerCertInvalid,
        ),
        ("Server certificate not verified", Reason::PeerCertInvalid),
        ("Server certificate not trusted", Reason::PeerCertInvalid),
        (
            "(-37) H=mx.example.com [192.0.2.1]: TLS session: (certificate verification failed): certificate invalid",
            Reason::PeerCertInvalid,
        ),
        (
            "(-37) H=mx.example.com [192.0.2.1]: (certificate verification failed)",
            Reason::PeerCertInvalid,
        ),
        (
            "451 5.7.3 STARTTLS is required to send mail",
            Reason::PeerOffersNoTls,
        ),
        (
            "TLS is required, but was not offered by host mx.example.com[192.0.2.1]",
            Reason::PeerOffersNoTls,
        ),
        (
            "(-38) H=127.0.0.1 [127.0.0.1]: a TLS session is required, but the server did not offer TLS support",
            Reason::PeerOffersNoTls,
        ),
        (
            "530 5.7.0 Must issue a STARTTLS command first",
            Reason::PeerDemandsTls,
        ),
        (
            "421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade",
            Reason::TlsTooOld,
        ),
        ("450 4.7.321 starttls-not-supported", Reason::DaneFailed),
        ("550 5.7.323 tlsa-invalid", Reason::DaneFailed),
        ("450 4.7.324 dnssec-invalid", Reason::DaneFailed),
        ("450 4.7.325 certificate-host-mismatch", Reason::DaneFailed),
        (
            "550 5.7.1 the MTA-STS policy of example.com does not name this host",
            Reason::MtaStsFailed,
        ),
        (
            "Cannot start TLS: handshake failure",
            Reason::TlsHandshakeFailed,
        ),
        (
            "(-37) H=127.0.0.1 [127.0.0.1]: TLS session: (gnutls_handshake): The TLS connection was non-properly terminated.",
            Reason::TlsHandshakeFailed,
        ),
        ("TLS negotiation failed", Reason::TlsHandshakeFailed),
        (
            "451 4.4.0 DNS query failed. The error was: DNS query failed with error ErrorTimeout",
            Reason::DnsFailed,
        ),
        (
            "451 4.4.0 DNS query failed. The error was: DNS query failed with error ServerFailure",
            Reason::DnsFailed,
        ),
        (
            "Host or domain name not found. Name service error for name=mx.example.com type=A: Host not found, try again",
            Reason::DnsFailed,
        ),
        (
            "451 4.4.0 Primary target IP address responded with: \"454 4.7.0 Temporary authentication failure.\"",
            Reason::LoginFailed,
        ),
        (
            "SASL authentication failed; server mx.example.com said: 535 5.7.8 Error",
            Reason::LoginFailed,
        ),
        ("421 4.4.1 Connection timed out", Reason::ConnectTimeout),
        (
            "Failed to connect. Winsock error code: 10060, Win32 error code: 10060.",
            Reason::ConnectTimeout,
        ),
        (
            "connect to mx.example.com[192.0.2.1]:25: Connection timed out",
            Reason::ConnectTimeout,
        ),
        (
            "conversation with mx.example.com[192.0.2.1] timed out while receiving the initial server greeting",
            Reason::ConnectTimeout,
        ),
        (
            "Failed to connect. Winsock error code: 10061, Win32 error code: 10061.",
            Reason::ConnectRefused,
        ),
        (
            "connect to 127.0.0.1[127.0.0.1]:26125: Connection refused",
            Reason::ConnectRefused,
        ),
        ("(111): Connection refused", Reason::ConnectRefused),
        ("421 4.2.1 Unable to connect", Reason::ConnectFailed),
        (
            "connect to mx.example.com[2001:db8::1]:25: No route to host",
            Reason::ConnectFailed,
        ),
        (
            "connect to mx.example.com[2001:db8::1]:25: Network is unreachable",
            Reason::ConnectFailed,
        ),
        (
            "421 4.4.2 Connection dropped due to SocketError",
            Reason::ConnectionDropped,
        ),
        (
            "SMTPSEND.SuspiciousRemoteServerError; remote server disconnected abruptly",
            Reason::ConnectionDropped,
        ),
        (
            "defer (-18) H=127.0.0.1 [127.0.0.1]: Remote host closed connection in response to MAIL ***",
            Reason::ConnectionDropped,
        ),
        (
            "host 127.0.0.1[127.0.0.1] refused to talk to me: 421 4.7.1 mx.bears.test Error: Client certificate not trusted",
            Reason::OwnCertRefused,
        ),
        (
            "lost connection with 127.0.0.1[127.0.0.1] while performing the EHLO handshake",
            Reason::ConnectionDropped,
        ),
        (
            "(gnutls_record): connection was not properly terminated",
            Reason::ConnectionDropped,
        ),
        ("421 4.3.2 Service not available", Reason::PeerBusy),
        (
            "host mx.example.com[192.0.2.1] refused to talk to me: 421 too many concurrent connections from you",
            Reason::PeerBusy,
        ),
        ("452 4.3.1 Insufficient system resources", Reason::PeerBusy),
        (
            "451 4.7.500 Server busy. Please try again later",
            Reason::PeerBusy,
        ),
        (
            "host 127.0.0.1[127.0.0.1] said: 451 4.7.1 Greylisted, come back in 300 seconds (in reply to RCPT TO command)",
            Reason::RefusedTemporarily,
        ),
        (
            "SMTP error from remote mail server after RCPT TO:<…>: 450 mailbox busy",
            Reason::RefusedTemporarily,
        ),
        ("550 5.1.1 User unknown", Reason::Refused),
        (
            "host mx.example.com[192.0.2.1] said: 554-5.7.1 blocked",
            Reason::Refused,
        ),
    ];

    /// How Exchange hands on what it was told.
    const AROUND: &[(&str, &str)] = &[
        ("", ""),
        (
            "451 4.4.0 Primary target IP address responded with: \"",
            "\" Attempted failover to alternate host, but that did not succeed. Either there are no alternate hosts, or \
             delivery failed to all alternate hosts. The last endpoint attempted was 192.0.2.53:25",
        ),
        (
            "450 4.4.101 Proxy session setup failed on Frontend with '451 4.4.0 Primary target IP address responded with \"",
            "\" Attempted failover to alternate host'",
        ),
        (
            "[{LED=451 4.4.395 Target host responded with error. -> ",
            "};{MSG=};{FQDN=535.example.com};{IP=192.0.2.1};{LRT=6/7/2023 4:51:50 AM}]",
        ),
        (
            "[{LED=451 4.4.0 Target host responded with error.};{MSG=",
            "};{FQDN=mx.example.com};{IP=10.4.3.2};{LRT=6/7/2023 4:51:50 AM}]",
        ),
    ];

    #[test]
    fn every_text_has_its_reason_however_it_is_handed_on() {
        for (text, reason) in SEEN {
            for (before, behind) in AROUND {
                let whole = format!("{before}{text}{behind}");
                assert_eq!(reason_of(&whole), *reason, "{whole}");
                let odd = whole.to_uppercase().replace(' ', " \r\n\t ");
                assert_eq!(reason_of(&odd), *reason, "{odd}");
            }
        }
    }

    #[test]
    fn every_row_of_the_table_was_seen() {
        for (reason, _) in TABLE {
            assert!(SEEN.iter().any(|(_, seen)| seen == reason), "{reason:?}");
        }
    }

    #[test]
    fn what_is_masked_hides_no_reply() {
        let texts = [
            (
                "host mx.example.com[192.0.2.1] said: 550 5.1.1 <…>: Recipient address rejected",
                Reason::Refused,
            ),
            (
                "SMTP error from remote mail server after MAIL FROM:<…> SIZE=1234: 452 out of storage",
                Reason::RefusedTemporarily,
            ),
            (
                "… : 454 4.7.5 Certificate validation failure, Reason:UntrustedRoot",
                Reason::PeerCertUntrusted,
            ),
        ];
        for (text, reason) in texts {
            assert_eq!(reason_of(text), reason, "{text}");
        }
    }

    #[test]
    fn nothing_and_the_unknown_stay_apart() {
        for nothing in [
            "",
            "  \t",
            "[{LED=};{MSG=};{FQDN=};{IP=};{LRT=}]",
            "[{LED=};{MSG=};{FQDN=a};{IP=1.2.3.4};{LRT=x}]",
        ] {
            assert_eq!(reason_of(nothing), Reason::NoError, "{nothing}");
        }
        for unknown in [
            "something new",
            "mail transport unavailable",
            "tried 450 times",
            "waits 535 seconds",
            "hosts of lists and requests",
        ] {
            assert_eq!(reason_of(unknown), Reason::Unrecognized, "{unknown}");
        }
    }

    #[test]
    fn only_the_beginning_of_a_long_text_is_read() {
        let long = format!("{}{}", "ä".repeat(MOST), "connection refused");
        assert_eq!(reason_of(&long), Reason::Unrecognized);
        assert_eq!(reason_of(&"{".repeat(1_000_000)), Reason::NoError);
    }
}
