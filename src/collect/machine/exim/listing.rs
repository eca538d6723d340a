//! The lines of `exim -bp` to messages that wait. Each holds addresses: of them only domains go on.

use std::collections::BTreeSet;

use crate::timestamp::Timestamp;

/// A message that waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// Exim's name for it, under which its log lies.
    pub(super) id: String,
    /// Exim leaves it alone until an administrator comes.
    pub(super) is_frozen: bool,
    /// The domains of those who have not got it.
    pub(super) domains: BTreeSet<String>,
}

/// The lines until now.
#[derive(Debug, Default)]
pub(super) struct Listing {
    begun: Option<Message>,
}

impl Listing {
    /// Takes a line; the message that ends with it.
    pub(super) fn push(&mut self, line: &str) -> Option<Message> {
        if let Some(message) = head(line) {
            return self.begun.replace(message);
        }
        let waits = line.trim();
        let is_done = waits.starts_with("D ") || waits.starts_with("+D ");
        let domain = waits.rsplit('@').next().unwrap_or_default();
        if let Some(message) = self
            .begun
            .as_mut()
            .filter(|_| !waits.is_empty() && !is_done)
        {
            message.domains.insert(domain.to_ascii_lowercase());
        }
        None
    }

    /// The last message.
    pub(super) fn end(self) -> Option<Message> {
        self.begun
    }
}

/// Age, size, id, sender: ` 25m  2.9K 0t5C6f-0000c8-00 <bear@bears.test> *** frozen ***`.
fn head(line: &str) -> Option<Message> {
    let mut words = line.split_whitespace();
    let (_age, _size, id) = (words.next()?, words.next()?, words.next()?);
    is_id(id).then(|| Message {
        id: id.to_owned(),
        is_frozen: line.trim_end().ends_with("*** frozen ***"),
        domains: BTreeSet::new(),
    })
}

/// Three parts: `0t5C6f-0000c8-00`, since Exim 4.97 `1rz1Cp-00000000abc-3VEH`.
pub(super) fn is_id(word: &str) -> bool {
    let parts: Vec<_> = word.split('-').collect();
    let is_part = |part: &&str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let lengths: Vec<_> = parts.iter().map(|part| part.len()).collect();
    matches!(lengths[..], [6, 6, 2] | [6, 11, 4]) && parts.iter().all(is_part)
}

/// When a message came: the first part of its id counts seconds, in digits and letters.
pub(super) fn since(id: &str) -> Option<Timestamp> {
    const DIGITS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut seconds = 0;
    for c in id.get(..6)?.chars() {
        seconds = seconds * 62 + i64::try_from(DIGITS.find(c)?).ok()?;
    }
    Some(Timestamp(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Exim 4.96 prints them.
    const LINES: &str = " 0m   285 1xXIBC-0006TS-1H <bear@bears.test> *** frozen ***
          honey@closed.test
          fox@Closed.test

 3d  2.9K 1xXIBC-0006TV-1Q <>
        D honey@done.test
          \"two words\"@two.test

";

    #[test]
    fn messages_wait_for_domains() {
        let mut listing = Listing::default();
        let mut found: Vec<_> = LINES
            .lines()
            .filter_map(|line| listing.push(line))
            .collect();
        found.extend(listing.end());
        let [frozen, other] = &found[..] else {
            panic!("{found:?}");
        };
        assert!(frozen.is_frozen && !other.is_frozen);
        assert_eq!(frozen.domains, BTreeSet::from(["closed.test".to_owned()]));
        assert_eq!(other.domains, BTreeSet::from(["two.test".to_owned()]));
        assert_eq!(other.id, "1xXIBC-0006TV-1Q");
        let mut listing = Listing::default();
        assert_eq!(listing.push("nonsense bear@bears.test"), None);
        assert_eq!(listing.end(), None);
    }

    #[test]
    fn an_id_says_when_its_message_came() {
        let moment = since("1xXIBC-0006TS-1H").map(|t| t.to_string());
        assert_eq!(moment.as_deref(), Some("2026-11-28T13:09:26Z"));
        assert!(is_id("1rz1Cp-00000000abc-3VEH"));
        for bad in [
            "",
            "1xXIBC",
            "1xXIBC-0006TS-1",
            "<bear@bears.test>",
            "1xX_BC-0006TS-1H",
        ] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
