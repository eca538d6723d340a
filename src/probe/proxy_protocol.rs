//! Who connects to whom, as the first bytes of a connection: the PROXY protocol of HAProxy, versions 1 and 2, for servers
//! that believe nobody else than their load balancer.

use std::net::{IpAddr, SocketAddr};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::endpoint::ProxyProtocol;
use crate::facts::observation::{Fault, Phase};
use crate::reason::Reason;

/// What every header of version 2 begins with.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2 and its command, then family and transport (§2.2 of the specification).
const LOCAL: [u8; 2] = [0x20, 0x00];
const TCP_OVER_IPV4: [u8; 2] = [0x21, 0x11];
const TCP_OVER_IPV6: [u8; 2] = [0x21, 0x21];

/// Sends the header, if there is to be one. Through a proxy nobody here knows the addresses of the server's own
/// connection: it is told that they are unknown.
///
/// # Errors
/// `connection_closed` when the server does not even take that.
pub(super) async fn announce(
    version: ProxyProtocol,
    stream: &mut TcpStream,
    is_direct: bool,
    deadline: Instant,
) -> Result<(), Fault> {
    let ends = stream.local_addr().ok().zip(stream.peer_addr().ok());
    let header = header(version, ends.filter(|_| is_direct));
    let fault = |why: String| Fault::new(Phase::Connect, Reason::ConnectionClosed, why);
    match timeout_at(deadline, stream.write_all(&header)).await {
        Ok(sent) => sent.map_err(|error| fault(format!("no PROXY header could be sent: {error}"))),
        Err(_) => Err(fault("the PROXY header was not taken in time".to_owned())),
    }
}

/// The bytes for a connection from the first address to the second.
fn header(version: ProxyProtocol, ends: Option<(SocketAddr, SocketAddr)>) -> Vec<u8> {
    match version {
        ProxyProtocol::Off => Vec::new(),
        ProxyProtocol::V1 => text(ends).into_bytes(),
        ProxyProtocol::V2 => binary(ends),
    }
}

fn text(ends: Option<(SocketAddr, SocketAddr)>) -> String {
    let addresses = |(from, to): (SocketAddr, SocketAddr)| {
        let family = match (from.ip(), to.ip()) {
            (IpAddr::V4(_), IpAddr::V4(_)) => "TCP4",
            (IpAddr::V6(_), IpAddr::V6(_)) => "TCP6",
            _ => return None,
        };
        let (from_port, to_port) = (from.port(), to.port());
        let (from, to) = (from.ip(), to.ip());
        Some(format!(
            "PROXY {family} {from} {to} {from_port} {to_port}\r\n"
        ))
    };
    let unknown = || "PROXY UNKNOWN\r\n".to_owned();
    ends.and_then(addresses).unwrap_or_else(unknown)
}

fn binary(ends: Option<(SocketAddr, SocketAddr)>) -> Vec<u8> {
    let (command, mut content) = match ends.map(|(from, to)| (from.ip(), to.ip())) {
        Some((IpAddr::V4(from), IpAddr::V4(to))) => {
            (TCP_OVER_IPV4, [from.octets(), to.octets()].concat())
        }
        Some((IpAddr::V6(from), IpAddr::V6(to))) => {
            (TCP_OVER_IPV6, [from.octets(), to.octets()].concat())
        }
        _ => (LOCAL, Vec::new()),
    };
    if let Some((from, to)) = ends.filter(|_| !content.is_empty()) {
        content.extend([from.port().to_be_bytes(), to.port().to_be_bytes()].concat());
    }
    let length = u8::try_from(content.len()).unwrap_or_default();
    [&SIGNATURE[..], &command, &[0, length], &content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(from: &str, to: &str) -> Option<(SocketAddr, SocketAddr)> {
        Some((from.parse().unwrap(), to.parse().unwrap()))
    }

    #[test]
    fn version_1_is_a_line() {
        let v1 = |ends| String::from_utf8(header(ProxyProtocol::V1, ends)).unwrap();
        let told = v1(ends("192.0.2.1:4000", "198.51.100.2:25"));
        assert_eq!(told, "PROXY TCP4 192.0.2.1 198.51.100.2 4000 25\r\n");
        let told = v1(ends("[2001:db8::1]:4000", "[2001:db8::2]:465"));
        assert_eq!(told, "PROXY TCP6 2001:db8::1 2001:db8::2 4000 465\r\n");
        let mixed = ends("192.0.2.1:4000", "[2001:db8::2]:465");
        for nothing in [mixed, None] {
            assert_eq!(v1(nothing), "PROXY UNKNOWN\r\n");
        }
    }

    #[test]
    fn version_2_is_binary() {
        let v2 = |ends| header(ProxyProtocol::V2, ends);
        let told = v2(ends("192.0.2.1:4000", "198.51.100.2:25"));
        assert_eq!(told[..12], *b"\r\n\r\n\0\r\nQUIT\n");
        assert_eq!(told[12..16], [0x21, 0x11, 0, 12]);
        assert_eq!(
            told[16..],
            [192, 0, 2, 1, 198, 51, 100, 2, 0x0f, 0xa0, 0, 25]
        );
        let told = v2(ends("[2001:db8::1]:4000", "[2001:db8::2]:465"));
        assert_eq!(told[12..16], [0x21, 0x21, 0, 36]);
        assert_eq!((told.len(), &told[48..]), (52, &[0x0f, 0xa0, 1, 0xd1][..]));
        let mixed = ends("192.0.2.1:4000", "[2001:db8::2]:465");
        for nothing in [mixed, None] {
            assert_eq!(v2(nothing)[12..], [0x20, 0, 0, 0]);
        }
        assert!(header(ProxyProtocol::Off, None).is_empty());
    }
}
