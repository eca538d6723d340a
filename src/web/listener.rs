//! Sockets to connections to requests, within limits; knows no route.
#![expect(clippy::disallowed_methods, reason = "the one place that listens")]

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};

use super::access::AccessControl;
use super::client::Client;
use super::content::Content;
use super::guests::{Full, Guests, Visit};
use super::origin;
use super::site::Site;
use super::stall::Stall;
use super::undated;
use crate::process::ProcessFacts;

/// Connections at once; Prometheus needs one or two, idle ones cost little.
const MAX_CONNECTIONS: u32 = 2048;
/// And however few files may be open.
const MIN_CONNECTIONS: u32 = 16;
/// So many open files are for neither connections nor probes.
const OTHER_FILES: u32 = 320;
/// How many may wait in the kernel until they are received; whoever finds the line full tries again after a second.
const LINE: u32 = 1024;
/// How long a client may take for the head of a request, and stay silent between two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take for the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that is older ends after its answer: a client's certificate is looked at again.
const MAX_AGE: Duration = Duration::from_secs(3600);
/// Largest head of a request.
const MAX_HEAD: usize = 16 * 1024;
/// Answers that are not finished so long after the end began are given up.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Why the exporter cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct ListenError {
    /// Where.
    pub address: SocketAddr,
    /// What the system says.
    pub source: io::Error,
}

/// Sockets that clients connect to.
pub struct Listeners(Vec<TcpListener>);

impl Listeners {
    /// Listens on every address.
    ///
    /// # Errors
    /// [`ListenError`] when an address is taken or not ours.
    pub fn bind(addresses: &[SocketAddr]) -> Result<Self, ListenError> {
        let mut listeners = Vec::new();
        for address in addresses {
            let error = |source| ListenError {
                address: *address,
                source,
            };
            listeners.push(bound(*address).map_err(error)?);
        }
        Ok(Self(listeners))
    }

    /// Takes over sockets that somebody else opened.
    ///
    /// # Errors
    /// What the system says when one cannot be used.
    pub fn adopt(sockets: Vec<StdListener>) -> io::Result<Self> {
        let adopted = sockets.into_iter().map(|socket| {
            socket.set_nonblocking(true)?;
            TcpListener::from_std(socket)
        });
        adopted.collect::<Result<_, _>>().map(Self)
    }

    /// Where they listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let addresses = self.0.iter().map(TcpListener::local_addr);
        addresses.filter_map(Result::ok).collect()
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpListener> {
    let is_everywhere = address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    match listening(address) {
        Err(error) if is_everywhere && lacks_ipv6(&error) => {
            listening((Ipv4Addr::UNSPECIFIED, address.port()).into())
        }
        bound => bound,
    }
}

fn listening(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A restart follows at once on the end of the one before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(LINE)
}

/// Whether the machine itself is the reason, and not another listener or a lack of rights.
fn lacks_ipv6(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrInUse, PermissionDenied};
    !matches!(error.kind(), AddrInUse | PermissionDenied)
}

/// Serves until the site is closed and its last answers are given, or have taken too long.
pub async fn serve(listeners: Listeners, site: Arc<Site>, control: Arc<AccessControl>) {
    if undated::is_now() {
        tracing::error!("the clock stands before 1970: nothing is answered until it is set");
    }
    let guests = Arc::new(Guests::new(most_connections()));
    let mut accepting = JoinSet::new();
    for listener in listeners.0 {
        let house = House {
            site: Arc::clone(&site),
            control: Arc::clone(&control),
            guests: Arc::clone(&guests),
        };
        accepting.spawn(house.accept(listener));
    }
    accepting.join_all().await;
    if timeout(LAST_ANSWERS, guests.all_gone()).await.is_err() {
        tracing::warn!("some answers were not finished in time");
    }
}

/// Half of the files that may be open: the other half is for probes, which would blame the servers for what we lack.
fn most_connections() -> usize {
    let files = ProcessFacts::read().max_fds.unwrap_or(f64::INFINITY);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to what fits"
    )]
    let files = files.clamp(0.0, f64::from(u32::MAX)) as u32;
    let half = files.saturating_sub(OTHER_FILES) / 2;
    half.clamp(MIN_CONNECTIONS, MAX_CONNECTIONS) as usize
}

/// Where guests are received.
struct House {
    site: Arc<Site>,
    control: Arc<AccessControl>,
    guests: Arc<Guests>,
}

impl House {
    async fn accept(self, listener: TcpListener) {
        let mut closed = pin!(self.site.app.ending());
        let mut is_refused = false;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut closed => return,
            };
            match accepted {
                Ok((stream, peer)) => {
                    is_refused = false;
                    tokio::select! {
                        () = self.admit(stream, Client::at(peer.ip())) => {}
                        () = &mut closed => return,
                    }
                }
                // Out of file descriptors, most likely: wait for some to come back. Said once until one is accepted.
                Err(error) => {
                    if !is_refused {
                        tracing::warn!(%error, "cannot accept a connection");
                    }
                    is_refused = true;
                    sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    /// Receives a client when there is a place, which is soon; one that is being answered on its whole share is turned away.
    async fn admit(&self, stream: TcpStream, client: Client) {
        let visit = loop {
            let room = self.guests.room();
            match self.guests.admit(client) {
                Ok(visit) => break visit,
                Err(Full::Share) => return,
                Err(Full::House) => room.await,
                Err(Full::Until(when)) => tokio::select! {
                    () = room => {}
                    () = sleep_until(when) => {}
                },
            }
        };
        let (site, control) = (Arc::clone(&self.site), Arc::clone(&self.control));
        tokio::spawn(async move {
            tokio::select! {
                () = receive(stream, &visit, site, control) => {}
                () = visit.dismissed() => tracing::debug!("a silent or slow client left for another"),
            }
        });
    }
}

async fn receive(stream: TcpStream, visit: &Visit, site: Arc<Site>, control: Arc<AccessControl>) {
    // A refusal of the option changes nothing but the speed.
    let _ = stream.set_nodelay(true);
    let stream = Stall::new(stream);
    let replaced = control.replaced();
    let Some(acceptor) = control.acceptor() else {
        return converse(stream, visit, site, control, replaced).await;
    };
    match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => converse(stream, visit, site, control, replaced).await,
        Ok(Err(error)) => tracing::debug!(%error, "a client's TLS handshake failed"),
        Err(_) => tracing::debug!("a client's TLS handshake took too long"),
    }
}

/// Answers requests one after the other. Who was let in under other demands, or long ago, is let in anew: whoever
/// verified a client's certificate did so when the connection began.
async fn converse<S>(
    stream: S,
    visit: &Visit,
    site: Arc<Site>,
    control: Arc<AccessControl>,
    replaced: impl Future<Output = ()>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if undated::is_now() {
        let _ = timeout(HEAD_TIMEOUT, undated::refuse(stream)).await;
        return;
    }
    let closed = site.app.ending();
    let service = service_fn(|request| {
        let (site, control) = (Arc::clone(&site), Arc::clone(&control));
        async move {
            // Whoever still has to prove who it is may have to leave for another.
            let refusal = match origin::malformed(&request) {
                None => control.refuse(&request, visit.client()).await,
                malformed => malformed,
            };
            let answering = visit.answering();
            let mut answer = match refusal {
                Some(refusal) => refusal,
                None => site.respond(&request, visit.client()).await,
            };
            control.add_headers(answer.headers_mut());
            let given = |content: Content| content.given_to(visit, answering, &site.outbox);
            Ok::<_, Infallible>(answer.map(given))
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service)
    );
    let served = tokio::select! {
        served = &mut connection => served,
        () = async {
            tokio::select! {
                () = closed => {}
                () = replaced => {}
                () = sleep(MAX_AGE) => {}
            }
        } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}
