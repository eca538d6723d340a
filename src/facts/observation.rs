//! What one probe of one endpoint saw: facts only, no judgement.

use std::time::Duration;

use crate::certificate::{Certificate, Staple, Unreadable};
use crate::reason::Reason;

/// A part of a probe; [`as_str`](Self::as_str) is a public label value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Finding the target's addresses.
    Resolve,
    /// Opening the TCP connection.
    Connect,
    /// Waiting for the SMTP greeting (RFC 5321 §4.3.1).
    Greeting,
    /// EHLO and its reply, before and after TLS together.
    Ehlo,
    /// STARTTLS and its reply (RFC 3207).
    Starttls,
    /// The TLS handshake.
    Handshake,
    /// QUIT and its reply.
    Quit,
}

impl Phase {
    /// All phases, in the order a probe goes through them.
    pub const ALL: [Self; 7] = [
        Self::Resolve,
        Self::Connect,
        Self::Greeting,
        Self::Ehlo,
        Self::Starttls,
        Self::Handshake,
        Self::Quit,
    ];

    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Ehlo => "ehlo",
            Self::Starttls => "starttls",
            Self::Handshake => "handshake",
            Self::Quit => "quit",
        }
    }
}

/// What went wrong, where, and how it looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The phase that did not succeed.
    pub phase: Phase,
    /// Which of the known cases it is.
    pub reason: Reason,
    /// The evidence in words; may quote the peer, so it must be escaped wherever it is shown.
    pub detail: String,
}

impl Fault {
    /// A fault with its evidence.
    pub fn new(phase: Phase, reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            phase,
            reason,
            detail: detail.into(),
        }
    }
}

/// How long each phase took; a phase entered twice (EHLO) counts the sum.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timings(Vec<(Phase, Duration)>);

impl Timings {
    /// Adds time spent in a phase, finished or not.
    pub fn add(&mut self, phase: Phase, spent: Duration) {
        match self.0.iter_mut().find(|(known, _)| *known == phase) {
            Some((_, sum)) => *sum += spent,
            None => self.0.push((phase, spent)),
        }
    }

    /// The phases that were reached, with their durations.
    pub fn iter(&self) -> impl Iterator<Item = (Phase, Duration)> + '_ {
        self.0.iter().copied()
    }
}

/// Protocol version that the server chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// RFC 6101, prohibited by RFC 7568.
    Ssl30,
    /// RFC 2246, deprecated by RFC 8996.
    Tls10,
    /// RFC 4346, deprecated by RFC 8996.
    Tls11,
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl TlsVersion {
    /// As in labels: `TLSv1.2`, the way OpenSSL and Postfix write it, but `TLSv1.0` where they say `TLSv1`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ssl30 => "SSLv3",
            Self::Tls10 => "TLSv1.0",
            Self::Tls11 => "TLSv1.1",
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }
}

/// Whether the server proved that it holds the private key of the certificate it showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandshakeSignature {
    /// The signature over the handshake holds.
    Verified,
    /// Our TLS library cannot verify this kind of key.
    Unsupported(String),
    /// The signature does not hold.
    Invalid(String),
    /// The certificate was read from a handshake that was not finished: nothing proves that the server has the key.
    Unproven,
}

impl HandshakeSignature {
    /// The public word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unsupported(_) => "unsupported",
            Self::Invalid(_) => "invalid",
            Self::Unproven => "unproven",
        }
    }
}

/// A step of the fallbacks of attempts: each is made on a connection of its own and asks for less than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fallback {
    /// TLS 1.2 and 1.3 with what modern clients offer.
    Modern,
    /// The same with signature schemes and groups that they have left behind, or never had.
    Compatible,
    /// A hello for TLS 1.0 to 1.2 with obsolete parameters; the certificate is read and the handshake given up.
    Legacy,
}

impl Fallback {
    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Modern => "modern",
            Self::Compatible => "compatible",
            Self::Legacy => "legacy",
        }
    }

    /// The one above.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Modern => Some(Self::Compatible),
            Self::Compatible => Some(Self::Legacy),
            Self::Legacy => None,
        }
    }
}

/// What one fallback of the fallbacks brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The handshake completed.
    Completed,
    /// The certificate was read from a handshake that cannot be completed.
    CertificateRead,
    /// Neither.
    Failed(Fault),
}

impl Outcome {
    /// The public word: `completed`, `certificate_read`, or the reason of the failure.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::CertificateRead => "certificate_read",
            Self::Failed(fault) => fault.reason.as_str(),
        }
    }
}

/// One attempt, on a connection of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What was tried.
    pub fallback: Fallback,
    /// What came of it.
    pub outcome: Outcome,
}

/// The parameters that the server chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The attempt that they were seen in; [`Fallback::Legacy`] never completes a handshake.
    pub fallback: Fallback,
    /// The version.
    pub version: TlsVersion,
    /// IANA name of the cipher suite.
    pub cipher_suite: String,
    /// Name of the key exchange group; on [`Fallback::Legacy`] only the kind of key exchange.
    pub key_exchange: String,
}

/// Who wrote a line of the transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The prober.
    Client,
    /// The server.
    Server,
    /// A remark of the prober, such as the result of the handshake.
    Note,
}

/// One line of the dialogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who wrote it.
    pub speaker: Speaker,
    /// The text without line end, cut where it was long; written by the peer, so it must be escaped.
    pub text: Box<str>,
}

/// Most lines a transcript keeps.
const TRANSCRIPT_LINES: usize = 200;
/// Most characters of a line that a transcript keeps.
const TRANSCRIPT_WIDTH: usize = 500;
/// A transcript of so many bytes gets no further line. An ordinary one has 2 kB.
const TRANSCRIPT_BYTES: usize = 32 * 1024;

/// Everything one probe saw. What was learnt before a fault stays in it.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// The whole probe, from DNS to the close.
    pub duration: Duration,
    /// Time by phase; only phases that were reached.
    pub timings: Timings,
    /// What went wrong, if anything did: the first thing, or the most telling one of several attempts.
    pub fault: Option<Fault>,
    /// The greeting's text.
    pub banner: Option<String>,
    /// Whether EHLO offered STARTTLS; unknown until EHLO was answered in clear.
    pub starttls_offered: Option<bool>,
    /// The certificates as presented, leaf first; empty when none was seen.
    pub chain: Vec<Certificate>,
    /// How many certificates were presented behind those that were kept.
    pub chain_omitted: usize,
    /// The OCSP response stapled to the leaf, or why it cannot be read; none when the server sent none.
    pub staple: Option<Result<Staple, Unreadable>>,
    /// Every attempt, in their order.
    pub attempts: Vec<Attempt>,
    /// The parameters that the server chose, in a completed handshake or beside a certificate of the last fallback.
    pub connection: Option<Connection>,
    /// Whether the leaf's key signed the handshake, where that was reached.
    pub signature: Option<HandshakeSignature>,
    /// The server asked for a client certificate.
    pub client_certificate_requested: bool,
    /// And got the one that the configuration has for it.
    pub client_certificate_presented: bool,
    /// The dialogue as it was spoken.
    pub transcript: Vec<Line>,
}

impl Observation {
    /// Of an endpoint that no probe has answered for yet.
    pub fn pending(detail: impl Into<String>) -> Self {
        Self {
            fault: Some(Fault::new(Phase::Connect, Reason::Pending, detail)),
            ..Self::default()
        }
    }

    /// Whether a handshake was completed, whatever is wrong with the certificate.
    pub fn handshake_completed(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|connection| connection.fallback != Fallback::Legacy)
    }

    /// Adds a line to the transcript, within its bounds.
    pub fn note(&mut self, speaker: Speaker, text: &str) {
        let held: usize = self.transcript.iter().map(|line| line.text.len()).sum();
        if self.transcript.len() < TRANSCRIPT_LINES && held < TRANSCRIPT_BYTES {
            let cut = text.chars().take(TRANSCRIPT_WIDTH);
            let text = cut.collect();
            self.transcript.push(Line { speaker, text });
        }
    }

    /// Gives back the memory that was kept for more: thousands of observations stay until the next probe.
    pub fn shrink_to_fit(&mut self) {
        self.timings.0.shrink_to_fit();
        self.attempts.shrink_to_fit();
        self.transcript.shrink_to_fit();
    }

    /// The server's own certificate.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain.first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_entered_twice_counts_the_sum() {
        let mut timings = Timings::default();
        timings.add(Phase::Ehlo, Duration::from_millis(2));
        timings.add(Phase::Starttls, Duration::from_millis(1));
        timings.add(Phase::Ehlo, Duration::from_millis(3));
        assert_eq!(
            timings.iter().collect::<Vec<_>>(),
            [
                (Phase::Ehlo, Duration::from_millis(5)),
                (Phase::Starttls, Duration::from_millis(1))
            ]
        );
    }

    #[test]
    fn a_transcript_is_bounded() {
        let mut seen = Observation::default();
        for _ in 0..10_000 {
            seen.note(Speaker::Server, &"x".repeat(10_000));
        }
        assert_eq!(seen.transcript[0].text.len(), TRANSCRIPT_WIDTH);
        let held: usize = seen.transcript.iter().map(|line| line.text.len()).sum();
        assert!(held <= TRANSCRIPT_BYTES + TRANSCRIPT_WIDTH, "{held}");
        let mut terse = Observation::default();
        for _ in 0..10_000 {
            terse.note(Speaker::Server, "x");
        }
        assert_eq!(terse.transcript.len(), TRANSCRIPT_LINES);
    }
}
