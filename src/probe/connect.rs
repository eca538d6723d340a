//! An address and a route to a TCP connection, or the reason why there is none; the only place that opens sockets
//! to servers.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place that opens connections"
)]

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use super::proxy;
use super::route::{Proxy, Route};
use crate::facts::observation::{Fault, Phase};
use crate::name::Host;
use crate::reason::Reason;

/// Opens a connection before the deadline. What is dialled is a name only when the route has a proxy.
///
/// # Errors
/// `connect_refused`, `connect_timeout` or `connect_unreachable`, or what is wrong with the proxy.
pub(super) async fn open(
    host: &Host,
    port: u16,
    route: &Route,
    deadline: Instant,
) -> Result<TcpStream, Fault> {
    match (&route.proxy, host) {
        (Some(proxy), _) => through(proxy, host, port, route.source, deadline).await,
        (None, Host::Address(address)) => direct(*address, port, route.source, deadline).await,
        (None, Host::Name(name)) => Err(Fault::new(
            Phase::Connect,
            Reason::Internal,
            format!("{name} was to be looked up by a proxy, but there is none"),
        )),
    }
}

async fn direct(
    address: IpAddr,
    port: u16,
    source: Option<IpAddr>,
    deadline: Instant,
) -> Result<TcpStream, Fault> {
    match timeout_at(deadline, dial((address, port).into(), source)).await {
        Ok(opened) => opened.map_err(|error| refused(&error)),
        Err(_) => Err(Fault::new(
            Phase::Connect,
            Reason::ConnectTimeout,
            "no answer to the connection attempt",
        )),
    }
}

async fn through(
    proxy: &Proxy,
    host: &Host,
    port: u16,
    source: Option<IpAddr>,
    deadline: Instant,
) -> Result<TcpStream, Fault> {
    let fault = |reason, detail| Fault::new(Phase::Connect, reason, detail);
    let unreachable = |why: String| {
        let detail = format!("the proxy {proxy}: {why}");
        fault(Reason::ProxyUnreachable, detail)
    };
    let stream = timeout_at(deadline, reach(proxy, source))
        .await
        .map_err(|_| unreachable("no answer to the connection attempt".to_owned()))?
        .map_err(|error| unreachable(error.to_string()))?;
    timeout_at(deadline, proxy::ask(proxy, stream, host, port))
        .await
        .unwrap_or_else(|_| {
            let detail = format!("the proxy {proxy} did not connect in time");
            Err(fault(Reason::ProxyTimeout, detail))
        })
}

/// A connection to the proxy itself, by the first of its addresses that answers. Its name is this machine's business.
async fn reach(proxy: &Proxy, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = match &proxy.host {
        Host::Address(address) => vec![(*address, proxy.port).into()],
        Host::Name(name) => lookup_host((name.as_str(), proxy.port)).await?.collect(),
    };
    let mut last = io::Error::other("its name has no address");
    for address in addresses {
        match dial(address, source).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn dial(to: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    if let Some(source) = source {
        socket.bind((source, 0).into())?;
    }
    let stream = socket.connect(to).await?;
    // The dialogue is a ping-pong of small packets; a refusal of the option changes nothing else.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// This process, or this machine, may open no more files (EMFILE, ENFILE): nothing was asked of the server.
const OUT_OF_FILES: [i32; 2] = [24, 23];

fn refused(error: &io::Error) -> Fault {
    let reason = match error.kind() {
        _ if error
            .raw_os_error()
            .is_some_and(|code| OUT_OF_FILES.contains(&code)) =>
        {
            Reason::Internal
        }
        io::ErrorKind::ConnectionRefused => Reason::ConnectRefused,
        // It was open already: whoever listens closed it at once.
        io::ErrorKind::ConnectionReset => Reason::ConnectionClosed,
        io::ErrorKind::TimedOut => Reason::ConnectTimeout,
        // No route, no address of that family, a local filter: all of them mean that it cannot be reached.
        _ => Reason::ConnectUnreachable,
    };
    Fault::new(Phase::Connect, reason, error.to_string())
}
