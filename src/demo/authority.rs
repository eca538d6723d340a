//! A name and two days to a certificate with its key; knows nothing of servers.

use std::io;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;

use crate::timestamp::Timestamp;

const DAY: i64 = 86_400;

/// A root and an intermediate, valid for ten years around a moment.
pub(super) struct Authority {
    root: Certificate,
    intermediate: Certificate,
    issuer: Issuer<'static, KeyPair>,
    now: Timestamp,
}

/// What a server presents and proves.
pub(super) struct Credentials {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Clone for Credentials {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

/// A server's certificate; days are counted from the authority's moment.
pub(super) struct Leaf<'a> {
    pub(super) name: &'a str,
    pub(super) from_day: i64,
    pub(super) until_day: i64,
}

impl Authority {
    pub(super) fn new(now: Timestamp) -> io::Result<Self> {
        let root = authority("Bear Root", BasicConstraints::Unconstrained, now)?;
        let key = generated()?;
        let root_certificate = root.self_signed(&key).map_err(io::Error::other)?;
        let root_issuer = Issuer::new(root, key);
        let intermediate = authority("Bear Issuing CA", BasicConstraints::Constrained(0), now)?;
        let key = generated()?;
        let certificate = intermediate
            .signed_by(&key, &root_issuer)
            .map_err(io::Error::other)?;
        Ok(Self {
            root: root_certificate,
            intermediate: certificate,
            issuer: Issuer::new(intermediate, key),
            now,
        })
    }

    /// The root in DER.
    pub(super) fn root(&self) -> Vec<u8> {
        self.root.der().to_vec()
    }

    /// A leaf with its intermediate.
    pub(super) fn issue(&self, leaf: &Leaf<'_>) -> io::Result<Credentials> {
        let key = generated()?;
        let issued = self.params(leaf)?.signed_by(&key, &self.issuer);
        let certificate = issued.map_err(io::Error::other)?;
        Ok(Credentials {
            chain: vec![certificate.der().clone(), self.intermediate.der().clone()],
            key: private(&key),
        })
    }

    /// A leaf that is signed by itself, as servers make at installation.
    pub(super) fn self_signed(&self, leaf: &Leaf<'_>) -> io::Result<Credentials> {
        let key = generated()?;
        let made = self.params(leaf)?.self_signed(&key);
        Ok(Credentials {
            chain: vec![made.map_err(io::Error::other)?.der().clone()],
            key: private(&key),
        })
    }

    fn params(&self, leaf: &Leaf<'_>) -> io::Result<CertificateParams> {
        let names = [leaf.name.to_owned()];
        let days = (leaf.from_day, leaf.until_day);
        let mut params = params(leaf.name, &names, self.now, days)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        Ok(params)
    }
}

fn authority(
    name: &str,
    constraints: BasicConstraints,
    now: Timestamp,
) -> io::Result<CertificateParams> {
    let mut params = params(name, &[], now, (-1825, 1825))?;
    params.is_ca = IsCa::Ca(constraints);
    Ok(params)
}

fn params(
    common_name: &str,
    names: &[String],
    now: Timestamp,
    (from_day, until_day): (i64, i64),
) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    let subject = &mut params.distinguished_name;
    subject.push(DnType::CountryName, "US");
    subject.push(DnType::LocalityName, "Bearville");
    subject.push(DnType::OrganizationName, "BearWorld");
    subject.push(DnType::CommonName, common_name);
    params.not_before = day(now, from_day)?;
    params.not_after = day(now, until_day)?;
    Ok(params)
}

fn day(now: Timestamp, day: i64) -> io::Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(now.0 + day * DAY).map_err(io::Error::other)
}

fn generated() -> io::Result<KeyPair> {
    KeyPair::generate().map_err(io::Error::other)
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}
