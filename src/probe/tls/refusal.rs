//! Errors and alerts of TLS to faults with a known reason; knows no sockets.

use std::fmt::Display;
use std::io;

use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};

use crate::facts::observation::{Fault, HandshakeSignature, Observation, Phase, TlsVersion};
use crate::probe::meter::Endless;
use crate::reason::Reason;

/// How our own refusal of a handshake signature is found again among rustls' errors.
pub(super) const BAD_SIGNATURE: &str =
    "the handshake signature does not match the certificate's key";

/// Whether the server asked for a client certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Asked {
    #[default]
    No,
    /// It did, and got none.
    Yes,
    /// It did, and got ours.
    Presented,
}

impl Asked {
    fn in_handshake_of(seen: &Observation) -> Self {
        match seen.client_certificate_requested {
            _ if seen.client_certificate_presented => Self::Presented,
            true => Self::Yes,
            false => Self::No,
        }
    }

    /// What a server means that asked and refuses to go on.
    fn about_ours(self) -> Option<Reason> {
        match self {
            Self::No => None,
            Self::Yes => Some(Reason::ClientCertRequired),
            Self::Presented => Some(Reason::ClientCertRejected),
        }
    }
}

/// What stopped a handshake.
pub(super) fn fault(
    error: &io::Error,
    asked: Asked,
    signature: Option<&HandshakeSignature>,
) -> Fault {
    let (reason, detail) = match (inner(error), signature) {
        (None, _) if is_endless(error) => (Reason::TlsProtocolError, error.to_string()),
        (Some(error), Some(HandshakeSignature::Unsupported(why))) if is_wrong_algorithm(error) => {
            (Reason::TlsNoCommonParameters, why.clone())
        }
        (Some(error), _) => tls_reason(error, asked),
        // Its last message of the handshake before ours is the signature: what it hung up on is our answer.
        (None, Some(_)) => hung_up(asked, error),
        (None, None) => hung_up(Asked::No, error),
    };
    Fault::new(Phase::Handshake, reason, detail)
}

/// What it means that the server closed the connection without an alert, as some libraries and balancers do to clients
/// without the right certificate.
fn hung_up(asked: Asked, how: impl Display) -> (Reason, String) {
    let when = match asked {
        Asked::No => "during the handshake",
        Asked::Yes => "after it had asked for a client certificate and got none",
        Asked::Presented => "after it had asked for a client certificate and got ours",
    };
    let detail = format!("the server closed the connection {when} ({how})");
    (asked.about_ours().unwrap_or(Reason::TlsClosed), detail)
}

/// What broke an established session: an alert, or the end of the connection.
pub(in crate::probe) fn broken(error: &io::Error, phase: Phase) -> Fault {
    let (reason, detail) = match inner(error) {
        Some(error) => tls_reason(error, Asked::No),
        None if is_endless(error) => (Reason::ProtocolError, error.to_string()),
        None => (Reason::ConnectionClosed, error.to_string()),
    };
    Fault::new(phase, reason, detail)
}

/// What a fatal alert in answer to a hello means, by its number (RFC 8446 §6).
pub(in crate::probe) fn alert_received(code: u8) -> Fault {
    let error = Error::AlertReceived(AlertDescription::from(code));
    let (reason, detail) = tls_reason(&error, Asked::No);
    Fault::new(Phase::Handshake, reason, detail)
}

/// After a session under TLS in which the server never said a word: a TLS 1.3 server refuses our certificate, or
/// that we have none, only after our side of the handshake is done, so the handshake did not succeed
/// (RFC 8446 §4.4.2.4). Under TLS 1.2 it did, and the server may still have hung up for want of a certificate.
pub(in crate::probe) fn reconsider(fault: &mut Fault, seen: &mut Observation) {
    let asked = Asked::in_handshake_of(seen);
    let version = seen.connection.as_ref().map(|c| c.version);
    let is_closed = fault.reason == Reason::ConnectionClosed;
    let is_refused = match fault.reason {
        Reason::TlsAlert | Reason::TlsNoCommonParameters | Reason::ClientCertRequired => true,
        _ => is_closed && version == Some(TlsVersion::Tls13),
    };
    if is_closed && (is_refused || asked != Asked::No) {
        (fault.reason, fault.detail) = hung_up(asked, &fault.detail);
    }
    if is_refused {
        fault.reason = asked.about_ours().unwrap_or(fault.reason);
        fault.phase = Phase::Handshake;
        seen.connection = None;
    }
}

/// rustls refuses, under TLS 1.2, to look at signatures by keys that it does not know for its suites, after it has
/// handed us the chain.
fn is_wrong_algorithm(error: &Error) -> bool {
    let wrong = PeerMisbehaved::SignedKxWithWrongAlgorithm;
    matches!(error, Error::PeerMisbehaved(why) if *why == wrong)
}

/// The same of an error as it comes from the stream.
pub(super) fn is_unknown_to_suites(error: &io::Error) -> bool {
    inner(error).is_some_and(is_wrong_algorithm)
}

fn inner(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// More than we take, or than rustls does, which says so by the kind of the error alone.
fn is_endless(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Endless>())
        || error.kind() == io::ErrorKind::InvalidData
}

fn tls_reason(error: &Error, asked: Asked) -> (Reason, String) {
    match error {
        Error::AlertReceived(alert) => (
            alert_reason(*alert, asked),
            format!("the server sent the alert {alert:?} ({})", u8::from(*alert)),
        ),
        Error::PeerIncompatible(
            why @ (PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig),
        ) => (Reason::TlsVersionUnsupported, format!("{why:?}")),
        Error::PeerIncompatible(why) => (Reason::TlsNoCommonParameters, format!("{why:?}")),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => (
            Reason::NotTls,
            "the server sent clear text where TLS was expected".to_owned(),
        ),
        Error::InvalidMessage(
            InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
        ) => (
            Reason::ChainTooLarge,
            "a handshake message of more than 64 KiB, as too many certificates make".to_owned(),
        ),
        Error::General(text) if text == BAD_SIGNATURE => {
            (Reason::HandshakeSignatureInvalid, BAD_SIGNATURE.to_owned())
        }
        other => (Reason::TlsProtocolError, other.to_string()),
    }
}

fn alert_reason(alert: AlertDescription, asked: Asked) -> Reason {
    use AlertDescription as A;
    match (alert, asked) {
        (A::CertificateRequired, Asked::No | Asked::Yes) => Reason::ClientCertRequired,
        // A TLS 1.2 server has no better word for a missing client certificate (RFC 5246 §7.4.6).
        (A::NoCertificate, Asked::Yes) => Reason::ClientCertRequired,
        (A::DecryptError, Asked::Yes) => Reason::TlsAlert,
        (alert, Asked::Yes) if is_about_certificate(alert) => Reason::ClientCertRequired,
        (alert, Asked::Presented) if is_about_certificate(alert) => Reason::ClientCertRejected,
        (A::ProtocolVersion, _) => Reason::TlsVersionUnsupported,
        (A::HandshakeFailure | A::InsufficientSecurity, _) => Reason::TlsNoCommonParameters,
        _ => Reason::TlsAlert,
    }
}

/// What a server says that does not accept the certificate it got (RFC 8446 §6.2).
fn is_about_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as A;
    matches!(
        alert,
        A::AccessDenied
            | A::BadCertificate
            | A::CertificateExpired
            | A::CertificateRequired
            | A::CertificateRevoked
            | A::CertificateUnknown
            | A::DecryptError
            | A::HandshakeFailure
            | A::UnknownCA
            | A::UnsupportedCertificate
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(alert: AlertDescription, asked: Asked) -> Reason {
        alert_reason(alert, asked)
    }

    #[test]
    fn alerts_are_told_apart() {
        use AlertDescription as A;
        for (alert, expected) in [
            (A::ProtocolVersion, Reason::TlsVersionUnsupported),
            (A::HandshakeFailure, Reason::TlsNoCommonParameters),
            (A::InsufficientSecurity, Reason::TlsNoCommonParameters),
            (A::InternalError, Reason::TlsAlert),
            (A::UnrecognisedName, Reason::TlsAlert),
            (A::CertificateRequired, Reason::ClientCertRequired),
        ] {
            assert_eq!(reason(alert, Asked::No), expected, "{alert:?}");
        }
    }

    #[test]
    fn after_a_request_an_alert_is_about_our_certificate() {
        use AlertDescription as A;
        let missing = reason(A::HandshakeFailure, Asked::Yes);
        assert_eq!(missing, Reason::ClientCertRequired);
        for alert in [A::UnknownCA, A::CertificateExpired, A::HandshakeFailure] {
            let refused = reason(alert, Asked::Presented);
            assert_eq!(refused, Reason::ClientCertRejected, "{alert:?}");
        }
        for alert in [A::CertificateUnknown, A::BadCertificate, A::UnknownCA] {
            let missing = reason(alert, Asked::Yes);
            assert_eq!(missing, Reason::ClientCertRequired, "{alert:?}");
        }
        let other = reason(A::InternalError, Asked::Presented);
        assert_eq!(other, Reason::TlsAlert);
    }
}
