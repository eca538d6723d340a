//! A question to several name servers in the order given, as resolv.conf(5) says: one that does not know is followed by
//! the next, and so is one that keeps silent for its share of the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_resolver::net::NetError;
use hickory_resolver::net::xfer::{DnsHandle, DnsResponseStream};
use hickory_resolver::proto::op::{DnsRequest, Edns};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, timeout_at};

use super::runtime;
use super::server::{DnsReply, SILENCE, Server, Standing, complaint, settles};

/// How long a server that kept silent is waited for before the next one is asked too.
const ON_TRIAL: Duration = Duration::from_millis(200);

/// Servers, the first to be asked first.
#[derive(Clone)]
pub(super) struct InOrder(Arc<Servers>);

struct Servers {
    servers: Vec<Arc<Server>>,
    /// For all of them together.
    time: Duration,
    /// How long each is waited for, before the next one is asked too.
    share: Duration,
    /// Whether each question begins with another server (`options rotate`).
    rotates: bool,
    asked: AtomicUsize,
}

impl InOrder {
    /// Nobody is waited for longer than `patience`, nor than leaves the others their share of `time`.
    pub(super) fn new(
        servers: Vec<Server>,
        time: Duration,
        patience: Duration,
        rotates: bool,
    ) -> Self {
        let count = u32::try_from(servers.len()).unwrap_or(u32::MAX);
        Self(Arc::new(Servers {
            servers: servers.into_iter().map(Arc::new).collect(),
            time,
            share: (time / count.max(1)).min(patience),
            rotates,
            asked: AtomicUsize::default(),
        }))
    }

    async fn ask(self, request: DnsRequest) -> DnsReply {
        let until = Instant::now() + self.0.time;
        let mut attempts = self.0.attempts(&request).into_iter().peekable();
        let mut heard = Heard::default();
        let (sender, mut replies) = channel(1);
        loop {
            let begun = attempts.next().map(|next| next.begin(sender.clone()));
            if begun.is_none() && heard.waiting == 0 {
                return Err(heard.nothing());
            }
            let patience = match &begun {
                Some(way) if attempts.peek().is_some() => until.min(Instant::now() + way.wait),
                _ => until,
            };
            heard.waits_for(begun);
            match timeout_at(patience, replies.recv()).await {
                Ok(Some((way, reply))) if settles(&reply) => {
                    if way.follows_edns {
                        way.server.refused_edns();
                    }
                    return reply;
                }
                Ok(Some((way, reply))) => heard.note(&way, complaint(&reply)),
                Ok(None) | Err(_) if Instant::now() >= until => return Err(heard.nothing()),
                Ok(None) | Err(_) => heard.has_waited(),
            }
        }
    }
}

impl Servers {
    /// Whom to ask, how, in which order. Who kept silent before is left out while others find out whether it is back,
    /// unless all did.
    fn attempts(&self, request: &DnsRequest) -> Vec<Query> {
        let count = self.servers.len().max(1);
        let first = match self.rotates {
            true => self.asked.fetch_add(1, Ordering::Relaxed) % count,
            false => 0,
        };
        let order = || (0..count).filter_map(|nth| self.servers.get((first + nth) % count));
        let mut attempts = Vec::new();
        for server in order() {
            match server.standing() {
                Standing::Good => attempts.extend(ways(server, request, self.share)),
                Standing::OnTrial(permit) => {
                    let mut ways = ways(server, request, self.share.min(ON_TRIAL));
                    ways.last_mut().map(|way| way.permit.insert(permit));
                    attempts.extend(ways);
                }
                Standing::Silent => {}
            }
        }
        if attempts.is_empty() {
            attempts.extend(order().flat_map(|server| ways(server, request, self.share)));
        }
        attempts
    }
}

/// A question to one server.
struct Query {
    way: Way,
    request: DnsRequest,
    permit: Option<OwnedSemaphorePermit>,
}

/// Whom an attempt asks, and what it may tell about him.
#[derive(Clone)]
struct Way {
    server: Arc<Server>,
    /// Before the next attempt.
    wait: Duration,
    /// Whether it is the last one with this server.
    is_last: bool,
    /// Whether the same was asked with EDNS just before.
    follows_edns: bool,
}

/// How to ask one server: with EDNS, if that is wanted, and then without (RFC 6891 §6.2.2). There is no DNSSEC without
/// EDNS.
fn ways(server: &Arc<Server>, request: &DnsRequest, share: Duration) -> Vec<Query> {
    let attempt = |request, wait, is_last, follows_edns| Query {
        way: Way {
            server: Arc::clone(server),
            wait,
            is_last,
            follows_edns,
        },
        request,
        permit: None,
    };
    let needs_edns = |edns: &Edns| edns.flags().dnssec_ok;
    if request.edns.as_ref().is_none_or(needs_edns) {
        return vec![attempt(request.clone(), share, true, false)];
    }
    let mut plain = request.clone();
    plain.edns = None;
    if server.refuses_edns() {
        return vec![attempt(plain, share, true, false)];
    }
    vec![
        attempt(request.clone(), share / 2, false, false),
        attempt(plain, share / 2, true, true),
    ]
}

impl Query {
    /// Asks in a task of its own, which ends after its time even if nobody waits for it any more.
    fn begin(self, replies: Sender<(Way, DnsReply)>) -> Way {
        let way = self.way.clone();
        tokio::spawn(async move {
            let _permit = self.permit;
            let reply = self.way.server.ask(self.request).await;
            // Whoever asked may have what he needs.
            let _ = replies.send((self.way, reply)).await;
        });
        way
    }
}

/// Who was asked so far, and what they said instead of an answer.
#[derive(Default)]
struct Heard {
    latest: Option<Way>,
    waiting: usize,
    /// By server.
    complaints: Vec<(String, String)>,
}

impl Heard {
    fn waits_for(&mut self, way: Option<Way>) {
        let Some(way) = way else { return };
        self.waiting += 1;
        if self.complaint(&way.server).is_none() {
            let name = way.server.name.clone();
            self.complaints.push((name, SILENCE.to_owned()));
        }
        self.latest = Some(way);
    }

    fn complaint(&mut self, server: &Server) -> Option<&mut String> {
        let mut complaints = self.complaints.iter_mut();
        let found = complaints.find(|(name, _)| *name == server.name);
        found.map(|(_, complaint)| complaint)
    }

    fn note(&mut self, way: &Way, said: String) {
        self.waiting -= 1;
        if let Some(complaint) = self.complaint(&way.server) {
            *complaint = said;
        }
    }

    /// The latest attempt has had its time.
    fn has_waited(&mut self) {
        let Some(latest) = self.latest.take().filter(|way| way.is_last) else {
            return;
        };
        if self
            .complaint(&latest.server)
            .is_some_and(|said| said == SILENCE)
        {
            latest.server.was_silent();
        }
    }

    fn nothing(&self) -> NetError {
        let said = |(name, complaint): &(String, String)| format!("{name} {complaint}");
        NetError::Msg(
            self.complaints
                .iter()
                .map(said)
                .collect::<Vec<_>>()
                .join("; "),
        )
    }
}

impl DnsHandle for InOrder {
    type Response = DnsResponseStream;
    type Runtime = runtime::Runtime;

    fn send(&self, request: DnsRequest) -> Self::Response {
        DnsResponseStream::from(Box::pin(self.clone().ask(request)))
    }
}
