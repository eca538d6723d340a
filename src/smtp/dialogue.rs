//! Replies to next steps: the shortest polite SMTP session that shows a certificate. Sans-IO: it sends nothing itself.

use super::reply::{Kind, Reply};
use crate::facts::observation::{Fault, Phase};
use crate::reason::Reason;

/// Where TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// SMTP in clear, upgraded by STARTTLS (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314 §3.3).
    Implicit,
}

impl Mode {
    /// As in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StartTls => "starttls",
            Self::Implicit => "implicit",
        }
    }
}

/// What the driver does next. There is never more than one command on its way: nothing is pipelined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read one reply.
    Expect(Phase),
    /// Send this command (without line end), then read one reply.
    Send(String, Phase),
    /// Do the TLS handshake, then call [`Dialogue::secured`].
    Handshake,
    /// Close the connection.
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Greeting,
    Ehlo,
    Starttls,
    Quit,
}

impl Stage {
    fn phase(self) -> Phase {
        match self {
            Self::Greeting => Phase::Greeting,
            Self::Ehlo => Phase::Ehlo,
            Self::Starttls => Phase::Starttls,
            Self::Quit => Phase::Quit,
        }
    }
}

/// One session, from the greeting to QUIT.
#[derive(Debug)]
pub struct Dialogue {
    helo: String,
    stage: Stage,
    mode: Mode,
    secured: bool,
    fault: Option<Fault>,
    starttls_offered: Option<bool>,
}

impl Dialogue {
    /// A session that introduces itself as `helo`.
    pub fn new(mode: Mode, helo: &str) -> Self {
        Self {
            helo: helo.to_owned(),
            stage: Stage::Greeting,
            mode,
            secured: false,
            fault: None,
            starttls_offered: None,
        }
    }

    /// What to do on a fresh connection.
    pub fn first(&self) -> Step {
        match self.mode {
            Mode::StartTls => Step::Expect(Phase::Greeting),
            Mode::Implicit => Step::Handshake,
        }
    }

    /// What to do once TLS is up: under STARTTLS the session starts anew with EHLO (RFC 3207 §4.2).
    pub fn secured(&mut self) -> Step {
        self.secured = true;
        match self.mode {
            Mode::StartTls => self.ehlo(),
            Mode::Implicit => Step::Expect(Phase::Greeting),
        }
    }

    /// What to do after a reply. Only the first digit of the code is judged (RFC 5321 §4.3.2), never the words.
    pub fn replied(&mut self, reply: &Reply) -> Step {
        match (self.stage, reply.kind()) {
            (Stage::Quit, _) => Step::Close,
            (Stage::Greeting, Kind::Done) => self.ehlo(),
            (Stage::Ehlo, Kind::Done) if self.secured => self.quit(),
            (Stage::Ehlo, Kind::Done) => self.starttls(reply),
            (Stage::Starttls, Kind::Done) => Step::Handshake,
            (stage, Kind::GoOn) => self.misunderstood(stage.phase(), reply),
            (Stage::Greeting, Kind::NotNow) => {
                self.give_up(Phase::Greeting, Reason::Greeting4xx, reply)
            }
            (Stage::Greeting, Kind::Never) => {
                self.give_up(Phase::Greeting, Reason::Greeting5xx, reply)
            }
            (Stage::Ehlo, Kind::NotNow | Kind::Never) => {
                self.give_up(Phase::Ehlo, Reason::EhloRejected, reply)
            }
            (Stage::Starttls, Kind::NotNow) => {
                self.give_up(Phase::Starttls, Reason::Starttls4xx, reply)
            }
            (Stage::Starttls, Kind::Never) => {
                self.give_up(Phase::Starttls, Reason::Starttls5xx, reply)
            }
        }
    }

    /// Why the session ended early, if it did.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Whether EHLO in clear offered STARTTLS.
    pub fn starttls_offered(&self) -> Option<bool> {
        self.starttls_offered
    }

    fn ehlo(&mut self) -> Step {
        self.stage = Stage::Ehlo;
        Step::Send(format!("EHLO {}", self.helo), Phase::Ehlo)
    }

    fn quit(&mut self) -> Step {
        self.stage = Stage::Quit;
        Step::Send("QUIT".to_owned(), Phase::Quit)
    }

    fn starttls(&mut self, reply: &Reply) -> Step {
        // The first line is the server's greeting, not a keyword (RFC 5321 §4.1.1.1).
        let keywords = reply.lines.get(1..).unwrap_or_default();
        let offered = keywords.iter().any(|line| is_starttls(line));
        self.starttls_offered = Some(offered);
        if offered {
            self.stage = Stage::Starttls;
            return Step::Send("STARTTLS".to_owned(), Phase::Starttls);
        }
        let (reason, detail) = match keywords.iter().find(|line| is_masked(line)) {
            Some(line) => (
                Reason::StarttlsMasked,
                format!("EHLO offers '{line}': a firewall overwrote a keyword"),
            ),
            None if reply.code == 250 => (
                Reason::StarttlsNotOffered,
                "EHLO does not offer STARTTLS".to_owned(),
            ),
            // Perhaps a second greeting: it says nothing about what the server can do.
            None => (
                Reason::StarttlsNotOffered,
                format!(
                    "EHLO was answered by '{}', without STARTTLS",
                    reply.summary()
                ),
            ),
        };
        self.fault = Some(Fault::new(Phase::Starttls, reason, detail));
        self.quit()
    }

    /// A code that no server gives there: what it waits for now cannot be known, so nothing more is said to it.
    fn misunderstood(&mut self, phase: Phase, reply: &Reply) -> Step {
        let detail = format!("'{}' is no reply to expect here", reply.summary());
        self.fault = Some(Fault::new(phase, Reason::ProtocolError, detail));
        Step::Close
    }

    /// Takes leave politely, except from a server that is closing anyway (421, RFC 5321 §3.8).
    fn give_up(&mut self, phase: Phase, reason: Reason, reply: &Reply) -> Step {
        let is_closing = reply.code == 421;
        // Whatever it answers: it says that it is busy (RFC 5321 §4.3.5 allows 421 to every command).
        let reason = if is_closing {
            Reason::Greeting4xx
        } else {
            reason
        };
        self.fault = Some(Fault::new(phase, reason, reply.summary()));
        if is_closing { Step::Close } else { self.quit() }
    }
}

/// The keyword alone on its line, in any case; parameters are tolerated.
fn is_starttls(line: &str) -> bool {
    line.split_ascii_whitespace()
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("STARTTLS"))
}

/// Firewalls that inspect SMTP overwrite the keyword: `XXXXXXXA` (Cisco), or asterisks.
fn is_masked(line: &str) -> bool {
    let word = line.split_ascii_whitespace().next().unwrap_or_default();
    word.len() >= 4
        && (word.bytes().all(|b| b == b'*')
            || word
                .trim_end_matches(['A', 'B', 'C', 'D'])
                .bytes()
                .all(|b| b == b'X'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, lines: &[&str]) -> Reply {
        Reply {
            code,
            lines: lines.iter().map(|l| (*l).to_owned()).collect(),
        }
    }

    fn ehlo_step() -> Step {
        Step::Send("EHLO me.example".into(), Phase::Ehlo)
    }

    fn quit_step() -> Step {
        Step::Send("QUIT".into(), Phase::Quit)
    }

    /// Up to the reply to EHLO in clear.
    fn greeted() -> Dialogue {
        let mut dialogue = Dialogue::new(Mode::StartTls, "me.example");
        assert_eq!(dialogue.first(), Step::Expect(Phase::Greeting));
        assert_eq!(dialogue.replied(&reply(220, &["mx"])), ehlo_step());
        dialogue
    }

    #[test]
    fn the_whole_starttls_session_of_an_exchange_server() {
        let mut dialogue = Dialogue::new(Mode::StartTls, "me.example");
        let banner = "EX01.bears.example Microsoft ESMTP MAIL Service ready at Tue, 24 Nov 2026";
        assert_eq!(dialogue.replied(&reply(220, &[banner])), ehlo_step());
        let offer = reply(
            250,
            &[
                "EX01 Hello [192.0.2.1]",
                "SIZE 37748736",
                "PIPELINING",
                "STARTTLS",
                "CHUNKING",
            ],
        );
        assert_eq!(
            dialogue.replied(&offer),
            Step::Send("STARTTLS".into(), Phase::Starttls)
        );
        assert_eq!(
            dialogue.replied(&reply(220, &["2.0.0 SMTP server ready"])),
            Step::Handshake
        );
        assert_eq!(dialogue.secured(), ehlo_step());
        assert_eq!(dialogue.replied(&reply(250, &["EX01 Hello"])), quit_step());
        assert_eq!(dialogue.replied(&reply(221, &["bye"])), Step::Close);
        assert_eq!(dialogue.fault(), None);
        assert_eq!(dialogue.starttls_offered(), Some(true));
    }

    #[test]
    fn implicit_tls_greets_after_the_handshake() {
        let mut dialogue = Dialogue::new(Mode::Implicit, "me.example");
        assert_eq!(dialogue.first(), Step::Handshake);
        assert_eq!(dialogue.secured(), Step::Expect(Phase::Greeting));
        assert_eq!(dialogue.replied(&reply(220, &["mx"])), ehlo_step());
        assert_eq!(dialogue.replied(&reply(250, &["mx"])), quit_step());
        assert_eq!(dialogue.starttls_offered(), None);
    }

    #[test]
    fn refusals_have_their_reason_and_a_polite_end() {
        for (code, reason, step) in [
            (421, Reason::Greeting4xx, Step::Close),
            (450, Reason::Greeting4xx, quit_step()),
            (554, Reason::Greeting5xx, quit_step()),
        ] {
            let mut dialogue = Dialogue::new(Mode::StartTls, "me.example");
            assert_eq!(dialogue.replied(&reply(code, &["no"])), step);
            assert_eq!(dialogue.fault().unwrap().reason, reason);
        }
        let mut dialogue = greeted();
        dialogue.replied(&reply(501, &["5.5.4 Invalid domain name"]));
        assert_eq!(dialogue.fault().unwrap().reason, Reason::EhloRejected);
        for (code, reason) in [(454, Reason::Starttls4xx), (502, Reason::Starttls5xx)] {
            let mut dialogue = greeted();
            dialogue.replied(&reply(250, &["mx", "starttls"]));
            assert_eq!(dialogue.replied(&reply(code, &["no"])), quit_step());
            assert_eq!(dialogue.fault().unwrap().reason, reason);
        }
    }

    #[test]
    fn any_2xx_goes_on_and_no_3xx_does() {
        for code in [200, 220, 250, 299] {
            let mut dialogue = Dialogue::new(Mode::StartTls, "me.example");
            assert_eq!(dialogue.replied(&reply(code, &["mx"])), ehlo_step());
            dialogue.replied(&reply(code, &["mx", "STARTTLS"]));
            assert_eq!(dialogue.replied(&reply(code, &["go"])), Step::Handshake);
            dialogue.secured();
            assert_eq!(dialogue.replied(&reply(code, &["mx"])), quit_step());
            assert_eq!(dialogue.replied(&reply(code, &["bye"])), Step::Close);
            assert_eq!(dialogue.fault(), None);
        }
        for (before, phase) in [
            (&[][..], Phase::Greeting),
            (&[220], Phase::Ehlo),
            (&[220, 250], Phase::Starttls),
        ] {
            let mut dialogue = Dialogue::new(Mode::StartTls, "me.example");
            for code in before {
                dialogue.replied(&reply(*code, &["mx", "STARTTLS"]));
            }
            assert_eq!(dialogue.replied(&reply(354, &["go"])), Step::Close);
            let fault = dialogue.fault().unwrap();
            assert_eq!((fault.phase, fault.reason), (phase, Reason::ProtocolError));
            assert!(fault.detail.contains("354 go"), "{}", fault.detail);
        }
    }

    #[test]
    fn missing_and_masked_starttls_are_told_apart() {
        for (lines, reason) in [
            (&["mx"][..], Reason::StarttlsNotOffered),
            (&["STARTTLS"], Reason::StarttlsNotOffered),
            (&["mx", "8BITMIME"], Reason::StarttlsNotOffered),
            (&["mx", "XXXXXXXA"], Reason::StarttlsMasked),
            (&["mx", "SIZE 1", "********"], Reason::StarttlsMasked),
        ] {
            let mut dialogue = greeted();
            assert_eq!(dialogue.replied(&reply(250, lines)), quit_step());
            let fault = dialogue.fault().unwrap();
            assert_eq!((fault.phase, fault.reason), (Phase::Starttls, reason));
            assert_eq!(dialogue.starttls_offered(), Some(false));
        }
    }

    #[test]
    fn a_421_means_busy_whatever_it_answers() {
        let mut dialogue = Dialogue::new(Mode::StartTls, "me.example");
        dialogue.replied(&reply(220, &["mx"]));
        let step = dialogue.replied(&reply(421, &["4.3.2 too many connections"]));
        assert_eq!(step, Step::Close);
        let fault = dialogue.fault().unwrap();
        assert_eq!(
            (fault.phase, fault.reason),
            (Phase::Ehlo, Reason::Greeting4xx)
        );
    }
}
