//! The keyUsage extension to what a key may be used for; judges nothing.

use std::fmt;

use x509_parser::asn1_rs::Tag;

use super::der;

/// What a key may be used for (RFC 5280 §4.2.1.3): a set of nine uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage(u16);

/// As RFC 5280 names them, in the order of their bits.
const NAMES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

impl KeyUsage {
    /// Signatures other than those on certificates and lists, as in handshakes.
    pub const DIGITAL_SIGNATURE: Self = Self(1 << 0);
    /// Encryption of keys, as in the RSA key exchange.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// Key agreement, as in static Diffie-Hellman.
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// Signatures on certificates.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);

    /// The extension is there and cannot be read: nothing is allowed.
    pub(super) const NONE: Self = Self(0);

    /// Reads the extension's content, a BIT STRING whose first bit stands highest in its byte.
    pub(super) fn from_der(value: &[u8]) -> Option<Self> {
        let (unused, bytes) = der::element(value)?
            .content(Tag::BitString)?
            .split_first()?;
        let is_set = |bit: &usize| {
            let byte = bytes.get(bit / 8).copied().unwrap_or_default();
            byte & (0x80 >> (bit % 8)) != 0
        };
        let bits = (0..NAMES.len()).filter(is_set);
        (*unused < 8).then(|| Self(bits.fold(0, |all, bit| all | 1 << bit)))
    }

    /// Whether one of these uses is among them.
    pub fn allows(self, any_of: Self) -> bool {
        self.0 & any_of.0 != 0
    }

    /// Both sets together.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The names of the uses.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let named = NAMES.into_iter().enumerate();
        named.filter_map(move |(bit, name)| (self.0 & 1 << bit != 0).then_some(name))
    }
}

/// `keyCertSign and cRLSign`; an empty set is `nothing`.
impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names().collect();
        match &names[..] {
            [] => f.write_str("nothing"),
            names => f.write_str(&names.join(" and ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &[u8]) -> Option<String> {
        KeyUsage::from_der(value).map(|usage| usage.to_string())
    }

    #[test]
    fn bits_are_counted_from_the_highest() {
        assert_eq!(
            read(b"\x03\x02\x07\x80").as_deref(),
            Some("digitalSignature")
        );
        assert_eq!(
            read(b"\x03\x02\x05\x20").as_deref(),
            Some("keyEncipherment")
        );
        let both = "keyCertSign and cRLSign";
        assert_eq!(read(b"\x03\x02\x01\x06").as_deref(), Some(both));
        assert_eq!(
            read(b"\x03\x03\x07\x00\x80").as_deref(),
            Some("decipherOnly")
        );
        assert_eq!(read(b"\x03\x01\x00").as_deref(), Some("nothing"));
    }

    #[test]
    fn what_is_no_bit_string_is_not_read() {
        for value in [
            &b""[..],
            b"\x03\x00",
            b"\x03\x02\x09\x80",
            b"\x04\x02\x07\x80",
            b"\x03\x02\x07",
        ] {
            assert_eq!(read(value), None, "{value:?}");
        }
    }

    #[test]
    fn uses_are_asked_one_by_one_or_together() {
        let signs = KeyUsage::DIGITAL_SIGNATURE;
        assert!(signs.or(KeyUsage::KEY_AGREEMENT).allows(signs));
        assert!(!KeyUsage::NONE.allows(signs.or(KeyUsage::KEY_CERT_SIGN)));
    }
}
