//! Signature schemes to the kinds of certificates that they go with; verifies nothing.

use rustls::SignatureScheme;

use crate::endpoint::Offer;

/// RSASSA-PSS with keys of their own (`rsa_pss_pss_sha256` to `512`, RFC 8446 §4.2.3).
pub(super) const RSA_PSS_PSS: [SignatureScheme; 3] = [
    SignatureScheme::Unknown(0x0809),
    SignatureScheme::Unknown(0x080a),
    SignatureScheme::Unknown(0x080b),
];

/// What the second fallback offers beyond the first: some servers have nothing else.
pub(super) const WIDER: [SignatureScheme; 6] = [
    RSA_PSS_PSS[0],
    RSA_PSS_PSS[1],
    RSA_PSS_PSS[2],
    SignatureScheme::ED448,
    SignatureScheme::ECDSA_SHA1_Legacy,
    SignatureScheme::RSA_PKCS1_SHA1,
];

/// Whether a scheme belongs into a hello that asks for this kind of certificate.
pub(super) fn is_offered(offer: Offer, scheme: SignatureScheme) -> bool {
    match offer {
        Offer::Any => true,
        Offer::Rsa => is_rsa(scheme),
        Offer::Ecdsa => is_elliptic(scheme),
    }
}

pub(super) fn is_rsa(scheme: SignatureScheme) -> bool {
    use SignatureScheme as S;
    matches!(
        scheme,
        S::RSA_PKCS1_SHA1
            | S::RSA_PKCS1_SHA256
            | S::RSA_PKCS1_SHA384
            | S::RSA_PKCS1_SHA512
            | S::RSA_PSS_SHA256
            | S::RSA_PSS_SHA384
            | S::RSA_PSS_SHA512
    ) || RSA_PSS_PSS.contains(&scheme)
}

/// EdDSA goes with ECDSA, as the suites of TLS 1.2 have it (RFC 8422 §5.10).
pub(super) fn is_elliptic(scheme: SignatureScheme) -> bool {
    use SignatureScheme as S;
    matches!(
        scheme,
        S::ECDSA_SHA1_Legacy
            | S::ECDSA_NISTP256_SHA256
            | S::ECDSA_NISTP384_SHA384
            | S::ECDSA_NISTP521_SHA512
            | S::ED25519
            | S::ED448
    )
}
