//! A connection to a proxy to one through it: SOCKS5 by tokio-socks, HTTP CONNECT by hand. What the server says
//! right behind the proxy's reply stays in the stream.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_socks::tcp::Socks5Stream;
use tokio_socks::{Error as SocksError, TargetAddr};

use super::route::{Protocol, Proxy};
use crate::facts::observation::{Fault, Phase};
use crate::name::Host;
use crate::plain::plain;
use crate::reason::Reason;

/// Largest head of a reply to CONNECT.
const MAX_HEAD: usize = 8192;

/// Asks the proxy to connect.
///
/// # Errors
/// `proxy_auth`, `proxy_refused` or `proxy_failed`; what a SOCKS proxy reports of the server has the server's reasons.
pub(super) async fn ask(
    proxy: &Proxy,
    stream: TcpStream,
    host: &Host,
    port: u16,
) -> Result<TcpStream, Fault> {
    let outcome = match proxy.protocol {
        Protocol::Socks5 => socks5(proxy, stream, host, port).await,
        Protocol::Http => connect(proxy, stream, host, port).await,
    };
    outcome.map_err(|(reason, why)| {
        let detail = format!("the proxy {proxy}: {why}");
        Fault::new(Phase::Connect, reason, detail)
    })
}

type ProxyFault = (Reason, String);

async fn socks5(
    proxy: &Proxy,
    stream: TcpStream,
    host: &Host,
    port: u16,
) -> Result<TcpStream, ProxyFault> {
    let target = match host {
        Host::Address(address) => TargetAddr::Ip((*address, port).into()),
        Host::Name(name) => TargetAddr::Domain(name.as_str().into(), port),
    };
    let connected = match &proxy.credentials {
        None => Socks5Stream::connect_with_socket(stream, target).await,
        Some(known) => {
            let (user, password) = (&known.user, &known.password);
            Socks5Stream::connect_with_password_and_socket(stream, target, user, password).await
        }
    };
    let connected = connected.map_err(|error| (socks_reason(&error), error.to_string()))?;
    Ok(connected.into_inner())
}

fn socks_reason(error: &SocksError) -> Reason {
    match error {
        SocksError::NoAcceptableAuthMethods
        | SocksError::UnknownAuthMethod
        | SocksError::PasswordAuthFailure(_)
        | SocksError::AuthorizationRequired => Reason::ProxyAuth,
        SocksError::ConnectionNotAllowedByRuleset => Reason::ProxyRefused,
        // What RFC 1928 §6 lets the proxy report about the server itself.
        SocksError::ConnectionRefused => Reason::ConnectRefused,
        SocksError::NetworkUnreachable | SocksError::HostUnreachable => Reason::ConnectUnreachable,
        SocksError::TtlExpired => Reason::ConnectTimeout,
        _ => Reason::ProxyFailed,
    }
}

async fn connect(
    proxy: &Proxy,
    mut stream: TcpStream,
    host: &Host,
    port: u16,
) -> Result<TcpStream, ProxyFault> {
    let failed = |error: io::Error| (Reason::ProxyFailed, error.to_string());
    let at = host.at(port);
    let mut request = format!("CONNECT {at} HTTP/1.1\r\nHost: {at}\r\n");
    if let Some(known) = &proxy.credentials {
        request += &format!("Proxy-Authorization: {}\r\n", known.basic());
    }
    request += "\r\n";
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    let head = head(&mut stream).await.map_err(failed)?;
    verdict(&head).map(|()| stream)
}

/// The reply up to its empty line and not a byte more: what follows is the server's.
async fn head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        if head.len() >= MAX_HEAD {
            return Err(io::Error::other("an endless reply to CONNECT"));
        }
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(io::Error::other("closed without a reply to CONNECT"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(head)
}

fn verdict(head: &[u8]) -> Result<(), ProxyFault> {
    let text = String::from_utf8_lossy(head);
    let line = text.lines().next().unwrap_or_default();
    let status: Option<u16> = line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
    let reason = match status {
        Some(200..=299) => return Ok(()),
        Some(401 | 407) => Reason::ProxyAuth,
        Some(400..=499) => Reason::ProxyRefused,
        _ => Reason::ProxyFailed,
    };
    Err((reason, format!("it answered '{}'", plain(line, 200))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_decides() {
        for (head, reason) in [
            (
                &b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"[..],
                None,
            ),
            (b"HTTP/1.0 200\r\n\r\n", None),
            (
                b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
                Some(Reason::ProxyAuth),
            ),
            (b"HTTP/1.1 403 Filtered\r\n\r\n", Some(Reason::ProxyRefused)),
            (
                b"HTTP/1.1 500 Unable to connect\r\n\r\n",
                Some(Reason::ProxyFailed),
            ),
            (
                b"220 mx.bears.test ESMTP\r\n\r\n",
                Some(Reason::ProxyFailed),
            ),
            (b"\r\n\r\n", Some(Reason::ProxyFailed)),
        ] {
            assert_eq!(verdict(head).err().map(|(reason, _)| reason), reason);
        }
    }
}
