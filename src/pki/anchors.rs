//! Root certificates from the program, the system or files to one set of trust anchors; knows no chains.

use std::collections::HashMap;
use std::fmt;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor};

use super::der;
use super::member::{IssuerLimits, called, flaw_as_issuer};
use super::signed::{Signed, Signer};
use crate::certificate::{Certificate, Dn, Facts};

/// The roots that paths may end at, each of them a name and a key (RFC 5280 §6.1.1 d). Those of files and of the system
/// have a certificate, whose dates and limits count; the bundled ones have none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Anchors {
    name: String,
    anchors: Vec<TrustAnchor<'static>>,
    /// The same roots, with what a search asks of them.
    roots: Vec<Root>,
    /// The roots of each name, by its canonical form.
    by_name: HashMap<Vec<u8>, Vec<usize>>,
    warnings: Vec<String>,
}

/// One root as a search for a path sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Root {
    /// The key that signs.
    pub(super) signer: Signer,
    /// The certificate it was made from; the bundled ones are not kept whole.
    pub(super) certificate: Option<Certificate>,
    /// Name, key and name constraints.
    anchor: TrustAnchor<'static>,
}

impl Root {
    fn new(anchor: TrustAnchor<'static>, certificate: Option<Certificate>) -> Self {
        Self {
            signer: Signer::new(der::wrap(&anchor.subject_public_key_info)),
            certificate,
            anchor,
        }
    }

    /// Its name as DER.
    pub(super) fn subject(&self) -> Vec<u8> {
        der::wrap(&self.anchor.subject)
    }

    pub(super) fn facts(&self) -> Option<&Facts> {
        self.certificate.as_ref()?.facts().ok()
    }

    /// The content of its name constraints.
    pub(super) fn name_constraints(&self) -> Option<&[u8]> {
        self.anchor.name_constraints.as_deref()
    }

    /// What forbids that it ends a path with so many intermediates that are not self-issued.
    pub(super) fn flaw(&self, intermediates: usize) -> Option<String> {
        let facts = self.facts()?;
        let name = called(&facts.subject);
        let flaw = flaw_as_issuer(&name, facts, intermediates).or_else(|| {
            let limits = self.limits()?;
            (!limits.may_sign_certificates()).then(|| {
                format!("the key of '{name}' is not for certificates (keyUsage, RFC 5280 §4.2.1.3)")
            })
        });
        flaw.map(|why| format!("{why}; it is configured as a root"))
    }

    /// What its certificate limits.
    pub(super) fn limits(&self) -> Option<IssuerLimits<'_>> {
        let signed = Signed::read(self.certificate.as_ref()?.der())?;
        Some(IssuerLimits::read(&signed))
    }
}

/// Why there are no roots.
#[derive(Debug, thiserror::Error)]
pub enum AnchorsError {
    /// The file, or the system, has no certificate.
    #[error("{0}: no certificate inside")]
    NoCertificate(String),
    /// This one of the file's certificates, from 1, cannot be used.
    #[error("{0}: certificate {1} is malformed: {2}")]
    Malformed(String, usize, String),
}

impl Anchors {
    /// Mozilla's roots for TLS servers, as bundled with this program by `webpki-roots`.
    pub fn mozilla() -> Self {
        let mut mozilla = Self {
            name: "mozilla".into(),
            ..Self::default()
        };
        for anchor in webpki_roots::TLS_SERVER_ROOTS {
            mozilla.push(Root::new(anchor.clone(), None));
        }
        mozilla
    }

    /// The operating system's roots, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    ///
    /// What of them cannot be used becomes a [warning](Self::warnings).
    ///
    /// # Errors
    /// [`AnchorsError::NoCertificate`] when not one can be used.
    pub fn system() -> Result<Self, AnchorsError> {
        let found = rustls_native_certs::load_native_certs();
        let mut system = Self {
            name: "system".into(),
            warnings: found.errors.iter().map(ToString::to_string).collect(),
            ..Self::default()
        };
        for der in found.certs {
            if let Err(why) = system.add(der) {
                system
                    .warnings
                    .push(format!("a root of the system is malformed: {why}"));
            }
        }
        if system.is_empty() {
            return Err(AnchorsError::NoCertificate(system.name));
        }
        Ok(system)
    }

    /// The certificates of a PEM file, or the one of a DER file, by the file's name and what is in it.
    ///
    /// # Errors
    /// [`AnchorsError`] when there is no certificate, or one that is malformed.
    pub fn from_bytes(name: String, bytes: &[u8]) -> Result<Self, AnchorsError> {
        let mut file = Self {
            name: name.clone(),
            ..Self::default()
        };
        let malformed = |nth, why: String| AnchorsError::Malformed(name.clone(), nth, why);
        if der::sequence(bytes).is_some() {
            file.add(bytes.to_vec().into())
                .map_err(|why| malformed(1, why))?;
        }
        for (nth, der) in CertificateDer::pem_slice_iter(bytes).enumerate() {
            der.map_err(|e| e.to_string())
                .and_then(|der| file.add(der))
                .map_err(|why| malformed(nth + 1, why))?;
        }
        if file.is_empty() {
            return Err(AnchorsError::NoCertificate(name));
        }
        Ok(file)
    }

    /// Of these certificates, given as DER, those that can be used.
    pub(super) fn of(ders: &[&[u8]]) -> Self {
        let mut anchors = Self::default();
        for der in ders {
            // One that is malformed ends no path.
            let _ = anchors.add(der.to_vec().into());
        }
        anchors
    }

    fn add(&mut self, der: CertificateDer<'static>) -> Result<(), String> {
        let anchor = webpki::anchor_from_trusted_cert(&der).map_err(|e| format!("{e:?}"))?;
        let certificate = Certificate::from_der(&der);
        certificate.facts().map_err(|e| e.to_string())?;
        self.push(Root::new(anchor.to_owned(), Some(certificate)));
        Ok(())
    }

    fn push(&mut self, root: Root) {
        let name = Dn::from_der(&root.subject()).unwrap_or_default();
        let of_name = self.by_name.entry(name.canonical()).or_default();
        of_name.push(self.roots.len());
        self.anchors.push(root.anchor.clone());
        self.roots.push(root);
    }

    /// All of them together, each once.
    pub fn union(sets: Vec<Self>) -> Self {
        let names: Vec<_> = sets.iter().map(|set| set.name.as_str()).collect();
        let mut union = Self {
            name: names.join(", "),
            ..Self::default()
        };
        for set in sets {
            for root in set.roots {
                if !union.roots.contains(&root) {
                    union.push(root);
                }
            }
            union.warnings.extend(set.warnings);
        }
        union
    }

    /// Where they come from, for messages: `mozilla`, `system`, the files.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What could not be used though the rest can.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    /// Whether there is none, so that nothing is trusted.
    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// Whether this very certificate was configured; the bundled ones do not count.
    pub fn holds(&self, der: &[u8]) -> bool {
        let mut whole = self.roots.iter().filter_map(|r| r.certificate.as_ref());
        whole.any(|whole| whole.der() == der)
    }

    /// Whether a root has this subject, given as the DER of a `Name` (RFC 5280 §4.1.2.4).
    pub fn has_subject(&self, name: &[u8]) -> bool {
        Dn::from_der(name).is_some_and(|name| self.by_name.contains_key(&name.canonical()))
    }

    /// The roots with this name, given by [`Dn::canonical`].
    pub(super) fn named(&self, name: &[u8]) -> impl Iterator<Item = (usize, &Root)> {
        let of_name = self.by_name.get(name).into_iter().flatten();
        of_name.filter_map(|nth| Some((*nth, self.roots.get(*nth)?)))
    }

    pub(super) fn roots(&self) -> &[Root] {
        &self.roots
    }

    pub(crate) fn all(&self) -> &[TrustAnchor<'static>] {
        &self.anchors
    }
}

impl fmt::Debug for Anchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Anchors({}: {})", self.name, self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_roots_are_there() {
        let roots = Anchors::mozilla();
        assert!(roots.len() > 50);
        assert_eq!(
            format!("{roots:?}"),
            format!("Anchors(mozilla: {})", roots.len())
        );
        let name = roots.roots()[0].subject();
        assert!(roots.has_subject(&name));
        assert!(!roots.has_subject(&name[2..]) && !roots.has_subject(b""));
        assert_eq!(
            Anchors::union(vec![roots.clone(), roots.clone()]).len(),
            roots.len()
        );
    }

    #[test]
    fn a_system_without_roots_is_an_error_and_no_panic() {
        match Anchors::system() {
            Ok(roots) => assert!(!roots.is_empty()),
            Err(e) => assert_eq!(e.to_string(), "system: no certificate inside"),
        }
    }

    #[test]
    fn files_are_read_or_refused() {
        let root = rcgen::generate_simple_self_signed(["a.example".to_owned()])
            .unwrap()
            .cert;
        let twice = root.pem() + "text between\n" + &root.pem();
        let read = |bytes: &[u8]| Anchors::from_bytes("x.pem".into(), bytes);
        for good in [twice.as_bytes(), root.der()] {
            let anchors = read(good).unwrap();
            assert!(anchors.holds(root.der()) && !anchors.holds(b""));
        }
        assert_eq!(read(twice.as_bytes()).unwrap().len(), 2);
        let broken = root.pem() + &root.pem().replace("MII", "MIJ");
        for (bad, line) in [
            ("", "x.pem: no certificate inside"),
            ("no PEM", "x.pem: no certificate inside"),
            ("0\0", "x.pem: certificate 1 is malformed: BadDer"),
            (
                "-----BEGIN CERTIFICATE-----\n",
                "x.pem: certificate 1 is malformed: missing section end marker",
            ),
            (&broken, "x.pem: certificate 2 is malformed: "),
        ] {
            let e = read(bad.as_bytes()).unwrap_err().to_string();
            assert!(e.starts_with(line), "{e}");
        }
    }
}
