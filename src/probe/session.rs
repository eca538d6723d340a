//! Carries commands and replies over any byte stream, with deadlines and a transcript; judges no reply.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::meter::Meter;
use super::tls;
use crate::facts::observation::{Fault, Observation, Phase, Speaker};
use crate::reason::Reason;
use crate::smtp::{Malformed, Replies, Reply};

/// What a session runs over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// What counts the bytes below.
    fn meter(&mut self) -> &mut Meter;
}

impl Stream for Meter {
    fn meter(&mut self) -> &mut Meter {
        self
    }
}

impl Stream for tls::TlsStream {
    fn meter(&mut self) -> &mut Meter {
        self.get_mut().0
    }
}

/// SMTP over one stream.
pub(super) struct Session<S> {
    stream: S,
    replies: Replies,
    heard: bool,
}

impl<S> Session<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            replies: Replies::default(),
            heard: false,
        }
    }

    /// Whether the server has said anything on this stream.
    pub(super) fn has_heard(&self) -> bool {
        self.heard
    }

    /// Whether bytes arrived that belong to no reply.
    pub(super) fn has_leftover(&self) -> bool {
        self.replies.has_leftover()
    }

    /// The bare stream; what was read but not understood is forgotten.
    pub(super) fn into_stream(self) -> S {
        self.stream
    }
}

impl<S: Stream> Session<S> {
    /// Sends a command, if there is one, and reads one reply.
    pub(super) async fn exchange(
        &mut self,
        command: Option<&str>,
        phase: Phase,
        deadline: Instant,
        seen: &mut Observation,
    ) -> Result<Reply, Fault> {
        if let Some(command) = command {
            seen.note(Speaker::Client, command);
        }
        let reply = timeout_at(deadline, self.talk(command, phase))
            .await
            .unwrap_or_else(|_| Err(too_slow(phase)));
        match &reply {
            Ok(reply) => transcribe(reply, seen),
            Err(fault) => seen.note(Speaker::Note, &fault.detail),
        }
        reply
    }

    async fn talk(&mut self, command: Option<&str>, phase: Phase) -> Result<Reply, Fault> {
        if let Some(command) = command {
            let line = format!("{command}\r\n");
            let sent = self.stream.write_all(line.as_bytes()).await;
            sent.map_err(|e| tls::broken(&e, phase))?;
            self.stream
                .flush()
                .await
                .map_err(|e| tls::broken(&e, phase))?;
        }
        let mut buffer = [0; 2048];
        loop {
            if let Some(reply) = self.replies.take().map_err(|e| malformed(&e, phase))? {
                self.stream.meter().refill();
                return Ok(reply);
            }
            match self.stream.read(&mut buffer).await {
                Ok(0) => return Err(closed(phase)),
                Ok(read) => {
                    self.heard = true;
                    self.replies.push(&buffer[..read]);
                }
                Err(error) => return Err(tls::broken(&error, phase)),
            }
        }
    }
}

fn transcribe(reply: &Reply, seen: &mut Observation) {
    let last = reply.lines.len().saturating_sub(1);
    for (i, line) in reply.lines.iter().enumerate() {
        let mark = if i == last { ' ' } else { '-' };
        seen.note(Speaker::Server, &format!("{}{mark}{line}", reply.code));
    }
}

fn too_slow(phase: Phase) -> Fault {
    let reason = match phase {
        Phase::Greeting => Reason::GreetingTimeout,
        Phase::Starttls => Reason::StarttlsTimeout,
        _ => Reason::EhloTimeout,
    };
    Fault::new(phase, reason, "no complete reply in time")
}

fn malformed(error: &Malformed, phase: Phase) -> Fault {
    let reason = match error {
        Malformed::Tls => Reason::UnexpectedTls,
        _ => Reason::ProtocolError,
    };
    Fault::new(phase, reason, error.to_string())
}

fn closed(phase: Phase) -> Fault {
    Fault::new(
        phase,
        Reason::ConnectionClosed,
        "the server closed the connection",
    )
}
