//! Bytes that servers present to certificates, equal ones shared and read once: a server presents the same ones at every
//! probe, a fleet has one leaf at many addresses, and all have the same intermediates. Reads nothing itself.

use std::sync::{Mutex, PoisonError};

use super::presented::Certificate;
use crate::recent::Recent;

/// Bytes for certificates of servers that proved to have the key.
const PROVEN: usize = 12 << 20;
/// Bytes for those of servers that only showed them: no stranger pushes out what others have proven.
const UNPROVEN: usize = 4 << 20;

/// The certificates seen lately, as many as fit into 16 MiB.
#[derive(Debug)]
pub struct Interner(Mutex<Memory>);

#[derive(Debug)]
struct Memory {
    proven: Recent<Certificate, Certificate>,
    unproven: Recent<Certificate, Certificate>,
}

impl Default for Interner {
    fn default() -> Self {
        Self(Mutex::new(Memory {
            proven: Recent::new(PROVEN),
            unproven: Recent::new(UNPROVEN),
        }))
    }
}

impl Interner {
    /// The remembered certificate with these bytes, or else a new one, which nobody has read yet. Two probes that see new
    /// bytes at the same moment both read them; [`remember`](Self::remember) keeps one of the two.
    pub fn certificate(&self, der: &[u8]) -> Certificate {
        let known = self.with(|memory| memory.find(der));
        known.unwrap_or_else(|| Certificate::unread(der))
    }

    /// Puts those that are remembered in the place of equal ones, and remembers the others of this server. What has not
    /// been read is left out: reading takes what strangers choose, and here everybody waits.
    pub fn remember(&self, chain: &mut [Certificate], is_proven: bool) {
        for certificate in chain {
            let known = self.with(|memory| memory.find(certificate.der()));
            match known {
                Some(known) => *certificate = known,
                None if certificate.is_read() => {
                    let bytes = certificate.bytes();
                    *certificate = self.with(|memory| memory.add(certificate, bytes, is_proven));
                }
                None => {}
            }
        }
    }

    fn with<T>(&self, what: impl FnOnce(&mut Memory) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Memory {
    fn find(&mut self, der: &[u8]) -> Option<Certificate> {
        self.proven.get(der).or_else(|| self.unproven.get(der))
    }

    /// Returns what is remembered: an equal one, if somebody else was faster.
    fn add(&mut self, certificate: &Certificate, bytes: usize, is_proven: bool) -> Certificate {
        if let Some(known) = self.find(certificate.der()) {
            return known;
        }
        let memory = match is_proven {
            true => &mut self.proven,
            false => &mut self.unproven,
        };
        memory.insert(certificate.clone(), certificate.clone(), bytes);
        certificate.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_the_same_certificate() {
        let interner = Interner::default();
        let der = include_bytes!("../../tests/fixtures/certificates/ordinary.der");
        let mut first = [interner.certificate(der)];
        let mut second = [interner.certificate(der)];
        assert!(!std::ptr::eq(first[0].der(), second[0].der()));
        first[0].read();
        interner.remember(&mut first, true);
        interner.remember(&mut second, false);
        assert!(std::ptr::eq(first[0].der(), second[0].der()), "kept once");
        let third = interner.certificate(der);
        assert!(std::ptr::eq(first[0].der(), third.der()), "parsed once");
        let other = interner.certificate(&der[..der.len() - 1]);
        assert!(other != third && other.facts().is_err());
    }

    #[test]
    fn nothing_is_read_while_others_wait() {
        let interner = Interner::default();
        let der = include_bytes!("../../tests/fixtures/certificates/ordinary.der");
        let mut unread = [interner.certificate(der)];
        interner.remember(&mut unread, true);
        assert!(!unread[0].is_read());
        let again = interner.certificate(der);
        assert!(!std::ptr::eq(unread[0].der(), again.der()), "remembered");
    }

    #[test]
    fn whoever_sees_it_first_all_share_one() {
        let interner = Interner::default();
        let der = include_bytes!("../../tests/fixtures/certificates/ordinary.der");
        let begin = std::sync::Barrier::new(8);
        let see = || {
            let mut seen = [interner.certificate(der)];
            begin.wait();
            seen[0].read();
            interner.remember(&mut seen, true);
            let [seen] = seen;
            seen
        };
        let seen: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(see)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let shared = interner.certificate(der);
        assert!(seen.iter().all(|one| std::ptr::eq(one.der(), shared.der())));
    }

    #[test]
    fn what_nobody_proved_pushes_out_nothing_proven() {
        let interner = Interner::default();
        let der = include_bytes!("../../tests/fixtures/certificates/ordinary.der");
        let mut ours = [Certificate::from_der(der)];
        interner.remember(&mut ours, true);
        for nth in 0..1000_u32 {
            let mut large = vec![0; 60_000];
            large[..4].copy_from_slice(&nth.to_be_bytes());
            interner.remember(&mut [Certificate::from_der(&large)], false);
        }
        assert!(std::ptr::eq(ours[0].der(), interner.certificate(der).der()));
    }
}
