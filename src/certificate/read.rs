//! DER to facts, or to why it cannot be read; the one place that calls the X.509 parser on a whole certificate.

use std::fmt;
use std::iter::successors;
use std::panic::catch_unwind;

use x509_parser::asn1_rs::Tag;
use x509_parser::certificate::{TbsCertificate, X509Certificate, X509CertificateParser};
use x509_parser::error::X509Error;
use x509_parser::nom::Parser as _;
use x509_parser::x509::AlgorithmIdentifier;

use super::dn::Dn;
use super::extension::Extensions;
use super::facts::Facts;
use super::key::Key;
use super::signature::SignatureAlgorithm;
use super::validity::{self, Validity};
use super::{der, fingerprint, hex};
use crate::timestamp::Timestamp;

/// No handshake message of which we take certificates holds more; beyond, nothing is parsed.
const MAX_LENGTH: usize = 1 << 18;

/// Why a certificate cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong.
    pub why: String,
    /// The number of bytes that were received.
    pub length: usize,
}

/// One line: `invalid date (412 bytes)`.
impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.why, self.length)
    }
}

impl std::error::Error for Unreadable {}

/// Reads a certificate. Nothing in it makes this panic: a parser that does is caught.
pub(super) fn read(der: &[u8]) -> Result<Facts, Unreadable> {
    let unreadable = |why: String| Unreadable {
        why,
        length: der.len(),
    };
    if der.is_empty() {
        return Err(unreadable("no bytes".into()));
    }
    if der.len() > MAX_LENGTH {
        return Err(unreadable(format!("longer than {MAX_LENGTH} bytes")));
    }
    catch_unwind(|| facts(der))
        .unwrap_or_else(|_| Err("the X.509 parser panicked".into()))
        .map_err(unreadable)
}

/// The SubjectPublicKeyInfo alone: what stands before it is stepped over, so that this takes no time, whatever it is.
pub(super) fn spki(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = der::first(certificate)?;
    let (body, _) = der::first(certificate.content(Tag::Sequence)?)?;
    let fields = successors(der::first(body.content(Tag::Sequence)?), |(_, rest)| {
        der::first(rest)
    });
    // Perhaps a version, then serial number, signature, issuer, validity and subject.
    let mut fields = fields.skip_while(|(field, _)| field.tagged(0).is_some());
    fields.nth(5).map(|(key, _)| key.raw)
}

fn facts(der: &[u8]) -> Result<Facts, String> {
    let plain;
    let (rest, certificate) = match parse(der) {
        Err(X509Error::InvalidDate) => {
            plain = validity::with_plain_dates(der).ok_or("invalid date")?;
            parse(&plain)
        }
        parsed => parsed,
    }
    .map_err(|error| error.to_string())?;
    let tbs = &certificate.tbs_certificate;
    let dates = validity::of_certificate(der).unwrap_or_else(|| Validity {
        not_before: Timestamp(tbs.validity.not_before.timestamp()),
        not_after: Timestamp(tbs.validity.not_after.timestamp()),
        odd: None,
    });
    let mut extensions = Extensions::read(tbs.extensions());
    extensions.defects.extend(algorithms_differ(&certificate));
    Ok(Facts {
        trailing_bytes: rest.len(),
        signature_algorithm: signature_algorithm(&certificate.signature_algorithm),
        ..from_tbs(tbs, dates, extensions)?
    })
}

/// Extensions are parsed one by one later, so that a bad one does not spoil the certificate.
fn parse(der: &[u8]) -> Result<(&[u8], X509Certificate<'_>), X509Error> {
    let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
    parser.parse(der).map_err(X509Error::from)
}

fn from_tbs(
    tbs: &TbsCertificate<'_>,
    dates: Validity,
    extensions: Extensions,
) -> Result<Facts, String> {
    let subject = name(tbs.subject.as_raw(), "subject")?;
    let issuer = name(tbs.issuer.as_raw(), "issuer")?;
    let digest = |name: &Dn| fingerprint::sha256(&name.canonical());
    Ok(Facts {
        version: tbs.version.0.saturating_add(1),
        serial_number: hex::encode(tbs.raw_serial()),
        name_digests: [digest(&subject), digest(&issuer)],
        issuer,
        common_names: subject.common_names().map(str::to_owned).collect(),
        subject,
        not_before: dates.not_before,
        not_after: dates.not_after,
        odd_date: dates.odd,
        key: Key::from_spki(tbs.subject_pki.raw),
        spki: tbs.subject_pki.raw.to_vec(),
        spki_sha256: fingerprint::sha256(tbs.subject_pki.raw),
        signature_algorithm: signature_algorithm(&tbs.signature),
        names: extensions.names,
        basic_constraints: extensions.basic_constraints,
        extended_key_usage: extensions.extended_key_usage,
        key_usage: extensions.key_usage,
        must_staple: extensions.must_staple,
        critical_unknown: extensions.critical_unknown,
        subject_key_id: extensions.subject_key_id,
        authority_key_id: extensions.authority_key_id,
        trailing_bytes: 0,
        defects: extensions.defects,
    })
}

/// The parser stops in silence at the first relative name it cannot read, so the raw bytes are read again.
fn name(raw: &[u8], which: &str) -> Result<Dn, String> {
    Dn::from_der(raw).ok_or_else(|| format!("malformed {which}"))
}

fn signature_algorithm(algorithm: &AlgorithmIdentifier<'_>) -> SignatureAlgorithm {
    let parameters = algorithm.parameters.as_ref().map(|any| any.data);
    SignatureAlgorithm::new(&der::oid_text(&algorithm.algorithm), parameters)
}

/// RFC 5280 §4.1.1.2: the algorithm inside the signature and the one beside it are the same.
fn algorithms_differ(certificate: &X509Certificate<'_>) -> Option<String> {
    let inner = &certificate.tbs_certificate.signature;
    let outer = &certificate.signature_algorithm;
    (inner != outer).then(|| {
        format!(
            "signed as {} but says {}",
            signature_algorithm(outer),
            signature_algorithm(inner)
        )
    })
}
