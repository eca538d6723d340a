//! Bytes of a server's first flight up to TLS 1.2 to its hello and its certificates (RFC 5246 §6.2.1, §7.4.2).
//! Sans-IO, bounded, indifferent to what is in the certificates.

use thiserror::Error;

use super::bytes::Bytes;
use crate::facts::observation::TlsVersion;
use crate::probe::limits::MAX_CHAIN;

/// Most bytes of a handshake message that are taken: four times what TLS libraries take.
const MAX_HANDSHAKE: usize = 256 * 1024;
/// Most bytes that are taken at all, so that headers and alerts have an end too.
const MAX_INPUT: usize = 2 * MAX_HANDSHAKE;
/// Longest record: 2^14 bytes and what ciphers add (RFC 5246 §6.2.3); nothing is enciphered here.
const MAX_RECORD: usize = (1 << 14) + 2048;

/// What the server chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerHello {
    /// SSL 3.0 to TLS 1.2.
    pub version: TlsVersion,
    /// The cipher suite's number (RFC 5246 §A.5).
    pub suite: u16,
}

/// Why there is nothing more to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Stop {
    /// A fatal alert or a farewell.
    #[error("the server sent the alert {0}")]
    Alert(u8),
    /// The first bytes are no record.
    #[error("the server sent clear text where TLS was expected")]
    NotTls,
    /// A record or message that cannot be, and what about it.
    #[error("the server's answer to the hello is malformed: {0}")]
    Malformed(&'static str),
    /// Certificates of more than 256 KiB.
    #[error("the server's certificates take more than {} KiB", MAX_HANDSHAKE / 1024)]
    ChainTooLong,
    /// More than 256 KiB of another message, or 512 KiB of anything.
    #[error("the server's answer to the hello is endless")]
    TooLong,
    /// The handshake goes on without a certificate.
    #[error("the server presents no certificate")]
    Anonymous,
}

/// Reads until it has the certificates.
#[derive(Debug, Default)]
pub struct Reader {
    input: usize,
    records: Vec<u8>,
    messages: Vec<u8>,
    hello: Option<ServerHello>,
    chain: Chain,
}

/// The certificates as presented, leaf first, and how many there were behind those that are kept.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// Their DER, or whatever is in its place.
    pub kept: Vec<Vec<u8>>,
    /// Those behind the twentieth.
    pub omitted: usize,
    /// What they take.
    pub omitted_bytes: usize,
}

impl Reader {
    /// Takes the next bytes, however they are cut. True: the certificates are there, and nothing behind them counts.
    ///
    /// # Errors
    /// What ends the reading; what was learnt before stays.
    pub fn push(&mut self, bytes: &[u8]) -> Result<bool, Stop> {
        let taken = bytes.len().min(MAX_INPUT - self.input);
        self.input += taken;
        self.records.extend_from_slice(&bytes[..taken]);
        let mut records = std::mem::take(&mut self.records);
        let mut rest = Bytes(&records);
        // One record after the other: what a later one breaks must not depend on whether it came in the same piece.
        while let Some((kind, content)) = record(&mut rest)? {
            match kind {
                22 => self.messages.extend_from_slice(content),
                21 => alert(content)?,
                _ => return Err(Stop::Malformed("no handshake record")),
            }
            if self.read_messages()? {
                return Ok(true);
            }
        }
        let read = records.len() - rest.0.len();
        records.drain(..read);
        self.records = records;
        if taken < bytes.len() {
            return Err(Stop::TooLong);
        }
        Ok(false)
    }

    /// What was learnt.
    pub fn into_parts(self) -> (Option<ServerHello>, Chain) {
        (self.hello, self.chain)
    }

    fn read_messages(&mut self) -> Result<bool, Stop> {
        if self.messages.len() > MAX_HANDSHAKE + MAX_RECORD {
            return Err(Stop::TooLong);
        }
        let mut messages = std::mem::take(&mut self.messages);
        let mut rest = Bytes(&messages);
        while let Some((kind, content)) = message(&mut rest)? {
            match (kind, self.hello) {
                // HelloRequest may come at any time (RFC 5246 §7.4.1.1).
                (0, _) => {}
                (2, None) => self.hello = Some(server_hello(content)?),
                (11, Some(_)) => {
                    self.chain = certificates(content)?;
                    return Ok(true);
                }
                // ServerKeyExchange or ServerHelloDone in its place.
                (12 | 14, Some(_)) => return Err(Stop::Anonymous),
                _ => return Err(Stop::Malformed("an unexpected handshake message")),
            }
        }
        let read = messages.len() - rest.0.len();
        messages.drain(..read);
        self.messages = messages;
        Ok(false)
    }
}

/// The next whole record, if it is there.
fn record<'a>(rest: &mut Bytes<'a>) -> Result<Option<(u8, &'a [u8])>, Stop> {
    let mut ahead = *rest;
    let Some(kind) = ahead.u8() else {
        return Ok(None);
    };
    if !(20..=23).contains(&kind) {
        return Err(Stop::NotTls);
    }
    let (Some(version), Some(length)) = (ahead.u16(), ahead.u16()) else {
        return Ok(None);
    };
    if version >> 8 != 3 {
        return Err(Stop::NotTls);
    }
    if usize::from(length) > MAX_RECORD {
        return Err(Stop::Malformed("a record that is too long"));
    }
    let Some(content) = ahead.take(length.into()) else {
        return Ok(None);
    };
    *rest = ahead;
    Ok(Some((kind, content)))
}

/// Warnings are passed over, except for the farewell.
fn alert(content: &[u8]) -> Result<(), Stop> {
    match content {
        [1, code] if *code != 0 => Ok(()),
        [_, code] => Err(Stop::Alert(*code)),
        _ => Err(Stop::Malformed("an alert of the wrong length")),
    }
}

/// The next whole handshake message, if it is there.
fn message<'a>(rest: &mut Bytes<'a>) -> Result<Option<(u8, &'a [u8])>, Stop> {
    let mut ahead = *rest;
    let Some(kind) = ahead.u8() else {
        return Ok(None);
    };
    if let [_, high, middle, low, ..] = *rest.0 {
        let length = u32::from_be_bytes([0, high, middle, low]);
        if usize::try_from(length).is_ok_and(|length| length > MAX_HANDSHAKE) {
            return Err(match kind {
                11 => Stop::ChainTooLong,
                _ => Stop::TooLong,
            });
        }
    }
    let Some(content) = ahead.vector24() else {
        return Ok(None);
    };
    *rest = ahead;
    Ok(Some((kind, content)))
}

fn server_hello(content: &[u8]) -> Result<ServerHello, Stop> {
    let mut bytes = Bytes(content);
    let mut parts = || {
        let version = bytes.u16()?;
        bytes.take(32)?; // random
        let session = bytes.u8()?;
        bytes.take(session.into())?;
        Some((version, bytes.u16()?))
    };
    let (version, suite) = parts().ok_or(Stop::Malformed("a short ServerHello"))?;
    let version = match version {
        0x0300 => TlsVersion::Ssl30,
        0x0301 => TlsVersion::Tls10,
        0x0302 => TlsVersion::Tls11,
        0x0303 => TlsVersion::Tls12,
        _ => return Err(Stop::Malformed("a version that was not offered")),
    };
    Ok(ServerHello { version, suite })
}

fn certificates(content: &[u8]) -> Result<Chain, Stop> {
    let malformed = Stop::Malformed("a list of certificates with wrong lengths");
    let mut list = Bytes(Bytes(content).vector24().ok_or(malformed)?);
    let mut chain = Chain::default();
    while !list.0.is_empty() {
        let der = list.vector24().ok_or(malformed)?;
        if chain.kept.len() < MAX_CHAIN {
            chain.kept.push(der.to_vec());
        } else {
            chain.omitted += 1;
            chain.omitted_bytes += der.len();
        }
    }
    if chain.kept.is_empty() {
        return Err(Stop::Anonymous);
    }
    Ok(chain)
}

/// Answers as servers give them.
#[cfg(test)]
pub(super) mod samples {
    pub(in crate::probe::legacy) fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[kind, 3, 1], &length[..], content].concat()
    }

    fn vector24(content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length[1..], content].concat()
    }

    pub(in crate::probe::legacy) fn message(kind: u8, content: &[u8]) -> Vec<u8> {
        [&[kind][..], &vector24(content)].concat()
    }

    pub(in crate::probe::legacy) fn server_hello(version: u16, suite: u16) -> Vec<u8> {
        let session = [&[4][..], b"sess"].concat();
        let (version, suite) = (version.to_be_bytes(), suite.to_be_bytes());
        message(
            2,
            &[&version[..], &[7; 32], &session, &suite, &[0]].concat(),
        )
    }

    pub(in crate::probe::legacy) fn certificates(chain: &[&[u8]]) -> Vec<u8> {
        let list: Vec<_> = chain.iter().flat_map(|der| vector24(der)).collect();
        message(11, &vector24(&list))
    }

    pub(in crate::probe::legacy) fn answer(version: u16, suite: u16, chain: &[&[u8]]) -> Vec<u8> {
        let messages = [server_hello(version, suite), certificates(chain)].concat();
        record(22, &messages)
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{answer, certificates, message, record, server_hello};
    use super::*;

    fn read(bytes: &[u8]) -> (Result<bool, Stop>, Reader) {
        let mut reader = Reader::default();
        (reader.push(bytes), reader)
    }

    #[test]
    fn hello_and_certificates_are_read() {
        let (done, reader) = read(&answer(0x0302, 0x0035, &[b"leaf", b"issuer"]));
        assert_eq!(done, Ok(true));
        let (hello, chain) = reader.into_parts();
        let hello = hello.unwrap();
        assert_eq!((hello.version, hello.suite), (TlsVersion::Tls11, 0x0035));
        assert_eq!(chain.kept, [b"leaf".to_vec(), b"issuer".to_vec()]);
    }

    #[test]
    fn it_does_not_matter_how_the_bytes_are_cut() {
        let messages = [server_hello(0x0301, 5), certificates(&[&[9; 3000]])].concat();
        // Records that end within messages, an empty one, and a warning between them.
        let mut bytes = record(22, &[]);
        bytes.extend(record(21, &[1, 112]));
        bytes.extend(messages.chunks(700).flat_map(|part| record(22, part)));
        for step in [1, 2, 7, 1000, bytes.len()] {
            let mut reader = Reader::default();
            let done: Vec<_> = bytes.chunks(step).map(|part| reader.push(part)).collect();
            assert_eq!(done.last(), Some(&Ok(true)), "{step}");
            assert_eq!(reader.into_parts().1.kept, [vec![9; 3000]]);
        }
    }

    #[test]
    fn what_follows_in_the_same_piece_takes_nothing_back() {
        let hello = record(22, &server_hello(0x0301, 5));
        let (done, reader) = read(&[hello, record(21, &[2, 40])].concat());
        assert_eq!(done, Err(Stop::Alert(40)));
        assert!(reader.into_parts().0.is_some());
        for more in [record(21, &[2, 80]), b"220 mx".to_vec(), vec![0; MAX_INPUT]] {
            let (done, reader) = read(&[answer(0x0301, 5, &[b"leaf"]), more].concat());
            assert_eq!(done, Ok(true));
            assert_eq!(reader.into_parts().1.kept, [b"leaf".to_vec()]);
        }
    }

    #[test]
    fn what_is_no_answer_is_refused_by_name() {
        let after = |message: Vec<u8>| record(22, &[server_hello(0x0301, 5), message].concat());
        let malformed = "a list of certificates with wrong lengths";
        for (bytes, stop) in [
            (b"220 mx".to_vec(), Stop::NotTls),
            (b"\x16\x02\x00\x00\x00".to_vec(), Stop::NotTls),
            (record(21, &[2, 40]), Stop::Alert(40)),
            (record(21, &[1, 0]), Stop::Alert(0)),
            (
                record(21, &[2]),
                Stop::Malformed("an alert of the wrong length"),
            ),
            (record(23, b"x"), Stop::Malformed("no handshake record")),
            (
                b"\x16\x03\x01\xff\xff".to_vec(),
                Stop::Malformed("a record that is too long"),
            ),
            (
                record(22, &certificates(&[b"leaf"])),
                Stop::Malformed("an unexpected handshake message"),
            ),
            (
                record(22, &server_hello(0x0304, 5)),
                Stop::Malformed("a version that was not offered"),
            ),
            (
                record(22, &message(2, &[3, 1])),
                Stop::Malformed("a short ServerHello"),
            ),
            (record(22, &[11, 4, 0, 1]), Stop::ChainTooLong),
            (record(22, &[2, 4, 0, 1]), Stop::TooLong),
            (after(message(14, &[])), Stop::Anonymous),
            (after(certificates(&[])), Stop::Anonymous),
            (after(message(11, &[0, 0])), Stop::Malformed(malformed)),
            (
                after(message(11, &[0, 0, 4, 0, 0, 9, 1])),
                Stop::Malformed(malformed),
            ),
        ] {
            assert_eq!(read(&bytes).0, Err(stop), "{bytes:x?}");
        }
    }

    #[test]
    fn a_hello_stays_when_what_follows_is_broken() {
        let (_, reader) = read(&record(
            22,
            &[server_hello(0x0300, 4), message(14, &[])].concat(),
        ));
        let hello = reader.into_parts().0.unwrap();
        assert_eq!((hello.version, hello.suite), (TlsVersion::Ssl30, 4));
    }

    #[test]
    fn nothing_is_endless() {
        for flood in [
            record(21, &[1, 112]),
            record(22, &[]),
            record(22, &message(0, &[])),
        ] {
            let mut reader = Reader::default();
            let mut pushes = std::iter::repeat_with(|| reader.push(&flood)).take(MAX_INPUT);
            assert!(pushes.any(|done| done == Err(Stop::TooLong)));
        }
    }

    #[test]
    fn a_long_chain_is_cut() {
        let many = [&b"der"[..]; 50];
        let (done, reader) = read(&answer(0x0303, 5, &many));
        let chain = reader.into_parts().1;
        assert_eq!((done, chain.kept.len(), chain.omitted), (Ok(true), 20, 30));
    }
}
