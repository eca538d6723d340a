//! One name server: a question to what it replies; must not know that there are others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hickory_resolver::config::NameServerConfig;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::{DnsRequest, DnsResponse, ResponseCode};
use hickory_resolver::{NameServerPool, PoolContext};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::runtime::Runtime;

/// What came of a question.
pub(super) type DnsReply = Result<DnsResponse, NetError>;

/// How many questions at once are put to a server that kept silent, to see whether it is back.
const TRIALS: usize = 4;

/// How long to wait when a connection takes no more questions for the moment.
const BACKLOG_PAUSE: Duration = Duration::from_millis(2);

/// One name server.
pub(super) struct Server {
    /// For messages.
    pub(super) name: String,
    /// Two, because within one hickory takes a question with EDNS and the same without for one.
    with_edns: NameServerPool<Runtime>,
    plain: NameServerPool<Runtime>,
    timeout: Duration,
    is_silent: AtomicBool,
    refuses_edns: AtomicBool,
    trials: Arc<Semaphore>,
}

impl Server {
    pub(super) fn new(name: String, config: &NameServerConfig, context: &Arc<PoolContext>) -> Self {
        let pool = || {
            let context = Arc::clone(context);
            NameServerPool::from_config([config.clone()], context, Runtime::default())
        };
        Self {
            name,
            with_edns: pool(),
            plain: pool(),
            timeout: context.options.timeout,
            is_silent: AtomicBool::default(),
            refuses_edns: AtomicBool::default(),
            trials: Arc::new(Semaphore::new(TRIALS)),
        }
    }

    /// Asks, with EDNS or without as the request is made. Ends after the time that hickory was given, also when
    /// nobody waits any more: only so it learns that a connection is dead.
    pub(super) async fn ask(&self, request: DnsRequest) -> DnsReply {
        let reply = timeout(self.timeout, self.patient(&request)).await;
        let reply = reply.unwrap_or(Err(NetError::Timeout));
        if matches!(&reply, Ok(_) | Err(NetError::Dns(_))) {
            self.is_silent.store(false, Ordering::Relaxed);
        }
        reply
    }

    /// Asks, and asks again while the connection is only busy with our own other questions: hickory queues 32 of them
    /// for a connection and refuses the next one instead of waiting.
    async fn patient(&self, request: &DnsRequest) -> DnsReply {
        let pool = match request.edns {
            Some(_) => &self.with_edns,
            None => &self.plain,
        };
        loop {
            match pool.send(request.clone()).first_answer().await {
                Err(NetError::Busy) => {}
                // It has no variant of its own.
                Err(error) if error.to_string().contains("channel is full") => {}
                reply => return reply,
            }
            sleep(BACKLOG_PAUSE).await;
        }
    }

    /// Remembers that it did not reply, until it does.
    pub(super) fn was_silent(&self) {
        self.is_silent.store(true, Ordering::Relaxed);
    }

    /// Whether it is to be asked like any other, without waiting for it, or not at all for the moment.
    pub(super) fn standing(&self) -> Standing {
        if !self.is_silent.load(Ordering::Relaxed) {
            return Standing::Good;
        }
        let permit = Arc::clone(&self.trials).try_acquire_owned();
        permit.map_or(Standing::Silent, Standing::OnTrial)
    }

    /// Remembers that it replies only to questions without EDNS.
    pub(super) fn refused_edns(&self) {
        self.refuses_edns.store(true, Ordering::Relaxed);
    }

    /// Whether EDNS is known to be refused.
    pub(super) fn refuses_edns(&self) -> bool {
        self.refuses_edns.load(Ordering::Relaxed)
    }
}

/// How a server is to be treated.
pub(super) enum Standing {
    Good,
    /// It kept silent; this question may find out whether it is back.
    OnTrial(OwnedSemaphorePermit),
    /// It kept silent, and others find out already.
    Silent,
}

/// Whether a reply says something about the name. A referral does not: who sends it does not ask others for us
/// (RFC 2308 §2.2: name servers, but no SOA).
pub(super) fn settles(reply: &DnsReply) -> bool {
    match reply {
        Ok(response) => is_statement(response.metadata.response_code),
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
            is_statement(none.response_code) && !is_referral(none)
        }
        Err(_) => false,
    }
}

fn is_statement(code: ResponseCode) -> bool {
    matches!(code, ResponseCode::NoError | ResponseCode::NXDomain)
}

fn is_referral(none: &NoRecords) -> bool {
    none.ns.is_some() && none.soa.is_none()
}

/// Why a reply settled nothing.
pub(super) fn complaint(reply: &DnsReply) -> String {
    match reply {
        Ok(response) => answered(response.metadata.response_code),
        Err(NetError::Dns(DnsError::ResponseCode(code))) => answered(*code),
        Err(NetError::Dns(DnsError::NoRecordsFound(_))) => {
            "answered with a referral: it does not resolve names for others".to_owned()
        }
        Err(NetError::Timeout) => SILENCE.to_owned(),
        Err(error) => error.to_string(),
    }
}

/// What is said of a server that did not reply.
pub(super) const SILENCE: &str = "gave no answer";

/// As the code is called in RFC 6895 §2.3.
fn answered(code: ResponseCode) -> String {
    format!("answered {}", format!("{code:?}").to_uppercase())
}
