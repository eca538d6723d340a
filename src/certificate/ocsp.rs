//! A stapled OCSP response to what it says of one certificate, or to why it cannot be read; judges nothing.
//!
//! The response's signature is not verified: whoever sends the certificate could have made it up. That a server
//! says its own certificate is revoked is news all the same; that it says "good" proves nothing beyond.

use std::panic::catch_unwind;

use x509_parser::asn1_rs::{FromDer as _, Tag};
use x509_parser::time::ASN1Time;

use super::der::{self, Element};
use super::facts::Facts;
use super::hex;
use super::read::Unreadable;
use crate::timestamp::Timestamp;

/// A response has some 500 to 3,000 bytes and comes in one handshake message, where rustls ends at 64 KiB.
const MAX_LENGTH: usize = 1 << 16;

/// `id-pkix-ocsp-basic`, the one type of response in use (RFC 6960 §4.2.1).
const BASIC: &str = "1.3.6.1.5.5.7.48.1.1";

/// What an OCSP response says (RFC 6960 §4.2.1), as the server stapled it (RFC 6066 §8); unverified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staple {
    /// `successful`, or why the responder gave no answer, such as `tryLater`.
    pub response_status: &'static str,
    /// When the responder made it.
    pub produced_at: Option<Timestamp>,
    /// What it says of the certificate; none when it is silent, or about others.
    pub answer: Option<OcspAnswer>,
}

/// What a response says of one certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OcspAnswer {
    /// The certificate's status.
    pub status: CertificateStatus,
    /// When this was known to be so.
    pub this_update: Timestamp,
    /// When newer information is to be had; without it, always.
    pub next_update: Option<Timestamp>,
}

impl OcspAnswer {
    /// Whether clients accept it at this moment (RFC 6960 §4.2.2.1).
    pub fn is_current(&self, now: Timestamp) -> bool {
        self.this_update <= now && self.next_update.is_none_or(|end| now < end)
    }
}

/// A certificate's status in the eyes of its issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateStatus {
    /// Not revoked.
    Good,
    /// Revoked at this moment, for good or on hold.
    Revoked(Timestamp),
    /// The responder does not know the certificate.
    Unknown,
}

impl CertificateStatus {
    /// As RFC 6960 names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked(_) => "revoked",
            Self::Unknown => "unknown",
        }
    }
}

impl Staple {
    /// Reads a response, and in it the part about the certificate with these facts. Nothing in it makes this panic.
    ///
    /// # Errors
    /// [`Unreadable`] when the bytes are not an OCSP response.
    pub fn from_der(der: &[u8], certificate: &Facts) -> Result<Self, Unreadable> {
        let read = || match der.len() {
            ..=MAX_LENGTH => read(der, &certificate.serial_number),
            _ => Err(format!("longer than {MAX_LENGTH} bytes")),
        };
        catch_unwind(read)
            .unwrap_or_else(|_| Err("the DER parser panicked".into()))
            .map_err(|why| Unreadable {
                why,
                length: der.len(),
            })
    }
}

fn read(der: &[u8], serial: &str) -> Result<Staple, String> {
    let response = der::sequence(der).ok_or("no OCSP response")?;
    let status = response.first().and_then(|e| e.content(Tag::Enumerated));
    let response_status = response_status(status).ok_or("no known response status")?;
    let silent = Staple {
        response_status,
        produced_at: None,
        answer: None,
    };
    match response.get(1) {
        Some(bytes) => basic(bytes, serial, silent).ok_or_else(|| "malformed response".into()),
        None if response_status == "successful" => Err("successful, but without an answer".into()),
        None => Ok(silent),
    }
}

fn response_status(content: Option<&[u8]>) -> Option<&'static str> {
    Some(match content? {
        [0] => "successful",
        [1] => "malformedRequest",
        [2] => "internalError",
        [3] => "tryLater",
        [5] => "sigRequired",
        [6] => "unauthorized",
        _ => return None,
    })
}

/// `ResponseBytes`, `BasicOCSPResponse` and `ResponseData` down to the single responses.
fn basic(bytes: &Element<'_>, serial: &str, silent: Staple) -> Option<Staple> {
    let bytes = der::sequence(bytes.tagged(0)?)?;
    if bytes.first()?.oid()? != BASIC {
        return None;
    }
    let basic = der::sequence(bytes.get(1)?.content(Tag::OctetString)?)?;
    let data = der::elements(basic.first()?.content(Tag::Sequence)?)?;
    // An explicit version, then the responder by name or key; both are of no interest.
    let mut data = data.into_iter().skip_while(|e| e.tagged(0).is_some());
    data.next()?;
    let produced_at = Some(time(data.next()?.raw)?);
    let singles = data.next()?;
    let singles = der::elements(singles.content(Tag::Sequence)?)?;
    let mut answer = None;
    for single in &singles {
        let fields = der::elements(single.content(Tag::Sequence)?)?;
        if answer.is_none() && is_about(fields.first()?, serial)? {
            answer = Some(self::answer(&fields)?);
        }
    }
    Some(Staple {
        produced_at,
        answer,
        ..silent
    })
}

/// By the serial number alone: the hashes of the issuer beside it need not be of an algorithm known here.
fn is_about(certificate_id: &Element<'_>, serial: &str) -> Option<bool> {
    let id = der::elements(certificate_id.content(Tag::Sequence)?)?;
    Some(hex::encode(id.get(3)?.content(Tag::Integer)?) == serial)
}

fn answer(fields: &[Element<'_>]) -> Option<OcspAnswer> {
    let status = fields.get(1)?;
    let status = match (status.tagged(0), status.tagged(1), status.tagged(2)) {
        (Some(_), ..) => CertificateStatus::Good,
        (_, Some(info), _) => CertificateStatus::Revoked(time(der::elements(info)?.first()?.raw)?),
        (.., Some(_)) => CertificateStatus::Unknown,
        _ => return None,
    };
    let next_update = fields.get(3).and_then(|e| e.tagged(0));
    Some(OcspAnswer {
        status,
        this_update: time(fields.get(2)?.raw)?,
        next_update: match next_update {
            Some(at) => Some(time(at)?),
            None => None,
        },
    })
}

fn time(der: &[u8]) -> Option<Timestamp> {
    let (_, time) = ASN1Time::from_der(der).ok()?;
    Some(Timestamp(time.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::super::Certificate;
    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            &include_bytes!(concat!("../../tests/fixtures/ocsp/", $name, ".der"))[..]
        };
    }

    fn leaf() -> Certificate {
        Certificate::from_der(fixture!("leaf"))
    }

    fn staple(der: &[u8]) -> Result<Staple, Unreadable> {
        Staple::from_der(der, leaf().facts().unwrap())
    }

    /// What `openssl ocsp -respin FILE -resp_text -noverify` prints.
    #[test]
    fn every_status_is_read() {
        let revoked = CertificateStatus::Revoked(Timestamp(1_767_323_045));
        for (der, status, ends) in [
            (fixture!("good"), CertificateStatus::Good, true),
            (fixture!("without-end"), CertificateStatus::Good, false),
            (fixture!("revoked"), revoked, true),
            (fixture!("unknown"), CertificateStatus::Unknown, true),
            (fixture!("both"), CertificateStatus::Good, true),
        ] {
            let staple = staple(der).unwrap();
            assert_eq!(staple.response_status, "successful");
            let answer = staple.answer.unwrap();
            assert_eq!(answer.status, status);
            assert_eq!(staple.produced_at, Some(answer.this_update));
            let lasts = answer
                .next_update
                .map(|end| end.seconds_since(answer.this_update));
            assert_eq!(lasts, ends.then_some(7 * 86_400), "{status:?}");
            assert!(answer.is_current(answer.this_update));
            assert!(!answer.is_current(answer.this_update.plus_seconds(-1)));
            let later = answer.this_update.plus_seconds(7 * 86_400);
            assert_eq!(answer.is_current(later), !ends);
        }
    }

    #[test]
    fn who_does_not_answer_says_why() {
        let silent = staple(fixture!("try-later")).unwrap();
        assert_eq!((silent.response_status, silent.answer), ("tryLater", None));
        let another = staple(fixture!("another")).unwrap();
        assert_eq!(another.answer, None);
        assert!(another.produced_at.is_some());
    }

    #[test]
    fn what_is_no_response_says_why() {
        let why = |der: &[u8]| staple(der).unwrap_err().to_string();
        assert_eq!(why(b""), "no OCSP response (0 bytes)");
        assert_eq!(why(b"220 mail ESMTP\r\n"), "no OCSP response (16 bytes)");
        assert_eq!(
            why(b"\x30\x03\x0a\x01\x04"),
            "no known response status (5 bytes)"
        );
        let silent = "successful, but without an answer (5 bytes)";
        assert_eq!(why(b"\x30\x03\x0a\x01\0"), silent);
        assert_eq!(
            why(b"\x30\x05\x0a\x01\0\xa0\0"),
            "malformed response (7 bytes)"
        );
        assert_eq!(
            why(&vec![0x30; MAX_LENGTH + 1]),
            "longer than 65536 bytes (65537 bytes)"
        );
    }

    #[test]
    fn no_damage_panics_and_no_cut_is_read() {
        for whole in [fixture!("both"), fixture!("revoked")] {
            let mut der = whole.to_vec();
            for at in 0..der.len() {
                assert!(staple(&whole[..at]).is_err(), "cut at {at}");
                let byte = der[at];
                for damage in [byte ^ 1, byte ^ 0x20, byte ^ 0x80, 0, 0xff] {
                    der[at] = damage;
                    let why = staple(&der).err().map(|e| e.why).unwrap_or_default();
                    assert!(!why.contains("panicked"), "{der:x?}");
                }
                der[at] = byte;
            }
        }
    }
}
