//! Distinguished names: what they consist of and when two are the same name; knows no certificate.

use super::attribute;
use crate::certificate::{der, memory};

/// A distinguished name: relative names in the order of the DER, each a set of attributes (X.501 §9.2).
///
/// `==` compares the encoding; [`matches`](Self::matches) is the comparison that names mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dn {
    pub(super) rdns: Vec<Vec<Attribute>>,
    /// The other way to read a text in which a backslash may be an escape (RFC 4514) or itself (.NET).
    pub(super) alternative: Option<Box<Self>>,
}

/// One attribute of a relative name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    /// Dotted.
    pub(super) oid: String,
    pub(super) value: AttributeValue,
}

/// An attribute's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AttributeValue {
    /// The characters, when the type is a string and holds what it promises.
    pub(super) text: Option<String>,
    /// The complete DER, tag and length included.
    pub(super) der: Vec<u8>,
}

impl AttributeValue {
    pub(super) fn from_text(text: String) -> Self {
        Self {
            der: der::utf8_string(&text),
            text: Some(text),
        }
    }
}

/// A value as it is compared.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Folded<'a> {
    Text(String),
    Der(&'a [u8]),
}

/// A name as it is compared: attributes of one relative name sorted, because they are a set.
type FoldedName<'a> = Vec<Vec<(&'a str, Folded<'a>)>>;

impl Dn {
    pub(super) fn from_rdns(rdns: Vec<Vec<Attribute>>) -> Self {
        Self {
            rdns,
            alternative: None,
        }
    }

    /// The memory that it takes beside itself.
    pub(in crate::certificate) fn bytes(&self) -> usize {
        let attribute = |a: &Attribute| {
            let text = a.value.text.as_ref().map_or(0, memory::text);
            memory::text(&a.oid) + text + memory::list(&a.value.der)
        };
        let relative = |rdn| memory::list(rdn) + rdn.iter().map(attribute).sum::<usize>();
        memory::list(&self.rdns) + self.rdns.iter().map(relative).sum::<usize>()
    }

    /// Whether this name is the `expected` one.
    ///
    /// Values are compared without regard to case and to the amount of white space (RFC 5280 §7.1, without the
    /// Unicode normalisation of RFC 4518). A text does not say in which direction it was printed – OpenSSL begins
    /// with the country, RFC 4514 and .NET with the common name – so both directions are tried.
    pub fn matches(&self, expected: &Self) -> bool {
        let own = self.folded();
        let same = |other: &Self| {
            let mut other = other.folded();
            own == other || {
                other.reverse();
                own == other
            }
        };
        same(expected) || expected.alternative.as_deref().is_some_and(same)
    }

    /// Bytes that two names have in common if and only if they are the same name (RFC 5280 §7.1), whatever their
    /// string types, case and spacing.
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for rdn in self.folded() {
            bytes.push(b'+');
            for (oid, value) in rdn {
                let (kind, value) = match &value {
                    Folded::Text(text) => (b't', text.as_bytes()),
                    Folded::Der(der) => (b'd', *der),
                };
                bytes.extend_from_slice(oid.as_bytes());
                bytes.push(kind);
                bytes.extend_from_slice(&value.len().to_be_bytes());
                bytes.extend_from_slice(value);
            }
        }
        bytes
    }

    /// Whether a name lies within the subtree of `base` (RFC 5280 §4.2.1.10, directoryName), both in
    /// [canonical](Self::canonical) form.
    pub fn is_within(name: &[u8], base: &[u8]) -> bool {
        // Behind a whole relative name stands the next one, which begins so, or nothing.
        let rest = name.strip_prefix(base);
        rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+')))
    }

    fn folded(&self) -> FoldedName<'_> {
        self.rdns.iter().map(|rdn| folded_set(rdn)).collect()
    }

    /// Whether there is no attribute at all, as in certificates that name their subject in the SAN only.
    pub fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }

    /// The common name, the most specific one if there are several.
    pub fn common_name(&self) -> Option<&str> {
        self.texts(attribute::COMMON_NAME).last()
    }

    /// The common name, or the whole name where there is none.
    pub fn short(&self) -> String {
        let common = self.common_name().map(str::to_owned);
        common.unwrap_or_else(|| self.to_exchange())
    }

    /// All common names in the order of the DER.
    pub fn common_names(&self) -> impl Iterator<Item = &str> {
        self.texts(attribute::COMMON_NAME)
    }

    /// The organization, the most specific one if there are several.
    pub fn organization(&self) -> Option<&str> {
        self.texts(attribute::ORGANIZATION).last()
    }

    fn texts(&self, oid: &str) -> impl Iterator<Item = &str> {
        self.rdns
            .iter()
            .flatten()
            .filter(move |attribute| attribute.oid == oid)
            .filter_map(|attribute| attribute.value.text.as_deref())
    }
}

fn folded_set(rdn: &[Attribute]) -> Vec<(&str, Folded<'_>)> {
    let mut set: Vec<_> = rdn
        .iter()
        .map(|attribute| (attribute.oid.as_str(), folded_value(&attribute.value)))
        .collect();
    set.sort();
    set
}

fn folded_value(value: &AttributeValue) -> Folded<'_> {
    value
        .text
        .as_deref()
        .map_or(Folded::Der(&value.der), |text| Folded::Text(fold(text)))
}

/// Case and white space as caseIgnoreMatch sees them (RFC 4518 §2.6.1).
fn fold(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    // Up and down again: ß and SS, ς and Σ differ when only lowered.
    words.join(" ").to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap()
    }

    #[test]
    fn renderings_of_one_name_match() {
        let texts = [
            r"CN=mail.bear.example,O=Bear\, Inc.,ST=Bavaria,C=DE",
            r"cn=MAIL.bear.example,o=bear\2c  inc.,S=Bavaria,C=DE",
            r#"C = DE, ST = Bavaria, O = "Bear, Inc.", CN = mail.bear.example"#,
            "/C=DE/ST=Bavaria/O=Bear, Inc./CN=mail.bear.example",
            r#"CN=mail.bear.example, O="Bear, Inc.", S=Bavaria, C=DE"#,
            r#"commonName=mail.bear.example; O="Bear, Inc."; OID.2.5.4.8=Bavaria; 2.5.4.6=#13024445"#,
        ];
        for left in texts {
            for right in texts {
                assert!(dn(left).matches(&dn(right)), "{left} / {right}");
            }
        }
    }

    #[test]
    fn other_names_do_not_match() {
        let name = dn("CN=a, O=b, C=US");
        for other in [
            "",
            "CN=a",
            "CN=a, O=b",
            "CN=a, C=US, O=b",
            "CN=a + O=b, C=US",
            "CN=a, OU=b, C=US",
            "CN=ab, O=b, C=US",
            "CN=a, O=b, C=#0303024455",
        ] {
            assert!(!name.matches(&dn(other)), "{other}");
            assert!(!dn(other).matches(&name), "{other}");
        }
    }

    #[test]
    fn what_is_the_same_name_has_the_same_canonical_form() {
        let form = |text: &str| dn(text).canonical();
        let name = "C=DE, O=Bear  World, CN=a+OU=b";
        assert_eq!(form(name), form("c=de,o=bear world,OU=B+CN=A"));
        for other in [
            "C=DE, O=BearWorld, CN=a+OU=b",
            "C=DE",
            "C=DE, CN=a+OU=b, O=bear world",
            "",
        ] {
            assert_ne!(form(name), form(other), "{other}");
        }
        assert_ne!(form("CN=a, CN=b"), form("CN=a+CN=b"));
    }

    #[test]
    fn a_subtree_begins_with_its_base() {
        let within =
            |name: &str, base: &str| Dn::is_within(&dn(name).canonical(), &dn(base).canonical());
        assert!(within("C=DE, O=Bear, CN=a", "c=de, O=BEAR") && within("C=DE", ""));
        assert!(!within("C=DE, O=Bear", "C=DE, O=Wolf") && !within("C=DE", "C=DE, O=Bear"));
    }

    #[test]
    fn a_multi_valued_rdn_is_a_set() {
        assert!(dn("CN=a+OU=b,C=US").matches(&dn("OU=B + CN=A, C=us")));
        assert!(!dn("CN=a+CN=a").matches(&dn("CN=a")));
    }

    #[test]
    fn case_is_folded_beyond_ascii() {
        assert!(dn("O=Straße ΟΔΟΣ").matches(&dn("O=STRASSE οδος")));
        assert!(!dn("O=Bär").matches(&dn("O=Bar")));
    }

    #[test]
    fn a_backslash_is_read_both_ways() {
        let literal = Dn::from_rdns(vec![vec![Attribute {
            oid: attribute::COMMON_NAME.into(),
            value: AttributeValue::from_text(r"a\,b".into()),
        }]]);
        assert!(literal.matches(&dn(r#"CN="a\,b""#)), ".NET");
        assert!(literal.matches(&dn(r"CN=a\\\,b")), "RFC 4514");
        assert!(dn("CN=\"a,b\"").matches(&dn(r#"CN="a\,b""#)), "OpenSSL");
    }

    #[test]
    fn the_most_specific_common_name_is_chosen() {
        let name = dn("C=US, O=x, CN=general, CN=special");
        assert_eq!(name.common_name(), Some("special"));
        assert_eq!(name.organization(), Some("x"));
        assert_eq!(dn("CN=special, CN=general, C=US"), name_in(&name));
    }

    fn name_in(name: &Dn) -> Dn {
        let mut rdns = name.rdns.clone();
        rdns.remove(1);
        Dn::from_rdns(rdns)
    }
}
