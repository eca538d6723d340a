//! What one certificate says, field by field, and the questions that these fields answer; judges nothing.

use super::dn::Dn;
use super::extension::{BasicConstraints, Eku};
use super::hex;
use super::key::Key;
use super::key_usage::KeyUsage;
use super::memory::{list, text};
use super::signature::SignatureAlgorithm;
use super::subject_name::SubjectName;
use crate::name::Host;
use crate::timestamp::Timestamp;

/// The fields of a certificate (RFC 5280 §4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// 1, 2 or 3; what a certificate claims beyond is kept as it is.
    pub version: u32,
    /// Upper-case hex of the bytes as encoded: a leading `00` stays, and `FB` is negative.
    pub serial_number: String,
    /// Whom it names.
    pub subject: Dn,
    /// Who signed it.
    pub issuer: Dn,
    /// Digests of [`Dn::canonical`] of its two names: comparing names of tens of kilobytes takes milliseconds.
    pub(super) name_digests: [[u8; 32]; 2],
    /// From when it is valid.
    pub not_before: Timestamp,
    /// The last second of its validity.
    pub not_after: Timestamp,
    /// Which of the dates is written in a form that RFC 5280 §4.1.2.5 forbids and clients refuse, and how.
    pub odd_date: Option<String>,
    /// Every entry of the SubjectAltName extension, odd ones included.
    pub names: Vec<SubjectName>,
    /// The common names of the subject.
    pub common_names: Vec<String>,
    /// The public key.
    pub key: Key,
    /// The SubjectPublicKeyInfo as DER.
    pub spki: Vec<u8>,
    /// Its SHA-256 digest: what DANE-EE records with selector 1 pin (RFC 7671 §5.1).
    pub spki_sha256: [u8; 32],
    /// How it was signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// Whether it may issue; none without the extension.
    pub basic_constraints: Option<BasicConstraints>,
    /// What it is for; none without the extension, which allows everything. Empty when the extension is unreadable.
    pub extended_key_usage: Option<Vec<Eku>>,
    /// What its key may be used for; none without the extension, which allows everything.
    pub key_usage: Option<KeyUsage>,
    /// Whether the server must staple an OCSP response (RFC 7633).
    pub must_staple: bool,
    /// Critical extensions that this program has not heard of, by OID.
    pub critical_unknown: Vec<String>,
    /// The subjectKeyIdentifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// The key identifier of the issuer, as the certificate gives it.
    pub authority_key_id: Option<Vec<u8>>,
    /// Bytes behind the certificate.
    pub trailing_bytes: usize,
    /// What is malformed without hindering the rest, one line each.
    pub defects: Vec<String>,
}

impl Facts {
    /// Whether a client that knows the server as `host` may accept this certificate by name.
    ///
    /// Only the SubjectAltName counts (RFC 9525 §2); the common name does not, as in every current TLS client.
    pub fn covers(&self, host: &Host) -> bool {
        self.names.iter().any(|name| name.covers(host))
    }

    /// Whether subject and issuer are the same name (RFC 5280 §3.2), as in roots and self-signed certificates.
    pub fn is_self_issued(&self) -> bool {
        self.is_named_as_issuer_of(self)
    }

    /// Whether it bears the name of another's issuer (RFC 5280 §7.1).
    pub fn is_named_as_issuer_of(&self, other: &Self) -> bool {
        let ([subject, _], [_, issuer]) = (self.name_digests, other.name_digests);
        subject == issuer
    }

    /// Whether it may issue certificates.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints.is_some_and(|c| c.ca)
    }

    /// Whether it may serve TLS: without the extension, or with serverAuth or any among its purposes.
    pub fn allows_server_auth(&self) -> bool {
        self.allows(&Eku::ServerAuth)
    }

    /// Whether it may be used so: without the extension, or with this purpose or any among its own.
    pub fn allows(&self, purpose: &Eku) -> bool {
        let purposes = self.extended_key_usage.as_ref();
        purposes.is_none_or(|all| all.iter().any(|own| own == purpose || *own == Eku::Any))
    }

    /// Seconds between its two dates; negative when they are the wrong way round.
    pub fn lifetime_seconds(&self) -> i64 {
        self.not_after.seconds_since(self.not_before)
    }

    /// The memory that it takes beside itself; what has a few bytes whatever is read is left out.
    pub(super) fn bytes(&self) -> usize {
        let names = self.names.iter().map(SubjectName::bytes).sum::<usize>();
        let purposes = self.extended_key_usage.iter();
        let purposes = purposes.map(|all| list(all) + all.iter().map(Eku::bytes).sum::<usize>());
        let lines = [&self.common_names, &self.critical_unknown, &self.defects];
        let lines = lines.map(|all| list(all) + all.iter().map(text).sum::<usize>());
        let ids = [&self.subject_key_id, &self.authority_key_id];
        let ids = ids.into_iter().flatten().map(list);
        let parts = lines.into_iter().chain(purposes).chain(ids);
        let dns = self.subject.bytes() + self.issuer.bytes();
        let own = text(&self.serial_number) + list(&self.spki);
        list(&self.names) + names + parts.sum::<usize>() + dns + own
    }

    /// The SHA-256 digest of the key as upper-case hex.
    pub fn spki_sha256_hex(&self) -> String {
        hex::encode(&self.spki_sha256)
    }
}
