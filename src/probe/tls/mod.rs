//! The handshake that refuses nothing and records everything; the only room of the probing side that knows rustls.

mod client_certificate;
mod profile;
mod proof;
mod recording;
mod refusal;
mod schemes;
mod secp521r1;

pub use client_certificate::{ClientCertificate, ClientCertificateError};
pub(super) use refusal::{alert_received, broken, reconsider};

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ProtocolVersion};
use tokio_rustls::TlsConnector;

use super::meter::Meter;
use crate::certificate::{Certificate, Interner};
use crate::endpoint::{Endpoint, Offer};
use crate::facts::observation::{
    Connection, Fallback, Fault, HandshakeSignature, Observation, TlsVersion,
};
use crate::name::Host;
use profile::Profiles;
use recording::Recording;

/// A TLS session with a server.
pub(super) type TlsStream = tokio_rustls::client::TlsStream<Meter>;

/// What all handshakes share.
#[derive(Clone)]
pub struct Tls {
    profiles: Arc<Profiles>,
    interner: Arc<Interner>,
    client_certificate: Option<ClientCertificate>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// Handshakes without a client certificate.
    ///
    /// # Errors
    /// The text of rustls when the provider does not fit, which is a defect of this program.
    pub fn new() -> Result<Self, String> {
        Ok(Self {
            profiles: Arc::new(Profiles::new().map_err(|e| e.to_string())?),
            interner: Arc::default(),
            client_certificate: None,
        })
    }

    /// The same with a certificate of ours for servers that ask for one.
    pub fn presenting(&self, client_certificate: Option<ClientCertificate>) -> Self {
        Self {
            profiles: Arc::clone(&self.profiles),
            interner: Arc::clone(&self.interner),
            client_certificate,
        }
    }

    /// Remembers the certificates of a probe that is over. Only who signed the handshake with the key has a place among
    /// those that count: anybody can show a certificate.
    pub fn remember(&self, seen: &mut Observation) {
        let is_proven = seen.signature == Some(HandshakeSignature::Verified);
        self.interner.remember(&mut seen.chain, is_proven);
    }

    /// The certificate with these bytes, shared with whoever else has seen them.
    pub(super) fn certificate(&self, der: &[u8]) -> Certificate {
        self.interner.certificate(der)
    }

    /// A handshake to be made with one server.
    pub(super) fn handshake(&self, endpoint: &Endpoint, fallback: Fallback) -> Handshake {
        let server_name = sni(&endpoint.address, endpoint.server_name.as_ref());
        self.handshake_with(server_name, endpoint.offer, fallback)
    }

    /// A handshake with a server that has this name, as a browser makes it.
    pub(super) fn handshake_by_name(&self, address: &Host, name: &Host) -> Handshake {
        self.handshake_with(sni(address, Some(name)), Offer::Any, Fallback::Modern)
    }

    fn handshake_with(
        &self,
        server_name: ServerName<'static>,
        offer: Offer,
        fallback: Fallback,
    ) -> Handshake {
        let profile = self.profiles.of(offer, fallback);
        let recording = Arc::new(Recording::new(
            Arc::clone(&profile.schemes),
            Arc::clone(&self.interner),
            self.client_certificate.clone(),
        ));
        let mut config = (*profile.config).clone();
        config
            .dangerous()
            .set_certificate_verifier(Arc::clone(&recording) as _);
        config.client_auth_cert_resolver = Arc::clone(&recording) as _;
        Handshake {
            config: Arc::new(config),
            server_name,
            recording,
        }
    }
}

/// One handshake and what it shows.
pub(super) struct Handshake {
    config: Arc<ClientConfig>,
    server_name: ServerName<'static>,
    recording: Arc<Recording>,
}

impl Handshake {
    /// Does it. What it shows can be reported whatever the outcome, also when this is cancelled.
    pub(super) async fn run(&self, stream: Meter) -> Result<TlsStream, Fault> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let connected = connector.connect(self.server_name.clone(), stream).await;
        connected.map_err(|error| self.recording.fault(&error))
    }

    /// Moves what was shown into the observation; returns the stapled response, which is still to be read.
    pub(super) fn report(&self, seen: &mut Observation) -> Vec<u8> {
        self.recording.report(seen)
    }
}

/// For an address rustls sends no SNI, as RFC 6066 §3 demands. It wants one, if only an unspecified one where a proxy
/// knows the real one.
fn sni(address: &Host, server_name: Option<&Host>) -> ServerName<'static> {
    let unspecified = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    server_name
        .and_then(Host::name)
        .and_then(|name| ServerName::try_from(name.to_owned()).ok())
        .unwrap_or_else(|| ServerName::IpAddress(address.address().unwrap_or(unspecified).into()))
}

/// What a completed handshake agreed on.
pub(super) fn connection(stream: &TlsStream, fallback: Fallback) -> Connection {
    let (_, session) = stream.get_ref();
    let suite = session.negotiated_cipher_suite().map(|s| s.suite());
    let group = session.negotiated_key_exchange_group().map(|g| g.name());
    Connection {
        fallback,
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
