//! A snapshot to what to do next: one line for each step, with all endpoints that need it.

use std::collections::{HashMap, HashSet};

use super::command::command;
use crate::plain::plain;
use crate::reason::Reason;
use crate::report::{Entry, Examples, Snapshot, State, TargetReport};
use crate::smtp::Mode;
use crate::target::{DEFAULT_VIEW, Place, ProxyProtocol};

/// More would not be read.
const MOST: usize = 12;
/// Endpoints that a step names before it only counts them.
const NAMED: usize = 8;
/// In the words of a step: where its endpoints are to be named. No name has a control character.
const THERE: &str = "\u{1}";

/// What is to be done, and where.
struct Step {
    kind: (State, Reason),
    words: String,
    /// What to type at the first of them.
    command: Option<String>,
    places: Vec<String>,
}

/// The hints, worst trouble first; of each kind of trouble one before the second of any.
pub(super) fn all(snapshot: &Snapshot) -> Vec<String> {
    let mut kinds: HashMap<(State, Reason), usize> = HashMap::new();
    let nth = |step: Step| {
        let seen = kinds.entry(step.kind).or_default();
        *seen += 1;
        (*seen, step)
    };
    let mut steps: Vec<_> = steps(snapshot).into_iter().map(nth).collect();
    steps.sort_by_key(|(nth, _)| *nth);
    let hints = steps.iter().map(|(_, step)| told(step));
    unresolved(snapshot)
        .into_iter()
        .chain(hints)
        .take(MOST)
        .collect()
}

/// One for all endpoints that need the same.
fn steps(snapshot: &Snapshot) -> Vec<Step> {
    let mut entries: Vec<_> = snapshot.targets.iter().flat_map(with_examples).collect();
    entries.sort_by_key(|(_, entry, _)| entry.state);
    let (mut steps, mut known, mut named) = (Vec::new(), HashMap::new(), HashSet::new());
    for (target, entry, example) in entries {
        let Some(cause) = entry.causes.first() else {
            continue;
        };
        let kind = (entry.state, cause.reason);
        let words = hint(target, entry, example, cause.reason);
        let nth = *known.entry((kind, words.clone())).or_insert_with(|| {
            steps.push(Step {
                kind,
                words,
                command: command(entry, cause.reason),
                places: Vec::new(),
            });
            steps.len() - 1
        });
        // The same place may be an endpoint of several views and offers.
        let at = entry.endpoint.at();
        if named.insert((nth, at.clone())) {
            steps[nth].places.push(at);
        }
    }
    steps
}

/// A target's endpoints, and for each the one whose certificate it should present too, if there is one.
fn with_examples(
    target: &TargetReport,
) -> impl Iterator<Item = (&TargetReport, &Entry, Option<&Entry>)> {
    let examples = Examples::new(target);
    let entries = target.entries.iter();
    entries.map(move |entry| (target, entry, examples.of(entry)))
}

fn told(step: &Step) -> String {
    let words = step.words.replace(THERE, &listed(&step.places));
    match &step.command {
        Some(command) => format!("{words}: {command}"),
        None => words,
    }
}

/// `a, b and c`; of many the first, `and 12 more`.
fn listed(places: &[String]) -> String {
    let (shown, more) = places.split_at(places.len().min(NAMED));
    match (shown, more.len()) {
        ([before @ .., last], 0) if !before.is_empty() => {
            format!("{} and {last}", before.join(", "))
        }
        (shown, 0) => shown.concat(),
        (shown, more) => format!("{} and {more} more", shown.join(", ")),
    }
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
fn hint(target: &TargetReport, entry: &Entry, example: Option<&Entry>, reason: Reason) -> String {
    let (at, name) = (THERE, plain(&target.source.name, 60));
    let renewed = example.map(|example| example.endpoint.at());
    match (reason, renewed) {
        (Reason::ExpiresSoon | Reason::CertExpired | Reason::CertificatesDiffer, Some(there)) => {
            format!(
                "{name} has a newer certificate at {there}: enable it at {at} too \
             (Exchange: Enable-ExchangeCertificate -Services SMTP there; else reload)"
            )
        }
        (Reason::ExpiresSoon, None) => {
            format!("renew the certificate of {name} and enable it on every server")
        }
        (reason, _) => of_dialogue(reason, entry, at)
            .or_else(|| of_implicit(reason, entry, at))
            .or_else(|| of_handshake(reason, at))
            .unwrap_or_else(|| of_certificate(reason, at, &name)),
    }
}

/// Nothing of TLS was seen: what to do depends on how far the probe came.
fn of_dialogue(reason: Reason, entry: &Entry, at: &str) -> Option<String> {
    let is_headless = entry.endpoint.proxy_protocol == ProxyProtocol::Off;
    Some(match reason {
        Reason::ConnectRefused | Reason::ConnectTimeout | Reason::ConnectUnreachable => {
            format!("see whether the service runs and a firewall lets us in at {at}")
        }
        Reason::ProxyUnreachable
        | Reason::ProxyAuth
        | Reason::ProxyRefused
        | Reason::ProxyFailed
        | Reason::ProxyTimeout => {
            let view = plain(&entry.endpoint.view, 60);
            format!("see what the proxy of view {view} says; nothing was asked of {at} itself")
        }
        Reason::GreetingTimeout if is_headless => format!(
            "allow this machine's address at {at}, where answers take too long, or raise probe.timeout; behind a \
             load balancer the server may wait for its PROXY header: set proxy_protocol"
        ),
        Reason::ConnectionClosed if is_headless => format!(
            "read the server's log at {at}; behind a load balancer the server may demand its PROXY header: set \
             proxy_protocol"
        ),
        Reason::GreetingTimeout | Reason::EhloTimeout => {
            format!(
                "allow this machine's address at {at}, where answers take too long, or raise probe.timeout"
            )
        }
        Reason::Greeting4xx => {
            format!("lift the limit for this machine at {at}, or raise probe.min_interval")
        }
        Reason::Greeting5xx => format!("allow this machine's address at {at}"),
        Reason::EhloRejected if is_headless => format!(
            "set probe.helo to a full name that resolves: ours is refused at {at}; behind a load balancer the server \
             may demand its PROXY header: set proxy_protocol"
        ),
        Reason::EhloRejected => {
            format!("set probe.helo to a full name that resolves: ours is refused at {at}")
        }
        Reason::ProtocolError => format!("see whether an SMTP server listens at {at} at all"),
        Reason::UnexpectedTls => format!("set tls: implicit for {at}, where TLS begins at once"),
        Reason::NotTls => {
            format!("set tls: starttls for {at}, or repair the port: it begins in clear")
        }
        Reason::StarttlsNotOffered | Reason::StarttlsMasked => format!(
            "give {at} a certificate for SMTP, or look for a firewall that rewrites SMTP \
             (Exchange: event 12014 names the certificate that it cannot find)"
        ),
        Reason::Starttls4xx | Reason::Starttls5xx | Reason::StarttlsTimeout => {
            format!("read the server's log at {at}: often the private key cannot be read")
        }
        Reason::PlaintextAfterStarttls => {
            format!(
                "look at what stands between here and {at}: something injects commands before TLS"
            )
        }
        _ => return None,
    })
}

/// Where TLS begins at once, a server that waits for a PROXY header is silent or closes during the handshake.
fn of_implicit(reason: Reason, entry: &Entry, at: &str) -> Option<String> {
    let endpoint = &entry.endpoint;
    let is_headless = endpoint.proxy_protocol == ProxyProtocol::Off;
    let is_silent = matches!(reason, Reason::TlsClosed | Reason::TlsTimeout);
    (is_silent && is_headless && endpoint.mode == Mode::Implicit).then(|| {
        format!(
            "read the server's log at {at}; behind a load balancer the server may wait for its PROXY header: set \
             proxy_protocol"
        )
    })
}

/// TLS was begun and not finished, or was not as it should be.
fn of_handshake(reason: Reason, at: &str) -> Option<String> {
    Some(match reason {
        Reason::ConnectionClosed
        | Reason::TlsClosed
        | Reason::TlsTimeout
        | Reason::TlsAlert
        | Reason::TlsNoCommonParameters
        | Reason::TlsProtocolError => {
            format!("read the server's log, and see what is said at {at}")
        }
        Reason::ChainTooLarge => {
            format!(
                "have {at} present the own certificate and the intermediates above it, no others"
            )
        }
        Reason::TlsVersionUnsupported | Reason::TlsVersionTooOld => {
            format!("enable TLS 1.2 or newer at {at}, or on the load balancer in front")
        }
        Reason::HandshakeSignatureInvalid => {
            format!(
                "compare certificate and key at {at}: they do not belong together, or somebody is in between"
            )
        }
        Reason::ClientCertRequired => {
            format!("set client_certificate for {at}, or let clients in without one there")
        }
        Reason::ClientCertRejected => {
            format!("compare our client certificate with what is trusted at {at}: it is refused")
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
        Reason::ChainIncomplete => format!("have {at} present the intermediates too"),
        Reason::UnknownIssuer => {
            format!("if the issuer at {at} is a CA of your own, add its root to trust.roots")
        }
        Reason::SelfSigned => format!(
            "enable the intended certificate at {at} instead of the self-signed one; \
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
        Reason::EkuMissing | Reason::IssuerUnfit => {
            format!("have the certificate at {at} issued for that use by a CA that may do so")
        }
        Reason::KeyUsageMissing => {
            format!("have the certificate of {at} issued with the key usage digitalSignature")
        }
        Reason::WeakCrypto => {
            format!("renew the certificate at {at} with a stronger key or signature")
        }
        Reason::CertificatesDiffer => {
            format!(
                "bring the servers of {name} to one certificate: another one than the newest is at {at}"
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
        Reason::Pending => format!(
            "ask again for {at}: no answer yet; if it stays so, raise probe.per_address (endpoints that share an \
             address wait for each other), probe.concurrency or the scrape's timeout"
        ),
        Reason::Internal => "report this: it is a defect of the program".to_owned(),
        _ => format!("renew the certificate of {name} and enable it on every server"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_in_a_count() {
        let places: Vec<_> = (1..=20).map(|n| n.to_string()).collect();
        assert_eq!(listed(&places[..1]), "1");
        assert_eq!(listed(&places[..3]), "1, 2 and 3");
        assert_eq!(listed(&places[..8]), "1, 2, 3, 4, 5, 6, 7 and 8");
        assert_eq!(listed(&places), "1, 2, 3, 4, 5, 6, 7, 8 and 12 more");
    }
}
