//! CRL files to one set of revocation lists; knows no certificates.

use std::fmt;
use std::sync::Arc;

use rustls_pki_types::CertificateRevocationListDer;
use rustls_pki_types::pem::PemObject;

use super::der::sequence;
use super::list::RevocationList;

/// Lists of revoked certificates (RFC 5280 §5) as their files had them when they were read.
#[derive(Clone, Default)]
pub struct Crls(Vec<Arc<RevocationList>>);

/// Why a file of revocation lists, or one list of it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CrlsError {
    /// The file has no revocation list.
    #[error("{0}: no CRL inside")]
    NoCrl(String),
    /// This one of the file's lists, from 1, cannot be used.
    #[error("{0}: CRL {1} {2}")]
    Unusable(String, usize, String),
}

impl Crls {
    /// The lists of a PEM file, or the one of a DER file, by the file's name and what is in it; and what is wrong with
    /// those that are not among them. One bad list spoils no other.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> (Self, Vec<CrlsError>) {
        let (mut crls, mut complaints) = (Self::default(), Vec::new());
        let whole = sequence(bytes).map(|_| Ok(bytes.to_vec().into()));
        let in_pem = CertificateRevocationListDer::pem_slice_iter(bytes);
        for (nth, der) in whole.into_iter().chain(in_pem).enumerate() {
            let list = der
                .map_err(|e| format!("is malformed: {e}"))
                .and_then(|der: CertificateRevocationListDer<'_>| RevocationList::read(&der));
            match list {
                Ok(list) => crls.0.push(Arc::new(list)),
                Err(why) => complaints.push(CrlsError::Unusable(name.to_owned(), nth + 1, why)),
            }
        }
        if crls.is_empty() && complaints.is_empty() {
            complaints.push(CrlsError::NoCrl(name.to_owned()));
        }
        (crls, complaints)
    }

    /// Adds the lists of another file.
    pub fn extend(&mut self, others: &Self) {
        self.0.extend(others.0.iter().cloned());
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lists of an issuer, given by the canonical form of its name.
    pub(super) fn of<'a>(&'a self, issuer: &'a [u8]) -> impl Iterator<Item = &'a RevocationList> {
        let all = self.0.iter().map(Arc::as_ref);
        all.filter(move |list| list.issuer == issuer)
    }
}

/// Lists can have many thousand entries; their number stands for them.
impl fmt::Debug for Crls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crls({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::Authority;
    use super::*;

    #[track_caller]
    fn line(bytes: &[u8]) -> String {
        let (_, complaints) = Crls::from_bytes("x.crl", bytes);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        complaints[0].to_string()
    }

    #[test]
    fn pem_and_der_are_read() {
        let list = Authority::new().list(&[], 30);
        let both = [list.pem().unwrap(), list.pem().unwrap()].concat();
        let (mut crls, wrong) = Crls::from_bytes("x.crl", both.as_bytes());
        assert!(wrong.is_empty());
        crls.extend(&Crls::from_bytes("y.crl", list.der()).0);
        assert_eq!(format!("{crls:?}"), "Crls(3)");
    }

    #[test]
    fn what_is_no_list_is_one_line_and_spoils_no_other() {
        for bytes in [&b""[..], b"not PEM"] {
            assert_eq!(line(bytes), "x.crl: no CRL inside");
        }
        assert_eq!(line(b"0\0"), "x.crl: CRL 1 is malformed");
        let whole = Authority::new().list(&[], 30).pem().unwrap();
        let broken = [whole.as_str(), &whole.replace("MI", "MJ"), whole.as_str()].concat();
        assert!(line(broken.as_bytes()).starts_with("x.crl: CRL 2 is malformed"));
        let (crls, _) = Crls::from_bytes("x.crl", broken.as_bytes());
        assert_eq!(format!("{crls:?}"), "Crls(2)");
    }
}
