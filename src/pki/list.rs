//! The DER of one revocation list (RFC 5280 §5) to what it says of certificates, or why it is not used; knows no files.

use std::sync::{Mutex, PoisonError};

use super::der::{self, DerReader};
use super::member::{Member, extensions};
use super::signed::{Made, Signed, Signer};
use crate::certificate::{Dn, SignatureAlgorithm};
use crate::timestamp::Timestamp;

/// Keys whose signature is remembered: an issuer has one, and the next during a change.
const MAX_SIGNERS: usize = 8;

/// One list, of version 1 or 2.
pub(super) struct RevocationList {
    der: Vec<u8>,
    /// [`Dn::canonical`].
    pub(super) issuer: Vec<u8>,
    pub(super) next_update: Option<Timestamp>,
    scope: Scope,
    /// The serial numbers as encoded, sorted.
    revoked: Vec<Box<[u8]>>,
    /// Large lists take long to verify, and are asked at every probe.
    made: Mutex<Vec<(Signer, Made)>>,
}

/// Which certificates a list is about (issuingDistributionPoint, RFC 5280 §5.2.5).
#[derive(Debug, Default, PartialEq, Eq)]
struct Scope {
    only_users: bool,
    only_cas: bool,
    /// URIs, one of which a certificate with distribution points must name; none: whatever it names.
    points: Option<Vec<Vec<u8>>>,
}

impl RevocationList {
    /// # Errors
    /// What keeps it from being used, to stand behind its name.
    pub(super) fn read(der: &[u8]) -> Result<Self, String> {
        let malformed = || "is malformed".to_owned();
        let signed = Signed::read(der).ok_or_else(malformed)?;
        let mut fields = DerReader(signed.fields);
        match fields.content(der::INTEGER) {
            // Version 1 is what stands without a number.
            None | Some([0 | 1]) => {}
            Some(_) => return Err("is of a version that is not known (RFC 5280 §5.1.2.1)".into()),
        }
        fields.content(der::SEQUENCE).ok_or_else(malformed)?;
        let issuer = fields.element(der::SEQUENCE).ok_or_else(malformed)?;
        let issuer = Dn::from_der(issuer.whole).ok_or_else(malformed)?;
        time(&mut fields).ok_or_else(malformed)?;
        let next_update = time(&mut fields);
        let revoked = fields.content(der::SEQUENCE).unwrap_or_default();
        let extensions = fields.content(der::context(0)).unwrap_or_default();
        if !fields.is_empty() {
            return Err(malformed());
        }
        Ok(Self {
            scope: scope(extensions)?,
            revoked: serials(revoked)?,
            der: der.to_vec(),
            issuer: issuer.canonical(),
            next_update,
            made: Mutex::default(),
        })
    }

    /// Whether it is in charge of this certificate, whose issuer it is of.
    pub(super) fn covers(&self, certificate: &Member<'_>) -> bool {
        let is_ca = certificate.facts.is_ca();
        let excludes = self.scope.only_users && is_ca || self.scope.only_cas && !is_ca;
        let named = || match (&self.scope.points, points(certificate)) {
            (Some(own), Some(wanted)) => wanted.iter().any(|uri| own.contains(uri)),
            (None, _) | (_, None) => true,
        };
        !excludes && named()
    }

    pub(super) fn names(&self, certificate: &Member<'_>) -> bool {
        let serial = DerReader(certificate.signed.fields).find(|field| field.tag == der::INTEGER);
        serial.is_some_and(|serial| {
            let search = self
                .revoked
                .binary_search_by(|own| (**own).cmp(serial.content));
            search.is_ok()
        })
    }

    /// Whether this key signed it.
    pub(super) fn made_by(&self, signer: &Signer) -> Made {
        let mut known = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, made)) = known.iter().find(|(known, _)| known == signer) {
            return *made;
        }
        let made = Signed::read(&self.der).map_or(Made::No, |signed| {
            let algorithm = SignatureAlgorithm::from_der(signed.algorithm);
            signed.made_by(signer, &algorithm)
        });
        if known.len() >= MAX_SIGNERS {
            known.clear();
        }
        known.push((signer.clone(), made));
        made
    }
}

/// UTCTime or GeneralizedTime as RFC 5280 §5.1.2.4 has them.
fn time(fields: &mut DerReader<'_>) -> Option<Timestamp> {
    let text = |digits: &[u8]| str::from_utf8(digits).ok().map(str::to_owned);
    if let Some(short) = fields.content(0x17) {
        let short = text(short)?;
        let century = if short.get(..2)? < "50" { "20" } else { "19" };
        return Timestamp::from_digits(&(century.to_owned() + &short));
    }
    Timestamp::from_digits(&text(fields.content(0x18)?)?)
}

fn scope(tagged: &[u8]) -> Result<Scope, String> {
    let mut scope = Scope::default();
    for extension in DerReader(der::sequence(tagged).unwrap_or_default()) {
        let mut parts = DerReader(extension.content);
        let oid = parts.content(der::OID).unwrap_or_default();
        let is_critical = parts.content(der::BOOLEAN).is_some_and(|b| b != [0]);
        let value = parts.content(der::OCTET_STRING).unwrap_or_default();
        match oid {
            b"\x55\x1d\x1b" => return Err("is a delta CRL, which is not supported".into()),
            b"\x55\x1d\x1c" => scope = distribution_point(value)?,
            // Its number and its issuer's key.
            b"\x55\x1d\x14" | b"\x55\x1d\x23" => {}
            _ if is_critical => {
                return Err("has a critical extension that is not known".into());
            }
            _ => {}
        }
    }
    Ok(scope)
}

fn distribution_point(value: &[u8]) -> Result<Scope, String> {
    let mut scope = Scope::default();
    let content = der::sequence(value).ok_or("has a malformed issuingDistributionPoint")?;
    for field in DerReader(content) {
        let is_set = field.content != [0];
        match field.tag {
            0xa0 => scope.points = Some(full_name(field.content)?),
            0x81 => scope.only_users = is_set,
            0x82 => scope.only_cas = is_set,
            0x83 => {
                return Err(
                    "covers some reasons only (onlySomeReasons), which is not supported".into(),
                );
            }
            0x84 if is_set => return Err("is an indirect CRL, which is not supported".into()),
            0x85 if is_set => {
                return Err("is about attribute certificates only, which are not supported".into());
            }
            0x84 | 0x85 => {}
            _ => return Err("has a malformed issuingDistributionPoint".into()),
        }
    }
    Ok(scope)
}

fn full_name(point: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let names = DerReader(point)
        .content(der::context(0))
        .ok_or("names its distribution point relative to its issuer, which is not supported")?;
    Ok(uris(names))
}

fn uris(names: &[u8]) -> Vec<Vec<u8>> {
    let uris = DerReader(names).filter(|name| name.tag == 0x86);
    uris.map(|name| name.content.to_vec()).collect()
}

/// The URIs of a certificate's distribution points (RFC 5280 §4.2.1.13), without those for some reasons only or of
/// another issuer; `None` where it has none of either.
fn points(certificate: &Member<'_>) -> Option<Vec<Vec<u8>>> {
    let value = extensions(certificate.signed.fields)
        .find_map(|(oid, value)| (oid == b"\x55\x1d\x1f").then_some(value))?;
    let mut all = Vec::new();
    for point in DerReader(der::sequence(value)?) {
        let mut parts = DerReader(point.content);
        let name = parts.content(der::context(0));
        let names = name.and_then(|name| DerReader(name).content(der::context(0)));
        if let Some(names) = names.filter(|_| parts.is_empty()) {
            all.extend(uris(names));
        }
    }
    Some(all)
}

fn serials(revoked: &[u8]) -> Result<Vec<Box<[u8]>>, String> {
    let mut serials = Vec::new();
    let mut entries = DerReader(revoked);
    while !entries.is_empty() {
        let entry = entries.content(der::SEQUENCE);
        let mut entry = DerReader(entry.ok_or("is malformed")?);
        let serial = entry.content(der::INTEGER).ok_or("is malformed")?;
        entry.next().ok_or("is malformed")?;
        for extension in DerReader(entry.content(der::SEQUENCE).unwrap_or_default()) {
            is_understood(extension.content)?;
        }
        serials.push(serial.into());
    }
    serials.sort_unstable();
    Ok(serials)
}

/// Reasons and dates change nothing here; an issuer of its own does (RFC 5280 §5.3).
fn is_understood(extension: &[u8]) -> Result<(), String> {
    let mut parts = DerReader(extension);
    let oid = parts.content(der::OID).unwrap_or_default();
    let is_critical = parts.content(der::BOOLEAN).is_some_and(|b| b != [0]);
    match oid {
        b"\x55\x1d\x15" | b"\x55\x1d\x18" => Ok(()),
        b"\x55\x1d\x1d" => Err("is an indirect CRL, which is not supported".into()),
        _ if is_critical => Err("has an entry with a critical extension that is not known".into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list with these fields behind its issuer's name, whose signature nobody asks for.
    fn list(version: &[u8], behind: &[u8]) -> Result<RevocationList, String> {
        let algorithm = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
        let body = [
            version,
            algorithm,
            b"\x30\0",
            b"\x17\x0d260101000000Z",
            behind,
        ]
        .concat();
        let outer = [&der::wrap(&body), &algorithm[..], b"\x03\x02\0\x01"].concat();
        RevocationList::read(&der::wrap(&outer))
    }

    /// One extension of number `last` below 2.5.29, critical.
    fn extended(last: u8, value: &[u8]) -> Vec<u8> {
        let octets = [&[4, u8::try_from(value.len()).unwrap()], value].concat();
        let extension = [&[6, 3, 0x55, 0x1d, last, 1, 1, 0xff], &octets[..]].concat();
        let mut tagged = der::wrap(&der::wrap(&der::wrap(&extension))[..]);
        tagged[0] = der::context(0);
        tagged
    }

    #[test]
    fn version_one_is_read() {
        let entry = b"\x30\x14\x30\x12\x02\x01\x07\x17\x0d260101000000Z";
        let list = list(b"", &[&b"\x17\x0d270101000000Z"[..], entry].concat()).unwrap();
        assert_eq!(list.next_update.unwrap().date(), "2027-01-01");
        assert_eq!(*list.revoked, [[7].into()]);
        assert_eq!(list.scope, Scope::default());
    }

    #[test]
    fn a_list_of_users_only_needs_no_distribution_point() {
        let list = list(b"\x02\x01\x01", &extended(28, b"\x30\x03\x81\x01\xff")).unwrap();
        assert!(list.scope.only_users && !list.scope.only_cas && list.scope.points.is_none());
        assert_eq!(list.next_update, None);
    }

    #[test]
    fn what_is_not_supported_is_refused_in_those_words() {
        for (last, value, words) in [
            (27, &b"\x02\x01\x01"[..], "is a delta CRL"),
            (28, b"\x30\x03\x84\x01\xff", "is an indirect CRL"),
            (
                28,
                b"\x30\x03\x85\x01\xff",
                "is about attribute certificates only",
            ),
            (
                28,
                b"\x30\x04\x83\x02\x07\x80",
                "covers some reasons only (onlySomeReasons)",
            ),
            (
                28,
                b"\x30\x04\xa0\x02\xa1\x00",
                "names its distribution point relative",
            ),
            (
                99,
                b"\x05\x00",
                "has a critical extension that is not known",
            ),
        ] {
            let refused = list(b"\x02\x01\x01", &extended(last, value));
            let why = refused.err().unwrap();
            assert!(why.starts_with(words), "{why}");
        }
        let future = list(b"\x02\x01\x02", b"").err().unwrap();
        assert!(future.starts_with("is of a version"), "{future}");
    }
}
