//! One connection of a probe: dialogue, handshake, dialogue; what it sees goes into the observation, how it ended is
//! returned.

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::fallbacks::End;
use super::limits::{Deadlines, Limits};
use super::meter::Meter;
use super::route::Route;
use super::session::{self, Session};
use super::tls::{self, Tls};
use super::{connect, legacy, proxy_protocol};
use crate::endpoint::Endpoint;
use crate::facts::observation::{Fallback, Fault, Observation, Phase, Speaker};
use crate::reason::Reason;
use crate::smtp::{Dialogue, Mode, Step};

/// A session in progress: the dialogue says what to do, this does it.
pub(super) struct Attempt<'a> {
    fallback: Fallback,
    endpoint: &'a Endpoint,
    route: &'a Route,
    deadlines: Deadlines,
    tls: &'a Tls,
    seen: &'a mut Observation,
    dialogue: Dialogue,
    /// The first thing that went wrong: what follows are its consequences.
    fault: Option<Fault>,
    stopped_by: Option<Reason>,
    staple: Vec<u8>,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        fallback: Fallback,
        (endpoint, route): (&'a Endpoint, &'a Route),
        limits: &Limits,
        deadlines: Deadlines,
        tls: &'a Tls,
        seen: &'a mut Observation,
    ) -> Self {
        Self {
            fallback,
            endpoint,
            route,
            deadlines,
            tls,
            seen,
            dialogue: Dialogue::new(endpoint.mode, &limits.helo),
            fault: None,
            stopped_by: None,
            staple: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) -> End {
        if let Some(stream) = self.connect().await {
            let mut clear = Session::new(Meter::new(stream));
            let step = self.dialogue.first();
            if let Some(Step::Handshake) = self.follow(&mut clear, step).await {
                self.refuse_leftover(&clear);
                self.secure(clear.into_stream()).await;
            }
        }
        if let Some(offered) = self.dialogue.starttls_offered() {
            self.seen.starttls_offered = Some(offered);
        }
        End {
            fault: self.fault.or_else(|| self.dialogue.fault().cloned()),
            stopped_by: self.stopped_by,
            staple: self.staple,
        }
    }

    fn record(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    async fn connect(&mut self) -> Option<TcpStream> {
        let begun = Instant::now();
        let deadline = self.deadlines.of(Phase::Connect);
        let Endpoint { address, port, .. } = self.endpoint;
        let mut opened = connect::open(address, *port, self.route, deadline).await;
        if let Ok(stream) = &mut opened {
            let (version, is_direct) = (self.endpoint.proxy_protocol, self.route.proxy.is_none());
            let told = proxy_protocol::announce(version, stream, is_direct, deadline).await;
            opened = told.and(opened);
        }
        self.seen.timings.add(Phase::Connect, begun.elapsed());
        opened.map_err(|fault| self.record(fault)).ok()
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
    fn refuse_leftover<S>(&mut self, session: &Session<S>) {
        if self.endpoint.mode == Mode::StartTls && session.has_leftover() {
            self.record(Fault::new(
                Phase::Starttls,
                Reason::PlaintextAfterStarttls,
                "the server sent more clear text after its reply to STARTTLS",
            ));
        }
    }

    async fn secure(&mut self, stream: Meter) {
        match self.fallback {
            Fallback::Modern | Fallback::Compatible => self.shake_hands(stream).await,
            Fallback::Legacy => self.read_certificate(stream.into_unmetered()).await,
        }
    }

    async fn shake_hands(&mut self, stream: Meter) {
        let begun = Instant::now();
        let deadline = self.deadlines.of(Phase::Handshake);
        let handshake = self.tls.handshake(self.endpoint, self.fallback);
        let outcome = timeout_at(deadline, handshake.run(stream)).await;
        self.seen.timings.add(Phase::Handshake, begun.elapsed());
        self.staple = handshake.report(self.seen);
        match outcome.unwrap_or_else(|_| Err(handshake_timeout())) {
            Ok(stream) => self.speak_secured(stream).await,
            Err(fault) => self.stopped(fault),
        }
    }

    async fn speak_secured(&mut self, stream: tls::TlsStream) {
        let connection = tls::connection(&stream, self.fallback);
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
        if !session.has_heard()
            && let Some(fault) = &mut self.fault
        {
            tls::reconsider(fault, self.seen);
        }
    }

    /// The last fallback: says hello with obsolete parameters and leaves when it has the certificate.
    async fn read_certificate(&mut self, mut stream: TcpStream) {
        let begun = Instant::now();
        let deadline = self.deadlines.of(Phase::Handshake);
        let mut reader = legacy::Reader::default();
        let reading = legacy::read(&mut stream, self.endpoint, &mut reader);
        let outcome = timeout_at(deadline, reading).await;
        self.seen.timings.add(Phase::Handshake, begun.elapsed());
        let shown = legacy::report(reader, self.tls, self.seen);
        match outcome.unwrap_or_else(|_| Err(handshake_timeout())) {
            Ok(()) => {
                if let Some(fault) = shown {
                    self.stopped(fault);
                }
            }
            Err(fault) => self.stopped(shown.unwrap_or(fault)),
        }
    }

    fn stopped(&mut self, fault: Fault) {
        let note = format!("TLS: {}", fault.detail);
        self.seen.note(Speaker::Note, &note);
        self.stopped_by = Some(fault.reason);
        self.record(fault);
    }

    /// A failed farewell is nobody's fault: some servers close right after QUIT.
    fn lost(&mut self, fault: Fault) {
        if fault.phase != Phase::Quit {
            self.record(fault);
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
