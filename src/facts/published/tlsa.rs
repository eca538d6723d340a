//! A TLSA record as it came.

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
    pub data: Box<[u8]>,
}

/// The numbers of a record: usage, selector, matching type.
pub type Bits = (u8, u8, u8);

impl TlsaRecord {
    /// Its three numbers.
    pub fn bits(&self) -> Bits {
        (self.usage, self.selector, self.matching_type)
    }
}
