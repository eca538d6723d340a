//! DNSKEY records to where the signatures of DNS end.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use hickory_resolver::proto::dnssec::TrustAnchors;

/// Where the signatures of DNS end: keys of the root or of other zones. Of a zone whose parent has no DS record for it
/// all keys must be here, or hickory asks the parent about the others and believes none.
#[derive(Clone)]
pub struct TrustAnchor(pub(super) Arc<TrustAnchors>);

impl FromStr for TrustAnchor {
    type Err = String;

    /// Reads DNSKEY records in the form of a zone file, as `unbound-anchor` and `dig . dnskey` write them.
    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains("DNSKEY") {
            return Err("no DNSKEY record inside".to_owned());
        }
        let keys: TrustAnchors = text
            .parse()
            .map_err(|e| format!("no DNSKEY records: {e}"))?;
        Ok(Self(Arc::new(keys)))
    }
}

impl fmt::Debug for TrustAnchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrustAnchor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_keys_is_no_trust_anchor() {
        assert!("".parse::<TrustAnchor>().is_err());
        assert!("hello DNSKEY bears\n".parse::<TrustAnchor>().is_err());
    }
}
