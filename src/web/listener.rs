//! Addresses to connections to requests, within limits; knows no route.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::routes::Site;
use crate::dns::Lookup;

/// Connections at once; Prometheus needs one or two.
const MAX_CONNECTIONS: usize = 512;
/// How long a client may take for the head of a request, and stay silent between two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest head of a request.
const MAX_HEAD: usize = 16 * 1024;

/// Why the exporter cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct ListenError {
    /// Where.
    pub address: SocketAddr,
    /// What the system says.
    pub source: io::Error,
}

/// Listens on every address and serves until the future is dropped. `ready` is told the bound addresses once.
///
/// # Errors
/// [`ListenError`] when an address is taken or not ours; nothing is served then.
pub async fn serve<L: Lookup + 'static>(
    addresses: &[SocketAddr],
    site: Arc<Site<L>>,
    ready: impl FnOnce(&[SocketAddr]),
) -> Result<(), ListenError> {
    let mut listeners = Vec::new();
    for address in addresses {
        let bound = TcpListener::bind(address).await;
        let error = |source| ListenError {
            address: *address,
            source,
        };
        listeners.push(bound.map_err(error)?);
    }
    let bound: Vec<_> = listeners
        .iter()
        .filter_map(|l| l.local_addr().ok())
        .collect();
    ready(&bound);
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(listener, Arc::clone(&site), Arc::clone(&places)));
    }
    accepting.join_all().await;
    Ok(())
}

async fn accept<L: Lookup + 'static>(
    listener: TcpListener,
    site: Arc<Site<L>>,
    places: Arc<Semaphore>,
) {
    // The semaphore is never closed; an error here would only mean that nobody can be served any more.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let site = Arc::clone(&site);
                tokio::spawn(async move {
                    converse(stream, site).await;
                    drop(place);
                });
            }
            // Out of file descriptors, most likely: wait for some to come back.
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn converse<L: Lookup + 'static>(stream: TcpStream, site: Arc<Site<L>>) {
    let service = service_fn(move |request| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(site.respond(&request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}
