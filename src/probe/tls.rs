//! The handshake that refuses nothing and records everything; the only file of the probing side that knows rustls.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, Error, InvalidMessage, PeerIncompatible,
    ProtocolVersion, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::certificate::{Certificate, KeyKind};
use crate::name::Host;
use crate::observation::{Connection, Fault, HandshakeSignature, Observation, Phase, TlsVersion};
use crate::pki;
use crate::reason::Reason;

/// Most certificates of a chain that are kept; public chains have two to four.
const MAX_CHAIN: usize = 20;

/// A TLS session with a server.
pub(super) type Stream = tokio_rustls::client::TlsStream<TcpStream>;

/// What all handshakes share.
#[derive(Clone)]
pub struct Tls {
    base: Arc<ClientConfig>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// TLS 1.2 and 1.3 with what modern clients offer.
    ///
    /// # Errors
    /// The text of rustls when the provider does not fit, which is a defect of this program.
    pub fn new() -> Result<Self, String> {
        let provider = Arc::new(provider());
        let recording = Arc::new(Recording::new(Arc::clone(&provider)));
        let mut base = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&recording) as _)
            .with_client_cert_resolver(recording);
        base.resumption = Resumption::disabled();
        Ok(Self {
            base: Arc::new(base),
        })
    }

    /// Something to hold what the next handshake shows.
    pub(super) fn recording(&self) -> Arc<Recording> {
        Arc::new(Recording::new(Arc::clone(self.base.crypto_provider())))
    }

    /// Does the handshake. What it shows is in `recording` whatever the outcome, also when this is cancelled.
    pub(super) async fn handshake(
        &self,
        stream: TcpStream,
        address: &Host,
        server_name: Option<&Host>,
        recording: &Arc<Recording>,
    ) -> Result<Stream, Fault> {
        let mut config = (*self.base).clone();
        config
            .dangerous()
            .set_certificate_verifier(Arc::clone(recording) as _);
        config.client_auth_cert_resolver = Arc::clone(recording) as _;
        let name = sni(address, server_name);
        let connected = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let fault = |e| handshake_fault(&e, recording.seen().client_certificate_requested);
        connected.await.map_err(fault)
    }
}

/// The post-quantum group is offered but no key share sent for it: the 1,472 byte hello that a share makes hangs
/// some mail gateways, and a server that insists on it asks again (HelloRetryRequest).
fn provider() -> CryptoProvider {
    use aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    CryptoProvider {
        kx_groups: vec![X25519, SECP256R1, SECP384R1, X25519MLKEM768],
        ..aws_lc_rs::default_provider()
    }
}

/// For an address rustls sends no SNI, as RFC 6066 §3 demands. An endpoint without a name to send has one, if only
/// an unspecified one where a proxy knows the real one.
fn sni(address: &Host, server_name: Option<&Host>) -> ServerName<'static> {
    let unspecified = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    server_name
        .and_then(Host::name)
        .and_then(|name| ServerName::try_from(name.to_owned()).ok())
        .unwrap_or_else(|| ServerName::IpAddress(address.address().unwrap_or(unspecified).into()))
}

/// What a completed handshake agreed on.
pub(super) fn connection(stream: &Stream) -> Connection {
    let (_, session) = stream.get_ref();
    let suite = session.negotiated_cipher_suite().map(|s| s.suite());
    let group = session.negotiated_key_exchange_group().map(|g| g.name());
    Connection {
        version: match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => TlsVersion::Tls13,
            _ => TlsVersion::Tls12,
        },
        // rustls names the suites of TLS 1.3 in its own way; IANA's name has no version in it.
        cipher_suite: suite
            .and_then(|s| s.as_str())
            .map_or_else(String::new, |name| name.replacen("TLS13_", "TLS_", 1)),
        key_exchange: group.map_or_else(String::new, |name| format!("{name:?}")),
    }
}

/// What the server showed in one handshake.
#[derive(Default)]
struct Shown {
    chain: Vec<Certificate>,
    signature: Option<HandshakeSignature>,
    client_certificate_requested: bool,
}

/// A verifier that accepts every certificate and keeps it. The chain is in hand before the handshake signature
/// is checked and long before a server can refuse *us*; rustls itself forgets it when the handshake fails.
pub(super) struct Recording {
    provider: Arc<CryptoProvider>,
    shown: Mutex<Shown>,
}

impl Recording {
    fn new(provider: Arc<CryptoProvider>) -> Self {
        Self {
            provider,
            shown: Mutex::default(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves what was shown into the observation.
    pub(super) fn report(&self, seen: &mut Observation) {
        let mut shown = self.seen();
        seen.chain = std::mem::take(&mut shown.chain);
        seen.signature = shown.signature.take();
        seen.client_certificate_requested = shown.client_certificate_requested;
    }

    fn judge(
        &self,
        holds: impl FnOnce(&SubjectPublicKeyInfoDer<'_>) -> Result<(), String>,
    ) -> Result<HandshakeSignatureValid, Error> {
        let mut shown = self.seen();
        let signature = signature_of(shown.chain.first(), holds);
        let invalid = matches!(signature, HandshakeSignature::Invalid(_));
        shown.signature = Some(signature);
        if invalid {
            return Err(Error::General(BAD_SIGNATURE.to_owned()));
        }
        Ok(HandshakeSignatureValid::assertion())
    }
}

/// How our own refusal of a handshake signature is found again among rustls' errors.
const BAD_SIGNATURE: &str = "the handshake signature does not match the certificate's key";

/// The key is taken from the bytes of the certificate, not by webpki, which refuses X.509 v1 and unknown critical
/// extensions though they say nothing about the key.
fn signature_of(
    leaf: Option<&Certificate>,
    holds: impl FnOnce(&SubjectPublicKeyInfoDer<'_>) -> Result<(), String>,
) -> HandshakeSignature {
    let Some(Ok(facts)) = leaf.map(Certificate::facts) else {
        return HandshakeSignature::Unsupported("the certificate cannot be parsed".to_owned());
    };
    match holds(&SubjectPublicKeyInfoDer::from(facts.spki.as_slice())) {
        Ok(()) => HandshakeSignature::Verified,
        // The library answers "bad signature" for RSA keys that it deems too short to try.
        Err(why) if facts.key.kind == KeyKind::Rsa && facts.key.bits < Some(2048) => {
            HandshakeSignature::Unsupported(why)
        }
        Err(why) => HandshakeSignature::Invalid(why),
    }
}

impl ServerCertVerifier for Recording {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented = std::iter::once(end_entity).chain(intermediates);
        self.seen().chain = presented
            .take(MAX_CHAIN)
            .map(|der| Certificate::from_der(der))
            .collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        _cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = self.provider.signature_verification_algorithms.mapping;
        let algorithms = known
            .iter()
            .find(|(scheme, _)| *scheme == dss.scheme)
            .map_or(&[][..], |(_, algorithms)| algorithms);
        self.judge(|spki| pki::key_signed(spki, algorithms, message, dss.signature()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        _cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        self.judge(|spki| {
            verify_tls13_signature_with_raw_key(message, spki, dss, known)
                .map(drop)
                .map_err(|e| e.to_string())
        })
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl ResolvesClientCert for Recording {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.seen().client_certificate_requested = true;
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording")
    }
}

/// After a session under TLS in which the server never said a word: a TLS 1.3 server refuses our (missing)
/// certificate only after our side of the handshake is done, so the handshake did not succeed (RFC 8446 §4.4.2.4).
pub(super) fn reconsider(seen: &mut Observation) {
    let version = seen.connection.as_ref().map(|c| c.version);
    let Some(fault) = seen.fault.as_mut() else {
        return;
    };
    let refused = match fault.reason {
        Reason::TlsAlert | Reason::ClientCertRequired => true,
        Reason::ConnectionClosed => version == Some(TlsVersion::Tls13),
        _ => false,
    };
    if !refused {
        return;
    }
    fault.phase = Phase::Handshake;
    fault.reason = match fault.reason {
        _ if seen.client_certificate_requested => Reason::ClientCertRequired,
        Reason::ConnectionClosed => Reason::TlsClosed,
        reason => reason,
    };
    seen.connection = None;
}

/// The alert inside an error of an established session, if there is one.
pub(super) fn alert(error: &io::Error, phase: Phase) -> Option<Fault> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    let (reason, detail) = tls_reason(error, false);
    Some(Fault::new(phase, reason, detail))
}

fn handshake_fault(error: &io::Error, asked_for_certificate: bool) -> Fault {
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
    let (reason, detail) = match inner {
        Some(error) => tls_reason(error, asked_for_certificate),
        None => (
            Reason::TlsClosed,
            format!("the server closed the connection during the handshake ({error})"),
        ),
    };
    Fault::new(Phase::Handshake, reason, detail)
}

fn tls_reason(error: &Error, asked_for_certificate: bool) -> (Reason, String) {
    match error {
        Error::AlertReceived(alert) => (
            alert_reason(*alert, asked_for_certificate),
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
        Error::General(text) if text == BAD_SIGNATURE => {
            (Reason::HandshakeSignatureInvalid, BAD_SIGNATURE.to_owned())
        }
        other => (Reason::TlsProtocolError, other.to_string()),
    }
}

fn alert_reason(alert: AlertDescription, asked_for_certificate: bool) -> Reason {
    match alert {
        AlertDescription::CertificateRequired => Reason::ClientCertRequired,
        // A TLS 1.2 server has no better word for a missing client certificate (RFC 5246 §7.4.6).
        AlertDescription::HandshakeFailure
        | AlertDescription::BadCertificate
        | AlertDescription::NoCertificate
        | AlertDescription::AccessDenied
            if asked_for_certificate =>
        {
            Reason::ClientCertRequired
        }
        AlertDescription::ProtocolVersion => Reason::TlsVersionUnsupported,
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            Reason::TlsNoCommonParameters
        }
        _ => Reason::TlsAlert,
    }
}
