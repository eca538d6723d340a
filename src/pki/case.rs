//! A made-up authority for the tests of revocation: root, issuer and one leaf, valid around a fixed moment.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationList,
    CertificateRevocationListParams, DnType, IsCa, Issuer, KeyIdMethod, KeyPair, RevokedCertParams,
    SerialNumber,
};
use time::{Duration, OffsetDateTime};

use super::Anchors;
use crate::timestamp::Timestamp;

/// 2026-06-01T00:00:00Z.
pub(super) const NOW: Timestamp = Timestamp(1_780_272_000);

pub(super) struct Authority {
    root: (rcgen::Certificate, Issuer<'static, KeyPair>),
    issuer: (rcgen::Certificate, Issuer<'static, KeyPair>),
    leaf: rcgen::Certificate,
}

impl Authority {
    pub(super) const ISSUER: u64 = 2;
    pub(super) const LEAF: u64 = 3;

    pub(super) fn new() -> Self {
        let (root, key) = params("Root", 1, true);
        let root = (root.self_signed(&key).unwrap(), Issuer::new(root, key));
        let (issuer, key) = params("Issuer", Self::ISSUER, true);
        let certificate = issuer.signed_by(&key, &root.1).unwrap();
        let issuer = (certificate, Issuer::new(issuer, key));
        let (leaf, key) = params("leaf", Self::LEAF, false);
        let leaf = leaf.signed_by(&key, &issuer.1).unwrap();
        Self { root, issuer, leaf }
    }

    pub(super) fn chain(&self) -> Vec<Vec<u8>> {
        vec![self.leaf.der().to_vec(), self.issuer.0.der().to_vec()]
    }

    pub(super) fn anchors(&self) -> Anchors {
        Anchors::from_bytes("root".into(), self.root.0.der()).unwrap()
    }

    /// A list by the leaf's issuer that ends so many days from now.
    pub(super) fn list(&self, serials: &[u64], days: i64) -> CertificateRevocationList {
        list(serials, days).signed_by(&self.issuer.1).unwrap()
    }

    /// A list by the root.
    pub(super) fn root_list(&self, serials: &[u64]) -> CertificateRevocationList {
        list(serials, 30).signed_by(&self.root.1).unwrap()
    }
}

fn day(offset: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW.0).unwrap() + Duration::days(offset)
}

fn params(name: &str, serial: u64, is_ca: bool) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(serial.into());
    (params.not_before, params.not_after) = (day(-90), day(90));
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    (params, KeyPair::generate().unwrap())
}

fn list(serials: &[u64], days: i64) -> CertificateRevocationListParams {
    let revoked = |serial: &u64| RevokedCertParams {
        serial_number: SerialNumber::from(*serial),
        revocation_time: day(-10),
        reason_code: None,
        invalidity_date: None,
    };
    CertificateRevocationListParams {
        this_update: day(-10),
        next_update: day(days),
        crl_number: 1.into(),
        issuing_distribution_point: None,
        revoked_certs: serials.iter().map(revoked).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    }
}
