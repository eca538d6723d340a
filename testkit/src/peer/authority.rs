//! A certificate authority with one intermediate, and the certificates that it issues.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, PKCS_RSA_SHA256, RsaKeySize,
};
use rustls::SupportedCipherSuite;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;

const DAY: i64 = 86_400;

/// A root and an intermediate, valid for ten years around a moment.
pub struct Authority {
    pub root: Certificate,
    pub intermediate: Certificate,
    issuer: Issuer<'static, KeyPair>,
    now: i64,
}

/// What a server presents and proves.
pub struct Credentials {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

impl Credentials {
    /// The digest of the public key: what a TLSA record 3 1 1 says (RFC 6698 §2.1).
    pub fn spki_sha256(&self) -> Vec<u8> {
        let provider = aws_lc_rs::default_provider();
        let key = provider.key_provider.load_private_key(self.key.clone_key());
        let key = key.expect("a key");
        let public = key.public_key().expect("its public half");
        let SupportedCipherSuite::Tls13(suite) = aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256
        else {
            unreachable!("a suite of TLS 1.3")
        };
        suite.common.hash_provider.hash(&public).as_ref().to_vec()
    }

    /// For programs that read files: the chain, and its key.
    pub fn pem(&self) -> (String, String) {
        let chain = self.chain.iter().map(|one| pem("CERTIFICATE", one));
        (chain.collect(), pem("PRIVATE KEY", self.key.secret_der()))
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

impl Clone for Credentials {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

/// What a leaf is to say; days are counted from the authority's moment.
pub struct Leaf<'a> {
    pub common_name: &'a str,
    pub names: &'a [&'a str],
    pub from_day: i64,
    pub until_day: i64,
    pub purposes: &'a [ExtendedKeyUsagePurpose],
}

impl<'a> Leaf<'a> {
    /// A server's certificate for one name.
    pub fn server(name: &'a str, from_day: i64, until_day: i64) -> Self {
        Self {
            common_name: name,
            names: &[],
            from_day,
            until_day,
            purposes: &[ExtendedKeyUsagePurpose::ServerAuth],
        }
    }
}

impl Authority {
    /// `name` goes into the names of root and intermediate; `now` is Unix time.
    pub fn new(name: &str, now: i64) -> Self {
        Self::with_intermediate(name, now, 1825)
    }

    /// The same, with an intermediate that ends on this day.
    pub fn with_intermediate(name: &str, now: i64, until_day: i64) -> Self {
        let mut root = params(&format!("{name} Root"), &[], now, -1825, 1825);
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_key = KeyPair::generate().expect("a key");
        let root_certificate = root.self_signed(&root_key).expect("a root");
        let root_issuer = Issuer::new(root, root_key);
        let mut intermediate = params(&format!("{name} Issuing CA"), &[], now, -1825, until_day);
        intermediate.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let key = KeyPair::generate().expect("a key");
        let certificate = intermediate
            .signed_by(&key, &root_issuer)
            .expect("an intermediate");
        Self {
            root: root_certificate,
            intermediate: certificate,
            issuer: Issuer::new(intermediate, key),
            now,
        }
    }

    /// The root as a PEM file's content.
    pub fn root_pem(&self) -> String {
        self.root.pem()
    }

    /// A leaf with its intermediate.
    pub fn issue(&self, leaf: &Leaf<'_>) -> Credentials {
        self.certify(leaf, &KeyPair::generate().expect("a key"))
    }

    /// The same with an RSA key.
    pub fn issue_rsa(&self, leaf: &Leaf<'_>) -> Credentials {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048);
        self.certify(leaf, &key.expect("a key"))
    }

    fn certify(&self, leaf: &Leaf<'_>, key: &KeyPair) -> Credentials {
        let params = self.leaf(leaf);
        let certificate = params.signed_by(key, &self.issuer).expect("a leaf");
        Credentials {
            chain: vec![certificate.der().clone(), self.intermediate.der().clone()],
            key: private(key),
        }
    }

    /// A leaf that is signed by itself, as servers make at installation.
    pub fn self_signed(&self, leaf: &Leaf<'_>) -> Credentials {
        let key = KeyPair::generate().expect("a key");
        let certificate = self.leaf(leaf).self_signed(&key).expect("a leaf");
        Credentials {
            chain: vec![certificate.der().clone()],
            key: private(&key),
        }
    }

    /// A revocation list of the intermediate on which there is nothing, as a PEM file's content.
    pub fn empty_list(&self) -> String {
        let day = |n| OffsetDateTime::from_unix_timestamp(self.now + n * DAY).expect("a date");
        let list = CertificateRevocationListParams {
            this_update: day(-1),
            next_update: day(30),
            crl_number: 1.into(),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.issuer).expect("a list");
        list.pem().expect("PEM")
    }

    fn leaf(&self, leaf: &Leaf<'_>) -> CertificateParams {
        let names = if leaf.names.is_empty() {
            &[leaf.common_name]
        } else {
            leaf.names
        };
        let (from, until) = (leaf.from_day, leaf.until_day);
        let mut params = params(leaf.common_name, names, self.now, from, until);
        params.extended_key_usages = leaf.purposes.to_vec();
        params
    }
}

fn params(
    name: &str,
    names: &[&str],
    now: i64,
    from_day: i64,
    until_day: i64,
) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|n| (*n).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name = rcgen::DistinguishedName::new();
    let subject = &mut params.distinguished_name;
    subject.push(DnType::CountryName, "US");
    subject.push(DnType::LocalityName, "Bearville");
    subject.push(DnType::OrganizationName, "BearWorld");
    subject.push(DnType::CommonName, name);
    let day = |n: i64| OffsetDateTime::from_unix_timestamp(now + n * DAY).expect("a date");
    params.not_before = day(from_day);
    params.not_after = day(until_day);
    params
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}
