//! Equal certificates kept once: a fleet serves one leaf at many addresses, and everybody the same intermediates.

use std::collections::HashSet;
use std::sync::Mutex;

use super::lock;
use crate::certificate::Certificate;

/// The certificates that were seen lately.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    generations: Mutex<Generations>,
}

/// What was seen since the last turn, and what was seen in the turn before. What is in neither is no longer known
/// here, and lives as long as the results that show it.
#[derive(Debug, Default)]
struct Generations {
    young: HashSet<Certificate>,
    old: HashSet<Certificate>,
}

/// Certificates of one generation; two generations of large ones are some 30 MB.
const MAX: usize = 4096;

impl Certificates {
    /// Replaces certificates that are known by the known ones.
    pub(super) fn share(&self, chain: &mut [Certificate]) {
        let mut generations = lock(&self.generations);
        let Generations { young, old } = &mut *generations;
        for certificate in chain {
            let known = young.get(certificate).or_else(|| old.get(certificate));
            if let Some(known) = known {
                *certificate = known.clone();
            }
            if young.len() >= MAX {
                *old = std::mem::take(young);
            }
            young.insert(certificate.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(n: usize) -> Certificate {
        Certificate::from_der(&n.to_be_bytes())
    }

    #[test]
    fn equal_certificates_become_the_same() {
        let certificates = Certificates::default();
        let (mut first, mut second) = ([certificate(1)], [certificate(1)]);
        assert_ne!(first[0].der().as_ptr(), second[0].der().as_ptr());
        certificates.share(&mut first);
        certificates.share(&mut second);
        assert_eq!(first[0].der().as_ptr(), second[0].der().as_ptr());
    }

    #[test]
    fn strangers_cannot_fill_the_memory_with_certificates() {
        let certificates = Certificates::default();
        for n in 0..5 * MAX {
            certificates.share(&mut [certificate(n)]);
        }
        let generations = lock(&certificates.generations);
        assert!(generations.young.len() + generations.old.len() <= 2 * MAX);
    }
}
