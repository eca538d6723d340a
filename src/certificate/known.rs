//! The certificates seen lately, each parsed and kept once: a server presents the same ones at every probe, a fleet has
//! one leaf at many addresses, and all have the same intermediates.

use std::sync::{Mutex, PoisonError};

use super::presented::Certificate;
use crate::recent::Recent;

/// Bytes for certificates of servers that proved to have the key.
const PROVEN: usize = 12 << 20;
/// Bytes for those of servers that only showed them: no stranger pushes out what others have proven.
const UNPROVEN: usize = 4 << 20;

/// A memory of certificates, bounded in bytes.
#[derive(Debug)]
pub struct Known(Mutex<Memory>);

#[derive(Debug)]
struct Memory {
    proven: Recent<Certificate, Certificate>,
    unproven: Recent<Certificate, Certificate>,
}

impl Default for Known {
    fn default() -> Self {
        Self(Mutex::new(Memory {
            proven: Recent::new(PROVEN),
            unproven: Recent::new(UNPROVEN),
        }))
    }
}

impl Known {
    /// As [`Certificate::unread`], but what is remembered has been read.
    pub fn certificate(&self, der: &[u8]) -> Certificate {
        let known = self.with(|memory| memory.find(der));
        known.unwrap_or_else(|| Certificate::unread(der))
    }

    /// Remembers the certificates of one server, and puts equal ones that are remembered in their place.
    pub fn remember(&self, chain: &mut [Certificate], is_proven: bool) {
        self.with(|memory| {
            for certificate in chain {
                match memory.find(certificate.der()) {
                    Some(known) => *certificate = known,
                    None => memory.add(certificate, is_proven),
                }
            }
        });
    }

    fn with<T>(&self, what: impl FnOnce(&mut Memory) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Memory {
    fn find(&mut self, der: &[u8]) -> Option<Certificate> {
        self.proven.get(der).or_else(|| self.unproven.get(der))
    }

    fn add(&mut self, certificate: &Certificate, is_proven: bool) {
        let memory = match is_proven {
            true => &mut self.proven,
            false => &mut self.unproven,
        };
        memory.insert(
            certificate.clone(),
            certificate.clone(),
            certificate.bytes(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_the_same_certificate() {
        let known = Known::default();
        let der = include_bytes!("../../tests/fixtures/certificates/ordinary.der");
        let mut first = [known.certificate(der)];
        let mut second = [known.certificate(der)];
        assert!(!std::ptr::eq(first[0].der(), second[0].der()));
        known.remember(&mut first, true);
        known.remember(&mut second, false);
        assert!(std::ptr::eq(first[0].der(), second[0].der()), "kept once");
        let third = known.certificate(der);
        assert!(std::ptr::eq(first[0].der(), third.der()), "parsed once");
        let other = known.certificate(&der[..der.len() - 1]);
        assert!(other != third && other.facts().is_err());
    }

    #[test]
    fn what_nobody_proved_pushes_out_nothing_proven() {
        let known = Known::default();
        let der = include_bytes!("../../tests/fixtures/certificates/ordinary.der");
        let mut ours = [known.certificate(der)];
        known.remember(&mut ours, true);
        for nth in 0..1000_u32 {
            let mut large = vec![0; 60_000];
            large[..4].copy_from_slice(&nth.to_be_bytes());
            known.remember(&mut [Certificate::from_der(&large)], false);
        }
        assert!(std::ptr::eq(ours[0].der(), known.certificate(der).der()));
    }
}
