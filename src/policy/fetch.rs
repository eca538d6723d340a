//! A policy host to what each of its addresses serves: every one is asked, as senders may reach any (RFC 8461 §3.3).

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::http;
use crate::facts::observation::{Fault, Observation, Phase};
use crate::facts::published::{FetchFault, FetchStep, PolicyDocument, PolicyFetch};
use crate::name::Host;
use crate::probe::{ByteStream, Route, Secured, Tls, secured};
use crate::reason::Reason;
use crate::timestamp::Timestamp;

/// Most addresses of a policy host that are asked.
pub const MAX_ADDRESSES: usize = 8;

/// Whether a certificate is believed: trusted, in date, of this name. Whoever asks knows nothing of trust.
pub trait Believer: Send + Sync {
    /// What is wrong with what was presented, with its reason if there is one; `None` if it is believed.
    fn doubt<'a>(&'a self, seen: &'a Observation, name: &'a Host) -> Doubting<'a>;
}

/// A doubt on its way.
pub type Doubting<'a> = Pin<Box<dyn Future<Output = Option<(Option<Reason>, String)>> + Send + 'a>>;

/// How connections to policy hosts are made.
#[derive(Clone)]
pub struct Approach {
    /// The view's way.
    pub route: Route,
    /// Its handshakes.
    pub tls: Tls,
    /// The port of the policy host.
    pub port: u16,
    /// One address, from the connection to the last byte.
    pub timeout: Duration,
    /// Whoever connects takes one as long as that lasts; waiting for it is no fault of the policy host.
    pub turns: Arc<Semaphore>,
}

/// Asks every address at once, at most [`MAX_ADDRESSES`]; answers come in the order of the addresses.
pub(super) async fn fetch_all(
    name: &str,
    addresses: &[IpAddr],
    way: &Approach,
    believer: &Arc<dyn Believer>,
    now: Timestamp,
) -> Vec<PolicyFetch> {
    let mut asking = JoinSet::new();
    for address in addresses.iter().take(MAX_ADDRESSES) {
        let (name, address, way) = (name.to_owned(), *address, way.clone());
        let believer = Arc::clone(believer);
        asking.spawn(async move { fetch(name, address, &way, &*believer, now).await });
    }
    let mut all = Vec::new();
    while let Some(fetched) = asking.join_next().await {
        // A task that broke has nothing to say; the defect is in the log.
        all.extend(fetched.ok());
    }
    all.sort_by_key(|fetch| fetch.address);
    all
}

async fn fetch(
    name: String,
    address: IpAddr,
    way: &Approach,
    believer: &dyn Believer,
    now: Timestamp,
) -> PolicyFetch {
    let _turn = way.turns.acquire().await;
    let deadline = Instant::now() + way.timeout;
    let host = Host::Name(name);
    let Secured { mut seen, stream } =
        secured((address, way.port), &host, &way.route, &way.tls, deadline).await;
    let outcome = match (stream, seen.fault.take()) {
        (Some(stream), None) => {
            let asking = believed(stream, &seen, &host, believer);
            timeout_at(deadline, asking)
                .await
                .unwrap_or_else(|_| Err(too_late()))
        }
        (_, Some(fault)) => Err(unreached(fault)),
        (None, None) => Err(unreached(Fault::new(
            Phase::Connect,
            Reason::Internal,
            "no connection and no reason for it",
        ))),
    };
    PolicyFetch {
        address,
        at: now,
        chain: seen.chain,
        outcome,
    }
}

/// Asks for the policy if the certificate is believed: nothing that another server says counts.
async fn believed(
    stream: Box<dyn ByteStream>,
    seen: &Observation,
    host: &Host,
    believer: &dyn Believer,
) -> Result<PolicyDocument, FetchFault> {
    if let Some((reason, detail)) = believer.doubt(seen, host).await {
        return Err(FetchFault {
            step: FetchStep::Certificate,
            reason,
            status: None,
            detail: detail.into(),
        });
    }
    http::ask(stream, host.name().unwrap_or_default()).await
}

fn too_late() -> FetchFault {
    FetchFault {
        step: FetchStep::Http,
        reason: None,
        status: None,
        detail: "the document did not come in time".into(),
    }
}

fn unreached(fault: Fault) -> FetchFault {
    FetchFault {
        step: match fault.phase {
            Phase::Handshake => FetchStep::Handshake,
            _ => FetchStep::Connect,
        },
        reason: Some(fault.reason),
        status: None,
        detail: fault.detail.into(),
    }
}
