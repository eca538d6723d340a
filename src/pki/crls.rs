//! CRL files to one set of revocation lists; knows no certificates.

use std::fmt;

use rustls_pki_types::CertificateRevocationListDer;
use rustls_pki_types::pem::PemObject;
use webpki::{CertRevocationList, Error, OwnedCertRevocationList};

use super::der::sequence;

/// Lists of revoked certificates (RFC 5280 §5) as their files had them when they were read.
#[derive(Default)]
pub struct Crls(Vec<CertRevocationList<'static>>);

/// Why a file of revocation lists cannot be used.
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
    /// Adds the lists of a PEM file, or the one of a DER file, by the file's name and what is in it.
    ///
    /// # Errors
    /// [`CrlsError`] when there is no list, or one that is malformed or of an unsupported kind.
    pub fn add_bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), CrlsError> {
        let before = self.0.len();
        let unusable = |nth, why| CrlsError::Unusable(name.to_owned(), nth, why);
        if sequence(bytes).is_some() {
            self.add(bytes).map_err(|why| unusable(1, why))?;
        }
        let in_pem = CertificateRevocationListDer::pem_slice_iter(bytes);
        for (nth, der) in in_pem.enumerate() {
            der.map_err(|e| format!("is malformed: {e}"))
                .and_then(|der| self.add(&der))
                .map_err(|why| unusable(nth + 1, why))?;
        }
        if self.0.len() == before {
            return Err(CrlsError::NoCrl(name.to_owned()));
        }
        Ok(())
    }

    fn add(&mut self, der: &[u8]) -> Result<(), String> {
        let list = OwnedCertRevocationList::from_der(der).map_err(|e| complaint(&e))?;
        self.0.push(list.into());
        Ok(())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lists of an issuer, given by the content of its `Name`.
    pub(super) fn of<'a>(
        &'a self,
        issuer: &'a [u8],
    ) -> impl Iterator<Item = &'a CertRevocationList<'static>> {
        self.0.iter().filter(move |list| list.issuer() == issuer)
    }
}

fn complaint(error: &Error) -> String {
    match error {
        Error::UnsupportedCrlVersion => "is not of version 2 (RFC 5280 §5.1.2.1)".into(),
        Error::UnsupportedDeltaCrl => "is a delta CRL, which is not supported".into(),
        Error::UnsupportedIndirectCrl => "is an indirect CRL, which is not supported".into(),
        other => format!("is malformed: {other:?}"),
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

    fn line(bytes: &[u8]) -> String {
        let added = Crls::default().add_bytes("x.crl", bytes);
        added.unwrap_err().to_string()
    }

    #[test]
    fn pem_and_der_are_read() {
        let list = Authority::new().list(&[], 30);
        let both = [list.pem().unwrap(), list.pem().unwrap()].concat();
        let mut crls = Crls::default();
        assert!(crls.is_empty());
        crls.add_bytes("x.crl", both.as_bytes()).unwrap();
        crls.add_bytes("y.crl", list.der()).unwrap();
        assert_eq!(format!("{crls:?}"), "Crls(3)");
    }

    #[test]
    fn what_is_no_list_is_one_line() {
        for bytes in [&b""[..], b"not PEM"] {
            assert_eq!(line(bytes), "x.crl: no CRL inside");
        }
        assert_eq!(line(b"0\0"), "x.crl: CRL 1 is malformed: BadDer");
        let whole = Authority::new().list(&[], 30).pem().unwrap();
        let broken = [whole.as_str(), &whole.replace("MI", "MJ")].concat();
        assert!(line(broken.as_bytes()).starts_with("x.crl: CRL 2 is malformed: "));
    }
}
