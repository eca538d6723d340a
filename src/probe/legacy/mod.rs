//! The last fallback: asks with what nobody should use any more, reads which certificate the server has, and leaves.
//! Up to TLS 1.2 the certificate is sent in clear before any proof, so nothing here is proven.

mod bytes;
mod hello;
mod reader;
mod suite;

pub use reader::{Chain, Reader, ServerHello, Stop};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::tls::{self, Tls};
use crate::endpoint::Endpoint;
use crate::facts::observation::{
    Connection, Fallback, Fault, HandshakeSignature, Observation, Phase, TlsVersion,
};
use crate::name::Host;
use crate::reason::Reason;

/// Most bytes of certificates that TLS libraries take: rustls 64 KiB, OpenSSL 100 KiB.
const MAX_ELSEWHERE: usize = 0xffff;

/// Says hello and feeds the reader until it has the certificate. What the reader has is good whatever the outcome,
/// also when this is cancelled.
pub(super) async fn read<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    endpoint: &Endpoint,
    reader: &mut Reader,
) -> Result<(), Fault> {
    let mut random = [0; 32];
    // No key is ever made from it: any value would do.
    let _ = aws_lc_rs::rand::fill(&mut random);
    let name = endpoint.server_name.as_ref().and_then(Host::name);
    let hello = hello::client_hello(endpoint.offer, name, random);
    let closed = |error: std::io::Error| hung_up(&error.to_string());
    stream.write_all(&hello).await.map_err(closed)?;
    stream.flush().await.map_err(closed)?;
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await.map_err(closed)? {
            0 => return Err(hung_up("end of file")),
            read => {
                if reader.push(&buffer[..read]).map_err(stopped)? {
                    return Ok(());
                }
            }
        }
    }
}

/// Moves what was read into the observation; returns why it was not read on a lower fallback, where it tells.
pub(super) fn report(reader: Reader, tls: &Tls, seen: &mut Observation) -> Option<Fault> {
    let (hello, chain) = reader.into_parts();
    let hello = hello?;
    let size: usize = chain.kept.iter().map(Vec::len).sum::<usize>() + chain.omitted_bytes;
    if !chain.kept.is_empty() {
        seen.chain = chain.kept.iter().map(|der| tls.certificate(der)).collect();
        seen.chain_omitted = chain.omitted;
        seen.signature = Some(HandshakeSignature::Unproven);
        seen.connection = Some(Connection {
            fallback: Fallback::Legacy,
            version: hello.version,
            cipher_suite: suite::name(hello.suite),
            key_exchange: suite::key_exchange(hello.suite).to_owned(),
        });
    }
    let large = (size > MAX_ELSEWHERE).then(|| {
        let size = size / 1024;
        format!("its certificates take {size} KiB, more than clients take (64 KiB)")
    });
    match (explained(hello), large) {
        (Some(mut fault), Some(large)) => {
            fault.detail += &format!("; {large}");
            Some(fault)
        }
        (None, Some(large)) => Some(Fault::new(Phase::Handshake, Reason::ChainTooLarge, large)),
        (fault, None) => fault,
    }
}

/// A version or suite that modern clients have given up explains why they are refused; others do not.
fn explained(hello: ServerHello) -> Option<Fault> {
    let (version, suite) = (hello.version.as_str(), suite::name(hello.suite));
    let (reason, detail) = if hello.version < TlsVersion::Tls12 {
        (
            Reason::TlsVersionUnsupported,
            format!("the server chose {version} ({suite}), nothing newer"),
        )
    } else if suite::is_modern(hello.suite) {
        return None;
    } else {
        (
            Reason::TlsNoCommonParameters,
            format!("the server chose {suite} ({version}), nothing more modern"),
        )
    };
    Some(Fault::new(Phase::Handshake, reason, detail))
}

fn stopped(stop: Stop) -> Fault {
    match stop {
        Stop::Alert(0) => hung_up("close_notify"),
        Stop::Alert(code) => tls::alert_received(code),
        Stop::NotTls => Fault::new(Phase::Handshake, Reason::NotTls, stop.to_string()),
        Stop::ChainTooLong => Fault::new(Phase::Handshake, Reason::ChainTooLarge, stop.to_string()),
        Stop::Malformed(_) | Stop::TooLong | Stop::Anonymous => {
            Fault::new(Phase::Handshake, Reason::TlsProtocolError, stop.to_string())
        }
    }
}

fn hung_up(how: &str) -> Fault {
    let detail = format!("the server closed the connection during the handshake ({how})");
    Fault::new(Phase::Handshake, Reason::TlsClosed, detail)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::duplex;

    use super::*;
    use crate::endpoint::{Offer, ProxyProtocol};
    use crate::smtp::Mode;

    fn endpoint() -> Endpoint {
        Endpoint {
            target: Arc::from("relay"),
            host: Arc::from("mx.bears.test"),
            port: 25,
            view: Arc::from("default"),
            address: Host::Address([192, 0, 2, 1].into()),
            offer: Offer::Any,
            mode: Mode::StartTls,
            proxy_protocol: ProxyProtocol::Off,
            server_name: Host::parse("mx.bears.test").ok(),
        }
    }

    /// What comes of a server that answers the hello with these bytes and closes.
    async fn answered(answer: &[u8]) -> (Result<(), Fault>, Observation, Option<Fault>) {
        let (mut ours, mut theirs) = duplex(1 << 16);
        theirs.write_all(answer).await.unwrap();
        theirs.shutdown().await.unwrap();
        let mut reader = Reader::default();
        let outcome = read(&mut ours, &endpoint(), &mut reader).await;
        let mut seen = Observation::default();
        let shown = report(reader, &Tls::new().unwrap(), &mut seen);
        (outcome, seen, shown)
    }

    #[tokio::test]
    async fn an_old_server_is_seen_and_nothing_proven() {
        let answer = reader::samples::answer(0x0301, 0x002f, &[b"leaf"]);
        let (outcome, seen, shown) = answered(&answer).await;
        assert_eq!(outcome, Ok(()));
        assert_eq!(seen.chain[0].der(), b"leaf");
        assert_eq!(seen.signature, Some(HandshakeSignature::Unproven));
        let connection = seen.connection.as_ref().unwrap();
        assert_eq!(connection.version, TlsVersion::Tls10);
        assert_eq!(connection.cipher_suite, "TLS_RSA_WITH_AES_128_CBC_SHA");
        assert_eq!(connection.key_exchange, "RSA");
        assert!(!seen.handshake_completed());
        assert_eq!(shown.unwrap().reason, Reason::TlsVersionUnsupported);
    }

    #[test]
    fn a_certificate_that_is_known_is_not_read_again() {
        let tls = Tls::new().unwrap();
        let seen = || {
            let mut reader = Reader::default();
            let answer = reader::samples::answer(0x0301, 0x002f, &[b"leaf"]);
            assert_eq!(reader.push(&answer), Ok(true));
            let mut seen = Observation::default();
            report(reader, &tls, &mut seen);
            seen
        };
        let mut first = seen();
        assert!(!first.chain[0].is_read());
        first.chain[0].read();
        tls.remember(&mut first);
        assert!(seen().chain[0].is_read());
    }

    #[tokio::test]
    async fn a_suite_explains_unless_it_is_modern() {
        let (_, _, shown) = answered(&reader::samples::answer(0x0303, 0x0033, &[b"leaf"])).await;
        assert_eq!(shown.unwrap().reason, Reason::TlsNoCommonParameters);
        let (_, seen, shown) = answered(&reader::samples::answer(0x0303, 0xc02f, &[b"leaf"])).await;
        assert_eq!((seen.chain.len(), shown), (1, None));
    }

    #[tokio::test]
    async fn refusals_have_the_reasons_of_the_lower_rungs() {
        for (answer, reason) in [
            (&b""[..], Reason::TlsClosed),
            (
                b"\x15\x03\x01\x00\x02\x02\x28",
                Reason::TlsNoCommonParameters,
            ),
            (
                b"\x15\x03\x01\x00\x02\x02\x46",
                Reason::TlsVersionUnsupported,
            ),
            (b"\x15\x03\x01\x00\x02\x02\x50", Reason::TlsAlert),
            (b"\x15\x03\x01\x00\x02\x01\x00", Reason::TlsClosed),
            (b"220 mx.bears.test ESMTP\r\n", Reason::NotTls),
            (
                b"\x16\x03\x01\x00\x04\x63\x00\x00\x00",
                Reason::TlsProtocolError,
            ),
        ] {
            let (outcome, seen, shown) = answered(answer).await;
            assert_eq!(outcome.unwrap_err().reason, reason, "{answer:x?}");
            assert!(seen.connection.is_none() && shown.is_none());
        }
    }
}
