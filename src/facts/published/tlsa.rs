//! A TLSA record as it came, and whether any sender can use it.

use std::fmt;
use std::sync::Arc;

use crate::certificate::{Certificate, is_public_key};

/// A TLSA record (RFC 6698 §2.1), whether or not anybody can use it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TlsaRecord {
    /// Certificate usage (RFC 6698 §2.1.1): 2 is DANE-TA, 3 is DANE-EE (RFC 7218).
    pub usage: u8,
    /// Selector (RFC 6698 §2.1.2): 0 the certificate, 1 its SubjectPublicKeyInfo.
    pub selector: u8,
    /// Matching type (RFC 6698 §2.1.3): 0 everything, 1 SHA-256, 2 SHA-512.
    pub matching_type: u8,
    /// Certificate association data (RFC 6698 §2.1.4).
    pub data: Arc<[u8]>,
}

/// The numbers of a record: usage, selector, matching type.
pub type Bits = (u8, u8, u8);

/// Why senders of mail skip a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unusable {
    /// Of the web's PKI, or unknown (RFC 7672 §3.1.3).
    #[error("mail servers know usages 2 and 3 only")]
    Usage,
    /// Unknown (RFC 6698 §2.1.2).
    #[error("the selector is neither 0 nor 1")]
    Selector,
    /// Unknown (RFC 6698 §2.1.3).
    #[error("the matching type is none of 0, 1 and 2")]
    MatchingType,
    /// Not a digest of this kind.
    #[error("the digest has {found} bytes, expected {expected}")]
    Length {
        /// What the digest has.
        expected: usize,
        /// What the record has.
        found: usize,
    },
    /// Matching type 0, and the data is no certificate or key.
    #[error("the data is neither hashed nor {0}")]
    Unread(&'static str),
}

impl TlsaRecord {
    /// Its three numbers.
    pub fn bits(&self) -> Bits {
        (self.usage, self.selector, self.matching_type)
    }

    /// Why no sender uses it, if so (RFC 7672 §2.2, RFC 7671 §4).
    pub fn unusable(&self) -> Option<Unusable> {
        match self.bits() {
            (0 | 1 | 4.., ..) => Some(Unusable::Usage),
            (_, 2.., _) => Some(Unusable::Selector),
            (_, _, 3..) => Some(Unusable::MatchingType),
            (_, _, 1) => self.of_length(32),
            (_, _, 2) => self.of_length(64),
            (_, 0, 0) => (!is_certificate(&self.data)).then_some(Unusable::Unread("a certificate")),
            (_, 1, 0) => (!is_public_key(&self.data))
                .then_some(Unusable::Unread("a public key (SubjectPublicKeyInfo)")),
        }
    }

    fn of_length(&self, expected: usize) -> Option<Unusable> {
        let found = self.data.len();
        (found != expected).then_some(Unusable::Length { expected, found })
    }

    /// Whether it is about this certificate, whatever its usage means by that.
    pub fn is_of(&self, certificate: &Certificate) -> bool {
        let data = certificate.association(self.selector, self.matching_type);
        data.is_some_and(|data| *data == *self.data)
    }

    /// With as much of the data as people compare: `3 1 1 4f1c09aa…`.
    pub fn short(&self) -> String {
        let (usage, selector, matching_type) = self.bits();
        let begin = self.data.get(..4);
        let (begin, more) = begin.map_or((&*self.data, ""), |begin| (begin, "…"));
        format!("{usage} {selector} {matching_type} {}{more}", Hex(begin))
    }
}

fn is_certificate(data: &[u8]) -> bool {
    let certificate = Certificate::from_der(data);
    certificate
        .facts()
        .is_ok_and(|facts| facts.trailing_bytes == 0)
}

/// As in a zone file: `3 1 1 4f1c…`.
impl fmt::Display for TlsaRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (usage, selector, matching_type) = self.bits();
        write!(f, "{usage} {selector} {matching_type} {}", Hex(&self.data))
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(bits: Bits, data: &[u8]) -> TlsaRecord {
        TlsaRecord {
            usage: bits.0,
            selector: bits.1,
            matching_type: bits.2,
            data: data.into(),
        }
    }

    #[test]
    fn what_no_sender_uses_is_told_by_its_first_flaw() {
        let (digest, long) = ([7; 32], [7; 64]);
        let length = |expected, found| Some(Unusable::Length { expected, found });
        for (bits, data, unusable) in [
            ((3, 1, 1), &digest[..], None),
            ((2, 0, 1), &digest, None),
            ((3, 0, 2), &long, None),
            ((0, 0, 1), &digest, Some(Unusable::Usage)),
            ((1, 1, 1), &digest, Some(Unusable::Usage)),
            ((4, 1, 1), &digest, Some(Unusable::Usage)),
            ((255, 255, 255), &digest, Some(Unusable::Usage)),
            ((3, 2, 1), &digest, Some(Unusable::Selector)),
            ((3, 1, 3), &digest, Some(Unusable::MatchingType)),
            ((3, 1, 9), &long, Some(Unusable::MatchingType)),
            ((3, 1, 1), &digest[..20], length(32, 20)),
            ((3, 1, 1), &[], length(32, 0)),
            ((3, 1, 2), &digest, length(64, 32)),
            ((3, 0, 0), &digest, Some(Unusable::Unread("a certificate"))),
            ((2, 0, 0), &[], Some(Unusable::Unread("a certificate"))),
        ] {
            assert_eq!(record(bits, data).unusable(), unusable, "{bits:?}");
        }
        let unread = record((3, 1, 0), b"\x30\x00").unusable();
        assert!(matches!(unread, Some(Unusable::Unread(_))));
    }

    #[test]
    fn whole_certificates_and_keys_are_used_and_matched() {
        let made = rcgen::generate_simple_self_signed(["mx.bears.test".to_owned()]).unwrap();
        let certificate = Certificate::from_der(made.cert.der());
        let spki = certificate.facts().unwrap().spki.clone();
        for (selector, whole) in [(0, made.cert.der().to_vec()), (1, spki)] {
            let own = record((3, selector, 0), &whole);
            assert_eq!(own.unusable(), None);
            assert!(own.is_of(&certificate));
            let more = [&whole[..], &[0]].concat();
            assert!(record((3, selector, 0), &more).unusable().is_some());
            for matching_type in [1, 2] {
                let data = certificate.association(selector, matching_type).unwrap();
                let own = record((3, selector, matching_type), &data);
                assert!(own.unusable().is_none() && own.is_of(&certificate));
                let other = record((3, 1 - selector, matching_type), &data);
                assert!(!other.is_of(&certificate));
            }
        }
        assert!(!record((3, 2, 1), &[7; 32]).is_of(&certificate));
    }

    #[test]
    fn records_are_written_as_in_zone_files() {
        let own = record((3, 1, 1), &[0xAB; 32]);
        assert_eq!(own.to_string(), format!("3 1 1 {}", "ab".repeat(32)));
        assert_eq!(own.short(), "3 1 1 abababab…");
        assert_eq!(record((3, 1, 1), &[1]).short(), "3 1 1 01");
    }
}
