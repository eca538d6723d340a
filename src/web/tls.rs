//! Keys, versions and client certificates of our own listener; the only file of the serving side that knows rustls.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature,
    verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, CipherSuite, DigitallySignedStruct, DistinguishedName, Error, NamedGroup,
    RootCertStore, ServerConfig, SignatureScheme, SupportedCipherSuite, version,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use crate::certificate::{Certificate, SubjectName};
use crate::watch::system_clock;

/// What is asked of clients, in the words of Go's crypto/tls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// No certificate is asked for.
    #[default]
    None,
    /// Asked for, not verified.
    Request,
    /// Demanded, not verified.
    RequireAny,
    /// Verified when there is one.
    VerifyIfGiven,
    /// Demanded and verified.
    RequireAndVerify,
}

/// What our listener presents and demands.
#[derive(Clone, Default)]
pub struct TlsSettings {
    /// Our chain as PEM.
    pub certificate: Vec<u8>,
    /// Its key as PEM.
    pub key: Vec<u8>,
    /// What clients have to show.
    pub client_auth: ClientAuth,
    /// Whose clients' certificates are good, as PEM.
    pub client_ca: Option<Vec<u8>>,
    /// One of these must be a SubjectAltName of the client's certificate; empty: any will do.
    pub client_allowed_sans: Vec<String>,
    /// Whether TLS 1.2 is spoken.
    pub tls12: bool,
    /// Whether TLS 1.3 is spoken.
    pub tls13: bool,
    /// Suites of TLS 1.2 by their names; empty: all safe ones.
    pub cipher_suites: Vec<String>,
    /// Key exchange groups by their names in Go; empty: all safe ones.
    pub curves: Vec<String>,
    /// Whether our order of suites counts rather than the client's.
    pub prefers_own_order: bool,
}

/// Keys stay out of logs.
impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsSettings({:?})", self.client_auth)
    }
}

/// Turns connections into TLS sessions.
#[derive(Clone)]
pub struct Acceptor(TlsAcceptor);

impl Acceptor {
    /// Checks that everything fits together.
    ///
    /// # Errors
    /// What does not, in words.
    pub fn new(settings: &TlsSettings) -> Result<Self, String> {
        let provider = Arc::new(provider(settings)?);
        let versions: Vec<_> = [
            settings.tls13.then_some(&version::TLS13),
            settings.tls12.then_some(&version::TLS12),
        ]
        .into_iter()
        .flatten()
        .collect();
        let builder = ServerConfig::builder_with_details(Arc::clone(&provider), Arc::new(Now))
            .with_protocol_versions(&versions)
            .map_err(|e| e.to_string())?;
        let clients = clients(settings, provider)?;
        let asks_clients = clients.is_some();
        let builder = match clients {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let chain = certificates(&settings.certificate, "the certificate")?;
        let key = PrivateKeyDer::from_pem_slice(&settings.key)
            .map_err(|e| format!("the key is no PEM: {e}"))?;
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|e| format!("certificate and key: {e}"))?;
        config.ignore_client_order = settings.prefers_own_order;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if asks_clients {
            forget_sessions(&mut config);
        }
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) async fn accept<S>(
        &self,
        stream: S,
    ) -> io::Result<tokio_rustls::server::TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.0.accept(stream).await
    }
}

/// This machine's clock, but never before 1970: there the TLS library would panic.
#[derive(Debug)]
struct Now;

impl TimeProvider for Now {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(system_clock().0).unwrap_or(0);
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// A session that is resumed shows no certificate: it would outlive its end, or its authority.
fn forget_sessions(config: &mut ServerConfig) {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read = read.map_err(|e| format!("{what} is no PEM: {e}"))?;
    if read.is_empty() {
        return Err(format!("{what} has no certificate inside"));
    }
    Ok(read)
}

/// Names of suites and groups that Go knows and rustls does not speak, because they are weak or rare.
const LEFT_OUT: [&str; 12] = [
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "CurveP521",
    "X25519MLKEM1024",
    "SecP256r1MLKEM768",
    "SecP384r1MLKEM1024",
];

/// Whether a suite or group is one that configurations may name.
pub fn is_known(name: &str) -> bool {
    LEFT_OUT.contains(&name) || is_spoken(name)
}

/// Whether a suite or group is spoken here.
pub fn is_spoken(name: &str) -> bool {
    suite(name).is_some() || group(name).is_some()
}

fn suite(name: &str) -> Option<SupportedCipherSuite> {
    // Go accepts the name of the draft, without the hash.
    let full = match name {
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305" | "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305" => {
            &format!("{name}_SHA256")
        }
        _ => name,
    };
    // TLS 1.3's are written TLS13_… by rustls and TLS_… by everybody else.
    let is_meant = |suite: CipherSuite| {
        let own = format!("{suite:?}");
        own == full || own.strip_prefix("TLS13_") == full.strip_prefix("TLS_")
    };
    let mut all = aws_lc_rs::ALL_CIPHER_SUITES.iter().copied();
    all.find(|suite| is_meant(suite.suite()))
}

fn group(name: &str) -> Option<NamedGroup> {
    Some(match name {
        "X25519" => NamedGroup::X25519,
        "CurveP256" => NamedGroup::secp256r1,
        "CurveP384" => NamedGroup::secp384r1,
        "X25519MLKEM768" => NamedGroup::X25519MLKEM768,
        _ => return None,
    })
}

fn provider(settings: &TlsSettings) -> Result<CryptoProvider, String> {
    let mut provider = aws_lc_rs::default_provider();
    if !settings.cipher_suites.is_empty() {
        // As in Go the list is about TLS 1.2; the suites of 1.3 are all safe.
        provider.cipher_suites.retain(|s| s.tls13().is_some());
        let named = settings.cipher_suites.iter().filter_map(|name| suite(name));
        let older = named.filter(|suite| suite.tls13().is_none());
        provider.cipher_suites.extend(older);
    }
    if !settings.curves.is_empty() {
        let all = aws_lc_rs::ALL_KX_GROUPS;
        let named = settings.curves.iter().filter_map(|name| group(name));
        let found = named.filter_map(|name| all.iter().find(|group| group.name() == name));
        provider.kx_groups = found.copied().collect();
        if provider.kx_groups.is_empty() {
            return Err("curve_preferences has no group that this program speaks".into());
        }
    }
    Ok(provider)
}

fn clients(
    settings: &TlsSettings,
    provider: Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, String> {
    let (mandatory, verified) = match settings.client_auth {
        ClientAuth::None => return Ok(None),
        ClientAuth::Request => (false, false),
        ClientAuth::RequireAny => (true, false),
        ClientAuth::VerifyIfGiven => (false, true),
        ClientAuth::RequireAndVerify => (true, true),
    };
    let algorithms = provider.signature_verification_algorithms;
    let authority = match (&settings.client_ca, verified) {
        (Some(pem), true) => {
            let mut roots = RootCertStore::empty();
            for der in certificates(pem, "the client CA")? {
                roots.add(der).map_err(|e| format!("the client CA: {e}"))?;
            }
            let built = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
            Some(built.map_err(|e| format!("the client CA: {e}"))?)
        }
        _ => None,
    };
    Ok(Some(Arc::new(Clients {
        authority,
        mandatory,
        allowed: settings.client_allowed_sans.iter().cloned().collect(),
        algorithms,
    })))
}

/// Judges the certificates of clients.
#[derive(Debug)]
struct Clients {
    authority: Option<Arc<dyn ClientCertVerifier>>,
    mandatory: bool,
    allowed: BTreeSet<String>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Clients {
    fn allows(&self, der: &CertificateDer<'_>) -> bool {
        let certificate = Certificate::from_der(der);
        let names = certificate.facts().map(|facts| facts.names.as_slice());
        let mut names = names.unwrap_or_default().iter().map(bare);
        self.allowed.is_empty() || names.any(|name| self.allowed.contains(&name))
    }
}

/// A name as the list has it: without its type.
fn bare(name: &SubjectName) -> String {
    match name {
        SubjectName::Dns(name) => name.clone(),
        SubjectName::Ip(address) => address.to_string(),
        SubjectName::Other(text) => {
            let typed = ["email:", "URI:"].iter().find_map(|t| text.strip_prefix(t));
            typed.unwrap_or(text).to_owned()
        }
    }
}

impl ClientCertVerifier for Clients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.authority
            .as_ref()
            .map_or(&[], |a| a.root_hint_subjects())
    }

    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if let Some(authority) = &self.authority {
            authority.verify_client_cert(leaf, intermediates, now)?;
        }
        if self.allows(leaf) {
            Ok(ClientCertVerified::assertion())
        } else {
            let failure = CertificateError::ApplicationVerificationFailure;
            Err(Error::InvalidCertificate(failure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_and_groups_have_the_names_that_go_gives_them() {
        for name in [
            "TLS_AES_128_GCM_SHA256",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "CurveP521",
            "X25519",
        ] {
            assert!(is_known(name), "{name}");
        }
        assert!(!is_known("TLS_ECDHE_RSA_WITH_BEARS"));
        let limited = provider(&TlsSettings {
            cipher_suites: vec!["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256".into()],
            curves: vec!["CurveP384".into(), "CurveP521".into()],
            ..TlsSettings::default()
        })
        .unwrap();
        let older: Vec<_> = limited
            .cipher_suites
            .iter()
            .filter(|s| s.tls13().is_none())
            .map(|s| s.suite())
            .collect();
        assert_eq!(older, [CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]);
        assert_eq!(limited.cipher_suites.len(), 4);
        assert_eq!(limited.kx_groups.len(), 1);
    }
}
