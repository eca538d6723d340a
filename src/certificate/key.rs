//! A SubjectPublicKeyInfo to the kind and size of the key; knows no limits of what is weak.

use std::fmt;

use x509_parser::asn1_rs::Tag;

use super::der;

/// A public key's kind and size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The algorithm that the key is for.
    pub kind: KeyKind,
    /// The size as people speak of it: bits of the modulus (RSA, RSA-PSS, DSA) or of the curve's field (P-521: 521,
    /// Ed25519: 256, Ed448: 456). None when it cannot be told.
    pub bits: Option<u32>,
}

/// What a key is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA with any padding (RFC 8017, rsaEncryption).
    Rsa,
    /// RSA restricted to PSS signatures (RFC 4055).
    RsaPss,
    /// ECDSA on the named curve: `P-256`, or the OID of a curve without a common name.
    Ec(String),
    /// EdDSA (RFC 8410).
    Ed25519,
    /// EdDSA (RFC 8410).
    Ed448,
    /// DSA (RFC 3279).
    Dsa,
    /// ML-DSA (RFC 9881) with its parameter set: 44, 65 or 87.
    MlDsa(u8),
    /// Any other algorithm, by its OID.
    Other(String),
}

impl Key {
    /// Reads a DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7); a key that breaks its algorithm's rules has no size.
    pub fn from_spki(spki: &[u8]) -> Self {
        parts(spki).map_or_else(Self::unknown, |(oid, parameters, key)| {
            let kind = kind(&oid, parameters);
            let bits = bits(&kind, parameters, key);
            Self { kind, bits }
        })
    }

    fn unknown() -> Self {
        Self {
            kind: KeyKind::Other("unknown".into()),
            bits: None,
        }
    }
}

/// A public key as a certificate has it.
#[derive(Debug)]
pub struct PublicKey<'a> {
    /// Its kind and size.
    pub key: Key,
    /// The SubjectPublicKeyInfo as DER.
    pub spki: &'a [u8],
}

impl<'a> PublicKey<'a> {
    pub(super) fn from_spki(spki: &'a [u8]) -> Self {
        let key = Key::from_spki(spki);
        Self { key, spki }
    }

    /// The key alone, without its algorithm: an RSAPublicKey or the point of a curve.
    pub fn bare(&self) -> Option<&'a [u8]> {
        parts(self.spki).map(|(_, _, key)| key)
    }
}

/// Algorithm, its parameters as DER, and the key's bytes.
fn parts(spki: &[u8]) -> Option<(String, &[u8], &[u8])> {
    let [algorithm, key] = <[_; 2]>::try_from(der::sequence(spki)?).ok()?;
    let algorithm = der::sequence(algorithm.raw)?;
    let (oid, parameters) = algorithm.split_first()?;
    // The first byte of a BIT STRING counts unused bits, none in a key.
    let (_, key) = key.content(Tag::BitString)?.split_first()?;
    Some((oid.oid()?, parameters.first().map_or(&[], |p| p.raw), key))
}

fn kind(oid: &str, parameters: &[u8]) -> KeyKind {
    match oid {
        "1.2.840.113549.1.1.1" => KeyKind::Rsa,
        "1.2.840.113549.1.1.10" => KeyKind::RsaPss,
        "1.2.840.10045.2.1" => KeyKind::Ec(curve(parameters)),
        "1.3.101.112" => KeyKind::Ed25519,
        "1.3.101.113" => KeyKind::Ed448,
        "1.2.840.10040.4.1" => KeyKind::Dsa,
        "2.16.840.1.101.3.4.3.17" => KeyKind::MlDsa(44),
        "2.16.840.1.101.3.4.3.18" => KeyKind::MlDsa(65),
        "2.16.840.1.101.3.4.3.19" => KeyKind::MlDsa(87),
        other => KeyKind::Other(other.to_owned()),
    }
}

/// Curves with a common name (RFC 5480 §2.1.1.1, SEC 2, RFC 5639): OID, name, bits.
const CURVES: &[(&str, &str, u32)] = &[
    ("1.2.840.10045.3.1.1", "P-192", 192),
    ("1.3.132.0.33", "P-224", 224),
    ("1.2.840.10045.3.1.7", "P-256", 256),
    ("1.3.132.0.34", "P-384", 384),
    ("1.3.132.0.35", "P-521", 521),
    ("1.3.132.0.10", "secp256k1", 256),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1", 256),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1", 384),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1", 512),
];

fn curve(parameters: &[u8]) -> String {
    let Some(oid) = der::element(parameters).and_then(|p| p.oid()) else {
        return "explicit parameters".into();
    };
    let known = CURVES.iter().find(|(known, ..)| *known == oid);
    known.map_or(oid, |(_, name, _)| (*name).to_owned())
}

fn bits(kind: &KeyKind, parameters: &[u8], key: &[u8]) -> Option<u32> {
    match kind {
        // RSAPublicKey begins with the modulus, Dss-Parms with p.
        KeyKind::Rsa | KeyKind::RsaPss => first_integer_bits(key),
        KeyKind::Dsa => first_integer_bits(parameters),
        KeyKind::Ec(name) => {
            let known = CURVES.iter().find(|(_, known, _)| known == name)?;
            Some(known.2)
        }
        KeyKind::Ed25519 => Some(256),
        KeyKind::Ed448 => Some(456),
        KeyKind::MlDsa(_) | KeyKind::Other(_) => None,
    }
}

fn first_integer_bits(sequence: &[u8]) -> Option<u32> {
    let elements = der::sequence(sequence)?;
    let magnitude = elements.first()?.content(Tag::Integer)?;
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    let first = magnitude.get(zeros)?;
    let bytes = u32::try_from(magnitude.len() - zeros).ok()?;
    Some(bytes.checked_mul(8)? - first.leading_zeros())
}

/// The `key_type` of metrics: `RSA`, `RSA-PSS`, `ECDSA`, `Ed25519`, `Ed448`, `DSA`, `ML-DSA-65`, or an OID.
///
/// The curve is left to [`Key::bits`] and [`KeyKind::curve`].
impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa => f.write_str("RSA"),
            Self::RsaPss => f.write_str("RSA-PSS"),
            Self::Ec(_) => f.write_str("ECDSA"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Ed448 => f.write_str("Ed448"),
            Self::Dsa => f.write_str("DSA"),
            Self::MlDsa(set) => write!(f, "ML-DSA-{set}"),
            Self::Other(oid) => f.write_str(oid),
        }
    }
}

impl KeyKind {
    /// The curve's name, for ECDSA keys.
    pub fn curve(&self) -> Option<&str> {
        match self {
            Self::Ec(name) => Some(name),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_that_of_the_number() {
        for (integer, bits) in [
            (&b"\x30\x03\x02\x01\x7f"[..], Some(7)),
            (b"\x30\x04\x02\x02\x00\xff", Some(8)),
            (b"\x30\x04\x02\x02\x01\x00", Some(9)),
            (b"\x30\x03\x02\x01\x00", None),
            (b"\x30\x02\x02\x00", None),
            (b"\x30\x02\x05\x00", None),
            (b"\x30\x00", None),
            (b"\x02\x01\x7f", None),
            (b"", None),
        ] {
            assert_eq!(first_integer_bits(integer), bits, "{integer:x?}");
        }
    }

    #[test]
    fn garbage_is_an_unknown_key() {
        for spki in [&b""[..], b"\x30\x00", b"\x30\x04\x30\x00\x03\x00"] {
            let key = Key::from_spki(spki);
            assert_eq!((key.kind.to_string().as_str(), key.bits), ("unknown", None));
        }
    }

    #[test]
    fn a_curve_without_a_name_is_its_oid() {
        let spki =
            b"\x30\x13\x30\x0d\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x02\x2a\x03\x03\x02\x00\x04";
        let key = Key::from_spki(spki);
        assert_eq!(key.kind.curve(), Some("1.2.3"));
        assert_eq!((key.kind.to_string().as_str(), key.bits), ("ECDSA", None));
    }
}
