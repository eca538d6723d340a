//! An observation and its verdict to one state word and its causes.

use crate::collect::Extent;
use crate::facts::inventory::WaitCause;
use crate::facts::lookup::LookupFault;
use crate::facts::observation::Observation;
use crate::reason::Reason;
use crate::timestamp::Timestamp;
use crate::verdict::{Check, Failure, Finding, Kind, Threshold, Thresholds, Verdict};

/// The one word for an endpoint, or for what is inside a mail server, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// No certificate could be read.
    Unreachable,
    /// The certificate was read, but the session failed: the handshake was not completed, or what came after it.
    Broken,
    /// The session is sound, but senders that follow what the domain publishes do not deliver.
    Undeliverable,
    /// Mail waits on a server for a certificate or for TLS.
    Stuck,
    /// The leaf, or a certificate on its path, or that of a connector, has expired.
    Expired,
    /// The leaf, or the certificate of a connector, is not valid yet.
    NotYetValid,
    /// Not the expected certificate: names, subject, issuer, connector string or fingerprint.
    Mismatch,
    /// No path to a trusted root, revoked, or not meant for servers.
    Untrusted,
    /// The fleet differs: another endpoint serves a newer leaf, or another view leads to other leaves.
    Inconsistent,
    /// A server has no certificate that its connector may use.
    Missing,
    /// Very little of the lifetime is left.
    Critical,
    /// What happens inside a server is not known: its inventory is missing, old or broken, or does not say enough.
    Blind,
    /// Mail waits on a server, for something else than a certificate.
    Waiting,
    /// Little of the lifetime is left.
    Warning,
    /// Something that clients look at could not be judged: trust, dates or names.
    Undecided,
    /// What only strict clients refuse: a weak key or signature, an old TLS version, a staple that is missing.
    Weak,
    /// Nothing to complain of.
    Healthy,
}

impl State {
    /// All words, worst first.
    pub const ALL: [Self; 17] = [
        Self::Unreachable,
        Self::Broken,
        Self::Undeliverable,
        Self::Stuck,
        Self::Expired,
        Self::NotYetValid,
        Self::Mismatch,
        Self::Untrusted,
        Self::Inconsistent,
        Self::Missing,
        Self::Critical,
        Self::Blind,
        Self::Waiting,
        Self::Warning,
        Self::Undecided,
        Self::Weak,
        Self::Healthy,
    ];

    /// The public word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "Unreachable",
            Self::Broken => "Broken",
            Self::Undeliverable => "Undeliverable",
            Self::Stuck => "Stuck",
            Self::Expired => "Expired",
            Self::NotYetValid => "NotYetValid",
            Self::Mismatch => "Mismatch",
            Self::Untrusted => "Untrusted",
            Self::Inconsistent => "Inconsistent",
            Self::Missing => "Missing",
            Self::Critical => "Critical",
            Self::Blind => "Blind",
            Self::Waiting => "Waiting",
            Self::Warning => "Warning",
            Self::Undecided => "Undecided",
            Self::Weak => "Weak",
            Self::Healthy => "Healthy",
        }
    }

    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::Healthy => Severity::Ok,
            Self::Warning | Self::Waiting | Self::Weak => Severity::Warning,
            Self::Unreachable | Self::Undecided | Self::Blind => Severity::Unknown,
            Self::Broken
            | Self::Undeliverable
            | Self::Stuck
            | Self::Missing
            | Self::Expired
            | Self::NotYetValid
            | Self::Mismatch
            | Self::Untrusted
            | Self::Inconsistent
            | Self::Critical => Severity::Critical,
        }
    }
}

/// How bad a state is in the words of the Monitoring Plugins Development Guidelines, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Mail suffers, or soon will.
    Critical,
    /// Nobody can tell.
    Unknown,
    /// Somebody should look into it by day.
    Warning,
    /// All is well.
    Ok,
}

impl Severity {
    /// The exit status of a monitoring plugin.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

/// One thing that is wrong with an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// How bad it is.
    pub state: State,
    /// Which known case it is.
    pub reason: Reason,
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
    // A certificate that cannot be read says so itself.
    let is_read = observation.leaf().is_some_and(|leaf| leaf.facts().is_ok());
    let causes = fault(observation)
        .into_iter()
        .chain(verdict.judgements().filter_map(failure))
        .chain(running_out(dates(observation), thresholds, now))
        .chain(undecided(verdict, State::Undecided).filter(|_| is_read));
    ranked(causes)
}

/// The state of a connector on a server, by the dates of the certificate that it uses, if there is one.
pub(super) fn assess_connector(
    verdict: &Verdict,
    dates: Option<(Timestamp, Timestamp)>,
    thresholds: &Thresholds,
    now: Timestamp,
) -> (State, Vec<Cause>) {
    let causes = verdict.judgements().filter_map(failure);
    let causes = causes.chain(running_out(dates, thresholds, now));
    ranked(causes.chain(undecided(verdict, State::Blind)))
}

/// The state of a subject that no probe looks at, and all causes, worst first.
pub(super) fn assess_findings(fault: Option<Cause>, verdict: &Verdict) -> (State, Vec<Cause>) {
    let failures = verdict.judgements().filter_map(failure);
    let causes = fault.into_iter().chain(failures);
    ranked(causes.chain(undecided(verdict, State::Undecided)))
}

/// What a look-up stumbled over. What is still known from before may well be healthy, but nobody knows for how long.
pub(super) fn of_lookup(fault: &LookupFault, extent: Extent, is_known: bool) -> Option<Cause> {
    Some(Cause {
        state: of_extent(extent, is_known)?,
        reason: fault.reason,
        detail: fault.detail.clone(),
    })
}

/// The word for what could be found of something, if it is not all; known: at least from before.
pub(super) fn of_extent(extent: Extent, is_known: bool) -> Option<State> {
    match extent {
        Extent::Whole => None,
        Extent::Half => Some(State::Warning),
        Extent::Nothing if !is_known => Some(State::Unreachable),
        Extent::Part | Extent::Nothing => Some(State::Critical),
    }
}

/// The worst state, and the causes, worst first.
pub(super) fn ranked(causes: impl Iterator<Item = Cause>) -> (State, Vec<Cause>) {
    let mut causes: Vec<_> = causes.collect();
    causes.sort_by_key(|cause| cause.state);
    // There is room for four, and mostly there are none or one.
    causes.shrink_to_fit();
    let state = causes.first().map_or(State::Healthy, |cause| cause.state);
    (state, causes)
}

/// What the probe itself stumbled over. A certificate that was seen before is still judged by its own faults.
fn fault(observation: &Observation) -> Option<Cause> {
    let leaf = observation.leaf();
    if let Some(Err(why)) = leaf.map(|leaf| leaf.facts()) {
        return Some(Cause {
            state: State::Unreachable,
            reason: Reason::CertUnreadable,
            detail: why.to_string(),
        });
    }
    let fault = observation.fault.as_ref()?;
    Some(Cause {
        state: match leaf {
            None => State::Unreachable,
            Some(_) => State::Broken,
        },
        reason: fault.reason,
        detail: fault.detail.clone(),
    })
}

fn failure((check, finding): (&Check, &Finding)) -> Option<Cause> {
    let Finding::Fail(failure) = finding else {
        return None;
    };
    Some(Cause {
        state: state_of(check.kind, failure),
        reason: failure.reason,
        detail: failure.evidence.clone(),
    })
}

/// The word that a failure of a check brings.
pub(super) fn state_of(kind: Kind, failure: &Failure) -> State {
    let reason = failure.reason;
    match kind {
        Kind::Dates if reason == Reason::CertNotYetValid => State::NotYetValid,
        Kind::Dates => State::Expired,
        Kind::Identity => State::Mismatch,
        Kind::Trust | Kind::Revocation => State::Untrusted,
        Kind::Fleet => State::Inconsistent,
        Kind::Strength => State::Weak,
        Kind::Connector => of_connector(reason),
        Kind::Queue if WaitCause::of(reason).is_some_and(WaitCause::is_tls) => State::Stuck,
        Kind::Queue => State::Waiting,
        Kind::Published if failure.mail_flows => State::Weak,
        Kind::Published => State::Undeliverable,
    }
}

/// The word for a connector follows from what its certificate lacks.
fn of_connector(reason: Reason) -> State {
    if reason == Reason::ConnectorCertExpired {
        State::Expired
    } else if reason == Reason::ConnectorCertNotYetValid {
        State::NotYetValid
    } else if reason == Reason::ConnectorNewerUnusable {
        State::Warning
    } else {
        State::Missing
    }
}

/// Whether an endpoint is not healthy as long as a question of this kind has no answer.
fn matters_undecided(kind: Kind) -> bool {
    match kind {
        Kind::Dates | Kind::Identity | Kind::Trust | Kind::Connector => true,
        Kind::Revocation | Kind::Strength | Kind::Fleet | Kind::Queue | Kind::Published => false,
    }
}

/// What could not be judged, in one cause.
fn undecided(verdict: &Verdict, state: State) -> Option<Cause> {
    let mut said: Vec<(&str, String)> = Vec::new();
    for (check, finding) in verdict.judgements() {
        let Finding::Unknown(why) = finding else {
            continue;
        };
        if !matters_undecided(check.kind) {
            continue;
        }
        match said.iter_mut().find(|(known, _)| known == why) {
            Some((_, checks)) => *checks += &format!(", {}", check.name),
            None => said.push((why, check.name.to_owned())),
        }
    }
    let said: Vec<_> = said
        .iter()
        .map(|(why, checks)| format!("{checks}: {why}"))
        .collect();
    (!said.is_empty()).then(|| Cause {
        state,
        reason: Reason::Undecided,
        detail: said.join("; "),
    })
}

/// When the leaf begins and ends to be valid.
fn dates(observation: &Observation) -> Option<(Timestamp, Timestamp)> {
    let facts = observation.leaf()?.facts().ok()?;
    Some((facts.not_before, facts.not_after))
}

/// A lifetime that runs out, unless it already has.
fn running_out(
    dates: Option<(Timestamp, Timestamp)>,
    thresholds: &Thresholds,
    now: Timestamp,
) -> Option<Cause> {
    let (from, until) = dates?;
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
        reason: Reason::ExpiresSoon,
        detail,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::Certificate;
    use crate::facts::observation::{Fault, Phase};

    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn read() -> Observation {
        let ordinary = include_bytes!("../../tests/fixtures/certificates/ordinary.der");
        Observation {
            chain: vec![Certificate::from_der(ordinary)],
            ..Observation::default()
        }
    }

    fn assessed(observation: &Observation, findings: &[(&str, Finding)]) -> (State, Vec<Cause>) {
        let verdict = Verdict::of(findings);
        assess(observation, &verdict, &Thresholds::default(), NOW)
    }

    fn unknown(why: &str) -> Finding {
        Finding::Unknown(why.to_owned())
    }

    #[test]
    fn the_words_are_ranked_and_have_the_status_of_a_plugin() {
        assert!(State::ALL.is_sorted());
        let said = State::ALL.map(|state| (state.as_str(), state.severity().exit_code()));
        assert_eq!(
            said[..4],
            [
                ("Unreachable", 3),
                ("Broken", 2),
                ("Undeliverable", 2),
                ("Stuck", 2)
            ]
        );
        assert_eq!(
            said[9..],
            [
                ("Missing", 2),
                ("Critical", 2),
                ("Blind", 3),
                ("Waiting", 1),
                ("Warning", 1),
                ("Undecided", 3),
                ("Weak", 1),
                ("Healthy", 0)
            ]
        );
    }

    #[test]
    fn what_fails_behind_the_certificate_is_broken() {
        let fault = Fault::new(Phase::Handshake, Reason::ClientCertRequired, "alert");
        let mut seen = read();
        seen.fault = Some(fault);
        let (state, causes) = assessed(&seen, &[]);
        assert_eq!(
            (state, causes[0].reason),
            (State::Broken, Reason::ClientCertRequired)
        );
        seen.chain.clear();
        assert_eq!(assessed(&seen, &[]).0, State::Unreachable);
    }

    #[test]
    fn what_nobody_could_judge_is_said_once() {
        let findings = [
            ("lifetime", Finding::Pass),
            ("names", Finding::NotApplicable("no name is expected")),
            ("trust", unknown("signed with Ed448")),
            ("chain_complete", unknown("signed with Ed448")),
            ("issuer", unknown("odd")),
        ];
        let (state, causes) = assessed(&read(), &findings);
        assert_eq!((state, causes.len()), (State::Undecided, 1));
        assert_eq!(causes[0].reason.as_str(), "undecided");
        assert_eq!(
            causes[0].detail,
            "trust, chain_complete: signed with Ed448; issuer: odd"
        );
    }

    #[test]
    fn a_fault_that_is_known_comes_before_a_doubt_unless_it_is_small() {
        let trust = ("trust", unknown("?"));
        let weak = ("signature", Finding::fail(Reason::WeakCrypto, "SHA-1"));
        let name = ("names", Finding::fail(Reason::NameMismatch, "other"));
        assert_eq!(
            assessed(&read(), &[weak, trust.clone()]).0,
            State::Undecided
        );
        let (state, causes) = assessed(&read(), &[trust, name]);
        assert_eq!((state, causes.len()), (State::Mismatch, 2));
    }

    #[test]
    fn what_is_softly_asked_may_stay_unanswered() {
        for check in ["revocation", "must_staple", "same_certificate"] {
            let (state, causes) = assessed(&read(), &[(check, unknown("?"))]);
            assert_eq!((state, causes), (State::Healthy, Vec::new()), "{check}");
        }
    }

    #[test]
    fn who_reads_nothing_says_only_that() {
        let mut seen = Observation::pending("no probe has answered yet");
        let trust = [("trust", unknown("?"))];
        assert_eq!(assessed(&seen, &trust).1.len(), 1);
        seen = read();
        seen.chain[0] = Certificate::from_der(b"garbage");
        let (state, causes) = assessed(&seen, &trust);
        assert_eq!((state, causes.len()), (State::Unreachable, 1));
        assert_eq!(causes[0].reason, Reason::CertUnreadable);
    }
}
