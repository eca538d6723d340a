//! Records that do not match to the mistake by which each was made, where that can be told: what helps most.

use crate::certificate::{Certificate, association};
use crate::facts::published::TlsaRecord;
use crate::verdict::fleet::Fleet;

/// What somebody did to come to this record, in words to stand behind it; `None` where that cannot be told.
pub(super) fn mistake(record: &TlsaRecord, chain: &[Certificate]) -> Option<&'static str> {
    let hashed = |text: &[u8]| {
        let digest = association(text, record.matching_type);
        record.matching_type != 0 && digest.is_some_and(|digest| *digest == *record.data)
    };
    if hashed(b"") {
        return Some("is the digest of nothing, as of an empty pipe");
    }
    let (leaf, above) = chain.split_first()?;
    if hashed(leaf.to_pem().as_bytes()) || hashed(leaf.to_pem().trim_end().as_bytes()) {
        return Some("is the digest of the certificate's PEM text, expected that of its DER");
    }
    let other = TlsaRecord {
        selector: 1_u8.saturating_sub(record.selector),
        ..record.clone()
    };
    if other.is_of(leaf) {
        return Some(match other.selector {
            0 => "is of the certificate, which is selector 0",
            _ => "is of the public key, which is selector 1",
        });
    }
    if record.usage == 2 && record.is_of(leaf) {
        return Some("is of the server's own certificate, which is usage 3");
    }
    let is_above = above.iter().any(|one| record.is_of(one));
    (record.usage == 3 && is_above).then_some("is of an issuer, which is usage 2")
}

/// Who else serves what a record is of, or that it was served here: then the key changed before the record.
pub(super) fn changed(
    record: &TlsaRecord,
    fleet: &Fleet,
    former: Option<&Certificate>,
) -> Option<String> {
    if record.usage == 3 && former.is_some_and(|leaf| record.is_of(leaf)) {
        return Some("is of what was served here before: the key changed before the record".into());
    }
    let mut leaves = fleet.different().iter();
    let (_, places) = leaves.find(|(leaf, _)| record.usage == 3 && record.is_of(leaf))?;
    Some(format!(
        "is of what {places} serves: the key changed before the record"
    ))
}
