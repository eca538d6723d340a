//! The DER of a private key to whether it belongs to a certificate; nothing of the key ever leaves this file.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING,
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
};

use super::key::PublicKey;
use super::presented::Certificate;

/// A private key that is not encrypted: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC 1 (RFC 5915).
pub struct PrivateKey(Vec<u8>);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}

const CURVES: [&EcdsaSigningAlgorithm; 4] = [
    &ECDSA_P256_SHA256_ASN1_SIGNING,
    &ECDSA_P384_SHA384_ASN1_SIGNING,
    &ECDSA_P521_SHA512_ASN1_SIGNING,
    &ECDSA_P256K1_SHA256_ASN1_SIGNING,
];

impl PrivateKey {
    pub(super) const fn from_der(der: Vec<u8>) -> Self {
        Self(der)
    }

    /// Whether the certificate is for this key; `None` where either is of a kind that cannot be compared.
    pub fn belongs_to(&self, certificate: &Certificate) -> Option<bool> {
        let named = certificate.public_key()?.bare()?;
        let own = self.public()?;
        Some(own == named || compressed(&own).is_some_and(|own| own == named))
    }

    /// The public half, as certificates have it.
    fn public(&self) -> Option<Vec<u8>> {
        let spki = self.spki()?;
        Some(PublicKey::from_spki(&spki).bare()?.to_vec())
    }

    /// The public half as a SubjectPublicKeyInfo, DER (RFC 5280 §4.1.2.7); `None` of a kind that is not known here.
    pub(super) fn spki(&self) -> Option<Vec<u8>> {
        let der = &self.0;
        let rsa = rsa::KeyPair::from_pkcs8(der).or_else(|_| rsa::KeyPair::from_der(der));
        if let Ok(pair) = rsa {
            return spki(pair.public_key());
        }
        let on = |curve| EcdsaKeyPair::from_private_key_der(curve, der).ok();
        if let Some(pair) = CURVES.into_iter().find_map(on) {
            return spki(pair.public_key());
        }
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
        spki(pair.public_key())
    }
}

fn spki(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Option<Vec<u8>> {
    Some(key.as_der().ok()?.as_ref().to_vec())
}

/// The point with one of its coordinates and the parity of the other (SEC 1 §2.3.3), as some certificates have it.
fn compressed(point: &[u8]) -> Option<Vec<u8>> {
    let (&UNCOMPRESSED, coordinates) = point.split_first()? else {
        return None;
    };
    let parity = 2 + (coordinates.last()? & 1);
    let x = &coordinates[..coordinates.len() / 2];
    Some([&[parity], x].concat())
}

/// The first byte of a point with both of its coordinates (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

#[cfg(test)]
mod tests {
    use rcgen::{
        CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
        PKCS_ECDSA_P521_SHA512, PKCS_ED25519, PKCS_RSA_SHA256, SignatureAlgorithm,
    };

    use super::*;

    fn pair(of: &'static SignatureAlgorithm) -> (Certificate, PrivateKey) {
        let key = KeyPair::generate_for(of).unwrap();
        let certificate = CertificateParams::default().self_signed(&key).unwrap();
        let key = PrivateKey::from_der(key.serialize_der());
        (Certificate::from_der(certificate.der()), key)
    }

    #[test]
    fn each_key_belongs_to_its_own_certificate_alone() {
        let pairs = [
            &PKCS_RSA_SHA256,
            &PKCS_ECDSA_P256_SHA256,
            &PKCS_ECDSA_P384_SHA384,
            &PKCS_ECDSA_P521_SHA512,
            &PKCS_ED25519,
        ]
        .map(pair);
        for (i, (certificate, _)) in pairs.iter().enumerate() {
            for (j, (_, key)) in pairs.iter().enumerate() {
                assert_eq!(key.belongs_to(certificate), Some(i == j), "{i} {j}");
            }
        }
        let (_, other) = pair(&PKCS_ECDSA_P256_SHA256);
        assert_eq!(other.belongs_to(&pairs[1].0), Some(false));
    }

    #[test]
    fn points_are_compressed_as_certificates_may_have_them() {
        assert_eq!(compressed(&[4, 7, 8, 1, 6]), Some(vec![2, 7, 8]));
        assert_eq!(compressed(&[4, 7, 8, 6, 1]), Some(vec![3, 7, 8]));
        assert_eq!(compressed(&[2, 7, 8]), None);
        assert_eq!(compressed(&[4]), None);
    }

    #[test]
    fn what_cannot_be_compared_is_unknown() {
        let (certificate, key) = pair(&PKCS_ED25519);
        assert_eq!(
            PrivateKey::from_der(vec![0x30]).belongs_to(&certificate),
            None
        );
        assert_eq!(key.belongs_to(&Certificate::from_der(b"rubbish")), None);
        assert_eq!(format!("{key:?}"), "PrivateKey");
    }
}
