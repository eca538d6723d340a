//! How much a probe takes of a server's time and certificates; opens nothing.

use std::time::Duration;

use tokio::time::Instant;

use crate::facts::observation::Phase;

/// Most certificates of a chain that are kept; public chains have two to four.
pub(super) const MAX_CHAIN: usize = 20;

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
pub(super) struct Deadlines {
    end: Instant,
    timeout: Duration,
}

impl Deadlines {
    pub(super) fn new(started: Instant, limits: &Limits) -> Self {
        Self {
            end: started + limits.timeout,
            timeout: limits.timeout,
        }
    }

    pub(super) fn of(&self, phase: Phase) -> Instant {
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
