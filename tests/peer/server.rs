//! A small SMTP server with STARTTLS or implicit TLS; ends with its handle.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::Credentials;

/// How a server behaves.
#[derive(Clone)]
pub struct Speech {
    pub banner: String,
    pub implicit: bool,
    pub offers_starttls: bool,
    pub demands_client_certificate: bool,
    /// Stapled to the certificate, whatever it is.
    pub staple: Option<Vec<u8>>,
    pub versions: &'static [&'static SupportedProtocolVersion],
}

impl Default for Speech {
    fn default() -> Self {
        Self {
            banner: "bear.bears.test ESMTP".to_owned(),
            implicit: false,
            offers_starttls: true,
            demands_client_certificate: false,
            staple: None,
            versions: rustls::ALL_VERSIONS,
        }
    }
}

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    acceptor: Arc<RwLock<TlsAcceptor>>,
    speech: Speech,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens on `address` (port 0: any) and presents `credentials`.
    pub async fn start(
        address: SocketAddr,
        credentials: &Credentials,
        speech: Speech,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let acceptor = Arc::new(RwLock::new(acceptor(credentials, &speech)));
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, Arc::clone(&acceptor), speech.clone()));
        Ok(Self {
            address,
            acceptor,
            speech,
            task,
        })
    }

    /// Presents another certificate from now on, as after a renewal.
    pub fn present(&self, credentials: &Credentials) {
        *self.acceptor.write().expect("no panic") = acceptor(credentials, &self.speech);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn acceptor(credentials: &Credentials, speech: &Speech) -> TlsAcceptor {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let key = provider
        .key_provider
        .load_private_key(credentials.key.clone_key());
    let mut key = CertifiedKey::new(credentials.chain.clone(), key.expect("a key"));
    key.ocsp = speech.staple.clone();
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(speech.versions)
        .expect("versions");
    let builder = if speech.demands_client_certificate {
        let mut roots = RootCertStore::empty();
        let known = credentials.chain.iter().cloned();
        roots.add_parsable_certificates(known);
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
        builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
    } else {
        builder.with_no_client_auth()
    };
    // Not `with_single_cert`, which refuses the odd certificates that real servers present.
    let config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    TlsAcceptor::from(Arc::new(config))
}

async fn accept(listener: TcpListener, acceptor: Arc<RwLock<TlsAcceptor>>, speech: Speech) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.read().expect("no panic").clone();
        let speech = speech.clone();
        tokio::spawn(async move {
            // A client that hangs up is its own business.
            let _ = session(stream, &acceptor, &speech).await;
        });
    }
}

async fn session(stream: TcpStream, acceptor: &TlsAcceptor, speech: &Speech) -> io::Result<()> {
    if speech.implicit {
        let stream = acceptor.accept(stream).await?;
        return converse(stream, speech, true, true).await.map(drop);
    }
    match converse(stream, speech, true, false).await? {
        Some(stream) => {
            let stream = acceptor.accept(stream).await?;
            converse(stream, speech, false, true).await.map(drop)
        }
        None => Ok(()),
    }
}

/// Speaks until QUIT, or returns the stream at STARTTLS.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    speech: &Speech,
    greets: bool,
    secured: bool,
) -> io::Result<Option<S>> {
    let mut stream = BufReader::new(stream);
    if greets {
        let banner = format!("220 {}\r\n", speech.banner);
        stream.write_all(banner.as_bytes()).await?;
        stream.flush().await?;
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let word = line.split_ascii_whitespace().next().unwrap_or_default();
        let offers = speech.offers_starttls && !secured;
        let reply: &str = match word.to_ascii_uppercase().as_str() {
            "EHLO" if offers => "250-bear.bears.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n",
            "EHLO" => "250-bear.bears.test\r\n250 SIZE 1000\r\n",
            "STARTTLS" if offers => "220 2.0.0 ready\r\n",
            "QUIT" => "221 2.0.0 bye\r\n",
            _ => "502 5.5.2 what?\r\n",
        };
        stream.write_all(reply.as_bytes()).await?;
        stream.flush().await?;
        match word.to_ascii_uppercase().as_str() {
            "STARTTLS" if offers => return Ok(Some(stream.into_inner())),
            "QUIT" => {
                stream.shutdown().await?;
                return Ok(None);
            }
            _ => {}
        }
    }
}
