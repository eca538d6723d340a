//! A signature over the handshake to whether the certificate's key made it. Knows more kinds of keys and schemes than
//! rustls, because a server is not to be called a forger for a key that is merely odd.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P521_SHA1_ASN1, RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use rustls::crypto::{aws_lc_rs as provider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::{DigitallySignedStruct, ProtocolVersion, SignatureScheme};

use super::schemes::RSA_PSS_PSS;
use crate::certificate::{Key, KeyKind, PublicKey};
use crate::facts::observation::HandshakeSignature;
use crate::pki;

/// Judges a signature under TLS 1.2 or 1.3, whose rules differ.
pub(super) fn judge(
    own: &PublicKey<'_>,
    version: ProtocolVersion,
    message: &[u8],
    dss: &DigitallySignedStruct,
) -> HandshakeSignature {
    if let Some(algorithm) = obsolete(dss.scheme, &own.key) {
        return raw(algorithm, own, message, dss.signature());
    }
    let key = SubjectPublicKeyInfoDer::from(own.spki);
    let known = provider::default_provider().signature_verification_algorithms;
    let holds = if version == ProtocolVersion::TLSv1_3 {
        verify_tls13_signature_with_raw_key(message, &key, dss, &known)
            .map(drop)
            .map_err(|e| e.to_string())
    } else {
        let algorithms = known.mapping.iter().find(|(s, _)| *s == dss.scheme);
        let algorithms = algorithms.map_or(&[][..], |(_, algorithms)| *algorithms);
        pki::key_signed(&key, algorithms, message, dss.signature())
    };
    match holds {
        Ok(()) => HandshakeSignature::Verified,
        // The library answers "bad signature" also for keys that it does not try.
        Err(_) if !is_tried(dss.scheme, &own.key) => {
            let bits = own
                .key
                .bits
                .map_or_else(String::new, |b| format!(" of {b} bits"));
            let (kind, scheme) = (&own.key.kind, dss.scheme);
            let why = format!("no way to verify {scheme:?} with {kind} keys{bits}");
            HandshakeSignature::Unsupported(why)
        }
        Err(why) => HandshakeSignature::Invalid(why),
    }
}

fn raw(
    algorithm: &'static dyn VerificationAlgorithm,
    own: &PublicKey<'_>,
    message: &[u8],
    signature: &[u8],
) -> HandshakeSignature {
    let Some(key) = own.bare() else {
        return HandshakeSignature::Unsupported("the public key cannot be parsed".to_owned());
    };
    match UnparsedPublicKey::new(algorithm, key).verify(message, signature) {
        Ok(()) => HandshakeSignature::Verified,
        Err(_) => HandshakeSignature::Invalid("the signature does not hold".to_owned()),
    }
}

/// Algorithms that rustls has no names for: short keys, SHA-1, keys for PSS alone.
fn obsolete(scheme: SignatureScheme, key: &Key) -> Option<&'static dyn VerificationAlgorithm> {
    use SignatureScheme as S;
    let [pss256, pss384, pss512] = RSA_PSS_PSS;
    let bits = key.bits.unwrap_or_default();
    Some(match &key.kind {
        KeyKind::Rsa if !(1024..=8192).contains(&bits) => return None,
        KeyKind::Rsa if scheme == S::RSA_PKCS1_SHA1 => {
            &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY
        }
        KeyKind::Rsa if bits < 2048 && scheme == S::RSA_PKCS1_SHA256 => {
            &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
        }
        KeyKind::Rsa if bits < 2048 && scheme == S::RSA_PKCS1_SHA512 => {
            &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY
        }
        KeyKind::RsaPss if !(2048..=8192).contains(&bits) => return None,
        KeyKind::RsaPss if scheme == pss256 => &RSA_PSS_2048_8192_SHA256,
        KeyKind::RsaPss if scheme == pss384 => &RSA_PSS_2048_8192_SHA384,
        KeyKind::RsaPss if scheme == pss512 => &RSA_PSS_2048_8192_SHA512,
        KeyKind::Ec(curve) if scheme == S::ECDSA_SHA1_Legacy => match curve.as_str() {
            "P-256" => &ECDSA_P256_SHA1_ASN1,
            "P-521" => &ECDSA_P521_SHA1_ASN1,
            _ => return None,
        },
        _ => return None,
    })
}

/// Whether rustls' algorithms try this key at all.
fn is_tried(scheme: SignatureScheme, key: &Key) -> bool {
    match &key.kind {
        KeyKind::Ec(_) if scheme == SignatureScheme::ECDSA_SHA1_Legacy => false,
        KeyKind::Rsa => key.bits.is_some_and(|bits| (2048..=8192).contains(&bits)),
        KeyKind::Ec(curve) => ["P-256", "P-384", "P-521"].contains(&curve.as_str()),
        KeyKind::Ed25519 | KeyKind::MlDsa(_) => true,
        KeyKind::RsaPss | KeyKind::Ed448 | KeyKind::Dsa | KeyKind::Other(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: KeyKind, bits: u32) -> Key {
        Key {
            kind,
            bits: Some(bits),
        }
    }

    #[test]
    fn obsolete_schemes_have_algorithms_for_the_keys_that_fit() {
        use SignatureScheme as S;
        let ec = |curve: &str| KeyKind::Ec(curve.to_owned());
        for (scheme, kind, bits, fits) in [
            (S::RSA_PKCS1_SHA1, KeyKind::Rsa, 2048, true),
            (S::RSA_PKCS1_SHA1, KeyKind::Rsa, 512, false),
            (S::RSA_PKCS1_SHA256, KeyKind::Rsa, 2047, true),
            (S::RSA_PKCS1_SHA256, KeyKind::Rsa, 2048, false),
            (S::RSA_PSS_SHA256, KeyKind::Rsa, 1024, false),
            (RSA_PSS_PSS[0], KeyKind::RsaPss, 2048, true),
            (RSA_PSS_PSS[2], KeyKind::RsaPss, 1024, false),
            (RSA_PSS_PSS[0], KeyKind::Rsa, 2048, false),
            (S::ECDSA_SHA1_Legacy, ec("P-256"), 256, true),
            (S::ECDSA_SHA1_Legacy, ec("P-384"), 384, false),
            (S::ED448, KeyKind::Ed448, 456, false),
        ] {
            let found = obsolete(scheme, &key(kind.clone(), bits)).is_some();
            assert_eq!(found, fits, "{scheme:?} {kind:?} {bits}");
        }
    }

    #[test]
    fn only_a_key_that_is_tried_can_be_a_forgers() {
        let sha256 = SignatureScheme::ECDSA_NISTP256_SHA256;
        for (kind, bits, tried) in [
            (KeyKind::Rsa, 2047, false),
            (KeyKind::Rsa, 2048, true),
            (KeyKind::Rsa, 8193, false),
            (KeyKind::Ec("P-521".into()), 521, true),
            (KeyKind::Ec("secp256k1".into()), 256, false),
            (KeyKind::Ed25519, 256, true),
            (KeyKind::Ed448, 456, false),
        ] {
            assert_eq!(is_tried(sha256, &key(kind, bits)), tried);
        }
        let p256 = key(KeyKind::Ec("P-256".into()), 256);
        assert!(!is_tried(SignatureScheme::ECDSA_SHA1_Legacy, &p256));
    }
}
