//! Replies to next steps: the shortest polite SMTP session that shows a certificate. Sans-IO: it sends nothing itself.

use super::reply::Reply;
use crate::observation::{Fault, Phase};
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

    /// What to do after a reply. Only the code is judged, never the words.
    pub fn replied(&mut self, reply: &Reply) -> Step {
        match self.stage {
            Stage::Greeting if reply.is_positive() => self.ehlo(),
            Stage::Greeting if reply.is_transient() => {
                self.give_up(Phase::Greeting, Reason::Greeting4xx, reply)
            }
            Stage::Greeting => self.give_up(Phase::Greeting, Reason::Greeting5xx, reply),
            Stage::Ehlo if !reply.is_positive() => {
                self.give_up(Phase::Ehlo, Reason::EhloRejected, reply)
            }
            Stage::Ehlo if self.secured => self.quit(),
            Stage::Ehlo => self.starttls(reply),
            Stage::Starttls if reply.code == 220 => Step::Handshake,
            Stage::Starttls if reply.is_transient() => {
                self.give_up(Phase::Starttls, Reason::Starttls4xx, reply)
            }
            Stage::Starttls => self.give_up(Phase::Starttls, Reason::Starttls5xx, reply),
            Stage::Quit => Step::Close,
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
            None => (
                Reason::StarttlsNotOffered,
                "EHLO does not offer STARTTLS".to_owned(),
            ),
        };
        self.fault = Some(Fault::new(Phase::Starttls, reason, detail));
        self.quit()
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
