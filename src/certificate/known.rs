//! The certificates seen so far, each parsed once: a server presents the same ones at every probe.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::Certificate;

/// Certificates remembered. When there are more, all are forgotten: simpler than to know which were used last.
const MAX_CERTIFICATES: usize = 20_000;

/// A bounded memory of certificates.
#[derive(Debug, Default)]
pub struct Known(Mutex<HashSet<Certificate>>);

impl Known {
    /// As [`Certificate::from_der`], without parsing again what was seen before.
    pub fn certificate(&self, der: &[u8]) -> Certificate {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(certificate) = known.get(der) {
            return certificate.clone();
        }
        if known.len() >= MAX_CERTIFICATES {
            known.clear();
        }
        let certificate = Certificate::from_der(der);
        known.insert(certificate.clone());
        certificate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_the_same_certificate() {
        let known = Known::default();
        let der = include_bytes!("../../tests/fixtures/certificates/ordinary.der");
        let first = known.certificate(der);
        let second = known.certificate(der);
        assert!(std::ptr::eq(first.der(), second.der()), "parsed once");
        let other = known.certificate(&der[..der.len() - 1]);
        assert!(other != first && other.facts().is_err());
    }

    #[test]
    fn the_memory_is_bounded() {
        let known = Known::default();
        for i in 0..=MAX_CERTIFICATES {
            known.certificate(&i.to_be_bytes());
        }
        assert_eq!(known.0.lock().unwrap().len(), 1);
    }
}
