//! A snapshot to what to do next: one line for each kind of trouble, told for the first endpoint that has it.

use crate::plain::plain;
use crate::reason::Reason;
use crate::report::{Entry, Snapshot, TargetReport};
use crate::smtp::Mode;
use crate::target::{DEFAULT_VIEW, Place};

/// More would not be read.
const MOST: usize = 12;

/// The hints, worst trouble first.
pub(super) fn all(snapshot: &Snapshot) -> Vec<String> {
    let mut entries: Vec<_> = snapshot.entries().collect();
    entries.sort_by_key(|(_, entry)| entry.state);
    let (mut told, mut hints) = (Vec::new(), Vec::from_iter(unresolved(snapshot)));
    for (target, entry) in entries {
        let Some(cause) = entry.causes.first() else {
            continue;
        };
        if !told.contains(&(entry.state, cause.reason)) && hints.len() < MOST {
            told.push((entry.state, cause.reason));
            hints.push(hint(target, entry, cause.reason));
        }
    }
    hints
}

/// For the first name that was not found.
fn unresolved(snapshot: &Snapshot) -> Option<String> {
    snapshot.targets.iter().find_map(|target| {
        let missing = target.resolutions.iter().find(|r| r.fault.is_some())?;
        let asked = match &target.source.place {
            Place::Host(host) => format!("dig {host} A; dig {host} AAAA"),
            Place::Mx(domain) => format!("dig {domain} MX, and the hosts it names"),
            Place::Addresses(_) => return None,
        };
        Some(match &*missing.view {
            DEFAULT_VIEW => format!("see what DNS says: {asked}"),
            view => format!(
                "see what the resolvers of view {} say: {asked}",
                plain(view, 60)
            ),
        })
    })
}

/// `reason` is that of the worst cause.
fn hint(target: &TargetReport, entry: &Entry, reason: Reason) -> String {
    let (at, name) = (entry.endpoint.at(), plain(&target.source.name, 60));
    let renewed = target.example(entry).map(|example| example.endpoint.at());
    match (reason, renewed) {
        (Reason::ExpiresSoon | Reason::CertExpired | Reason::CertificatesDiffer, Some(there)) => {
            format!(
                "{name} has a newer certificate at {there}: enable it at {at} too \
             (Exchange: Enable-ExchangeCertificate -Services SMTP on that server; else reload)"
            )
        }
        (Reason::ExpiresSoon, None) => {
            format!("renew the certificate of {name} and enable it on every server")
        }
        (reason, _) => of_dialogue(reason, entry, &at)
            .or_else(|| of_handshake(reason, entry, &at))
            .unwrap_or_else(|| of_certificate(reason, &at, &name)),
    }
}

/// Nothing of TLS was seen: what to do depends on how far the probe came.
fn of_dialogue(reason: Reason, entry: &Entry, at: &str) -> Option<String> {
    Some(match reason {
        Reason::ConnectRefused | Reason::ConnectTimeout | Reason::ConnectUnreachable => {
            let (address, port) = (&entry.endpoint.address, entry.endpoint.port);
            format!(
                "see whether the service runs and a firewall lets us in: nc -vz {address} {port}"
            )
        }
        Reason::ProxyUnreachable
        | Reason::ProxyAuth
        | Reason::ProxyRefused
        | Reason::ProxyFailed
        | Reason::ProxyTimeout => {
            let view = plain(&entry.endpoint.view, 60);
            format!("see what the proxy of view {view} says; {at} itself was not asked")
        }
        Reason::GreetingTimeout | Reason::EhloTimeout => {
            format!(
                "{at} takes too long: allow this machine's address there, or raise probe.timeout"
            )
        }
        Reason::Greeting4xx => {
            format!(
                "{at} is busy or limits us: lift its limit for this machine, or raise probe.min_interval"
            )
        }
        Reason::Greeting5xx => format!("allow this machine's address at {at}"),
        Reason::EhloRejected => {
            format!("{at} refuses our name: set probe.helo to a full name that resolves")
        }
        Reason::ProtocolError => format!("see whether {at} is an SMTP port at all"),
        Reason::UnexpectedTls => format!("{at} begins with TLS: set tls: implicit"),
        Reason::NotTls => format!("{at} begins in clear: set tls: starttls, or repair the port"),
        Reason::StarttlsNotOffered | Reason::StarttlsMasked => format!(
            "give {at} a certificate for SMTP, or look for a firewall that rewrites SMTP \
             (Exchange: event 12014 names the certificate that it cannot find)"
        ),
        Reason::Starttls4xx | Reason::Starttls5xx | Reason::StarttlsTimeout => {
            format!("read the log of {at}: often its private key cannot be read")
        }
        Reason::PlaintextAfterStarttls => {
            format!(
                "something injects commands before TLS: look at what stands between here and {at}"
            )
        }
        _ => return None,
    })
}

/// TLS was begun and not finished, or was not as it should be.
fn of_handshake(reason: Reason, entry: &Entry, at: &str) -> Option<String> {
    Some(match reason {
        Reason::ConnectionClosed
        | Reason::TlsClosed
        | Reason::TlsTimeout
        | Reason::TlsAlert
        | Reason::TlsNoCommonParameters
        | Reason::TlsProtocolError => by_hand(entry, at),
        Reason::ChainTooLarge => {
            format!(
                "have {at} present its own certificate and the intermediates above it, no others"
            )
        }
        Reason::TlsVersionUnsupported | Reason::TlsVersionTooOld => {
            format!("enable TLS 1.2 or newer at {at}, or on the load balancer in front of it")
        }
        Reason::HandshakeSignatureInvalid => {
            format!("certificate and key of {at} do not belong together, or somebody is in between")
        }
        Reason::ClientCertRequired => {
            format!("{at} wants a certificate from its clients: that is its right, or its setting")
        }
        Reason::ClientCertRejected => {
            format!("{at} refuses our client certificate: compare it with what the server trusts")
        }
        _ => return None,
    })
}

/// A certificate was read, and something speaks against it.
fn of_certificate(reason: Reason, at: &str, name: &str) -> String {
    match reason {
        Reason::CertNotYetValid => {
            format!("compare the clocks, or put the previous certificate back at {at}")
        }
        Reason::ChainExpired => {
            format!(
                "install the issuer's current intermediate at {at}; the certificate itself can stay"
            )
        }
        Reason::ChainIncomplete => format!("have {at} present its intermediates"),
        Reason::UnknownIssuer => {
            format!("if the issuer at {at} is a CA of your own, add its root to trust.roots")
        }
        Reason::SelfSigned => format!(
            "enable the intended certificate at {at}, which shows one that it signed itself; \
             to trust just that one, put it into expect.roots"
        ),
        Reason::NameMismatch | Reason::SubjectMismatch | Reason::FingerprintMismatch => {
            format!("see which certificate {at} has enabled for SMTP, or correct what is expected")
        }
        Reason::IssuerMismatch | Reason::TlsCertificateNameMismatch => format!(
            "if the certificate at {at} is the renewed one, write its issuer and subject into every connector \
             that names the old one, and correct what is expected"
        ),
        Reason::Revoked => format!("replace the certificate at {at} at once: it is revoked"),
        Reason::MustStapleMissing => {
            format!(
                "switch OCSP stapling on at {at}, or have the certificate issued without that promise"
            )
        }
        Reason::EkuMissing => {
            format!("have the certificate of {at} issued for servers (serverAuth)")
        }
        Reason::WeakCrypto => {
            format!("renew the certificate at {at} with a stronger key or signature")
        }
        Reason::CertificatesDiffer => {
            format!(
                "bring the servers of {name} to one certificate; {at} has another one than the newest"
            )
        }
        Reason::ViewsDiffer => format!(
            "the views of {name} lead to different certificates: ask each for its addresses \
             (dig), and renew where the older one is; if that is meant so, set checks: {{views_agree: off}}"
        ),
        Reason::Undecided => format!(
            "look at the certificate of {at} by hand: clients may accept or refuse what could not \
             be judged here"
        ),
        Reason::Pending => format!("{at} has not answered yet: ask again"),
        Reason::Internal => "report this: it is a defect of the program".to_owned(),
        _ => format!("renew the certificate of {name} and enable it on every server"),
    }
}

fn by_hand(entry: &Entry, at: &str) -> String {
    let starttls = match entry.endpoint.mode {
        Mode::StartTls => "-starttls smtp ",
        Mode::Implicit => "",
    };
    let name = entry.endpoint.server_name.as_ref();
    let name = name.map_or_else(String::new, |name| format!(" -servername {name}"));
    format!(
        "read the server's log, and see what {at} says: openssl s_client {starttls}-connect {at}{name}"
    )
}
