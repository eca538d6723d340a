//! An address to a TLS connection with a server that speaks TLS at once, whoever it is, and what it presented; for
//! whoever has something else to say there than SMTP.

use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

use super::connect;
use super::meter::Meter;
use super::route::Route;
use super::tls::Tls;
use super::unread::Unread;
use crate::facts::observation::{Fault, HandshakeSignature, Observation, Phase};
use crate::name::Host;
use crate::reason::Reason;

/// Bytes under TLS in both directions. So many that a server sends are let through; then it is cut.
pub trait ByteStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> ByteStream for S {}

/// What came of it.
pub struct Secured {
    /// The chain as presented, whatever is wrong with it, and the fault, if there is no stream.
    pub seen: Observation,
    /// The connection: the server has proven that it has the key of its certificate, of which nobody has judged anything.
    pub stream: Option<Box<dyn ByteStream>>,
}

/// Connects to an address of a server with this name, and does one handshake as current clients do.
pub async fn secured(
    (address, port): (IpAddr, u16),
    name: &Host,
    route: &Route,
    tls: &Tls,
    deadline: Instant,
) -> Secured {
    let mut seen = Observation::default();
    let address = Host::Address(address);
    let stream = match connect::open(&address, port, route, deadline).await {
        Ok(stream) => stream,
        Err(fault) => return Secured::failed(seen, fault),
    };
    let handshake = tls.handshake_by_name(&address, name);
    let outcome = timeout_at(deadline, handshake.run(Meter::new(stream))).await;
    handshake.report(&mut seen);
    let mut seen = Unread::from(seen).read().await;
    tls.remember(&mut seen);
    match outcome {
        Ok(Ok(stream)) if seen.signature == Some(HandshakeSignature::Verified) => Secured {
            seen,
            stream: Some(Box::new(stream)),
        },
        Ok(Ok(_)) => Secured::failed(seen, unproven()),
        Ok(Err(fault)) => Secured::failed(seen, fault),
        Err(_) => Secured::failed(seen, too_late()),
    }
}

impl Secured {
    fn failed(seen: Observation, fault: Fault) -> Self {
        let fault = Some(seen.fault.unwrap_or(fault));
        Self {
            seen: Observation { fault, ..seen },
            stream: None,
        }
    }
}

fn unproven() -> Fault {
    Fault::new(
        Phase::Handshake,
        Reason::HandshakeSignatureInvalid,
        "nothing proves that the server has the key of its certificate",
    )
}

fn too_late() -> Fault {
    Fault::new(
        Phase::Handshake,
        Reason::TlsTimeout,
        "the handshake did not finish in time",
    )
}
