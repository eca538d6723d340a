//! A verifier that accepts every certificate and keeps it. The chain is in hand before the handshake signature is
//! checked and long before a server can refuse *us*; rustls itself forgets it when the handshake fails.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, PeerMisbehaved, ProtocolVersion, SignatureScheme};

use super::client_certificate::ClientCertificate;
use super::proof;
use super::refusal::{self, Asked, BAD_SIGNATURE};
use crate::certificate::{Certificate, Interner, KeyKind};
use crate::facts::observation::{Fault, HandshakeSignature, Observation};
use crate::probe::limits::MAX_CHAIN;
use crate::probe::unread::{UNPARSED, read_if_small};

/// What the server showed in one handshake.
#[derive(Default)]
struct Shown {
    chain: Vec<Certificate>,
    chain_omitted: usize,
    staple: Vec<u8>,
    signature: Option<HandshakeSignature>,
    asked: Asked,
}

/// What one handshake shows.
pub(super) struct Recording {
    schemes: Arc<[SignatureScheme]>,
    interner: Arc<Interner>,
    client_certificate: Option<ClientCertificate>,
    shown: Mutex<Shown>,
}

impl Recording {
    pub(super) fn new(
        schemes: Arc<[SignatureScheme]>,
        interner: Arc<Interner>,
        client_certificate: Option<ClientCertificate>,
    ) -> Self {
        Self {
            schemes,
            interner,
            client_certificate,
            shown: Mutex::default(),
        }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves what was shown into the observation; returns the stapled response, which is still to be read.
    pub(super) fn report(&self, seen: &mut Observation) -> Vec<u8> {
        let mut shown = self.shown();
        seen.chain = std::mem::take(&mut shown.chain);
        seen.chain_omitted = shown.chain_omitted;
        seen.signature = shown.signature.take();
        seen.client_certificate_requested = shown.asked != Asked::No;
        seen.client_certificate_presented = shown.asked == Asked::Presented;
        std::mem::take(&mut shown.staple)
    }

    /// What an error of this handshake means.
    pub(super) fn fault(&self, error: &io::Error) -> Fault {
        let mut shown = self.shown();
        if refusal::is_unknown_to_suites(error) && shown.signature.is_none() {
            shown.signature = unverifiable(shown.chain.first());
        }
        refusal::fault(error, shown.asked, shown.signature.as_ref())
    }

    /// The key is taken from the bytes of the certificate, not by webpki, which refuses X.509 v1 and unknown
    /// critical extensions though they say nothing about the key.
    fn judge(
        &self,
        version: ProtocolVersion,
        message: &[u8],
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if !self.schemes.contains(&dss.scheme) {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        let mut shown = self.shown();
        let signature = match shown.chain.first().and_then(Certificate::public_key) {
            Some(own) => proof::judge(&own, version, message, dss),
            None => HandshakeSignature::Unsupported(UNPARSED.to_owned()),
        };
        let invalid = matches!(signature, HandshakeSignature::Invalid(_));
        shown.signature = Some(signature);
        if invalid {
            return Err(Error::General(BAD_SIGNATURE.to_owned()));
        }
        Ok(HandshakeSignatureValid::assertion())
    }
}

/// The signature of a server whose key's kind explains why rustls did not look at it; with another key the server erred.
fn unverifiable(leaf: Option<&Certificate>) -> Option<HandshakeSignature> {
    let kind = leaf?.public_key()?.key.kind;
    let unknown = matches!(kind, KeyKind::RsaPss | KeyKind::Ed448);
    let why = format!("our TLS library knows no {kind} keys under TLS 1.2");
    unknown.then_some(HandshakeSignature::Unsupported(why))
}

impl ServerCertVerifier for Recording {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented = std::iter::once(end_entity).chain(intermediates);
        let mut shown = self.shown();
        shown.chain = presented
            .take(MAX_CHAIN)
            .map(|der| self.interner.certificate(der))
            .collect();
        shown.chain_omitted = (1 + intermediates.len()).saturating_sub(MAX_CHAIN);
        // Of a large one only the key is read while the server waits and with it everybody else.
        read_if_small(&shown.chain);
        shown.staple = ocsp_response.to_vec();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        _cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge(ProtocolVersion::TLSv1_2, message, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        _cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge(ProtocolVersion::TLSv1_3, message, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.to_vec()
    }
}

impl ResolvesClientCert for Recording {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let ours = self.client_certificate.as_ref();
        let ours = ours.and_then(|certificate| certificate.for_schemes(schemes));
        self.shown().asked = match ours {
            Some(_) => Asked::Presented,
            None => Asked::Yes,
        };
        ours
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
