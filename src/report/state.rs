//! An observation and its verdict to one state word and its causes.

use crate::observation::Observation;
use crate::reason::Reason;
use crate::timestamp::Timestamp;
use crate::verdict::{Threshold, Thresholds, Verdict};

/// The one word for an endpoint, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// No certificate could be read.
    Unreachable,
    /// The leaf, or a certificate on its path, has expired.
    Expired,
    /// The leaf is not valid yet.
    NotYetValid,
    /// Not the expected certificate: names, subject, issuer, connector string or fingerprint.
    Mismatch,
    /// No path to a trusted root, revoked, or not meant for servers.
    Untrusted,
    /// The fleet differs: another endpoint serves a newer leaf, or another view leads to other leaves.
    Inconsistent,
    /// Very little of the lifetime is left, or the session failed though the certificate is fine.
    Critical,
    /// Little of the lifetime is left.
    Warning,
    /// What only strict clients refuse: a weak key or signature, an old TLS version, a staple that is missing.
    Weak,
    /// Nothing to complain of.
    Healthy,
}

impl State {
    /// All words, worst first.
    pub const ALL: [Self; 10] = [
        Self::Unreachable,
        Self::Expired,
        Self::NotYetValid,
        Self::Mismatch,
        Self::Untrusted,
        Self::Inconsistent,
        Self::Critical,
        Self::Warning,
        Self::Weak,
        Self::Healthy,
    ];

    /// The public word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "Unreachable",
            Self::Expired => "Expired",
            Self::NotYetValid => "NotYetValid",
            Self::Mismatch => "Mismatch",
            Self::Untrusted => "Untrusted",
            Self::Inconsistent => "Inconsistent",
            Self::Critical => "Critical",
            Self::Warning => "Warning",
            Self::Weak => "Weak",
            Self::Healthy => "Healthy",
        }
    }

    /// Exit status in the convention of the monitoring plugins: 0 healthy, 1 warning, 2 critical, 3 not known.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Healthy => 0,
            Self::Warning | Self::Weak => 1,
            Self::Unreachable => 3,
            _ => 2,
        }
    }
}

/// One thing that is wrong with an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// How bad it is.
    pub state: State,
    /// Which known case it is; none for a lifetime that merely runs out.
    pub reason: Option<Reason>,
    /// The evidence in words; may quote the peer.
    pub detail: String,
}

/// The state of an endpoint and all causes, worst first.
pub(crate) fn assess(
    observation: &Observation,
    verdict: &Verdict,
    thresholds: &Thresholds,
    now: Timestamp,
) -> (State, Vec<Cause>) {
    let mut causes: Vec<Cause> = fault(observation)
        .into_iter()
        .chain(verdict.failures().map(|(check, failure)| Cause {
            state: state_of(check, failure.reason),
            reason: Some(failure.reason),
            detail: failure.evidence.clone(),
        }))
        .chain(running_out(observation, thresholds, now))
        .collect();
    causes.sort_by_key(|cause| cause.state);
    let state = causes.first().map_or(State::Healthy, |cause| cause.state);
    (state, causes)
}

/// What the probe itself stumbled over. A certificate that was seen before is still judged by its own faults.
fn fault(observation: &Observation) -> Option<Cause> {
    let leaf = observation.leaf();
    if let Some(Err(why)) = leaf.map(|leaf| leaf.facts()) {
        return Some(Cause {
            state: State::Unreachable,
            reason: Some(Reason::CertUnreadable),
            detail: why.to_string(),
        });
    }
    let fault = observation.fault.as_ref()?;
    Some(Cause {
        state: match leaf {
            None => State::Unreachable,
            Some(_) => State::Critical,
        },
        reason: Some(fault.reason),
        detail: fault.detail.clone(),
    })
}

fn state_of(check: &str, reason: Reason) -> State {
    match check {
        "lifetime" if reason == Reason::CertNotYetValid => State::NotYetValid,
        "lifetime" => State::Expired,
        "names" | "subject" | "issuer" | "tls_certificate_name" | "fingerprint" => State::Mismatch,
        "trust" | "chain_complete" | "revocation" | "eku_server" => State::Untrusted,
        "same_certificate" | "views_agree" => State::Inconsistent,
        _ => State::Weak,
    }
}

/// A lifetime that runs out, unless it already has.
fn running_out(
    observation: &Observation,
    thresholds: &Thresholds,
    now: Timestamp,
) -> Option<Cause> {
    let facts = observation.leaf()?.facts().ok()?;
    let (from, until) = (facts.not_before, facts.not_after);
    if now > until || now < from {
        return None;
    }
    let crossed = |limit: &Threshold| limit.is_crossed(from, until, now);
    let state = if crossed(&thresholds.critical) {
        State::Critical
    } else if crossed(&thresholds.warning) {
        State::Warning
    } else {
        return None;
    };
    let left = until.seconds_since(now);
    let percent = 100 * left / until.seconds_since(from).max(1);
    let detail = format!("expires {}: {percent} % of its lifetime left", until.date());
    Some(Cause {
        state,
        reason: None,
        detail,
    })
}
