//! A TLSA RRset to the records that count, those that do not because of a stronger digest, and those that no sender can
//! use; knows no certificate.

use crate::facts::published::{TlsaRecord, Unusable};

/// The records of one RRset.
#[derive(Debug, Default)]
pub(in crate::verdict) struct Records<'a> {
    /// Usable, and not left behind by a stronger digest.
    pub(in crate::verdict) counted: Vec<&'a TlsaRecord>,
    /// Usable, but senders look at the stronger digests alone (RFC 7671 §9).
    pub(in crate::verdict) weaker: Vec<&'a TlsaRecord>,
    /// What no sender can use, and why.
    pub(in crate::verdict) unusable: Vec<(&'a TlsaRecord, Unusable)>,
}

impl<'a> Records<'a> {
    pub(in crate::verdict) fn new(all: &'a [TlsaRecord]) -> Self {
        let mut records = Self::default();
        for record in all {
            match record.unusable() {
                Some(why) => records.unusable.push((record, why)),
                None => records.counted.push(record),
            }
        }
        let usable = records.counted.clone();
        let is_weaker = |one: &&TlsaRecord| usable.iter().any(|other| is_left_behind(one, other));
        let (weaker, counted) = usable.iter().copied().partition(is_weaker);
        Self {
            counted,
            weaker,
            ..records
        }
    }

    /// The unusable ones in words; nothing when there is none.
    pub(in crate::verdict) fn flaws(&self) -> Option<String> {
        let told = self.unusable.iter().take(TOLD);
        let told = told.map(|(record, why)| format!("{} is of no use: {why}", record.short()));
        let told: Vec<_> = told.collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}

/// Most records that a message names.
pub(super) const TOLD: usize = 4;

/// Digest agility (RFC 7671 §9): of the digests with one usage and selector, only the strongest counts. Matching type 0
/// is no digest and stands beside them.
fn is_left_behind(record: &TlsaRecord, other: &TlsaRecord) -> bool {
    let ((usage, selector, own), (of, over, stronger)) = (record.bits(), other.bits());
    (usage, selector) == (of, over) && own != 0 && own < stronger
}

/// Records as a message names them: `3 1 1 4f1c09aa…, 2 1 1 aa01bb02… and 3 more`.
pub(super) fn named(records: &[&TlsaRecord]) -> String {
    let first: Vec<_> = records.iter().take(TOLD).map(|one| one.short()).collect();
    match records.len().saturating_sub(TOLD) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::published::Bits;

    fn record(bits: Bits) -> TlsaRecord {
        let length = if bits.2 == 2 { 64 } else { 32 };
        TlsaRecord {
            usage: bits.0,
            selector: bits.1,
            matching_type: bits.2,
            data: vec![7; length].into(),
        }
    }

    #[test]
    fn only_the_strongest_digest_of_a_usage_and_selector_counts() {
        let all = [(3, 1, 1), (3, 1, 2), (3, 0, 1), (2, 1, 1), (1, 1, 1), (3, 1, 3)].map(record);
        let records = Records::new(&all);
        let bits = |records: &[&TlsaRecord]| records.iter().map(|r| r.bits()).collect::<Vec<_>>();
        assert_eq!(bits(&records.counted), [(3, 1, 2), (3, 0, 1), (2, 1, 1)]);
        assert_eq!(bits(&records.weaker), [(3, 1, 1)]);
        assert_eq!(records.unusable.len(), 2);
        let flaws = records.flaws().unwrap();
        assert!(flaws.starts_with("1 1 1 07070707… is of no use: "), "{flaws}");
    }

    #[test]
    fn a_digest_that_cannot_be_used_leaves_no_other_behind() {
        let mut cut = record((3, 1, 2));
        cut.data = vec![7; 20].into();
        let all = [record((3, 1, 1)), cut];
        assert_eq!(Records::new(&all).counted.len(), 1);
        assert!(Records::new(&[]).flaws().is_none());
    }

    #[test]
    fn of_many_records_the_first_are_named() {
        let all = [record((3, 1, 1)), record((2, 1, 1))];
        let many: Vec<_> = all.iter().cycle().take(6).collect();
        assert!(named(&many).ends_with("2 1 1 07070707… and 2 more"));
        assert_eq!(named(&many[..1]), "3 1 1 07070707…");
    }
}
