//! One endpoint to one observation, within limits; knows neither verdicts nor metrics nor the configuration.

mod connect;
mod proxy;
mod route;
mod session;
mod tls;

pub use route::{Proxy, ProxyError, Route};
pub use tls::Tls;

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::observation::{Fault, Observation, Phase, Speaker};
use crate::reason::Reason;
use crate::smtp::{Dialogue, Mode, Step};
use crate::target::Endpoint;
use session::Session;

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

/// Probes one endpoint. Never fails: what went wrong is in the observation, beside all that was learnt before.
pub async fn probe(endpoint: &Endpoint, route: &Route, limits: &Limits, tls: &Tls) -> Observation {
    let started = Instant::now();
    let deadlines = Deadlines {
        end: started + limits.timeout,
        timeout: limits.timeout,
    };
    let mut seen = Observation::default();
    if let Some(stream) = connect(endpoint, route, deadlines, &mut seen).await {
        let dialogue = Dialogue::new(endpoint.mode, &limits.helo);
        let talk = Talk {
            endpoint,
            deadlines,
            tls,
            seen: &mut seen,
            dialogue,
        };
        talk.run(stream).await;
    }
    seen.duration = started.elapsed();
    seen
}

async fn connect(
    endpoint: &Endpoint,
    route: &Route,
    deadlines: Deadlines,
    seen: &mut Observation,
) -> Option<TcpStream> {
    let begun = Instant::now();
    let deadline = deadlines.of(Phase::Connect);
    let opened = connect::open(&endpoint.address, endpoint.port, route, deadline).await;
    seen.timings.add(Phase::Connect, begun.elapsed());
    opened.map_err(|fault| seen.record(fault)).ok()
}

/// A session in progress: the dialogue says what to do, this does it.
struct Talk<'a> {
    endpoint: &'a Endpoint,
    deadlines: Deadlines,
    tls: &'a Tls,
    seen: &'a mut Observation,
    dialogue: Dialogue,
}

impl Talk<'_> {
    async fn run(mut self, stream: TcpStream) {
        let mut clear = Session::new(stream);
        let step = self.dialogue.first();
        if let Some(Step::Handshake) = self.follow(&mut clear, step).await {
            self.refuse_leftover(&mut clear);
            self.secure(clear.into_stream()).await;
        }
        self.seen.starttls_offered = self.dialogue.starttls_offered();
        if let Some(fault) = self.dialogue.fault() {
            self.seen.record(fault.clone());
        }
    }

    /// Follows the dialogue until it wants TLS or ends. Returns the step that this connection cannot do.
    async fn follow<S: session::Stream>(
        &mut self,
        session: &mut Session<S>,
        mut step: Step,
    ) -> Option<Step> {
        loop {
            let (command, phase) = match step {
                Step::Expect(phase) => (None, phase),
                Step::Send(command, phase) => (Some(command), phase),
                Step::Handshake | Step::Close => return Some(step),
            };
            let deadline = self.deadlines.of(phase);
            let begun = Instant::now();
            let answer = session.exchange(command.as_deref(), phase, deadline, self.seen);
            let answer = answer.await;
            self.seen.timings.add(phase, begun.elapsed());
            match answer {
                Ok(reply) => {
                    if phase == Phase::Greeting {
                        self.seen.banner = reply.lines.first().cloned();
                    }
                    step = self.dialogue.replied(&reply);
                }
                Err(fault) => {
                    self.lost(fault);
                    return None;
                }
            }
        }
    }

    /// Clear text behind the 220 would be taken for an answer given under TLS (command injection, RFC 3207 §6).
    fn refuse_leftover<S>(&mut self, session: &mut Session<S>) {
        if self.endpoint.mode == Mode::StartTls && session.has_leftover() {
            self.seen.record(Fault::new(
                Phase::Starttls,
                Reason::PlaintextAfterStarttls,
                "the server sent more clear text after its reply to STARTTLS",
            ));
        }
    }

    async fn secure(&mut self, stream: TcpStream) {
        let begun = Instant::now();
        let deadline = self.deadlines.of(Phase::Handshake);
        let recording = self.tls.recording();
        let server_name = self.endpoint.server_name.as_ref();
        let address = &self.endpoint.address;
        let handshake = self.tls.handshake(stream, address, server_name, &recording);
        let outcome = timeout_at(deadline, handshake).await;
        self.seen.timings.add(Phase::Handshake, begun.elapsed());
        recording.report(self.seen);
        match outcome.unwrap_or_else(|_| Err(handshake_timeout())) {
            Ok(stream) => self.speak_secured(stream).await,
            Err(fault) => {
                self.seen
                    .note(Speaker::Note, &format!("TLS: {}", fault.detail));
                self.seen.record(fault);
            }
        }
    }

    async fn speak_secured(&mut self, stream: tls::Stream) {
        let connection = tls::connection(&stream);
        let agreed = format!(
            "TLS: {} {}",
            connection.version.as_str(),
            connection.cipher_suite
        );
        self.seen.note(Speaker::Note, &agreed);
        self.seen.connection = Some(connection);
        let mut session = Session::new(stream);
        let step = self.dialogue.secured();
        self.follow(&mut session, step).await;
        if !session.has_heard() {
            tls::reconsider(self.seen);
        }
    }

    /// A failed farewell is nobody's fault: some servers close right after QUIT.
    fn lost(&mut self, fault: Fault) {
        if fault.phase != Phase::Quit {
            self.seen.record(fault);
        }
    }
}

fn handshake_timeout() -> Fault {
    Fault::new(
        Phase::Handshake,
        Reason::TlsTimeout,
        "the handshake did not finish in time",
    )
}
