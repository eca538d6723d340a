//! One presented certificate to what a search for a path asks of it: names to compare, signature, key, limits and what
//! is odd about it; knows no other certificate.

use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter};

use super::der::{self, DerReader};
use super::signed::{Signed, Signer};
use crate::certificate::{Certificate, Dn, Facts};

/// A certificate whose facts and parts could be read.
pub(super) struct Member<'a> {
    pub(super) facts: &'a Facts,
    pub(super) signed: Signed<'a>,
    /// Its own key, which may have signed others.
    pub(super) signer: Signer,
    /// [`Dn::canonical`] of its two names.
    pub(super) subject: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) limits: IssuerLimits<'a>,
    /// Its two names, for messages.
    pub(super) name: String,
    pub(super) issuer_name: String,
    /// What forbids every path through it, wherever it stands.
    pub(super) flaw: Option<String>,
    /// What keeps us from judging a path through it, wherever it stands.
    pub(super) doubt: Option<String>,
}

/// What the extensions of an issuer limit, besides basicConstraints.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct IssuerLimits<'a> {
    /// The first eight bits of keyUsage (RFC 5280 §4.2.1.3).
    key_usage: Option<u8>,
    /// The content of nameConstraints (RFC 5280 §4.2.1.10).
    pub(super) names: Option<&'a [u8]>,
    /// requireExplicitPolicy (RFC 5280 §4.2.1.11).
    explicit_policy: Option<usize>,
}

impl<'a> Member<'a> {
    pub(super) fn new(certificate: &'a Certificate) -> Option<Self> {
        let facts = certificate.facts().ok()?;
        let signed = Signed::read(certificate.der())?;
        let name = called(&facts.subject);
        Some(Self {
            facts,
            signed,
            flaw: flaw(&name, facts, &signed, certificate.der()),
            doubt: doubt(&name, facts),
            signer: Signer::new(facts.spki.clone()),
            subject: facts.subject.canonical(),
            issuer: facts.issuer.canonical(),
            limits: IssuerLimits::read(&signed),
            name,
            issuer_name: called(&facts.issuer),
        })
    }

    /// Its issuer's name as it stands in the certificate.
    pub(super) fn raw_issuer(&self) -> Option<&'a [u8]> {
        let mut sequences = DerReader(self.signed.fields).filter(|e| e.tag == der::SEQUENCE);
        sequences.nth(1).map(|name| name.whole)
    }

    pub(super) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// What forbids a path in which it issues, with so many intermediates below it that are not self-issued.
    pub(super) fn flaw_as_issuer(&self, below: usize) -> Option<String> {
        flaw_as_issuer(&self.name, self.facts, below)
    }

    /// What keeps us from judging a path in which it issues.
    pub(super) fn doubt_as_issuer(&self) -> Option<String> {
        let (name, version) = (&self.name, self.facts.version);
        (version < 3).then(|| {
            format!(
                "the certificate of the issuer '{name}' is of X.509 version {version}, \
                 which does not say whether it is a CA (RFC 5280 §6.1.4 k)"
            )
        })
    }

    /// What keeps us from judging a path with so many certificates below this one, self-issued ones aside: from some
    /// depth on it asks for policies (RFC 5280 §6.1.3 f). Without that, policies forbid nothing.
    pub(super) fn policy_doubt(&self, below: usize) -> Option<String> {
        let asks = self.limits.explicit_policy.is_some_and(|n| n <= below);
        asks.then(|| {
            let name = &self.name;
            format!("'{name}' demands a certificate policy, and policies are not evaluated here")
        })
    }
}

fn flaw(name: &str, facts: &Facts, signed: &Signed<'_>, der: &[u8]) -> Option<String> {
    let inner = DerReader(signed.fields).find(|field| field.tag == der::SEQUENCE);
    if inner.is_none_or(|algorithm| algorithm.content != signed.algorithm) {
        return Some(format!(
            "'{name}' names two signature algorithms (RFC 5280 §4.1.1.2)"
        ));
    }
    if facts.not_before > facts.not_after {
        return Some(format!("'{name}' ends before it begins"));
    }
    is_withdrawn(der).then(|| format!("the key of '{name}' was publicly withdrawn"))
}

fn doubt(name: &str, facts: &Facts) -> Option<String> {
    let unknown = &facts.critical_unknown;
    if !unknown.is_empty() {
        let oids = cut(&unknown.join(", "));
        return Some(format!(
            "'{name}' has a critical extension that is not known ({oids})"
        ));
    }
    let more = facts.trailing_bytes;
    (more > 0).then(|| format!("{more} bytes follow the certificate of '{name}'"))
}

/// What forbids a certificate of version 3 to issue (RFC 5280 §6.1.4 k to m).
pub(super) fn flaw_as_issuer(name: &str, facts: &Facts, below: usize) -> Option<String> {
    if facts.version < 3 {
        return None;
    }
    if !facts.is_ca() {
        return Some(format!(
            "the certificate of the issuer '{name}' is not one for a CA"
        ));
    }
    let most = facts.basic_constraints.and_then(|c| c.path_length)?;
    (below > usize::try_from(most).unwrap_or(usize::MAX)).then(|| {
        format!("'{name}' allows {most} CAs below it (pathLenConstraint), and there are {below}")
    })
}

impl<'a> IssuerLimits<'a> {
    pub(super) fn read(signed: &Signed<'a>) -> Self {
        let mut limits = Self::default();
        for (oid, value) in extensions(signed.fields) {
            match oid {
                b"\x55\x1d\x0f" => limits.key_usage = key_usage(value),
                b"\x55\x1d\x1e" => limits.names = der::sequence(value),
                b"\x55\x1d\x24" => limits.explicit_policy = explicit_policy(value),
                _ => {}
            }
        }
        limits
    }

    /// Whether the key may sign certificates.
    pub(super) fn may_sign_certificates(&self) -> bool {
        self.key_usage.is_none_or(|bits| bits & 0x04 != 0)
    }

    /// Whether the key may sign revocation lists.
    pub(super) fn may_sign_crls(&self) -> bool {
        self.key_usage.is_none_or(|bits| bits & 0x02 != 0)
    }
}

/// OID and value of each extension of a TBSCertificate.
pub(super) fn extensions(fields: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let tagged = DerReader(fields).find(|field| field.tag == der::context(3));
    let all = tagged.and_then(|tagged| der::sequence(tagged.content));
    DerReader(all.unwrap_or_default()).filter_map(|extension| {
        let mut parts = DerReader(extension.content);
        let oid = parts.content(der::OID)?;
        parts.content(der::BOOLEAN);
        Some((oid, parts.content(der::OCTET_STRING)?))
    })
}

fn key_usage(value: &[u8]) -> Option<u8> {
    let bits = DerReader(value).content(der::BIT_STRING)?;
    Some(bits.get(1).copied().unwrap_or(0))
}

fn explicit_policy(value: &[u8]) -> Option<usize> {
    let after = DerReader(der::sequence(value)?).content(0x80)?;
    // More certificates than a chain has, when it does not fit.
    Some(der::number(after).unwrap_or(usize::MAX))
}

/// `webpki` has a list of keys that were publicly withdrawn, and asks it before anything else.
fn is_withdrawn(der: &[u8]) -> bool {
    let der = CertificateDer::from(der);
    EndEntityCert::try_from(&der).is_ok_and(|certificate| {
        let none = UnixTime::since_unix_epoch(std::time::Duration::ZERO);
        let asked = certificate.verify_for_usage(&[], &[], &[], none, AnyUsage, None, None);
        matches!(asked, Err(Error::CertDistrusted))
    })
}

/// A name for a message.
pub(super) fn called(name: &Dn) -> String {
    cut(&name.to_exchange())
}

/// As much of a stranger's text as a message needs.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Accepts every extended key usage: what a certificate is meant for is judged elsewhere, and shown beside trust.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}
