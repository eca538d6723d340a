//! A reason at an endpoint, or of a name that was not found, to the words and the command that help.

use super::{command, remedy};
use crate::endpoint::{Place, ProxyProtocol};
use crate::plain::plain;
use crate::reason::Reason;
use crate::report::{Entry, Examples, Resolution, TargetReport};
use crate::smtp::Mode;

/// In the words of an advice: where its endpoints are to be named. No name has a control character.
const THERE: &str = "\u{1}";

/// Endpoints that a step names before it only counts them.
const NAMED: usize = 8;

/// What to do next about one trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Advice {
    /// What to do, with [`THERE`] for the endpoints.
    pub(super) words: String,
    /// What to type to see the trouble.
    command: Option<String>,
}

impl Advice {
    /// In one line, for the endpoints named.
    pub(super) fn told(&self, places: &str) -> String {
        let words = self.words.replace(THERE, places);
        match &self.command {
            Some(command) => format!("{words}: {command}"),
            None => words,
        }
    }
}

/// What to do about the worst that is wrong with an endpoint, in one line; nothing for a healthy one.
pub fn of(target: &TargetReport, entry: &Entry, examples: &Examples<'_>) -> Option<String> {
    let advice = worst(target, entry, examples.of(entry))?;
    Some(advice.told(&entry.endpoint.at()))
}

/// What to do where a target's names were not, or only partly, found in a view.
pub fn of_resolution(target: &TargetReport, resolution: &Resolution) -> Option<String> {
    let fault = resolution.fault.as_ref()?;
    let asked = match &target.source.place {
        Place::Host(host) => format!(": dig {host} A; dig {host} AAAA"),
        Place::Mx(domain) => format!(": dig {domain} MX, and the hosts it names"),
        Place::Addresses(_) => String::new(),
    };
    let words = filled(fault.reason, &target.source.name, &resolution.view);
    Some(words.replace(THERE, &plain(&target.source.name, 60)) + &asked)
}

/// `example` is the endpoint whose certificate this one should present too.
pub(super) fn worst(
    target: &TargetReport,
    entry: &Entry,
    example: Option<&Entry>,
) -> Option<Advice> {
    let reason = entry.reason()?;
    let name = &target.source.name;
    let words = match example {
        Some(example) if is_about_age(reason) => {
            let (name, there) = (plain(name, 60), example.endpoint.at());
            format!(
                "{name} has a newer certificate at {there}: enable it at {THERE} too (Exchange: \
                 Enable-ExchangeCertificate -Services SMTP there; else reload)"
            )
        }
        _ => filled(reason, name, &entry.endpoint.view) + header(entry, reason),
    };
    Some(Advice {
        words,
        command: command::showing(entry, remedy::remedy(reason).look),
    })
}

/// What a certificate that another server already has would end.
fn is_about_age(reason: Reason) -> bool {
    [
        Reason::ExpiresSoon,
        Reason::CertExpired,
        Reason::CertificatesDiffer,
    ]
    .contains(&reason)
}

/// What is put into the words of a remedy.
#[derive(Debug, Clone, Copy, Default)]
pub struct Blanks<'a> {
    /// The endpoints.
    pub at: &'a str,
    /// The target.
    pub target: &'a str,
    /// The view.
    pub view: &'a str,
    /// The mail servers that are seen from inside.
    pub server: &'a str,
    /// Their connector.
    pub connector: &'a str,
    /// Where mail waits for.
    pub next_hop: &'a str,
}

/// What to do about what is published of a host or mail domain.
pub(super) fn of_name(reason: Reason, name: &str, view: &str) -> String {
    filled(reason, name, view).replace(THERE, &plain(name, 60))
}

/// The words for a reason, with its names filled in.
fn filled(reason: Reason, target: &str, view: &str) -> String {
    let blanks = Blanks {
        at: THERE,
        target: &plain(target, 60),
        view: &plain(view, 60),
        ..Blanks::default()
    };
    worded(reason, &blanks)
}

/// What helps against a reason, as table, page, JSON, alerts and documents say it.
pub fn worded(reason: Reason, blanks: &Blanks<'_>) -> String {
    let named = [
        ("{at}", blanks.at),
        ("{view}", blanks.view),
        ("{server}", blanks.server),
        ("{connector}", blanks.connector),
        ("{next_hop}", blanks.next_hop),
        ("{name}", blanks.target),
    ];
    let words = remedy::remedy(reason).words.to_owned();
    named
        .iter()
        .fold(words, |words, (blank, name)| words.replace(blank, name))
}

/// A server behind a load balancer that gets no PROXY header is silent, closes, or refuses what comes.
fn header(entry: &Entry, reason: Reason) -> &'static str {
    let endpoint = &entry.endpoint;
    if endpoint.proxy_protocol != ProxyProtocol::Off {
        return "";
    }
    let in_clear = [
        Reason::GreetingTimeout,
        Reason::ConnectionClosed,
        Reason::EhloRejected,
    ];
    let in_tls = [Reason::TlsClosed, Reason::TlsTimeout];
    if in_clear.contains(&reason) || endpoint.mode == Mode::Implicit && in_tls.contains(&reason) {
        "; behind a load balancer the server may wait for its PROXY header: set proxy_protocol"
    } else {
        ""
    }
}

/// `a, b and c`; of many the first, `and 12 more`.
pub(super) fn listed(places: &[String]) -> String {
    let (shown, more) = places.split_at(places.len().min(NAMED));
    match (shown, more.len()) {
        ([before @ .., last], 0) if !before.is_empty() => {
            format!("{} and {last}", before.join(", "))
        }
        (shown, 0) => shown.concat(),
        (shown, more) => format!("{} and {more} more", shown.join(", ")),
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
