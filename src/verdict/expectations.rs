//! What an operator expects of a target's certificates.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::switch::Switch;
use crate::certificate::{Dn, Fingerprint, TlsCertificateName};
use crate::facts::observation::TlsVersion;
use crate::name::Host;
use crate::pki::{Anchors, Crls};
use crate::timestamp::Timestamp;

/// The expectations of one target. What is empty is not checked.
#[derive(Debug, Clone)]
pub struct Expectations {
    /// Names that the certificate must cover, all of them; `None`: the one that the server was asked for.
    pub names: Option<Vec<Host>>,
    /// The subject.
    pub subject: Option<Dn>,
    /// The issuer.
    pub issuer: Option<Dn>,
    /// The string in Exchange's connector.
    pub tls_certificate_name: Option<TlsCertificateName>,
    /// One of these must be the leaf's.
    pub fingerprints: Vec<Fingerprint>,
    /// Where trust ends.
    pub roots: Arc<Anchors>,
    /// Who is not to be trusted any more.
    pub crls: Arc<Crls>,
    /// The lowest TLS version to accept.
    pub min_tls: TlsVersion,
    /// All endpoints of the target serve the same leaf.
    pub same_certificate: bool,
    /// Whether senders that do DANE (RFC 7672) deliver.
    pub dane: Demand,
    /// Whether senders that do MTA-STS (RFC 8461) deliver; of mail domains.
    pub mta_sts: Demand,
    /// Whether senders know where to report (RFC 8460); of mail domains.
    pub tlsrpt: Demand,
    /// Keys to come, which must have a TLSA record before they are used.
    pub dane_next: Arc<[NextKey]>,
    /// The checks that are switched, by name; the others are as they are by default.
    pub switches: BTreeMap<&'static str, Switch>,
    /// When the rest of the lifetime is too short.
    pub thresholds: Thresholds,
}

impl Expectations {
    /// Nothing in particular but a path to these roots, TLS 1.2, and one certificate everywhere.
    pub fn new(roots: Arc<Anchors>) -> Self {
        Self {
            names: None,
            subject: None,
            issuer: None,
            tls_certificate_name: None,
            fingerprints: Vec::new(),
            roots,
            crls: Arc::default(),
            min_tls: TlsVersion::Tls12,
            same_certificate: true,
            dane: Demand::Off,
            mta_sts: Demand::Off,
            tlsrpt: Demand::Off,
            dane_next: Arc::default(),
            switches: BTreeMap::new(),
            thresholds: Thresholds::default(),
        }
    }
}

/// How much of a published policy is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Demand {
    /// Nothing: it is not looked up.
    #[default]
    Off,
    /// What is published must hold.
    Opportunistic,
    /// It must be published, too.
    Required,
}

/// A key that a server will have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextKey {
    /// The file that it was read from, as configured.
    pub file: Box<str>,
    /// Its SubjectPublicKeyInfo, DER (RFC 5280 §4.1).
    pub public_key: Box<[u8]>,
    /// The whole certificate, DER, if the file has one.
    pub certificate: Option<Box<[u8]>>,
}

/// A limit for the rest of a lifetime: crossed when every part that is given is crossed. With both, a certificate
/// of 398 days is renewed by days and one of 6 days by its fraction, and neither alarms while it is healthy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// Share of the whole lifetime, 0 to 1.
    pub fraction: Option<f64>,
    /// Seconds.
    pub seconds: Option<i64>,
}

impl Threshold {
    /// Seconds before its end at which a certificate with these dates reaches the limit; `None` of a limit without parts.
    pub fn seconds_before_end(&self, not_before: Timestamp, not_after: Timestamp) -> Option<i64> {
        let lifetime = not_after.seconds_since(not_before).max(0);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "seconds of a certificate's dates are far below 2^52: exact as f64"
        )]
        let share = |fraction: f64| (fraction * lifetime as f64).ceil() as i64;
        let parts = [self.fraction.map(share), self.seconds];
        parts.into_iter().flatten().min()
    }

    /// Whether less is left than the limit asks for.
    pub fn is_crossed(&self, not_before: Timestamp, not_after: Timestamp, now: Timestamp) -> bool {
        let left = not_after.seconds_since(now);
        let limit = self.seconds_before_end(not_before, not_after);
        limit.is_some_and(|limit| left < limit)
    }
}

/// When to warn and when to call it critical.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// State `Warning`.
    pub warning: Threshold,
    /// State `Critical`.
    pub critical: Threshold,
}

const DAY: i64 = 86_400;

/// Below 25 % and 30 days: warning. Below 10 % and 7 days: critical.
impl Default for Thresholds {
    fn default() -> Self {
        Self {
            warning: Threshold {
                fraction: Some(0.25),
                seconds: Some(30 * DAY),
            },
            critical: Threshold {
                fraction: Some(0.10),
                seconds: Some(7 * DAY),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_fit_every_lifetime() {
        let Thresholds { warning, critical } = Thresholds::default();
        // Lifetime in days; hours left at which each limit is just crossed (conventions of the CA/B schedule).
        for (days, warn_hours, critical_hours) in [
            (6, 36, 14),
            (47, 282, 112),
            (90, 540, 168),
            (200, 720, 168),
            (398, 720, 168),
        ] {
            let end = Timestamp(days * DAY);
            let crossed = |limit: Threshold, hours: i64| {
                limit.is_crossed(Timestamp(0), end, end.plus_seconds(-hours * 3600))
            };
            assert!(!crossed(warning, warn_hours + 1), "{days} days");
            assert!(crossed(warning, warn_hours - 1), "{days} days");
            assert!(!crossed(critical, critical_hours + 1), "{days} days");
            assert!(crossed(critical, critical_hours - 1), "{days} days");
        }
    }

    #[test]
    fn a_limit_with_one_part_judges_by_it() {
        let days = Threshold {
            fraction: None,
            seconds: Some(10 * DAY),
        };
        let end = Timestamp(100 * DAY);
        assert!(days.is_crossed(Timestamp(0), end, Timestamp(91 * DAY)));
        assert!(!days.is_crossed(Timestamp(0), end, Timestamp(89 * DAY)));
        assert_eq!(days.seconds_before_end(Timestamp(0), end), Some(10 * DAY));
        let nothing = Threshold {
            fraction: None,
            seconds: None,
        };
        assert!(!nothing.is_crossed(Timestamp(0), end, end));
    }
}
