//! A certificate and a manner to a mail server that knows EHLO, STARTTLS and QUIT, and no mail.
#![expect(
    clippy::disallowed_methods,
    reason = "the mail servers of the demo listen on loopback"
)]

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::authority::Credentials;

/// Long enough for any probe.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest command, after RFC 5321 §4.5.3.1.4.
const MAX_LINE: u64 = 512;

/// How a server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Greets as Exchange does, and offers STARTTLS.
    Exchange,
    StartTls,
    WithoutTls,
    /// TLS comes before the greeting.
    Implicit,
}

impl Manner {
    const fn banner(self) -> &'static str {
        match self {
            Self::Exchange => "220 mailrelay.bears.test Microsoft ESMTP MAIL Service ready",
            Self::StartTls | Self::WithoutTls | Self::Implicit => "220 bear.bears.test ESMTP",
        }
    }

    const fn offers_starttls(self) -> bool {
        match self {
            Self::Exchange | Self::StartTls => true,
            Self::WithoutTls | Self::Implicit => false,
        }
    }
}

/// A running server; ends with its handle.
pub(super) struct MailServer(JoinHandle<()>);

impl MailServer {
    pub(super) async fn start(
        address: SocketAddr,
        credentials: &Credentials,
        manner: Manner,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let acceptor = acceptor(credentials)?;
        Ok(Self(tokio::spawn(accept(listener, acceptor, manner))))
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn acceptor(credentials: &Credentials) -> io::Result<TlsAcceptor> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let (chain, key) = (credentials.chain.clone(), credentials.key.clone_key());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
    Ok(TlsAcceptor::from(Arc::new(
        config.map_err(io::Error::other)?,
    )))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, manner: Manner) {
    while let Ok((stream, _)) = listener.accept().await {
        // Else an answer behind a session ticket waits 40 ms for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let acceptor = acceptor.clone();
        // A client that hangs up is its own business.
        tokio::spawn(async move { timeout(PATIENCE, session(stream, &acceptor, manner)).await });
    }
}

async fn session(stream: TcpStream, acceptor: &TlsAcceptor, manner: Manner) -> io::Result<()> {
    if manner == Manner::Implicit {
        let mut stream = BufReader::new(acceptor.accept(stream).await?);
        say(&mut stream, manner.banner()).await?;
        return converse(&mut stream, false).await.map(drop);
    }
    let mut stream = BufReader::new(stream);
    say(&mut stream, manner.banner()).await?;
    if converse(&mut stream, manner.offers_starttls()).await? == Next::Tls {
        let stream = acceptor.accept(stream.into_inner()).await?;
        converse(&mut BufReader::new(stream), false).await?;
    }
    Ok(())
}

/// What follows a dialogue.
#[derive(PartialEq, Eq)]
enum Next {
    Tls,
    End,
}

/// Speaks until STARTTLS, where that is offered, or QUIT.
async fn converse<S>(stream: &mut BufReader<S>, offers_starttls: bool) -> io::Result<Next>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let mut line = String::new();
        if stream.take(MAX_LINE).read_line(&mut line).await? == 0 {
            return Ok(Next::End);
        }
        let word = line.split_ascii_whitespace().next().unwrap_or_default();
        match word.to_ascii_uppercase().as_str() {
            "EHLO" if offers_starttls => {
                say(
                    stream,
                    "250-bear.bears.test\r\n250-SIZE 1000\r\n250 STARTTLS",
                )
                .await?;
            }
            "EHLO" => say(stream, "250-bear.bears.test\r\n250 SIZE 1000").await?,
            "STARTTLS" if offers_starttls => {
                say(stream, "220 2.0.0 ready").await?;
                return Ok(Next::Tls);
            }
            "QUIT" => {
                say(stream, "221 2.0.0 bye").await?;
                stream.shutdown().await?;
                return Ok(Next::End);
            }
            _ => say(stream, "502 5.5.2 what?").await?,
        }
    }
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, line: &str) -> io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}
