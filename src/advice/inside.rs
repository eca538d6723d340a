//! The inside of mail servers to what to do next: one line a fault, with all servers that have it.

use std::collections::HashMap;
use std::iter;

use super::words::{Blanks, listed, worded};
use crate::facts::inventory::{StoredCertificate, WaitCause};
use crate::plain::plain;
use crate::reason::Reason;
use crate::report::{Candidate, Cause, ConnectorReport, Inside, QueueReport, ServerReport, State};

/// Most characters of a name.
const WIDTH: usize = 60;

/// Where a line names the servers. No name has a control character.
const THERE: &str = "\u{1}";

/// Where connectors cannot be judged.
const BLIND: &str = "read the errors in the inventory of \u{1}: what its collector could not read keeps connectors from \
                     being judged";

/// One fault, and the servers that have it.
struct Fault {
    state: State,
    words: String,
    servers: Vec<String>,
}

/// What to do next, the worst fault first. Commands are for the Exchange Management Shell, `NAME` is each server.
pub(super) fn steps(inside: &Inside) -> Vec<String> {
    told(inside.servers.iter().map(|server| &**server))
}

/// The same for one server alone.
pub fn on_server(server: &ServerReport) -> Vec<String> {
    told(iter::once(server))
}

fn told<'a>(servers: impl Iterator<Item = &'a ServerReport>) -> Vec<String> {
    let mut faults: Vec<Fault> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for server in servers {
        let name = plain(&server.facts.key.0, WIDTH);
        for (state, words) in of_server(server) {
            let nth = *known.entry(words.clone()).or_insert_with(|| {
                faults.push(Fault {
                    state,
                    words,
                    servers: Vec::new(),
                });
                faults.len() - 1
            });
            let fault = faults.get_mut(nth).map(|fault| &mut fault.servers);
            if let Some(servers) = fault.filter(|servers| servers.last() != Some(&name)) {
                servers.push(name.clone());
            }
        }
    }
    faults.sort_by_key(|fault| fault.state);
    let told = faults.iter().map(|fault| {
        let words = fault.words.replace(THERE, &listed(&fault.servers));
        match fault.servers.as_slice() {
            [only] => words.replace("-Server NAME", &format!("-Server {only}")),
            _ => words,
        }
    });
    told.collect()
}

fn of_server(server: &ServerReport) -> Vec<(State, String)> {
    let fault = server.fault.iter().map(|fault| {
        let words = worded(fault.reason, &blanks("", ""));
        (fault.state, words)
    });
    let connectors = server.connectors.iter().filter(|_| server.is_young);
    let connectors = connectors.filter_map(|report| of_connector(server, report));
    let queues = server.queues.iter();
    let queues = queues.filter_map(|queue| of_queue(server, queue));
    fault.chain(connectors).chain(queues).collect()
}

fn blanks<'a>(connector: &'a str, next_hop: &'a str) -> Blanks<'a> {
    Blanks {
        server: THERE,
        connector,
        next_hop,
        ..Blanks::default()
    }
}

/// About the worst that is wrong with a connector. Of a renewal that was begun, it is what is left to do.
fn of_connector(server: &ServerReport, report: &ConnectorReport) -> Option<(State, String)> {
    let worst = report.causes.first()?;
    if worst.reason == Reason::Undecided {
        return Some((worst.state, BLIND.to_owned()));
    }
    let pending = report.causes.iter().any(is_pending);
    let candidate = match pending {
        true => report
            .candidates
            .iter()
            .find(|one| one.is_usable == Some(false)),
        false => report.shown.and_then(|nth| report.candidates.get(nth)),
    };
    let name = plain(&server.use_of(report)?.name, WIDTH);
    let stored = candidate.and_then(|one| server.certificate_of(one));
    let reason = candidate
        .filter(|_| pending)
        .and_then(|one: &Candidate| one.fault);
    let reason = reason.unwrap_or(worst.reason);
    let words = match stored {
        Some(stored) => about(server, reason, stored, &name),
        None => worded(reason, &blanks(&name, "")),
    };
    Some((worst.state, words))
}

fn is_pending(cause: &Cause) -> bool {
    cause.reason == Reason::ConnectorNewerUnusable
}

/// The words for one certificate: the same for all connectors that use it.
fn about(server: &ServerReport, reason: Reason, stored: &StoredCertificate, name: &str) -> String {
    let inventory = server.inventory();
    let is_exchange = inventory.is_some_and(|newest| newest.server.kind.is_exchange());
    let thumbprint = stored.certificate.fingerprints().sha1_hex();
    let enable =
        format!("Enable-ExchangeCertificate -Server NAME -Thumbprint {thumbprint} -Services SMTP");
    let is_over = [Reason::ConnectorCertExpired, Reason::ExpiresSoon].contains(&reason);
    if is_exchange && reason == Reason::ConnectorCertNotEnabled {
        format!("enable {thumbprint} for SMTP on {THERE}: {enable}")
    } else if is_exchange && reason == Reason::ConnectorCertKeyMissing {
        format!("import {thumbprint} with its private key on {THERE}, then enable it: {enable}")
    } else if is_exchange && is_over {
        format!(
            "renew {thumbprint}, import the new certificate with its private key on {THERE}, then enable it there: \
             Enable-ExchangeCertificate -Server NAME -Thumbprint <the new one's> -Services SMTP"
        )
    } else if is_over {
        let places: Vec<_> = stored
            .places
            .iter()
            .map(|place| plain(place, WIDTH))
            .collect();
        format!(
            "renew {} on {THERE}, and reload the mail service",
            places.join(", ")
        )
    } else {
        worded(reason, &blanks(name, ""))
    }
}

/// About a queue whose mail waits, unless the certificate of its connector tells it better.
fn of_queue(server: &ServerReport, queue: &QueueReport) -> Option<(State, String)> {
    let worst = queue.causes.first()?;
    let cause = WaitCause::of(worst.reason)?;
    let is_told = cause == WaitCause::OwnCertificate && is_failed(server, &queue.connector);
    let words = worded(
        reachable(worst.reason),
        &blanks(&connector(queue), &plain(&queue.next_hop, WIDTH)),
    );
    (!is_told).then_some((worst.state, words))
}

fn connector(queue: &QueueReport) -> String {
    match &*queue.connector {
        "" => "the connector".to_owned(),
        name => plain(name, WIDTH),
    }
}

/// On the wire, these two are about the way from the exporter.
fn reachable(reason: Reason) -> Reason {
    match reason == Reason::ConnectRefused || reason == Reason::ConnectTimeout {
        true => Reason::ConnectFailed,
        false => reason,
    }
}

fn is_failed(server: &ServerReport, connector: &str) -> bool {
    let mut failed = server.connectors.iter();
    failed.any(|report| {
        let is_it = server
            .use_of(report)
            .is_some_and(|one| one.name == connector);
        is_it && report.is_failed()
    })
}
