//! An AlgorithmIdentifier to the name of a signature algorithm and its hash; verifies nothing.

use std::fmt;

use super::der;

/// How a certificate was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    /// As the standards name it, `sha256WithRSAEncryption`; the OID when there is no name; PSS with its hash,
    /// `RSASSA-PSS-SHA256`.
    pub name: String,
    /// What the signature hashes with; none when it is part of the algorithm (EdDSA, ML-DSA), SHA-3 or unknown.
    pub hash: Option<Hash>,
}

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hash {
    /// MD2 (RFC 6149 retired it).
    Md2,
    /// MD4 (RFC 6150 retired it).
    Md4,
    /// MD5 (RFC 6151: not for signatures).
    Md5,
    /// SHA-1 (RFC 9155: not for signatures in TLS 1.2).
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// Its common name, `SHA256`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Md2 => "MD2",
            Self::Md4 => "MD4",
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Sha224 => "SHA224",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }

    /// Whether collisions are feasible: MD2, MD4, MD5 and SHA-1.
    pub fn is_weak(self) -> bool {
        self <= Self::Sha1
    }
}

/// Names of RFC 8017, 5758, 5912, 8410 and 9881; those with SHA-3 (FIPS 202, registered by NIST) as OpenSSL has them.
// One row an algorithm is easier to check against the RFCs than rustfmt's five.
#[rustfmt::skip]
const ALGORITHMS: &[(&str, &str, Option<Hash>)] = &[
    ("1.2.840.113549.1.1.2", "md2WithRSAEncryption", Some(Hash::Md2)),
    ("1.2.840.113549.1.1.3", "md4WithRSAEncryption", Some(Hash::Md4)),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption", Some(Hash::Md5)),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption", Some(Hash::Sha1)),
    ("1.3.14.3.2.29", "sha1WithRSA", Some(Hash::Sha1)),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption", Some(Hash::Sha224)),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption", Some(Hash::Sha256)),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption", Some(Hash::Sha384)),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption", Some(Hash::Sha512)),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1", Some(Hash::Sha1)),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224", Some(Hash::Sha224)),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256", Some(Hash::Sha256)),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384", Some(Hash::Sha384)),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512", Some(Hash::Sha512)),
    ("1.2.840.10040.4.3", "dsa-with-sha1", Some(Hash::Sha1)),
    ("2.16.840.1.101.3.4.3.1", "dsa-with-sha224", Some(Hash::Sha224)),
    ("2.16.840.1.101.3.4.3.2", "dsa-with-sha256", Some(Hash::Sha256)),
    ("2.16.840.1.101.3.4.3.3", "dsa-with-sha384", Some(Hash::Sha384)),
    ("2.16.840.1.101.3.4.3.4", "dsa-with-sha512", Some(Hash::Sha512)),
    ("2.16.840.1.101.3.4.3.9", "ecdsa-with-SHA3-224", None),
    ("2.16.840.1.101.3.4.3.10", "ecdsa-with-SHA3-256", None),
    ("2.16.840.1.101.3.4.3.11", "ecdsa-with-SHA3-384", None),
    ("2.16.840.1.101.3.4.3.12", "ecdsa-with-SHA3-512", None),
    ("2.16.840.1.101.3.4.3.13", "RSA-SHA3-224", None),
    ("2.16.840.1.101.3.4.3.14", "RSA-SHA3-256", None),
    ("2.16.840.1.101.3.4.3.15", "RSA-SHA3-384", None),
    ("2.16.840.1.101.3.4.3.16", "RSA-SHA3-512", None),
    ("1.3.101.112", "Ed25519", None),
    ("1.3.101.113", "Ed448", None),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44", None),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65", None),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87", None),
];

const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";

impl SignatureAlgorithm {
    /// The algorithm with this OID and, for PSS, the content of its parameters' SEQUENCE.
    pub(super) fn new(oid: &str, parameters: Option<&[u8]>) -> Self {
        if oid == RSASSA_PSS {
            return Self::pss(parameters);
        }
        let known = ALGORITHMS.iter().find(|(known, ..)| *known == oid);
        known.map_or_else(
            || Self {
                name: oid.to_owned(),
                hash: None,
            },
            |(_, name, hash)| Self {
                name: (*name).to_owned(),
                hash: *hash,
            },
        )
    }

    /// The algorithm in the content of an AlgorithmIdentifier (RFC 5280 §4.1.1.2).
    pub fn from_der(content: &[u8]) -> Self {
        let fields = der::elements(content).unwrap_or_default();
        let oid = fields.first().and_then(der::Element::oid);
        let parameters = fields.get(1).map(|parameters| parameters.any.data);
        Self::new(oid.as_deref().unwrap_or("0"), parameters)
    }

    fn pss(parameters: Option<&[u8]>) -> Self {
        let hash = parameters.and_then(pss_hash);
        Self {
            name: format!("RSASSA-PSS-{}", hash.map_or("unknown", Hash::as_str)),
            hash,
        }
    }

    /// Whether the signature rests on a hash with feasible collisions.
    pub fn is_weak(&self) -> bool {
        self.hash.is_some_and(Hash::is_weak)
    }
}

/// RSASSA-PSS-params (RFC 4055 §3.1): `[0] EXPLICIT hashAlgorithm DEFAULT sha1`.
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    let fields = der::elements(parameters)?;
    let Some(tagged) = fields.iter().find_map(|field| field.tagged(0)) else {
        return Some(Hash::Sha1);
    };
    match der::sequence(tagged)?.first()?.oid()?.as_str() {
        "1.2.840.113549.2.5" => Some(Hash::Md5),
        "1.3.14.3.2.26" => Some(Hash::Sha1),
        "2.16.840.1.101.3.4.2.4" => Some(Hash::Sha224),
        "2.16.840.1.101.3.4.2.1" => Some(Hash::Sha256),
        "2.16.840.1.101.3.4.2.2" => Some(Hash::Sha384),
        "2.16.840.1.101.3.4.2.3" => Some(Hash::Sha512),
        _ => None,
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_are_the_broken_hashes_only() {
        for (oid, name, hash) in ALGORITHMS {
            let algorithm = SignatureAlgorithm::new(oid, None);
            assert_eq!(algorithm.to_string(), *name);
            let broken = ["md2", "md4", "md5", "sha1"];
            let weak = broken.iter().any(|b| {
                let name = name.to_lowercase();
                name.starts_with(b) || name.ends_with(b)
            });
            assert_eq!(algorithm.is_weak(), weak, "{name} {hash:?}");
        }
    }

    #[test]
    fn pss_says_its_hash() {
        let pss = |parameters| SignatureAlgorithm::new(RSASSA_PSS, parameters);
        assert_eq!(pss(Some(b"")).name, "RSASSA-PSS-SHA1");
        assert!(pss(Some(b"")).is_weak());
        let sha384 = b"\xa0\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02";
        assert_eq!(pss(Some(sha384)).name, "RSASSA-PSS-SHA384");
        assert_eq!(pss(None).name, "RSASSA-PSS-unknown");
    }

    #[test]
    fn an_unknown_algorithm_is_its_oid() {
        let algorithm = SignatureAlgorithm::new("1.2.3", None);
        assert_eq!((algorithm.name.as_str(), algorithm.hash), ("1.2.3", None));
        assert!(!algorithm.is_weak());
    }
}
