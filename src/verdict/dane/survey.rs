//! The TLSA records of a host and what all its endpoints serve to what each record is good for, and whether the next
//! certificate may come; judges no endpoint.

use std::collections::BTreeMap;

use super::records::Records;
use crate::certificate::{Certificate, association};
use crate::facts::published::{Bits, TlsaRecord};
use crate::verdict::expectations::NextKey;
use crate::verdict::fleet::Places;

/// How the records of a host stand with what its endpoints serve.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DaneReport {
    /// One for each record of the set, in its order.
    pub records: Box<[RecordReport]>,
    /// Whether the next key, or its issuer, has a record too; `None` without a record that anybody can use.
    pub rollover_ready: Option<bool>,
    /// Of each key to come, by its file, whether it has a record that will count.
    pub next: Box<[(Box<str>, bool)]>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordReport {
    /// What it is good for.
    pub result: RecordResult,
    /// Whether a stronger digest beside it makes senders skip it (RFC 7671 §9).
    pub is_weaker: bool,
    /// The endpoints whose leaf, or chain for usage 2, it is of.
    pub at: Places,
}

/// What a record is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordResult {
    /// It is of what some endpoint serves.
    Matched,
    /// It is of something else, perhaps of what is to come.
    Unmatched,
    /// No sender uses it.
    Unusable,
}

impl RecordResult {
    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Unmatched => "unmatched",
            Self::Unusable => "unusable",
        }
    }
}

/// How many records are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSum {
    /// Usage, selector, matching type; `None` for all combinations that have no place of their own.
    pub bits: Option<Bits>,
    /// What they are good for.
    pub result: RecordResult,
    /// How many.
    pub count: usize,
}

/// Most combinations that are told apart.
const MOST_SUMS: usize = 16;

impl DaneReport {
    /// Of records, with what each endpoint of the host presents, and the keys to come.
    pub fn new<'a>(
        records: &[TlsaRecord],
        presented: impl IntoIterator<Item = (String, &'a [Certificate])>,
        next: &[NextKey],
    ) -> Self {
        let sorted = Records::new(records);
        let is_among = |all: &[&TlsaRecord], record| all.iter().any(|one| std::ptr::eq(*one, record));
        let mut reports: Vec<_> = records
            .iter()
            .map(|record| RecordReport {
                result: match sorted.unusable.iter().any(|(one, _)| *one == record) {
                    true => RecordResult::Unusable,
                    false => RecordResult::Unmatched,
                },
                is_weaker: is_among(&sorted.weaker, record),
                at: Places::default(),
            })
            .collect();
        for (at, chain) in presented {
            let usable = records.iter().zip(&mut reports);
            let usable = usable.filter(|(_, report)| report.result != RecordResult::Unusable);
            for (_, report) in usable.filter(|(record, _)| is_of(record, chain)) {
                report.result = RecordResult::Matched;
                report.at.add_once(at.clone());
            }
        }
        Self {
            rollover_ready: rollover_ready(records, &reports),
            next: next
                .iter()
                .map(|key| (key.file.clone(), is_published(key, &sorted.counted)))
                .collect(),
            records: reports.into(),
        }
    }

    /// Whether a record is of a key to come, or of the certificate that has it.
    pub fn publishes(key: &NextKey, record: &TlsaRecord) -> bool {
        record.unusable().is_none() && is_published(key, &[record])
    }

    /// How many records there are of each combination, the first ones by themselves, of `records` that it was made of.
    pub fn sums(&self, records: &[TlsaRecord]) -> Vec<RecordSum> {
        let mut counts: BTreeMap<(Bits, RecordResult), usize> = BTreeMap::new();
        for (record, report) in records.iter().zip(&self.records) {
            *counts.entry((record.bits(), report.result)).or_default() += 1;
        }
        let mut sums: Vec<RecordSum> = Vec::new();
        for (nth, ((bits, result), count)) in counts.into_iter().enumerate() {
            let bits = (nth < MOST_SUMS).then_some(bits);
            match sums.iter_mut().find(|one| (one.bits, one.result) == (bits, result)) {
                Some(sum) => sum.count += count,
                None => sums.push(RecordSum { bits, result, count }),
            }
        }
        sums
    }
}

/// Whether a record is of the leaf or, for usage 2, of something presented above it.
fn is_of(record: &TlsaRecord, chain: &[Certificate]) -> bool {
    match record.usage {
        2 => chain.iter().skip(1).any(|one| record.is_of(one)),
        _ => chain.first().is_some_and(|leaf| record.is_of(leaf)),
    }
}

/// Whether a new key can come without a mail that is put off: one record is of what is served, and one to spare. That
/// is one of another key, or one of the issuer that matches beside one of the leaf. Records that a stronger digest
/// leaves behind are no help.
fn rollover_ready(records: &[TlsaRecord], reports: &[RecordReport]) -> Option<bool> {
    let counts = |report: &RecordReport| report.result != RecordResult::Unusable && !report.is_weaker;
    let counted = records.iter().zip(reports).filter(|(_, report)| counts(report));
    let counted: Vec<_> = counted.map(|(one, report)| (one.usage, report.result)).collect();
    if counted.is_empty() {
        return None;
    }
    let has = |usage, result| counted.contains(&(usage, result));
    let (leaf, issuer) = (has(3, RecordResult::Matched), has(2, RecordResult::Matched));
    let other_key = has(3, RecordResult::Unmatched);
    let other_issuer = has(2, RecordResult::Unmatched);
    Some((leaf || issuer) && other_key || leaf && issuer || issuer && other_issuer)
}

/// Whether a key, or the certificate that has it, is in one of these records.
pub(in crate::verdict) fn is_published(key: &NextKey, counted: &[&TlsaRecord]) -> bool {
    let mut of_leaf = counted.iter().filter(|record| record.usage == 3);
    of_leaf.any(|record| {
        let selected = match record.selector {
            0 => key.certificate.as_deref(),
            _ => Some(&*key.public_key),
        };
        let data = selected.and_then(|selected| association(selected, record.matching_type));
        data.is_some_and(|data| *data == *record.data)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::case::Case;

    fn pins(bits: Bits, data: &[u8]) -> TlsaRecord {
        TlsaRecord {
            usage: bits.0,
            selector: bits.1,
            matching_type: bits.2,
            data: data.into(),
        }
    }

    fn of(bits: Bits, certificate: &Certificate) -> TlsaRecord {
        pins(bits, &certificate.association(bits.1, bits.2).unwrap())
    }

    fn survey(records: &[TlsaRecord], chain: &[Certificate], next: &[NextKey]) -> DaneReport {
        DaneReport::new(records, [("192.0.2.1:25".to_owned(), chain)], next)
    }

    #[test]
    fn rollover_is_ready_with_one_match_and_one_to_spare() {
        let (case, other) = (Case::new(), Case::new());
        let [own, issuer] = [0, 1].map(|nth| &case.observation.chain[nth]);
        let [next, backup] = [0, 1].map(|nth| &other.observation.chain[nth]);
        for (records, ready) in [
            (vec![], None),
            (vec![of((1, 1, 1), own)], None),
            (vec![of((3, 1, 1), own)], Some(false)),
            (vec![of((3, 1, 1), own), of((3, 1, 1), next)], Some(true)),
            (vec![of((3, 1, 1), next), of((3, 1, 1), backup)], Some(false)),
            // One key, twice.
            (vec![of((3, 1, 1), own), of((3, 0, 1), own)], Some(false)),
            (vec![of((3, 1, 1), own), of((2, 1, 1), issuer)], Some(true)),
            (vec![of((3, 1, 1), own), of((2, 1, 1), backup)], Some(false)),
            (vec![of((2, 1, 1), issuer)], Some(false)),
            (vec![of((2, 1, 1), issuer), of((2, 1, 1), backup)], Some(true)),
            (vec![of((2, 1, 1), issuer), of((3, 1, 1), next)], Some(true)),
            // The stronger digest of the key in use hides that of the next.
            (vec![of((3, 1, 2), own), of((3, 1, 1), next)], Some(false)),
        ] {
            let found = survey(&records, &case.observation.chain, &[]);
            assert_eq!(found.rollover_ready, ready, "{records:?}");
        }
    }

    #[test]
    fn each_record_is_held_against_all_endpoints() {
        let (case, other) = (Case::new(), Case::new());
        let chains = [&case.observation.chain, &other.observation.chain];
        let records = [
            of((3, 1, 1), &chains[0][0]),
            of((3, 1, 1), &chains[1][0]),
            of((2, 0, 1), &chains[1][1]),
            of((3, 1, 1), &chains[1][1]),
            pins((3, 1, 1), b"short"),
        ];
        let at = |nth: usize| (format!("192.0.2.{nth}:25"), &**chains[nth % 2]);
        let found = DaneReport::new(&records, [at(2), at(1)], &[]);
        let results: Vec<_> = found.records.iter().map(|one| one.result.as_str()).collect();
        assert_eq!(results, ["matched", "matched", "matched", "unmatched", "unusable"]);
        assert_eq!(found.records[1].at.to_string(), "192.0.2.1:25");
        let sums = found.sums(&records);
        let sum = |bits, result, count| RecordSum {
            bits: Some(bits),
            result,
            count,
        };
        assert_eq!(
            sums,
            [
                sum((2, 0, 1), RecordResult::Matched, 1),
                sum((3, 1, 1), RecordResult::Matched, 2),
                sum((3, 1, 1), RecordResult::Unmatched, 1),
                sum((3, 1, 1), RecordResult::Unusable, 1),
            ]
        );
    }

    #[test]
    fn combinations_beyond_the_bound_are_summed() {
        let records: Vec<_> = (0..64).map(|nth| pins((nth, 1, 1), &[7; 32])).collect();
        let sums = survey(&records, &[], &[]).sums(&records);
        let others = sums.iter().filter(|sum| sum.bits.is_none());
        assert_eq!(others.map(|sum| sum.count).sum::<usize>(), 64 - MOST_SUMS);
        assert!(sums.len() <= MOST_SUMS + 3, "{sums:?}");
        assert_eq!(sums.iter().map(|sum| sum.count).sum::<usize>(), 64);
    }

    #[test]
    fn a_key_to_come_has_a_record_that_will_count() {
        let (case, other) = (Case::new(), Case::new());
        let (own, next) = (&case.observation.chain[0], &other.observation.chain[0]);
        let whole = NextKey {
            file: "next.pem".into(),
            public_key: next.facts().unwrap().spki.clone().into(),
            certificate: Some(next.der().into()),
        };
        let bare = NextKey {
            file: "next.key".into(),
            certificate: None,
            ..whole.clone()
        };
        for (records, published) in [
            (vec![of((3, 1, 1), own)], [false, false]),
            (vec![of((3, 1, 1), next)], [true, true]),
            (vec![of((3, 1, 0), next)], [true, true]),
            (vec![of((3, 0, 2), next)], [true, false]),
            (vec![of((2, 1, 1), next)], [false, false]),
            (vec![of((3, 1, 2), own), of((3, 1, 1), next)], [false, false]),
        ] {
            let found = survey(&records, &[], &[whole.clone(), bare.clone()]);
            let told: Vec<_> = found.next.iter().map(|(_, is_published)| *is_published).collect();
            assert_eq!(told, published, "{records:?}");
            assert_eq!(&*found.next[1].0, "next.key");
        }
    }
}
