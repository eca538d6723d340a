//! Key exchange on the curve P-521, which rustls leaves out: some servers accept nothing else.

use aws_lc_rs::agreement::{self, ECDH_P521, PrivateKey, PublicKey, UnparsedPublicKey};
use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved};

/// ECDHE on P-521 (RFC 8446 §4.2.7).
pub(super) static SECP521R1: &dyn SupportedKxGroup = &Secp521r1;

#[derive(Debug)]
struct Secp521r1;

impl SupportedKxGroup for Secp521r1 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let random_failed = |_| Error::FailedToGetRandomBytes;
        let private = PrivateKey::generate(&ECDH_P521).map_err(random_failed)?;
        let public = private.compute_public_key().map_err(random_failed)?;
        Ok(Box::new(Exchange { private, public }))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

struct Exchange {
    private: PrivateKey,
    public: PublicKey,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        // TLS knows uncompressed points only (RFC 8446 §4.2.8.2).
        if peer.first() != Some(&4) {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        let peer = UnparsedPublicKey::new(&ECDH_P521, peer);
        let invalid = Error::from(PeerMisbehaved::InvalidKeyShare);
        agreement::agree(&self.private, peer, invalid, |secret| Ok(secret.into()))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_come_to_the_same_secret() {
        let (ours, theirs) = (SECP521R1.start().unwrap(), SECP521R1.start().unwrap());
        let (our_point, their_point) = (ours.pub_key().to_vec(), theirs.pub_key().to_vec());
        let ours = ours.complete(&their_point).unwrap();
        let theirs = theirs.complete(&our_point).unwrap();
        assert_eq!(ours.secret_bytes(), theirs.secret_bytes());
        assert_eq!(ours.secret_bytes().len(), 66);
    }

    #[test]
    fn what_is_no_point_is_refused() {
        for point in [&[][..], &[4; 133], &[2; 67]] {
            assert!(SECP521R1.start().unwrap().complete(point).is_err());
        }
    }
}
