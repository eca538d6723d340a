//! One endpoint to one observation, within limits; knows neither verdicts nor metrics nor the configuration.

mod attempt;
mod connect;
mod fallbacks;
pub mod legacy;
mod limits;
mod meter;
mod proxy;
mod proxy_protocol;
mod route;
mod secured;
mod session;
mod tls;
mod unread;

pub use limits::Limits;
pub use route::{Proxy, ProxyError, Route};
pub use secured::{ByteStream, Secured, secured};
pub use tls::{ClientCertificate, ClientCertificateError, Tls};
pub use unread::Unread;

use std::mem;

use tokio::time::Instant;

use crate::endpoint::Endpoint;
use crate::facts::observation::Observation;
use attempt::Attempt;
use fallbacks::Fallbacks;
use limits::Deadlines;

/// Probes one endpoint: one connection, and where the handshake is refused up to two more, one after the other.
/// Never fails: what went wrong is in the observation, beside all that was learnt before. What was presented is still
/// to be read.
pub async fn probe(endpoint: &Endpoint, route: &Route, limits: &Limits, tls: &Tls) -> Unread {
    let started = Instant::now();
    let deadlines = Deadlines::new(started, limits);
    let mut seen = Observation::default();
    let (mut fallbacks, mut staple) = (Fallbacks::new(), Vec::new());
    while let Some(fallback) = fallbacks.next() {
        let attempt = Attempt::new(
            fallback,
            (endpoint, route),
            limits,
            deadlines,
            tls,
            &mut seen,
        );
        let mut end = attempt.run().await;
        staple = mem::take(&mut end.staple);
        fallbacks.ended(fallback, end, &mut seen);
    }
    seen.fault = fallbacks.fault(endpoint.offer, &seen);
    seen.duration = started.elapsed();
    seen.shrink_to_fit();
    Unread { seen, staple }
}
