//! How attempts ended to the next one and to the fault that tells most; knows no sockets.

use crate::endpoint::Offer;
use crate::facts::observation::{Attempt, Fallback, Fault, Observation, Outcome, Phase, Speaker};
use crate::reason::Reason;

/// How an attempt ended.
pub(super) struct End {
    /// The first thing that went wrong.
    pub(super) fault: Option<Fault>,
    /// What stopped the handshake, where that was it.
    pub(super) stopped_by: Option<Reason>,
    /// The stapled OCSP response, not read yet; empty when there is none.
    pub(super) staple: Vec<u8>,
}

/// The way from the modern hello to the oldest, while handshakes are refused and no certificate was seen.
pub(super) struct Fallbacks {
    fallback: Option<Fallback>,
    fault: Option<Fault>,
}

impl Fallbacks {
    pub(super) fn new() -> Self {
        Self {
            fallback: Some(Fallback::Modern),
            fault: None,
        }
    }

    /// What to try next.
    pub(super) fn next(&self) -> Option<Fallback> {
        self.fallback
    }

    /// Takes the end of an attempt, and what was seen up to it.
    pub(super) fn ended(&mut self, fallback: Fallback, end: End, seen: &mut Observation) {
        let refused = end.stopped_by.is_some_and(is_refusal);
        let outcome = match &end.fault {
            _ if seen.handshake_completed() => Outcome::Completed,
            _ if fallback == Fallback::Legacy && seen.leaf().is_some() => Outcome::CertificateRead,
            Some(fault) => Outcome::Failed(fault.clone()),
            None => Outcome::Completed,
        };
        seen.attempts.push(Attempt { fallback, outcome });
        self.keep(end.fault, seen);
        let next = match end.stopped_by {
            // Our own reader has room for more, and reads it in clear up to TLS 1.2.
            Some(Reason::ChainTooLarge) => Some(Fallback::Legacy).filter(|next| *next != fallback),
            _ => fallback.next().filter(|_| refused),
        };
        self.fallback = next.filter(|_| seen.leaf().is_none());
        if let Some(next) = self.fallback {
            let note = format!("trying again on a new connection: {} hello", next.as_str());
            seen.note(Speaker::Note, &note);
        }
    }

    /// The first fault is what a common client meets. A later attempt knows better when it got further, or when
    /// it heard why after the first one was only hung up on.
    fn keep(&mut self, fault: Option<Fault>, seen: &Observation) {
        let knows_better = |known: &Fault, new: &Fault| match known.reason {
            // The modern hello was answered: what an old one meets says nothing of modern clients.
            Reason::ChainTooLarge => {
                matches!(new.reason, Reason::ChainTooLarge | Reason::TlsProtocolError)
            }
            Reason::TlsClosed => seen.leaf().is_some() || is_told(new),
            _ => seen.leaf().is_some(),
        };
        match (&mut self.fault, fault) {
            (_, None) if seen.handshake_completed() => self.fault = None,
            (_, None) => {}
            (Some(known), Some(new))
                if known.reason == Reason::ChainTooLarge && !knows_better(known, &new) =>
            {
                if seen.leaf().is_none() {
                    known.detail += &format!(
                        ", which cannot be read, as TLS 1.3 encrypts them; asked for TLS 1.2: {}",
                        new.detail
                    );
                }
            }
            (Some(known), Some(new)) if !knows_better(known, &new) => {}
            (_, new) => self.fault = new,
        }
    }

    /// What went wrong with the probe as a whole.
    pub(super) fn fault(self, offer: Offer, seen: &Observation) -> Option<Fault> {
        let mut fault = self.fault?;
        let lacks_the_kind = fault.reason == Reason::TlsNoCommonParameters && seen.leaf().is_none();
        if let Some(kind) = offer.key_kind().filter(|_| lacks_the_kind) {
            fault.detail += &format!("; only an {kind} certificate was asked for: it has none");
        }
        Some(fault)
    }
}

/// Whether the handshake ended by an alert, theirs or ours, or by a hang-up. After a timeout another attempt would
/// only take more of the server's time.
fn is_refusal(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::TlsClosed
            | Reason::TlsVersionUnsupported
            | Reason::TlsNoCommonParameters
            | Reason::TlsAlert
            | Reason::TlsProtocolError
    )
}

/// Whether the server said why.
fn is_told(fault: &Fault) -> bool {
    fault.phase == Phase::Handshake && is_refusal(fault.reason) && fault.reason != Reason::TlsClosed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::Certificate;
    use crate::facts::observation::{Connection, TlsVersion};

    fn refused(reason: Reason) -> End {
        End {
            fault: Some(Fault::new(Phase::Handshake, reason, "")),
            stopped_by: Some(reason),
            staple: Vec::new(),
        }
    }

    fn chosen(fallback: Fallback) -> Option<Connection> {
        Some(Connection {
            fallback,
            version: TlsVersion::Tls12,
            cipher_suite: String::new(),
            key_exchange: String::new(),
        })
    }

    /// The fallbacks tried and the reason kept, when every attempt ends so.
    fn tried(reasons: &[Reason]) -> (Vec<Fallback>, Option<Reason>) {
        let (mut fallbacks, mut seen) = (Fallbacks::new(), Observation::default());
        for reason in reasons {
            if let Some(fallback) = fallbacks.next() {
                fallbacks.ended(fallback, refused(*reason), &mut seen);
            }
        }
        let tried = seen.attempts.iter().map(|a| a.fallback).collect();
        let fault = fallbacks.fault(Offer::Any, &seen);
        (tried, fault.map(|f| f.reason))
    }

    const ALL: [Fallback; 3] = [Fallback::Modern, Fallback::Compatible, Fallback::Legacy];

    #[test]
    fn refusals_lead_to_the_top_and_the_first_is_kept() {
        let (alert, none) = (Reason::TlsAlert, Reason::TlsNoCommonParameters);
        assert_eq!(tried(&[none, alert, alert]), (ALL.into(), Some(none)));
    }

    #[test]
    fn a_reason_that_is_told_replaces_a_hang_up() {
        let (closed, version) = (Reason::TlsClosed, Reason::TlsVersionUnsupported);
        assert_eq!(
            tried(&[closed, closed, version]),
            (ALL.into(), Some(version))
        );
        assert_eq!(
            tried(&[closed, Reason::TlsTimeout]),
            (ALL[..2].into(), Some(closed))
        );
    }

    #[test]
    fn timeouts_clear_text_and_bad_signatures_end_it() {
        for reason in [
            Reason::TlsTimeout,
            Reason::NotTls,
            Reason::HandshakeSignatureInvalid,
            Reason::ClientCertRequired,
        ] {
            assert_eq!(tried(&[reason; 3]), (ALL[..1].into(), Some(reason)));
        }
    }

    #[test]
    fn a_completed_handshake_ends_it_and_leaves_no_fault() {
        let (mut fallbacks, mut seen) = (Fallbacks::new(), Observation::default());
        fallbacks.ended(Fallback::Modern, refused(Reason::TlsClosed), &mut seen);
        seen.connection = chosen(Fallback::Compatible);
        let end = End {
            fault: None,
            stopped_by: None,
            staple: Vec::new(),
        };
        fallbacks.ended(Fallback::Compatible, end, &mut seen);
        assert_eq!(fallbacks.next(), None);
        assert_eq!(seen.attempts[1].outcome, Outcome::Completed);
        assert_eq!(fallbacks.fault(Offer::Any, &seen), None);
    }

    #[test]
    fn a_certificate_ends_it_and_the_fault_beside_it_is_kept() {
        let (mut fallbacks, mut seen) = (Fallbacks::new(), Observation::default());
        fallbacks.ended(Fallback::Modern, refused(Reason::TlsAlert), &mut seen);
        fallbacks.ended(Fallback::Compatible, refused(Reason::TlsAlert), &mut seen);
        seen.connection = chosen(Fallback::Legacy);
        seen.chain = vec![Certificate::from_der(&[])];
        let end = refused(Reason::TlsVersionUnsupported);
        fallbacks.ended(Fallback::Legacy, end, &mut seen);
        assert_eq!(seen.attempts[2].outcome, Outcome::CertificateRead);
        assert!(!seen.handshake_completed());
        let fault = fallbacks.fault(Offer::Any, &seen).unwrap();
        assert_eq!(fault.reason, Reason::TlsVersionUnsupported);
    }

    #[test]
    fn a_chain_that_is_too_large_leads_to_our_own_reader_at_once() {
        let (large, version) = (Reason::ChainTooLarge, Reason::TlsVersionUnsupported);
        let fallbacks = vec![Fallback::Modern, Fallback::Legacy];
        assert_eq!(tried(&[large, version]), (fallbacks.clone(), Some(large)));
        assert_eq!(tried(&[large, large]), (fallbacks.clone(), Some(large)));
        let broken = Reason::TlsProtocolError;
        assert_eq!(tried(&[large, broken]), (fallbacks, Some(broken)));
    }

    #[test]
    fn a_server_without_the_kind_that_was_asked_for_is_told_so() {
        let (mut fallbacks, mut seen) = (Fallbacks::new(), Observation::default());
        let end = refused(Reason::TlsNoCommonParameters);
        fallbacks.ended(Fallback::Modern, end, &mut seen);
        let fault = fallbacks.fault(Offer::Rsa, &seen).unwrap();
        assert!(fault.detail.contains("only an RSA certificate"));
    }
}
