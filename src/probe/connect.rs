//! An address to a TCP connection or the reason why there is none; the only place that opens sockets to servers.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::observation::{Fault, Phase};
use crate::reason::Reason;

/// Opens a connection before the deadline.
///
/// # Errors
/// `connect_refused`, `connect_timeout` or `connect_unreachable`.
pub(super) async fn open(address: SocketAddr, deadline: Instant) -> Result<TcpStream, Fault> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that opens connections"
    )]
    let opening = TcpStream::connect(address);
    match timeout_at(deadline, opening).await {
        Ok(Ok(stream)) => {
            // The dialogue is a ping-pong of small packets; a refusal of the option changes nothing else.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(error)) => Err(refused(&error)),
        Err(_) => Err(Fault::new(
            Phase::Connect,
            Reason::ConnectTimeout,
            "no answer to the connection attempt",
        )),
    }
}

fn refused(error: &io::Error) -> Fault {
    let reason = match error.kind() {
        io::ErrorKind::ConnectionRefused => Reason::ConnectRefused,
        // It was open already: whoever listens closed it at once.
        io::ErrorKind::ConnectionReset => Reason::ConnectionClosed,
        io::ErrorKind::TimedOut => Reason::ConnectTimeout,
        // No route, no address of that family, a local filter: all of them mean that it cannot be reached.
        _ => Reason::ConnectUnreachable,
    };
    Fault::new(Phase::Connect, reason, error.to_string())
}
