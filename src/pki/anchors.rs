//! Root certificates from the program, the system or files to one set of trust anchors; knows no chains.

use std::fmt;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor};

/// The roots that paths may end at, each of them a name and a key (RFC 5280 §6.1.1 d) without dates.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Anchors {
    name: String,
    anchors: Vec<TrustAnchor<'static>>,
    /// The certificates they were made from; the bundled ones are not kept whole.
    whole: Vec<CertificateDer<'static>>,
    warnings: Vec<String>,
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
        Self {
            name: "mozilla".into(),
            anchors: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
            ..Self::default()
        }
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
        if sequence(bytes).is_some() {
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

    fn add(&mut self, der: CertificateDer<'static>) -> Result<(), String> {
        let anchor = webpki::anchor_from_trusted_cert(&der).map_err(|e| format!("{e:?}"))?;
        self.anchors.push(anchor.to_owned());
        self.whole.push(der);
        Ok(())
    }

    /// All of them together, each once.
    pub fn union(sets: Vec<Self>) -> Self {
        let names: Vec<_> = sets.iter().map(|set| set.name.as_str()).collect();
        let mut union = Self {
            name: names.join(", "),
            ..Self::default()
        };
        for set in sets {
            for anchor in set.anchors {
                if !union.anchors.contains(&anchor) {
                    union.anchors.push(anchor);
                }
            }
            union.whole.extend(set.whole);
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
        self.whole.iter().any(|whole| whole.as_ref() == der)
    }

    /// Whether a root has this subject, given as the DER of a `Name` (RFC 5280 §4.1.2.4).
    pub fn has_subject(&self, name: &[u8]) -> bool {
        sequence(name).is_some_and(|name| self.anchors.iter().any(|root| *root.subject == *name))
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

/// What the one SEQUENCE holds that `der` is.
pub(super) fn sequence(der: &[u8]) -> Option<&[u8]> {
    element(der, 0x30).and_then(|(content, rest)| rest.is_empty().then_some(content))
}

/// The DER of a `Name` from its content, which is all that an anchor keeps.
pub(super) fn name(content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let length = &length[zeros.min(length.len() - 1)..];
    let mut der = vec![0x30];
    if content.len() > 127 {
        der.extend(u8::try_from(length.len()).map(|n| 0x80 | n));
    }
    der.extend_from_slice(length);
    der.extend_from_slice(content);
    der
}

/// The content of the element with this tag that `der` begins with, and what follows (X.690 §8.1).
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.strip_prefix(&[tag])?.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let bytes = length.iter();
            (
                bytes.fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
                rest,
            )
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// The OID of `rsaEncryption` (RFC 8017 §A.1) as DER.
const RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";

/// The size of the key, if it is an RSA key, in the content of a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
pub(super) fn rsa_bits(key_info: &[u8]) -> Option<usize> {
    let (algorithm, rest) = element(key_info, 0x30)?;
    let (bits, _) = element(rest, 0x03).filter(|_| algorithm.starts_with(RSA))?;
    let (key, _) = element(bits.strip_prefix(&[0])?, 0x30)?;
    let (modulus, _) = element(key, 0x02)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let modulus = &modulus[zeros..];
    let unused = usize::try_from(modulus.first()?.leading_zeros()).ok()?;
    Some(modulus.len() * 8 - unused)
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
        let name = name(&roots.all()[0].subject);
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

    #[test]
    fn lengths_of_every_form_are_read_and_written() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            assert_eq!(sequence(&name(&content)), Some(&content[..]), "{length}");
        }
        for bad in [
            &b""[..],
            b"\x30",
            b"\x30\x80",
            b"\x30\x85",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x01\x00\x00",
        ] {
            assert_eq!(sequence(bad), None, "{bad:?}");
        }
    }
}
