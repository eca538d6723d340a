//! A small SMTP server with STARTTLS or implicit TLS; ends with its handle.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, RwLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::Credentials;
use super::mute::Mute;

/// How a server hangs up on a client without a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HangUp {
    /// An end in place of the alert.
    End,
    /// A reset in place of the alert.
    Reset,
    /// An end once the handshake is done.
    Late,
    /// A reset once the handshake is done.
    LateReset,
}

impl HangUp {
    fn is_late(self) -> bool {
        matches!(self, Self::Late | Self::LateReset)
    }

    fn is_reset(self) -> bool {
        matches!(self, Self::Reset | Self::LateReset)
    }
}

/// How a server behaves.
#[derive(Clone)]
pub struct Speech {
    pub banner: String,
    pub implicit: bool,
    pub offers_starttls: bool,
    /// What EHLO offers before STARTTLS and under TLS.
    pub keywords: &'static [&'static str],
    /// The reply to STARTTLS without its line end; more lines come in the same packet, as an injection would.
    pub starttls_reply: &'static str,
    /// Otherwise the connection is dropped at QUIT, without a word.
    pub answers_quit: bool,
    pub demands_client_certificate: bool,
    /// Whoever has none is told so by an alert, or hung up on.
    pub hang_up: Option<HangUp>,
    /// Stapled to the certificate, whatever it is.
    pub staple: Option<Vec<u8>>,
    /// Session tickets after a handshake of TLS 1.3; `None`: as many as rustls sends.
    pub tickets: Option<usize>,
    pub versions: &'static [&'static SupportedProtocolVersion],
}

impl Default for Speech {
    fn default() -> Self {
        Self {
            banner: "bear.bears.test ESMTP".to_owned(),
            implicit: false,
            offers_starttls: true,
            keywords: &["SIZE 1000"],
            starttls_reply: "220 2.0.0 ready",
            answers_quit: true,
            demands_client_certificate: false,
            hang_up: None,
            staple: None,
            tickets: None,
            versions: rustls::ALL_VERSIONS,
        }
    }
}

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    acceptor: Arc<RwLock<TlsAcceptor>>,
    speech: Speech,
    log: Log,
    task: JoinHandle<()>,
}

/// What clients did, in order: `CONNECT`, their commands, and `TLS` once a handshake is done.
type Log = Arc<Mutex<Vec<String>>>;

impl Server {
    /// Listens on `address` (port 0: any) and presents `credentials`.
    pub async fn start(
        address: SocketAddr,
        credentials: &Credentials,
        speech: Speech,
    ) -> io::Result<Self> {
        let listener = listen(address)?;
        let acceptor = Arc::new(RwLock::new(acceptor(&[credentials], &speech)));
        let address = listener.local_addr()?;
        let log = Log::default();
        let task = tokio::spawn(accept(
            listener,
            Arc::clone(&acceptor),
            speech.clone(),
            Arc::clone(&log),
        ));
        Ok(Self {
            address,
            acceptor,
            speech,
            log,
            task,
        })
    }

    /// What clients did, in order: `CONNECT`, their commands, and `TLS` once a handshake is done.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().expect("no panic").clone()
    }

    /// How many clients have come.
    pub fn connections(&self) -> usize {
        self.log().iter().filter(|line| *line == "CONNECT").count()
    }

    /// Presents another certificate from now on, as after a renewal.
    pub fn present(&self, credentials: &Credentials) {
        self.present_all(&[credentials]);
    }

    /// Presents from now on the first of these that the client can verify the signature of: for servers with an RSA
    /// and an ECDSA certificate.
    pub fn present_all(&self, credentials: &[&Credentials]) {
        *self.acceptor.write().expect("no panic") = acceptor(credentials, &self.speech);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// With room for a thousand clients at once: a connection attempt that finds none is repeated after a second.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}

/// Not `with_single_cert`, which refuses the odd certificates that real servers present.
#[derive(Debug)]
struct Certificates(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for Certificates {
    /// The last one where none fits, so that the handshake says what is missing.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = hello.signature_schemes();
        let fits = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(schemes).is_some();
        let found = self.0.iter().find(fits).or_else(|| self.0.last());
        found.cloned()
    }
}

fn acceptor(credentials: &[&Credentials], speech: &Speech) -> TlsAcceptor {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let certified = |one: &&Credentials| {
        let key = provider
            .key_provider
            .load_private_key(one.key.clone_key())
            .expect("a key");
        let mut key = CertifiedKey::new(one.chain.clone(), key);
        key.ocsp = speech.staple.clone();
        Arc::new(key)
    };
    let certificates = Certificates(credentials.iter().map(certified).collect());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(speech.versions)
        .expect("versions");
    let builder = if speech.demands_client_certificate {
        let mut roots = RootCertStore::empty();
        let known = credentials.iter().flat_map(|one| one.chain.iter().cloned());
        roots.add_parsable_certificates(known);
        let mut verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
        if speech.hang_up.is_some_and(HangUp::is_late) {
            verifier = verifier.allow_unauthenticated();
        }
        builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_cert_resolver(Arc::new(certificates));
    if let Some(tickets) = speech.tickets {
        config.send_tls13_tickets = tickets;
    }
    TlsAcceptor::from(Arc::new(config))
}

async fn accept(
    listener: TcpListener,
    acceptor: Arc<RwLock<TlsAcceptor>>,
    speech: Speech,
    log: Log,
) {
    while let Ok((stream, _)) = listener.accept().await {
        write(&log, "CONNECT");
        // Else an answer behind a session ticket waits 40 ms for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let acceptor = acceptor.read().expect("no panic").clone();
        let (speech, log) = (speech.clone(), Arc::clone(&log));
        tokio::spawn(async move {
            // A client that hangs up is its own business.
            let _ = session(stream, &acceptor, &speech, &log).await;
        });
    }
}

fn write(log: &Log, line: &str) {
    log.lock()
        .expect("no panic")
        .push(line.trim_end().to_owned());
}

async fn session(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    speech: &Speech,
    log: &Log,
) -> io::Result<()> {
    let clear = if speech.implicit {
        Some(stream)
    } else {
        let greeted = Some(speech.banner.as_str());
        converse(stream, speech, greeted, speech.offers_starttls, log).await?
    };
    let Some(stream) = clear else {
        return Ok(());
    };
    if speech.hang_up.is_some_and(HangUp::is_reset) {
        stream.set_zero_linger()?;
    }
    let is_mute = speech.hang_up.is_some_and(|how| !how.is_late());
    let stream = acceptor.accept(Mute::new(stream, is_mute)).await?;
    write(log, "TLS");
    if speech.hang_up.is_some() && stream.get_ref().1.peer_certificates().is_none() {
        return Ok(());
    }
    let banner = speech.implicit.then_some(speech.banner.as_str());
    converse(stream, speech, banner, false, log).await.map(drop)
}

/// Speaks until QUIT, or returns the stream at STARTTLS.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    speech: &Speech,
    banner: Option<&str>,
    offers: bool,
    log: &Log,
) -> io::Result<Option<S>> {
    let mut stream = BufReader::new(stream);
    if let Some(banner) = banner {
        say(&mut stream, &format!("220 {banner}")).await?;
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        write(log, &line);
        let word = line.split_ascii_whitespace().next().unwrap_or_default();
        match word.to_ascii_uppercase().as_str() {
            "EHLO" => say(&mut stream, &ehlo(speech, offers)).await?,
            "STARTTLS" if offers => {
                say(&mut stream, speech.starttls_reply).await?;
                return Ok(Some(stream.into_inner()));
            }
            "QUIT" if !speech.answers_quit => return Ok(None),
            "QUIT" => {
                say(&mut stream, "221 2.0.0 bye").await?;
                stream.shutdown().await?;
                return Ok(None);
            }
            _ => say(&mut stream, "502 5.5.2 what?").await?,
        }
    }
}

fn ehlo(speech: &Speech, offers_starttls: bool) -> String {
    let starttls = offers_starttls.then_some("STARTTLS");
    let mut lines = vec!["bear.bears.test"];
    lines.extend(speech.keywords.iter().copied().chain(starttls));
    let last = lines.pop().unwrap_or_default();
    let before: String = lines.iter().map(|l| format!("250-{l}\r\n")).collect();
    format!("{before}250 {last}")
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, line: &str) -> io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}
