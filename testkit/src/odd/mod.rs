//! Certificates field by field, with what no library would write: a minimal DER writer and a real signature.

pub mod issued;

use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};
use rustls::pki_types::PrivatePkcs8KeyDer;

use crate::peer::Credentials;

/// `ecdsa-with-SHA256` as an AlgorithmIdentifier.
const ALGORITHM: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
const COMMON_NAME: &[u8] = b"\x55\x04\x03";
const SUBJECT_ALT_NAME: &[u8] = b"\x55\x1d\x11";

/// One DER element.
pub fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len())
        .expect("a certificate")
        .to_be_bytes();
    let mut der = vec![tag];
    match content.len() {
        0..0x80 => der.push(length[3]),
        0x80..0x1_0000 => der.extend([0x82, length[2], length[3]]),
        _ => der.extend([0x84, length[0], length[1], length[2], length[3]]),
    }
    der.extend(content);
    der
}

/// An attribute with a UTF8String; `oid` is the content of an OBJECT IDENTIFIER.
pub fn attribute(oid: &[u8], text: &str) -> Vec<u8> {
    der(0x30, &[der(0x06, oid), der(0x0c, text.as_bytes())].concat())
}

/// A relative name.
pub fn set(attributes: &[Vec<u8>]) -> Vec<u8> {
    der(0x31, &attributes.concat())
}

/// A distinguished name.
pub fn name(sets: &[Vec<u8>]) -> Vec<u8> {
    der(0x30, &sets.concat())
}

/// What the certificate is to say. By default it is an ordinary one of `CN=Odd CA` for `mx.bears.test`.
pub struct Odd<'a> {
    pub version: u8,
    pub serial: Vec<u8>,
    pub subject: Vec<u8>,
    /// 0x17 for UTCTime, 0x18 for GeneralizedTime.
    pub date_tag: u8,
    pub not_before: &'a str,
    pub not_after: &'a str,
    pub extensions: Vec<Vec<u8>>,
    /// What it says of its signature; that is made with SHA-256, whatever this says.
    pub algorithm: &'a [u8],
}

impl Default for Odd<'_> {
    fn default() -> Self {
        Self {
            version: 3,
            serial: vec![1],
            subject: Self::common_name("mx.bears.test"),
            date_tag: 0x18,
            not_before: "20260501000000Z",
            not_after: "20260801000000Z",
            extensions: vec![Self::names(&["mx.bears.test".to_owned()])],
            algorithm: ALGORITHM,
        }
    }
}

impl Odd<'_> {
    pub fn common_name(text: &str) -> Vec<u8> {
        name(&[set(&[attribute(COMMON_NAME, text)])])
    }

    pub fn extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
        der(0x30, &[der(0x06, oid), der(0x04, value)].concat())
    }

    /// A SubjectAltName of DNS names.
    pub fn names(names: &[String]) -> Vec<u8> {
        let names: Vec<_> = names.iter().map(|n| der(0x82, n.as_bytes())).collect();
        Self::extension(SUBJECT_ALT_NAME, &der(0x30, &names.concat()))
    }

    /// The certificate alone, and its key. It is signed by that key, whatever its issuer says.
    pub fn credentials(&self) -> Credentials {
        let key = KeyPair::generate().expect("a key");
        let body = self.body(&key.subject_public_key_info());
        let signature = key.sign(&body).expect("a signature");
        let signature = der(0x03, &[&[0], signature.as_slice()].concat());
        let whole = der(0x30, &[body, self.algorithm.to_vec(), signature].concat());
        Credentials {
            chain: vec![whole.into()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        }
    }

    fn body(&self, key: &[u8]) -> Vec<u8> {
        let date = |text: &str| der(self.date_tag, text.as_bytes());
        let validity = [date(self.not_before), date(self.not_after)].concat();
        let mut body = Vec::new();
        if self.version > 1 {
            body.extend(der(0xa0, &der(0x02, &[self.version - 1])));
        }
        body.extend(der(0x02, &self.serial));
        body.extend(self.algorithm);
        body.extend(Self::common_name("Odd CA"));
        body.extend(der(0x30, &validity));
        body.extend(&self.subject);
        body.extend(key);
        if !self.extensions.is_empty() {
            body.extend(der(0xa3, &der(0x30, &self.extensions.concat())));
        }
        der(0x30, &body)
    }
}
