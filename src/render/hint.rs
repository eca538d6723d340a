//! A snapshot to what to do next: one line for each kind of trouble, told for the first endpoint that has it.

use crate::plain::plain;
use crate::reason::Reason;
use crate::report::{Entry, Snapshot, State, TargetReport};
use crate::smtp::Mode;
use crate::target::Place;

/// The hints, worst trouble first.
pub(super) fn all(snapshot: &Snapshot) -> Vec<String> {
    let of = |state| snapshot.entries().find(|(_, entry)| entry.state == state);
    let found = State::ALL.into_iter().filter_map(of);
    unresolved(snapshot)
        .into_iter()
        .chain(found.filter_map(|(target, entry)| hint(target, entry)))
        .collect()
}

fn unresolved(snapshot: &Snapshot) -> Option<String> {
    let missing = |target: &&TargetReport| target.resolutions.iter().any(|r| r.fault.is_some());
    let target = snapshot.targets.iter().find(missing)?;
    Some(match &target.source.place {
        Place::Host(host) => format!("see what DNS says: dig {host} A; dig {host} AAAA"),
        Place::Mx(domain) => {
            format!("see what DNS says: dig {domain} MX, and the hosts it names")
        }
        Place::Addresses(_) => return None,
    })
}

fn hint(target: &TargetReport, entry: &Entry) -> Option<String> {
    let at = entry.endpoint.at();
    let name = plain(&target.source.name, 60);
    Some(match entry.state {
        State::Healthy => return None,
        State::Unreachable => unreachable(entry, &at),
        State::Expired | State::Inconsistent | State::Critical | State::Warning
            if renewed_elsewhere(target) =>
        {
            format!(
                "{name} has a newer certificate at another address: enable it at {at} too \
                 (Exchange: Enable-ExchangeCertificate -Services SMTP on that server; else reload)"
            )
        }
        State::Critical if entry.observation.fault.is_some() => unfinished(entry, &at),
        State::Expired | State::Critical | State::Warning => {
            format!("renew the certificate of {name} and enable it on every server")
        }
        State::NotYetValid => {
            format!("compare the clocks, or put the previous certificate back at {at}")
        }
        State::Mismatch => {
            format!("see which certificate {at} has enabled for SMTP, or correct what is expected")
        }
        State::Untrusted => {
            format!("have {at} present its intermediates, or add its root to trust.roots")
        }
        State::Inconsistent if entry.verdict.failure("views_agree").is_some() => format!(
            "the views of {name} lead to different certificates: ask each for its addresses \
             (dig), and renew where the older one is; if that is meant so, set checks: {{views_agree: off}}"
        ),
        State::Inconsistent => format!("enable the newest certificate of {name} at {at} too"),
        State::Weak => format!("renew the certificate at {at} with a stronger key or signature"),
    })
}

/// Nothing was read: what to type depends on how far the probe came.
fn unreachable(entry: &Entry, at: &str) -> String {
    match entry.reason() {
        Some(Reason::ConnectRefused | Reason::ConnectTimeout | Reason::ConnectUnreachable) => {
            let (address, port) = (&entry.endpoint.address, entry.endpoint.port);
            format!(
                "see whether the service runs and a firewall lets us in: nc -vz {address} {port}"
            )
        }
        Some(
            Reason::ProxyUnreachable
            | Reason::ProxyAuth
            | Reason::ProxyRefused
            | Reason::ProxyFailed
            | Reason::ProxyTimeout,
        ) => {
            let view = plain(&entry.endpoint.view, 60);
            format!("see what the proxy of view {view} says; {at} itself was not asked")
        }
        Some(Reason::StarttlsNotOffered | Reason::StarttlsMasked) => format!(
            "give {at} a certificate for SMTP, or look for a firewall that rewrites SMTP \
             (Exchange: event 12014 names the certificate that it cannot find)"
        ),
        _ => by_hand(entry, at),
    }
}

/// The certificate was read, the session was not finished.
fn unfinished(entry: &Entry, at: &str) -> String {
    match entry.reason() {
        Some(Reason::ClientCertRequired) => {
            format!("{at} wants a certificate from its clients: that is its right, or its setting")
        }
        _ => by_hand(entry, at),
    }
}

fn by_hand(entry: &Entry, at: &str) -> String {
    let starttls = match entry.endpoint.mode {
        Mode::StartTls => "-starttls smtp ",
        Mode::Implicit => "",
    };
    let name = entry.endpoint.server_name.as_ref();
    let name = name.map_or_else(String::new, |name| format!(" -servername {name}"));
    format!("see what {at} says: openssl s_client {starttls}-connect {at}{name}")
}

/// Whether another endpoint of the target already serves a newer leaf.
fn renewed_elsewhere(target: &TargetReport) -> bool {
    let mut entries = target.entries.iter();
    entries.any(|entry| entry.verdict.failure("same_certificate").is_some())
}
