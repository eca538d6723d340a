//! Certificates to their fingerprints, and fingerprints as people paste them; knows no certificate's content.

use std::fmt;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use super::hex;

/// The digests of one certificate's DER.
///
/// Every text is upper-case hex without separators, as Exchange and Windows print a thumbprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprints {
    /// SHA-1: the `Thumbprint` of Windows. It identifies; nothing rests on its strength.
    pub sha1: [u8; 20],
    /// SHA-256.
    pub sha256: [u8; 32],
}

impl Fingerprints {
    /// The digests of `der`, exactly as received.
    pub(super) fn of(der: &[u8]) -> Self {
        let mut sha1 = [0; 20];
        sha1.copy_from_slice(digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref());
        Self {
            sha1,
            sha256: sha256(der),
        }
    }

    /// The SHA-1 digest as text.
    pub fn sha1_hex(&self) -> String {
        hex::encode(&self.sha1)
    }

    /// The SHA-256 digest as text.
    pub fn sha256_hex(&self) -> String {
        hex::encode(&self.sha256)
    }
}

/// SHA-256 of `bytes`.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

/// A fingerprint that a certificate is expected to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fingerprint {
    /// 40 hex digits.
    Sha1([u8; 20]),
    /// 64 hex digits.
    Sha256([u8; 32]),
}

/// Why a text is no fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintError {
    /// A character that is neither a hex digit nor a separator.
    #[error("'{0}' in a fingerprint (expected hex digits, with or without colons)")]
    NotHex(char),
    /// The digest of no known algorithm.
    #[error("a fingerprint of {0} hex digits (expected 40 for SHA-1 or 64 for SHA-256)")]
    Length(usize),
}

impl Fingerprint {
    /// Reads hex with or without colons, hyphens and blanks, in either case; also OpenSSL's whole line
    /// `sha256 Fingerprint=AB:CD…`, and the invisible mark that Windows' certificate dialog copies along.
    ///
    /// # Errors
    /// [`FingerprintError`] names the first foreign character, or the number of digits.
    pub fn parse(text: &str) -> Result<Self, FingerprintError> {
        let value = text.rsplit('=').next().unwrap_or(text);
        let invisible = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{feff}');
        let digits: String = value
            .chars()
            .filter(|c| !matches!(c, ':' | '-') && !c.is_whitespace() && !invisible(*c))
            .collect();
        if let Some(foreign) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
            return Err(FingerprintError::NotHex(foreign));
        }
        let bytes = hex::decode(&digits).unwrap_or_default();
        if let Ok(sha1) = bytes.as_slice().try_into() {
            Ok(Self::Sha1(sha1))
        } else if let Ok(sha256) = bytes.as_slice().try_into() {
            Ok(Self::Sha256(sha256))
        } else {
            Err(FingerprintError::Length(digits.len()))
        }
    }

    /// Whether it is one of `actual`.
    pub fn matches(&self, actual: &Fingerprints) -> bool {
        match self {
            Self::Sha1(sha1) => *sha1 == actual.sha1,
            Self::Sha256(sha256) => *sha256 == actual.sha256,
        }
    }
}

/// Upper-case hex without separators.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha1(bytes) => f.write_str(&hex::encode(bytes)),
            Self::Sha256(bytes) => f.write_str(&hex::encode(bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the empty input, from the standards' own test vectors.
    const SHA1: &str = "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709";
    const SHA256: &str = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";

    #[test]
    fn digests_are_printed_as_windows_does() {
        let empty = Fingerprints::of(&[]);
        assert_eq!(empty.sha1_hex(), SHA1);
        assert_eq!(empty.sha256_hex(), SHA256);
    }

    #[test]
    fn pasted_forms_are_one_fingerprint() {
        let colons: Vec<&str> = (0..20).map(|i| &SHA1[2 * i..2 * i + 2]).collect();
        for text in [
            SHA1.to_owned(),
            SHA1.to_lowercase(),
            colons.join(":"),
            format!(" {} ", colons.join(" ")),
            format!("\u{200e}{SHA1}"),
            format!("sha1 Fingerprint={}", colons.join(":")),
        ] {
            let fingerprint = Fingerprint::parse(&text).unwrap();
            assert_eq!(fingerprint.to_string(), SHA1, "{text}");
            assert!(fingerprint.matches(&Fingerprints::of(&[])));
            assert!(!fingerprint.matches(&Fingerprints::of(&[0])));
        }
        let long = Fingerprint::parse(SHA256).unwrap();
        assert!(long.matches(&Fingerprints::of(&[])));
        assert!(!long.matches(&Fingerprints::of(&[0])));
    }

    #[test]
    fn errors_name_what_was_expected() {
        assert_eq!(
            Fingerprint::parse(&SHA1[2..]).unwrap_err().to_string(),
            "a fingerprint of 38 hex digits (expected 40 for SHA-1 or 64 for SHA-256)"
        );
        assert_eq!(
            Fingerprint::parse(&SHA1[1..]),
            Err(FingerprintError::Length(39))
        );
        assert_eq!(Fingerprint::parse(""), Err(FingerprintError::Length(0)));
        assert_eq!(
            Fingerprint::parse("12G4"),
            Err(FingerprintError::NotHex('G'))
        );
    }
}
