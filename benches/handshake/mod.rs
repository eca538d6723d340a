//! What bare TLS handshakes cost, the measure beside which other costs are put.

use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};
use rustls::{ServerConfig, ServerConnection};
use testkit::peer::Credentials;

/// CPU time of this thread until now.
pub(crate) fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(now.tv_sec).unwrap_or(0),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

/// CPU of the client's side of so many handshakes in memory, with a verifier that checks the handshake signature only.
pub(crate) fn bare_handshakes(credentials: &Credentials, name: &str, number: usize) -> Duration {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let client = client_config(&provider);
    let server = server_config(&provider, credentials);
    let each = (0..number).map(|_| bare_handshake(&client, &server, name));
    each.sum()
}

fn client_config(provider: &Arc<CryptoProvider>) -> Arc<ClientConfig> {
    use aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    let same_groups = CryptoProvider {
        kx_groups: vec![X25519, SECP256R1, SECP384R1, X25519MLKEM768],
        ..(**provider).clone()
    };
    let mut config = ClientConfig::builder_with_provider(Arc::new(same_groups))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(SignatureOnly(Arc::clone(provider))))
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

fn server_config(provider: &Arc<CryptoProvider>, credentials: &Credentials) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(credentials.chain.clone(), credentials.key.clone_key());
    Arc::new(config.expect("a certificate"))
}

fn bare_handshake(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>, name: &str) -> Duration {
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let mut server = ServerConnection::new(Arc::clone(server)).expect("a server");
    let mut wire = Vec::new();
    let begun = cpu();
    let mut client = ClientConnection::new(Arc::clone(client), name).expect("a client");
    let mut spent = cpu() - begun;
    while client.is_handshaking() || client.wants_write() {
        let begun = cpu();
        wire.clear();
        while client.wants_write() {
            client.write_tls(&mut wire).expect("memory");
        }
        spent += cpu() - begun;
        feed(&wire, |bytes| server.read_tls(bytes));
        server.process_new_packets().expect("a good client");
        wire.clear();
        while server.wants_write() {
            server.write_tls(&mut wire).expect("memory");
        }
        let begun = cpu();
        feed(&wire, |bytes| client.read_tls(bytes));
        client.process_new_packets().expect("a good server");
        spent += cpu() - begun;
    }
    spent
}

fn feed(mut bytes: &[u8], mut read: impl FnMut(&mut &[u8]) -> std::io::Result<usize>) {
    while !bytes.is_empty() {
        read(&mut bytes).expect("memory");
    }
}

/// The least that a client must check.
#[derive(Debug)]
struct SignatureOnly(Arc<CryptoProvider>);

impl ServerCertVerifier for SignatureOnly {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
