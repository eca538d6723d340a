//! Roots, intermediates and leaves with what `change` makes odd about them; knows no servers.

use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;

use crate::peer::Credentials;

/// A name and a key that issue.
pub struct Ca {
    pub params: CertificateParams,
    key: KeyPair,
}

/// Years in which a certificate is valid, from and to the first of January.
pub type Years = (i32, i32);

impl Ca {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self { params, key }
    }

    /// With a critical extension of this number below 2.5.29.
    pub fn with(mut self, number: u64, content: &[u8]) -> Self {
        let oid = [2, 5, 29, number];
        let mut extension = CustomExtension::from_oid_content(&oid, content.to_vec());
        extension.set_criticality(true);
        self.params.custom_extensions.push(extension);
        self
    }

    /// Its certificate by an issuer, perhaps itself.
    pub fn by(&self, issuer: &Self, years: Years) -> rcgen::Certificate {
        let params = valid(&self.params, years);
        let issuer = Issuer::from_params(&issuer.params, &issuer.key);
        params.signed_by(&self.key, &issuer).expect("a certificate")
    }

    /// A server's certificate for one name, and what is presented behind it.
    pub fn leaf(&self, name: &str, years: Years, behind: &[rcgen::Certificate]) -> Credentials {
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let issuer = Issuer::from_params(&self.params, &self.key);
        let key = KeyPair::generate().expect("a key");
        let leaf = valid(&params, years).signed_by(&key, &issuer);
        let mut chain = vec![leaf.expect("a certificate").der().clone()];
        chain.extend(behind.iter().map(|c| c.der().clone()));
        Credentials {
            chain,
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        }
    }
}

fn valid(params: &CertificateParams, (from, until): Years) -> CertificateParams {
    let mut params = params.clone();
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    params
}
