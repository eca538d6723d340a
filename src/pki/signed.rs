//! Something signed (a certificate, a revocation list) and a key to whether that key made the signature, or why nobody
//! can tell here; knows no names and no paths.

use rustls_pki_types::SubjectPublicKeyInfoDer;
use webpki::{Error, RawPublicKeyEntity};

use super::der::{self, DerReader};
use crate::certificate::{Key, KeyKind, SignatureAlgorithm};

/// `SEQUENCE { body, algorithm, signature }`: certificates (RFC 5280 §4.1) and revocation lists (§5.1).
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    /// The signed part with tag and length.
    pub(super) body: &'a [u8],
    /// What the signed part holds.
    pub(super) fields: &'a [u8],
    /// The content of the AlgorithmIdentifier beside the signature.
    pub(super) algorithm: &'a [u8],
    signature: &'a [u8],
}

/// A key that may have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signer {
    /// A SubjectPublicKeyInfo as DER.
    pub(super) spki: Vec<u8>,
    key: Key,
}

/// Whether a key made a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    Yes,
    No,
    /// The algorithm, or its use with this key, is not verified here.
    NotVerifiedHere,
}

impl Signer {
    pub(super) fn new(spki: Vec<u8>) -> Self {
        let key = Key::from_spki(&spki);
        Self { spki, key }
    }

    /// For messages: `a key of kind RSA with 1024 bits`, and what else keeps the library from trying it.
    pub(super) fn describe(&self) -> String {
        let exponent = rsa_exponent(&self.spki).filter(|exponent| exponent.len() > USUAL_EXPONENT);
        match (&self.key.kind, self.key.bits, exponent) {
            (KeyKind::Ec(curve), ..) => format!("an ECDSA key on {curve}"),
            (kind @ KeyKind::Rsa, Some(bits), Some(exponent)) => {
                let long = integer_bits(exponent);
                format!("a key of kind {kind} with {bits} bits and an exponent of {long} bits")
            }
            (kind, Some(bits), _) => format!("a key of kind {kind} with {bits} bits"),
            (kind, None, _) => format!("a key of kind {kind}"),
        }
    }

    /// Whether a signature that does not hold says anything: the library says so also of keys that it does not try.
    fn is_tried(&self) -> bool {
        match &self.key.kind {
            KeyKind::Rsa => is_usual_rsa(&self.spki, self.key.bits),
            KeyKind::Ec(curve) => ["P-256", "P-384", "P-521"].contains(&curve.as_str()),
            KeyKind::Ed25519 | KeyKind::MlDsa(_) => true,
            KeyKind::RsaPss | KeyKind::Ed448 | KeyKind::Dsa | KeyKind::Other(_) => false,
        }
    }

    /// Whether a key of this kind can make such signatures at all; `true` where that is not known.
    fn fits(&self, algorithm: &SignatureAlgorithm) -> bool {
        let name = algorithm.name.as_str();
        match &self.key.kind {
            KeyKind::Other(_) => true,
            KeyKind::Rsa => name.contains("RSA") || is_unnamed(name),
            KeyKind::RsaPss => name.starts_with("RSASSA-PSS") || is_unnamed(name),
            KeyKind::Ec(_) => name.starts_with("ecdsa") || is_unnamed(name),
            KeyKind::Dsa => name.starts_with("dsa") || is_unnamed(name),
            KeyKind::Ed25519 => name == "Ed25519" || is_unnamed(name),
            KeyKind::Ed448 => name == "Ed448" || is_unnamed(name),
            KeyKind::MlDsa(_) => name.starts_with("ML-DSA") || is_unnamed(name),
        }
    }
}

/// 1.2.840.113549.1.1.10.
const RSASSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";

/// Algorithms without a name of ours are called by their OID.
fn is_unnamed(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Most bytes of a public exponent that the library is sure to try.
const USUAL_EXPONENT: usize = 4;

/// RSA keys of a size, and with a public exponent, that the library tries.
fn is_usual_rsa(spki: &[u8], bits: Option<u32>) -> bool {
    let is_short = rsa_exponent(spki).is_some_and(|e| e.len() <= USUAL_EXPONENT);
    is_short && bits.is_some_and(|bits| (2048..=8192).contains(&bits))
}

/// The second number of an RSAPublicKey (RFC 8017 §A.1.1).
fn rsa_exponent(spki: &[u8]) -> Option<&[u8]> {
    let mut fields = DerReader(der::sequence(spki)?);
    fields.content(der::SEQUENCE)?;
    let key = fields.content(der::BIT_STRING)?.strip_prefix(&[0])?;
    let mut key = DerReader(der::sequence(key)?);
    key.content(der::INTEGER)?;
    key.content(der::INTEGER)
}

fn integer_bits(integer: &[u8]) -> usize {
    let zeros = integer.iter().take_while(|byte| **byte == 0).count();
    let first = integer.get(zeros).map_or(8, |byte| byte.leading_zeros());
    (8 * (integer.len() - zeros)).saturating_sub(first as usize)
}

impl<'a> Signed<'a> {
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = DerReader(DerReader(der).content(der::SEQUENCE)?);
        let body = outer.element(der::SEQUENCE)?;
        let algorithm = outer.content(der::SEQUENCE)?;
        let signature = outer.content(der::BIT_STRING)?.strip_prefix(&[0])?;
        outer.is_empty().then_some(Self {
            body: body.whole,
            fields: body.content,
            algorithm,
            signature,
        })
    }

    /// The length of the salt, of a signature with PSS: `[2] INTEGER DEFAULT 20` (RFC 4055 §3.1).
    pub(super) fn salt(&self) -> Option<usize> {
        let mut parts = DerReader(self.algorithm);
        parts.content(der::OID).filter(|oid| *oid == RSASSA_PSS)?;
        let mut parameters = DerReader(parts.content(der::SEQUENCE)?);
        match parameters.find(|parameter| parameter.tag == der::context(2)) {
            Some(tagged) => der::number(DerReader(tagged.content).content(der::INTEGER)?),
            None => Some(20),
        }
    }

    /// Whether this key made the signature; `algorithm` is the signature's as facts know it.
    pub(super) fn made_by(&self, signer: &Signer, algorithm: &SignatureAlgorithm) -> Made {
        if !signer.fits(algorithm) {
            return Made::No;
        }
        let spki = SubjectPublicKeyInfoDer::from(signer.spki.as_slice());
        let Ok(key) = RawPublicKeyEntity::try_from(&spki) else {
            return Made::NotVerifiedHere;
        };
        let same = webpki::ALL_VERIFICATION_ALGS
            .iter()
            .filter(|known| known.signature_alg_id().as_ref() == self.algorithm);
        for known in same {
            match key.verify_signature(*known, self.body, self.signature) {
                Ok(()) => return Made::Yes,
                Err(Error::InvalidSignatureForPublicKey) if signer.is_tried() => return Made::No,
                // Not for this kind of key: the next of the same name may be.
                Err(_) => {}
            }
        }
        Made::NotVerifiedHere
    }
}
