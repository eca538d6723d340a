//! What a check is, what it may look at, and what it can find.

use super::expectations::Expectations;
use super::fleet::Fleet;
use super::inside::{ConnectorEvidence, QueueEvidence};
use super::views::Views;
use crate::certificate::{Certificate, Facts};
use crate::facts::domain::DomainFacts;
use crate::facts::host::HostFacts;
use crate::facts::inventory::{Inventory, ServerFacts};
use crate::facts::observation::Observation;
use crate::facts::published::{DaneFacts, StsFacts};
use crate::name::Host;
use crate::pki::{Revocation, Trust};
use crate::reason::Reason;
use crate::timestamp::Timestamp;

pub use super::switch::Switch;

/// One judgement: pure, with the source it follows.
#[derive(Debug)]
pub struct Check {
    /// Public name: label value, JSON and configuration key.
    pub name: &'static str,
    /// What a pass means, one sentence.
    pub help: &'static str,
    /// Where the rule comes from.
    pub citation: &'static str,
    /// What kind of question it answers.
    pub kind: Kind,
    /// Whether it runs unless the configuration says otherwise.
    pub default: Switch,
    /// The judgement, and of what.
    pub judge: Judge,
}

/// A judgement of one of the six subjects.
#[derive(Debug, Clone, Copy)]
pub enum Judge {
    /// Of one address and port, seen in one view with one offer.
    Endpoint(fn(&Evidence<'_>) -> Finding),
    /// Of all endpoints of a target together.
    Target {
        /// What is said of the target.
        whole: fn(&TargetEvidence<'_>) -> Finding,
        /// What of it concerns one endpoint, which shows it among its own.
        here: fn(&Evidence<'_>) -> Finding,
    },
    /// Of a host in a view, as DNS knows it.
    Host(fn(&HostFacts, &Expectations, Timestamp) -> Finding),
    /// Of a mail domain in a view, as DNS knows it.
    Domain(fn(&DomainFacts, &Expectations, Timestamp) -> Finding),
    /// Of a connector, or another use of a certificate, on a mail server.
    Connector(fn(&ConnectorEvidence<'_>) -> Finding),
    /// Of mail that waits on a mail server.
    Queue(fn(&QueueEvidence<'_>) -> Finding),
}

impl Judge {
    /// The public word for what is judged.
    pub fn subject(&self) -> &'static str {
        match self {
            Self::Endpoint(_) => "endpoint",
            Self::Target { .. } => "target",
            Self::Host(_) => "host",
            Self::Domain(_) => "domain",
            Self::Connector(_) => "connector",
            Self::Queue(_) => "queue",
        }
    }
}

/// What a check is about; how bad a failure is follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// When certificates are valid.
    Dates,
    /// Whether this is the expected certificate.
    Identity,
    /// Whether clients accept who issued it, and for what.
    Trust,
    /// Whether it was withdrawn. Most clients go on where nobody tells.
    Revocation,
    /// What only strict clients refuse.
    Strength,
    /// Whether all endpoints and views agree.
    Fleet,
    /// Whether a mail server can use the certificate of a connector.
    Connector,
    /// Whether mail goes out.
    Queue,
    /// Whether senders that follow what is published deliver.
    Published,
}

/// Everything a check may look at.
pub struct Evidence<'a> {
    /// What the probe saw.
    pub observation: &'a Observation,
    /// What the operator expects.
    pub expectations: &'a Expectations,
    /// Whether a path leads to a root; `None` when no certificate was seen.
    pub trust: Option<&'a Trust>,
    /// The name that the server was asked for.
    pub server_name: Option<&'a Host>,
    /// What the configured revocation lists say; `None` without lists or certificate.
    pub revocation: Option<&'a Revocation>,
    /// The certificates of the target's other endpoints in the same view.
    pub fleet: &'a Fleet,
    /// Where each view of the target leads.
    pub views: &'a Views,
    /// The mail server that it is, seen from inside, where that is known.
    pub inside: Option<&'a ServerFacts>,
    /// What senders that do DANE learn of its host; `None` where nobody asked.
    pub dane: Option<&'a DaneFacts>,
    /// What senders that do MTA-STS learn of its mail domain; `None` where nobody asked.
    pub sts: Option<StsEvidence<'a>>,
    /// The leaf that was presented here before, if that was another one.
    pub former: Option<&'a Certificate>,
    /// The moment for which is judged.
    pub now: Timestamp,
}

/// An endpoint as senders see it that do MTA-STS.
#[derive(Debug, Clone, Copy)]
pub struct StsEvidence<'a> {
    /// What is published for the mail domain.
    pub facts: &'a StsFacts,
    /// The MX host that the endpoint belongs to.
    pub host: &'a str,
    /// Whether a path leads from what was presented to a root that senders believe; `None` when nothing was presented.
    pub trust: Option<&'a Trust>,
}

/// Everything that a check of a whole target may look at.
pub struct TargetEvidence<'a> {
    /// What the operator expects.
    pub expectations: &'a Expectations,
    /// The certificates of its endpoints, those of one view and offer together.
    pub fleets: &'a [&'a Fleet],
    /// Where each of its views leads.
    pub views: &'a Views,
    /// The moment for which is judged.
    pub now: Timestamp,
}

/// What a check found; never a bool, because "could not tell" is neither good nor bad.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Finding {
    /// As expected.
    Pass,
    /// As expected, with a remark about what is odd and hurts nobody; may quote a certificate.
    Remark(String),
    /// Not as expected.
    Fail(Failure),
    /// The evidence to decide is missing; says why.
    Unknown(String),
    /// Nothing was expected, or there is nothing to judge; says why.
    NotApplicable(&'static str),
}

/// Why a check failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Failure {
    /// Which of the known cases it is.
    pub reason: Reason,
    /// The evidence in words; may quote a certificate, so it must be escaped wherever it is shown.
    pub evidence: String,
    /// Mail flows all the same, only without the protection that was meant.
    pub mail_flows: bool,
}

impl Finding {
    /// A failure with its evidence.
    pub fn fail(reason: Reason, evidence: impl Into<String>) -> Self {
        Self::Fail(Failure {
            reason,
            evidence: evidence.into(),
            mail_flows: false,
        })
    }

    /// A failure that keeps no mail away: it only lacks the protection that was meant.
    pub fn weak(reason: Reason, evidence: impl Into<String>) -> Self {
        Self::Fail(Failure {
            reason,
            evidence: evidence.into(),
            mail_flows: true,
        })
    }

    /// The public word for the outcome.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pass | Self::Remark(_) => "pass",
            Self::Fail(_) => "fail",
            Self::Unknown(_) => "unknown",
            Self::NotApplicable(_) => "not_applicable",
        }
    }
}

impl<'a> Evidence<'a> {
    /// The mail server that the endpoint is, with its inventory.
    ///
    /// # Errors
    /// The finding to return when there is none, or it is too old.
    pub fn server(&self) -> Result<(&'a ServerFacts, &'a Inventory), Finding> {
        let Some(server) = self.inside else {
            return Err(Finding::NotApplicable(
                "no inventory is of a server with this address",
            ));
        };
        match server.young(self.now) {
            Some(inventory) if inventory.certificates.is_some() => Ok((server, inventory)),
            Some(_) => Err(Finding::NotApplicable("the inventory has no certificates")),
            None => Err(Finding::NotApplicable(
                "the inventory is too old, or not there",
            )),
        }
    }

    /// The server's certificate with its facts.
    ///
    /// # Errors
    /// The finding to return when there is nothing to judge.
    pub fn leaf(&self) -> Result<(&'a Certificate, &'a Facts), Finding> {
        let Some(leaf) = self.observation.leaf() else {
            return Err(Finding::NotApplicable("no certificate was seen"));
        };
        match leaf.facts() {
            Ok(facts) => Ok((leaf, facts)),
            Err(why) => Err(Finding::Unknown(why.to_string())),
        }
    }
}
