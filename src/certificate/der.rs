//! A run of DER bytes to its elements, each with its own bytes; knows no ASN.1 schema.

use x509_parser::asn1_rs::{Any, Class, FromDer as _, Oid, Tag};

use super::hex;

/// One DER element.
pub(super) struct Element<'a> {
    /// Tag and class.
    pub(super) any: Any<'a>,
    /// Tag, length and content, as they stand in the certificate.
    pub(super) raw: &'a [u8],
}

impl<'a> Element<'a> {
    /// The content, when this is the universal type `tag`.
    pub(super) fn content(&self, tag: Tag) -> Option<&'a [u8]> {
        (self.any.class() == Class::Universal && self.any.tag() == tag).then_some(self.any.data)
    }

    /// The content, when this bears the context-specific tag `number`.
    pub(super) fn tagged(&self, number: u32) -> Option<&'a [u8]> {
        (self.any.class() == Class::ContextSpecific && self.any.tag() == Tag(number))
            .then_some(self.any.data)
    }

    /// The object identifier in dotted form, when this is one.
    pub(super) fn oid(&self) -> Option<String> {
        dotted(self.content(Tag::Oid)?)
    }
}

/// The longest object identifiers in use have some 30 bytes; turning a kilobyte's number into decimal takes long.
const MAX_OID: usize = 128;

/// The content of an OBJECT IDENTIFIER in dotted form; none when it does not end (X.690 §8.19.2) or is absurdly long.
pub(super) fn dotted(oid: &[u8]) -> Option<String> {
    let ends = oid.last()? & 0x80 == 0;
    (ends && oid.len() <= MAX_OID).then(|| Oid::new(oid.into()).to_id_string())
}

/// The same for a message: what has no dotted form is shown as hex.
pub(super) fn oid_text(oid: &Oid<'_>) -> String {
    dotted(oid.as_bytes()).unwrap_or_else(|| format!("#{}", hex::encode(oid.as_bytes())))
}

/// The elements that fill `input` to its last byte; none when it is not DER.
pub(super) fn elements(mut input: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut elements = Vec::new();
    while !input.is_empty() {
        let (element, rest) = first(input)?;
        elements.push(element);
        input = rest;
    }
    Some(elements)
}

/// The first element, and the bytes behind it.
pub(super) fn first(input: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (rest, any) = Any::from_der(input).ok()?;
    let raw = &input[..input.len() - rest.len()];
    Some((Element { any, raw }, rest))
}

/// The one element that fills `input`.
pub(super) fn element(input: &[u8]) -> Option<Element<'_>> {
    let mut all = elements(input)?;
    let only = all.pop()?;
    all.is_empty().then_some(only)
}

/// The elements of the SEQUENCE that fills `input`.
pub(super) fn sequence(input: &[u8]) -> Option<Vec<Element<'_>>> {
    elements(element(input)?.content(Tag::Sequence)?)
}

/// `text` as a UTF8String, the type that RFC 5280 §4.1.2.4 prefers in names.
pub(super) fn utf8_string(text: &str) -> Vec<u8> {
    encode(0x0C, text.as_bytes())
}

/// One element, of the type whose first byte is `tag`.
pub(super) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits = &length[length.iter().take_while(|b| **b == 0).count()..];
    let mut der = vec![tag];
    if content.len() >= 0x80 {
        // At most eight bytes of length, so the low seven bits hold the count.
        der.extend(u8::try_from(digits.len()).map(|count| 0x80 | count));
        der.extend(digits);
    } else {
        der.push(digits.first().copied().unwrap_or(0));
    }
    der.extend(content);
    der
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_element_is_no_der() {
        assert_eq!(elements(&[]).map(|e| e.len()), Some(0));
        assert_eq!(elements(&[5, 0, 2, 1, 7]).map(|e| e.len()), Some(2));
        assert!(elements(&[5, 0, 2, 1]).is_none());
        assert!(element(&[5, 0, 5, 0]).is_none(), "two elements are not one");
        assert!(sequence(&[2, 1, 7]).is_none(), "an INTEGER is no SEQUENCE");
    }

    #[test]
    fn an_oid_has_a_beginning_and_an_end() {
        let oid = |der| element(der).and_then(|e| e.oid());
        assert_eq!(oid(b"\x06\x03\x55\x04\x03").as_deref(), Some("2.5.4.3"));
        assert_eq!(oid(b"\x06\x00"), None);
        assert_eq!(oid(b"\x06\x02\x55\x84"), None);
        assert_eq!(oid(b"\x05\x00"), None);
        let long = [[0xff; 128].as_slice(), &[0x7f]].concat();
        assert_eq!(dotted(&long), None);
        assert!(oid_text(&Oid::new(long.into())).starts_with("#FFFF"));
    }

    #[test]
    fn strings_of_every_length_are_encoded() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let text = "a".repeat(length);
            let der = utf8_string(&text);
            let content = element(&der).and_then(|e| e.content(Tag::Utf8String));
            assert_eq!(content, Some(text.as_bytes()), "{length}");
        }
    }
}
