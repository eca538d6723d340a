//! One endpoint to one observation, within limits; knows neither verdicts nor metrics nor the configuration.

mod attempt;
mod connect;
mod fallbacks;
pub mod legacy;
mod meter;
mod proxy;
mod proxy_protocol;
mod route;
mod session;
mod tls;
mod unread;

pub use route::{Proxy, ProxyError, Route};
pub use tls::{ClientCertificate, ClientCertificateError, Tls};
pub use unread::Unread;

use std::mem;
use std::time::Duration;

use tokio::time::Instant;

use crate::endpoint::Endpoint;
use crate::facts::observation::{Observation, Phase};
use attempt::Attempt;
use fallbacks::Fallbacks;

/// Most certificates of a chain that are kept; public chains have two to four.
const MAX_CHAIN: usize = 20;

/// What a probe may take, and how it introduces itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// One endpoint, from the connection to QUIT; look-ups before it have a deadline of their own inside it.
    pub timeout: Duration,
    /// The name in EHLO, before and after TLS (RFC 5321 §4.1.1.1).
    pub helo: String,
}

/// One deadline for the whole probe, and a shorter one for each phase, so that one slow phase is named.
#[derive(Debug, Clone, Copy)]
struct Deadlines {
    end: Instant,
    timeout: Duration,
}

impl Deadlines {
    fn of(&self, phase: Phase) -> Instant {
        // Shares of the whole. Postscreen greets after 6 s of the default 10 s, Exchange tarpits for 5 s.
        let percent = match phase {
            Phase::Resolve | Phase::Connect => 40,
            Phase::Greeting => 80,
            Phase::Ehlo | Phase::Starttls | Phase::Handshake => 60,
            Phase::Quit => 10,
        };
        (Instant::now() + self.timeout * percent / 100).min(self.end)
    }
}

/// Probes one endpoint: one connection, and where the handshake is refused up to two more, one after the other.
/// Never fails: what went wrong is in the observation, beside all that was learnt before. What was presented is still
/// to be read.
pub async fn probe(endpoint: &Endpoint, route: &Route, limits: &Limits, tls: &Tls) -> Unread {
    let started = Instant::now();
    let deadlines = Deadlines {
        end: started + limits.timeout,
        timeout: limits.timeout,
    };
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
