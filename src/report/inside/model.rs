//! Mail servers seen from inside, with what is judged of each connector, queue and file.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::super::state::{Cause, State};
use crate::facts::inventory::{
    Inventory, QueueKind, QueueStatus, Role, ServerFacts, ServerKey, StoredCertificate, Stray, Use,
    WaitCause, by_address,
};
use crate::reason::Reason;
use crate::timestamp::Timestamp;
use crate::verdict::{Finding, Thresholds, Verdict};

/// The inside of all mail servers at one moment.
#[derive(Debug, Clone, Default)]
pub struct Inside {
    /// Every server that is known, by name.
    pub servers: Vec<Arc<ServerReport>>,
    /// Files that nobody could tell the server of.
    pub strays: Vec<Stray>,
    /// Each connector over all servers that may use it.
    pub connectors: Vec<ConnectorFleet>,
}

/// One mail server.
#[derive(Debug, Clone)]
pub struct ServerReport {
    /// What is known of it.
    pub facts: ServerFacts,
    /// What is wrong with its inventory: missing, stale, ahead, broken; the reason is a label value.
    pub fault: Option<Cause>,
    /// Whether its inventory is young enough to be believed.
    pub is_young: bool,
    /// Its connectors, in the order of the inventory; those that may not be used from here are left out. Of an inventory
    /// that is no longer young only the dates of certificates count, for a day: nothing is judged.
    pub connectors: Vec<ConnectorReport>,
    /// Its queues, those of most messages first; entries of the same next hop are one. Empty unless young.
    pub queues: Vec<QueueReport>,
    /// The worst of all this.
    pub state: State,
    /// Why, worst first.
    pub causes: Vec<Cause>,
    /// For which moment it was judged.
    pub from: Timestamp,
    /// The first moment that may see it otherwise.
    pub until: Timestamp,
}

/// A connector, or another use of a certificate, on one server.
#[derive(Debug, Clone)]
pub struct ConnectorReport {
    /// Which it is: a place in the inventory's uses.
    pub nth: usize,
    /// Every certificate that it selects, the chosen one first, then by beginning, the youngest first.
    pub candidates: Vec<Candidate>,
    /// The candidate that is used; else the one that named the reason.
    pub shown: Option<usize>,
    /// Whether the server holds a usable one.
    pub finding: Finding,
    /// All findings, with the names of their checks.
    pub verdict: Verdict,
    /// The thresholds for its lifetime.
    pub thresholds: Thresholds,
    /// The one word for it.
    pub state: State,
    /// Why, worst first.
    pub causes: Vec<Cause>,
}

/// A certificate that a connector selects.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Which it is: a place in the inventory's certificates.
    pub nth: usize,
    /// Why it cannot be used; a reason of connectors. `None`: usable, or nobody can tell.
    pub fault: Option<Reason>,
    /// Whether it may be used, as far as is known.
    pub is_usable: Option<bool>,
}

/// The messages for one next hop.
#[derive(Debug, Clone)]
pub struct QueueReport {
    /// What for.
    pub kind: QueueKind,
    /// Where to.
    pub next_hop: Arc<str>,
    /// The name of the connector; empty where none is known.
    pub connector: Arc<str>,
    /// How many, by status; in the order of the statuses, without those that have none.
    pub messages: Vec<(QueueStatus, u64)>,
    /// How many wait with which error, the most first.
    pub failed: Vec<Failed>,
    /// Since when the oldest waits.
    pub since: Option<Timestamp>,
    /// When it is tried next.
    pub next_retry: Option<Timestamp>,
    /// As Exchange says it, messages a second.
    pub velocity: Option<f64>,
    /// How many there were in the older inventory; `None` without one.
    pub before: Option<u64>,
    /// Whether it has a row in the table.
    pub has_row: bool,
    /// The one word for it; healthy without a row.
    pub state: State,
    /// Why, worst first.
    pub causes: Vec<Cause>,
}

/// Messages that wait with one error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Where the fault lies.
    pub cause: WaitCause,
    /// Which known case it is.
    pub reason: Reason,
    /// How many messages.
    pub messages: u64,
    /// What the server was told, masked.
    pub text: Arc<str>,
}

/// A connector over all servers that may use it.
#[derive(Debug, Clone)]
pub struct ConnectorFleet {
    /// Its name.
    pub connector: Arc<str>,
    /// Who presents the certificate.
    pub role: Role,
    /// The servers that hold a usable certificate.
    pub pass: Vec<ServerKey>,
    /// Those that do not, and why.
    pub fail: Vec<(ServerKey, Reason)>,
    /// Those of which nobody can tell.
    pub unknown: Vec<ServerKey>,
}

/// What once was read of a certificate stays true: so many seconds its dates are told after its inventory.
const REMEMBERED: i64 = 86_400;

impl ServerReport {
    /// Whether the dates of its certificates are still told.
    pub fn is_remembered(&self, now: Timestamp) -> bool {
        let newest = self.inventory();
        newest.is_some_and(|newest| {
            now.seconds_since(newest.collected_at) <= self.facts.max_age + REMEMBERED
        })
    }

    /// Its last inventory, however old.
    pub fn inventory(&self) -> Option<&Arc<Inventory>> {
        self.facts.newest.as_ref()
    }

    /// The use that a report is about.
    pub fn use_of(&self, connector: &ConnectorReport) -> Option<&Use> {
        self.inventory()?.uses().get(connector.nth)
    }

    /// The certificate that a candidate is.
    pub fn certificate_of(&self, candidate: &Candidate) -> Option<&StoredCertificate> {
        self.inventory()?.certificates().get(candidate.nth)
    }

    /// The certificate that a connector shows: the chosen one, else the one that named the reason.
    pub fn shown(&self, connector: &ConnectorReport) -> Option<&StoredCertificate> {
        self.certificate_of(connector.candidates.get(connector.shown?)?)
    }
}

impl ConnectorReport {
    /// Whether the server holds no certificate that it may use.
    pub fn is_failed(&self) -> bool {
        matches!(self.finding, Finding::Fail(_))
    }
}

impl QueueReport {
    /// All messages.
    pub fn total(&self) -> u64 {
        let each = self.messages.iter().map(|(_, messages)| messages);
        each.fold(0, |sum, messages| sum.saturating_add(*messages))
    }

    /// Those that are retried or held; of those without a route, and those set aside, all; of copies none.
    pub fn waiting(&self) -> u64 {
        match self.kind {
            QueueKind::Unreachable | QueueKind::Poison => return self.total(),
            QueueKind::Shadow => return 0,
            QueueKind::Delivery | QueueKind::Submission => {}
        }
        let waits =
            |status: &QueueStatus| matches!(status, QueueStatus::Retry | QueueStatus::Suspended);
        let each = self.messages.iter().filter(|(status, _)| waits(status));
        each.fold(0, |sum, (_, messages)| sum.saturating_add(*messages))
    }
}

impl Inside {
    /// Whether nothing is known of any inside, and nobody asked.
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty() && self.strays.is_empty()
    }

    /// The servers by their addresses. Of two with the same one, as behind NAT, nobody can tell which it is: neither.
    pub fn by_address(&self) -> HashMap<IpAddr, &ServerReport> {
        let servers = self.servers.iter();
        by_address(servers.map(|server| (server.facts.addresses(), &**server)))
    }

    /// Every state that is judged.
    pub fn states(&self) -> impl Iterator<Item = State> {
        let servers = self.servers.iter().map(|server| server.state);
        servers.chain(self.strays.iter().map(|_| State::Blind))
    }
}
