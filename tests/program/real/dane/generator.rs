//! Random cases from a seed, the same ones for the same seed; and where Exim is known to do other things than Postfix.

use super::case::{AliasRecords, Case, Door, Hop, Host, Owner};
use super::chain::{Fault, Of, Record, Sent};
use super::oracle::{Outcome, Said};
use super::zones::{BOGUS, ED448, ISLAND, NSEC3, OPT_OUT, OPT_OUT_CHILD, PLAIN, UNSIGNED};

/// SplitMix64: small, and the same on every machine.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of these; what stands there twice is twice as likely.
    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        let sides = of.len() as u64;
        of[usize::try_from(self.roll() % sides).expect("a place in a slice")]
    }

    fn case(&mut self) -> Case {
        let hops = [
            Hop::Secure,
            Hop::Secure,
            Hop::Secure,
            Hop::Insecure,
            Hop::Implicit,
        ];
        let doors = [Door::Open; 15].into_iter().chain([Door::NoStarttls]);
        let count = self.one(&[0, 1, 1, 1, 2, 2, 3, 4]);
        Case {
            hop: self.one(&hops),
            host: self.host(),
            owner: self.one(&[
                Owner::Plain,
                Owner::Plain,
                Owner::Alias,
                Owner::Wildcard,
                Owner::AliasOut,
            ]),
            records: (0..count).map(|_| self.record()).collect(),
            fault: self.one(&[
                Fault::None,
                Fault::None,
                Fault::None,
                Fault::Expired,
                Fault::OtherName,
                Fault::Purpose,
                Fault::IssuerExpired,
                Fault::SelfSigned,
            ]),
            sent: self.one(&[
                Sent::WithIssuer,
                Sent::WithIssuer,
                Sent::WithRoot,
                Sent::Leaf,
            ]),
            door: self.one(&doors.collect::<Vec<_>>()),
        }
    }

    fn host(&mut self) -> Host {
        let records = self.one(&[AliasRecords::End, AliasRecords::Alias, AliasRecords::Both]);
        let plain = Host::In(PLAIN);
        self.one(&[
            plain,
            plain,
            plain,
            Host::In(NSEC3),
            Host::In(OPT_OUT),
            Host::In(ED448),
            Host::In(UNSIGNED),
            Host::In(OPT_OUT_CHILD),
            Host::In(ISLAND),
            Host::In(BOGUS),
            Host::Wildcard,
            Host::Dname,
            Host::Alias(NSEC3, records),
            Host::Alias(UNSIGNED, records),
        ])
    }

    fn record(&mut self) -> Record {
        Record {
            usage: self.one(&[3, 3, 3, 3, 2, 2, 2, 1, 0, 4]),
            selector: self.one(&[1, 1, 1, 0, 0, 2]),
            matching: self.one(&[1, 1, 1, 1, 2, 2, 0, 9]),
            of: self.one(&[
                Of::Leaf,
                Of::Leaf,
                Of::Leaf,
                Of::Issuer,
                Of::Issuer,
                Of::Root,
                Of::Former,
            ]),
            cut: self.one(&[0, 0, 0, 0, 0, 0, 0, 12]),
        }
    }
}

/// So many cases.
pub(super) fn cases(seed: u64, count: usize) -> Vec<Case> {
    let mut dice = Dice::new(seed);
    (0..count).map(|_| dice.case()).collect()
}

/// The row in which Exim is known to differ from Postfix, if the case can come to it.
pub(super) fn differs(case: &Case) -> Option<&'static str> {
    let has = |usage, matching| {
        let mut records = case.records.iter();
        records.any(|record| (record.usage, record.matching) == (usage, matching))
    };
    let is_anchored = case.records.iter().any(|record| record.usage == 2);
    let is_cut = |record: &Record| record.matching == 0 && record.cut > 0;
    match case.host {
        _ if case.hop == Hop::Insecure => Some("3, 4"),
        Host::Alias(UNSIGNED, _) | Host::Alias(_, AliasRecords::Alias) => Some("5a, 6a"),
        Host::Alias(_, AliasRecords::Both) if case.owner == Owner::AliasOut => Some("6a"),
        _ if case.fault == Fault::Purpose && is_anchored => Some("10a"),
        _ if case.fault == Fault::IssuerExpired && is_anchored => Some("10b"),
        _ if has(2, 0) => Some("8a"),
        _ if (has(3, 1) && has(3, 2)) || (has(2, 1) && has(2, 2)) => Some("7"),
        _ if case.records.iter().any(is_cut) => Some("11a"),
        _ => None,
    }
}

/// Whether we fail what Postfix delivers for an anchor that Exim does not take: one that DNS alone has (row 8a), or one
/// that has expired (row 10b).
pub(super) fn is_stricter(case: &Case, ours: &Said) -> bool {
    let has_expired = case.fault == Fault::IssuerExpired;
    let doubtful = |record: &Record| record.usage == 2 && (record.matching == 0 || has_expired);
    ours.outcome == Outcome::Deferred && case.records.iter().any(doubtful)
}
