//! An offer and a fallback to what our ClientHello offers; opens nothing.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, Error, SignatureScheme, SupportedCipherSuite};

use super::recording::Recording;
use super::schemes::{WIDER, is_offered};
use super::secp521r1::SECP521R1;
use crate::endpoint::Offer;
use crate::facts::observation::Fallback;

/// A ready configuration, and the signature schemes that it offers.
pub(super) struct Profile {
    pub(super) config: Arc<ClientConfig>,
    pub(super) schemes: Arc<[SignatureScheme]>,
}

/// Every configuration, made once.
pub(super) struct Profiles {
    any: Pair,
    rsa: Pair,
    ecdsa: Pair,
}

struct Pair {
    modern: Profile,
    compatible: Profile,
}

impl Profiles {
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Self {
            any: Pair::new(Offer::Any)?,
            rsa: Pair::new(Offer::Rsa)?,
            ecdsa: Pair::new(Offer::Ecdsa)?,
        })
    }

    pub(super) fn of(&self, offer: Offer, fallback: Fallback) -> &Profile {
        let pair = match offer {
            Offer::Any => &self.any,
            Offer::Rsa => &self.rsa,
            Offer::Ecdsa => &self.ecdsa,
        };
        match fallback {
            Fallback::Modern => &pair.modern,
            Fallback::Compatible | Fallback::Legacy => &pair.compatible,
        }
    }
}

impl Pair {
    fn new(offer: Offer) -> Result<Self, Error> {
        Ok(Self {
            modern: Profile::new(offer, false)?,
            compatible: Profile::new(offer, true)?,
        })
    }
}

impl Profile {
    fn new(offer: Offer, wide: bool) -> Result<Self, Error> {
        let provider = provider(offer, wide);
        let mut schemes = provider
            .signature_verification_algorithms
            .supported_schemes();
        schemes.extend(WIDER.iter().filter(|_| wide));
        schemes.retain(|scheme| is_offered(offer, *scheme));
        let schemes: Arc<[_]> = schemes.into();
        let recording = Arc::new(Recording::new(Arc::clone(&schemes), Arc::default(), None));
        let mut config = ClientConfig::builder_with_details(Arc::new(provider), Arc::new(NoTime))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&recording) as _)
            .with_client_cert_resolver(recording);
        config.resumption = Resumption::disabled();
        Ok(Self {
            config: Arc::new(config),
            schemes,
        })
    }
}

/// No moment in particular: nothing is judged here, and no session is taken up again. So a clock before 1970, which
/// the TLS library cannot express, is no matter.
#[derive(Debug)]
struct NoTime;

impl TimeProvider for NoTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::ZERO))
    }
}

/// The post-quantum group is offered but no key share sent for it: the 1,472 byte hello that a share makes hangs
/// some mail gateways, and a server that insists on it asks again (HelloRetryRequest).
///
/// AES-128 goes first, as in most clients: its SHA-256 costs both sides less than the SHA-384 that comes with AES-256.
fn provider(offer: Offer, wide: bool) -> CryptoProvider {
    use aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    let mut provider = CryptoProvider {
        kx_groups: vec![X25519, SECP256R1, SECP384R1, X25519MLKEM768],
        ..aws_lc_rs::default_provider()
    };
    if wide {
        provider.kx_groups.push(SECP521R1);
    }
    let suites = &mut provider.cipher_suites;
    suites.retain(|suite| is_suite_offered(offer, suite));
    suites.sort_by_key(|suite| !name(suite).contains("AES_128"));
    provider
}

/// Under TLS 1.2 the suite says which kind of certificate the server has to take; under 1.3 no suite does, only the
/// signature schemes (RFC 8446 §4.4.2.2).
fn is_suite_offered(offer: Offer, suite: &SupportedCipherSuite) -> bool {
    match offer {
        Offer::Any => true,
        Offer::Rsa => !name(suite).contains("_ECDSA_"),
        Offer::Ecdsa => !name(suite).contains("_RSA_"),
    }
}

fn name(suite: &SupportedCipherSuite) -> &'static str {
    suite.suite().as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::schemes::{is_elliptic, is_rsa};
    use super::*;

    #[test]
    fn a_restricted_offer_has_suites_and_schemes_of_one_kind() {
        let profiles = Profiles::new().unwrap();
        for (offer, other) in [(Offer::Rsa, "_ECDSA_"), (Offer::Ecdsa, "_RSA_")] {
            for fallback in [Fallback::Modern, Fallback::Compatible] {
                let profile = profiles.of(offer, fallback);
                let provider = profile.config.crypto_provider();
                let mut names = provider.cipher_suites.iter().map(|s| s.suite().as_str());
                assert!(names.all(|name| !name.unwrap().contains(other)));
                assert!(provider.cipher_suites.len() >= 5);
                let (rsa, elliptic) = (offer == Offer::Rsa, offer == Offer::Ecdsa);
                assert!(profile.schemes.iter().all(|s| is_rsa(*s) == rsa));
                assert!(profile.schemes.iter().all(|s| is_elliptic(*s) == elliptic));
            }
        }
    }

    #[test]
    fn only_the_second_rung_offers_sha1_and_secp521r1() {
        let profiles = Profiles::new().unwrap();
        for (fallback, wide) in [(Fallback::Modern, false), (Fallback::Compatible, true)] {
            let profile = profiles.of(Offer::Any, fallback);
            for scheme in WIDER {
                assert_eq!(profile.schemes.contains(&scheme), wide, "{scheme:?}");
            }
            let groups = &profile.config.crypto_provider().kx_groups;
            let p521 = groups.iter().any(|g| g.name() == SECP521R1.name());
            assert_eq!(p521, wide);
        }
    }
}
