//! Bytes from a server to SMTP replies, bounded; knows neither commands nor sockets.

use std::mem;

/// Longest line accepted. RFC 5321 §4.5.3.1.5 says 512 octets; real servers exceed it, none by this much.
const MAX_LINE: usize = 4096;
/// Most lines of one reply; an EHLO reply has some twenty.
const MAX_LINES: usize = 128;
/// Most bytes of one reply. That of an EHLO has some hundred.
const MAX_REPLY: usize = 32 * 1024;

/// One complete reply (RFC 5321 §4.2): a code and the text of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// What follows the code on each line; bytes that are not UTF-8 are replaced.
    pub lines: Vec<String>,
}

/// The first digit of a reply's code (RFC 5321 §4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 2xx: done.
    Done,
    /// 3xx: more is needed, as the text of a message behind DATA; no answer to what we say.
    GoOn,
    /// 4xx: not now.
    NotNow,
    /// 5xx: no.
    Never,
}

impl Reply {
    /// What its first digit says. Nothing below 200 or from 600 on is taken for a reply.
    pub fn kind(&self) -> Kind {
        match self.code {
            ..300 => Kind::Done,
            300..400 => Kind::GoOn,
            400..500 => Kind::NotNow,
            500.. => Kind::Never,
        }
    }

    /// The last line as the server wrote it, for people.
    pub fn summary(&self) -> String {
        let text = self.lines.last().map_or("", String::as_str);
        format!("{} {text}", self.code).trim_end().to_owned()
    }
}

/// Why bytes are not an SMTP reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A TLS record: the server speaks TLS at once.
    #[error("the server sent a TLS record where an SMTP reply was expected")]
    Tls,
    /// No reply code at the start of a line.
    #[error("not an SMTP reply: '{0}'")]
    NotSmtp(String),
    /// A line longer than anything SMTP allows.
    #[error("a line longer than {MAX_LINE} bytes")]
    LineTooLong,
    /// A reply that does not end.
    #[error("a reply of more than {MAX_LINES} lines")]
    TooManyLines,
    /// A reply whose lines are too much together.
    #[error("a reply of more than {MAX_REPLY} bytes")]
    TooLong,
    /// A multi-line reply whose lines bear different codes.
    #[error("a reply that changes its code from {0} to {1}")]
    CodeChanged(u16, u16),
}

/// Collects bytes until they are a reply.
#[derive(Debug, Default)]
pub struct Replies {
    buffer: Vec<u8>,
    code: Option<u16>,
    lines: Vec<String>,
}

impl Replies {
    /// Takes bytes as they come from the network.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete reply, or `None` when more bytes are needed.
    ///
    /// # Errors
    /// [`Malformed`] as soon as the bytes cannot become a reply any more; the dialogue is over then.
    pub fn take(&mut self) -> Result<Option<Reply>, Malformed> {
        while let Some(line) = self.take_line()? {
            if let Some(reply) = self.add_line(&line)? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    /// Whether bytes arrived that belong to no reply yet.
    pub fn has_leftover(&self) -> bool {
        !self.buffer.is_empty() || !self.lines.is_empty()
    }

    /// Forgets what has not become a reply, so that it cannot be taken for an answer given under TLS.
    pub fn discard(&mut self) {
        *self = Self::default();
    }

    fn take_line(&mut self) -> Result<Option<Vec<u8>>, Malformed> {
        refuse_foreign(&self.buffer)?;
        let Some(end) = self.buffer.iter().position(|b| *b == b'\n') else {
            return if self.buffer.len() > MAX_LINE {
                Err(Malformed::LineTooLong)
            } else {
                Ok(None)
            };
        };
        if end > MAX_LINE {
            return Err(Malformed::LineTooLong);
        }
        let rest = self.buffer.split_off(end + 1);
        let mut line = mem::replace(&mut self.buffer, rest);
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(line))
    }

    fn add_line(&mut self, line: &[u8]) -> Result<Option<Reply>, Malformed> {
        let (code, more, text) = parse_line(line)?;
        match self.code {
            Some(first) if first != code => return Err(Malformed::CodeChanged(first, code)),
            _ => self.code = Some(code),
        }
        self.lines.push(text);
        if !more {
            self.code = None;
            let lines = mem::take(&mut self.lines);
            return Ok(Some(Reply { code, lines }));
        }
        if self.lines.len() >= MAX_LINES {
            return Err(Malformed::TooManyLines);
        }
        if self.lines.iter().map(String::len).sum::<usize>() > MAX_REPLY {
            return Err(Malformed::TooLong);
        }
        Ok(None)
    }
}

/// Refuses early what will never be a reply, so that a garbage peer does not cost a whole timeout.
fn refuse_foreign(bytes: &[u8]) -> Result<(), Malformed> {
    // A TLS record: alert (21) or handshake (22), version 3.x.
    if matches!(bytes, [0x15 | 0x16, 0x03, ..]) {
        return Err(Malformed::Tls);
    }
    let head = &bytes[..bytes.len().min(3)];
    let could_be_tls = matches!(head, [0x15 | 0x16]);
    if could_be_tls || head.iter().all(u8::is_ascii_digit) {
        return Ok(());
    }
    Err(Malformed::NotSmtp(excerpt(bytes)))
}

/// Reads `250-TEXT`, `250 TEXT` or `250`: code, whether more lines follow, text.
fn parse_line(line: &[u8]) -> Result<(u16, bool, String), Malformed> {
    let code = line
        .get(..3)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse::<u16>().ok())
        .filter(|code| (200..600).contains(code))
        .ok_or_else(|| Malformed::NotSmtp(excerpt(line)))?;
    let more = match line.get(3) {
        None | Some(b' ') => false,
        Some(b'-') => true,
        Some(_) => return Err(Malformed::NotSmtp(excerpt(line))),
    };
    let text = String::from_utf8_lossy(line.get(4..).unwrap_or_default()).into_owned();
    Ok((code, more, text))
}

/// The beginning of what the peer sent, readable on one line.
fn excerpt(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(40)].escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Option<Reply>, Malformed> {
        let mut replies = Replies::default();
        replies.push(bytes);
        replies.take()
    }

    fn reply(code: u16, lines: &[&str]) -> Reply {
        Reply {
            code,
            lines: lines.iter().map(|l| (*l).to_owned()).collect(),
        }
    }

    #[test]
    fn replies_of_real_servers_are_read() {
        for (bytes, expected) in [
            (
                &b"220 mx ESMTP Postfix\r\n"[..],
                reply(220, &["mx ESMTP Postfix"]),
            ),
            (b"220-teaser\r\n220 mx\r\n", reply(220, &["teaser", "mx"])),
            (b"250\r\n", reply(250, &[""])),
            (b"250-\r\n250 STARTTLS\n", reply(250, &["", "STARTTLS"])),
            (b"250 \xffx\r\n", reply(250, &["\u{fffd}x"])),
        ] {
            assert_eq!(read(bytes), Ok(Some(expected)));
        }
    }

    #[test]
    fn a_reply_may_come_byte_by_byte() {
        let mut replies = Replies::default();
        let bytes = b"250-mx\r\n250-SIZE 1\r\n250 STARTTLS\r\n";
        for byte in &bytes[..bytes.len() - 1] {
            replies.push(&[*byte]);
            assert_eq!(replies.take(), Ok(None));
        }
        replies.push(b"\n");
        assert_eq!(replies.take().unwrap().unwrap().lines.len(), 3);
        assert!(!replies.has_leftover());
    }

    #[test]
    fn bytes_behind_a_reply_are_noticed() {
        let mut replies = Replies::default();
        replies.push(b"220 go ahead\r\n250 injected\r\n");
        assert_eq!(replies.take().unwrap().unwrap().code, 220);
        assert!(replies.has_leftover());
        replies.discard();
        assert!(!replies.has_leftover());
    }

    #[test]
    fn what_is_not_smtp_is_refused_at_once() {
        assert_eq!(read(b"\x15\x03\x03\x00\x02"), Err(Malformed::Tls));
        assert_eq!(read(b"\x16"), Ok(None));
        assert!(matches!(read(b"HTTP"), Err(Malformed::NotSmtp(_))));
        assert!(matches!(read(b"\0\0"), Err(Malformed::NotSmtp(_))));
        assert!(matches!(read(b"250xyz\r\n"), Err(Malformed::NotSmtp(_))));
        assert!(matches!(read(b"999 x\r\n"), Err(Malformed::NotSmtp(_))));
        assert!(matches!(read(b"25\r\n"), Err(Malformed::NotSmtp(_))));
        assert_eq!(
            read(b"250-a\r\n251 b\r\n"),
            Err(Malformed::CodeChanged(250, 251))
        );
    }

    #[test]
    fn floods_end() {
        let mut long = b"250 ".to_vec();
        long.resize(1 << 20, b'x');
        assert_eq!(read(&long), Err(Malformed::LineTooLong));
        let endless = b"250-again\r\n".repeat(10_000);
        assert_eq!(read(&endless), Err(Malformed::TooManyLines));
    }
}
