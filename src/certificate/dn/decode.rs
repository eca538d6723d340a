//! DER to distinguished names, whatever string types they use; knows no textual form.

use x509_parser::asn1_rs::Tag;

use super::super::der;
use super::name::{Attribute, AttributeValue, Dn};

impl Dn {
    /// Reads a `Name` (RFC 5280 §4.1.2.4); none when the bytes are not one, to the last byte.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let rdns = der::sequence(der)?;
        let mut rdns = rdns
            .iter()
            .map(|set| set.content(Tag::Set).and_then(rdn))
            .collect::<Option<Vec<_>>>()?;
        rdns.shrink_to_fit();
        Some(Self::from_rdns(rdns))
    }
}

fn rdn(content: &[u8]) -> Option<Vec<Attribute>> {
    let attributes = der::elements(content)?;
    // An RDN has at least one attribute (X.501 §9.3); an empty one would render as nothing.
    if attributes.is_empty() {
        return None;
    }
    let attributes = attributes.iter().map(|a| attribute(a.raw));
    let mut attributes = attributes.collect::<Option<Vec<_>>>()?;
    // There is room for four, and nearly always there is one.
    attributes.shrink_to_fit();
    Some(attributes)
}

fn attribute(der: &[u8]) -> Option<Attribute> {
    let parts = der::sequence(der)?;
    let [oid, value] = parts.as_slice() else {
        return None;
    };
    Some(Attribute {
        oid: oid.oid()?,
        value: AttributeValue::from_der(value.raw),
    })
}

impl AttributeValue {
    /// A value from its complete DER; bytes that are no DER are kept all the same.
    pub(super) fn from_der(der: &[u8]) -> Self {
        Self {
            text: der::element(der).and_then(|element| text(&element)),
            der: der.to_vec(),
        }
    }
}

/// The characters of a string type; none for other types and for bytes that break the type's encoding.
fn text(element: &der::Element<'_>) -> Option<String> {
    let is = |tag| element.content(tag);
    if let Some(bytes) = is(Tag::Utf8String) {
        return String::from_utf8(bytes.to_vec()).ok();
    }
    if let Some(bytes) = is(Tag::BmpString) {
        return utf16(bytes);
    }
    if let Some(bytes) = is(Tag::UniversalString) {
        return utf32(bytes);
    }
    let ascii = [
        Tag::PrintableString,
        Tag::Ia5String,
        Tag::NumericString,
        Tag::VisibleString,
    ];
    if let Some(bytes) = ascii.into_iter().find_map(is) {
        // Meant to be ASCII; issuers that put more in put UTF-8 in.
        return Some(utf8_or_latin1(bytes));
    }
    is(Tag::T61String).map(latin1)
}

/// Bytes whose encoding nobody declared.
pub(super) fn utf8_or_latin1(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| latin1(bytes))
}

/// T.61 is in practice ISO 8859-1: what OpenSSL and Windows read and what issuers meant.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|b| char::from(*b)).collect()
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let (units, odd) = bytes.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|u| u16::from_be_bytes(*u)).collect();
    odd.is_empty()
        .then(|| String::from_utf16(&units).ok())
        .flatten()
}

fn utf32(bytes: &[u8]) -> Option<String> {
    let (units, odd) = bytes.as_chunks::<4>();
    let text = units.iter().map(|u| char::from_u32(u32::from_be_bytes(*u)));
    odd.is_empty().then(|| text.collect()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(der: &[u8]) -> Option<String> {
        AttributeValue::from_der(der).text
    }

    #[test]
    fn every_string_type_is_read() {
        for (der, text) in [
            (&b"\x0c\x03B\xc3\xa4"[..], "Bä"),
            (b"\x13\x02AB", "AB"),
            (b"\x13\x03A\xc3\xa4", "Aä"),
            (b"\x13\x02A\xe4", "Aä"),
            (b"\x16\x03a@b", "a@b"),
            (b"\x12\x0212", "12"),
            (b"\x14\x02B\xe4", "Bä"),
            (b"\x1e\x06\x00B\xd8\x3d\xdc\x3b", "B🐻"),
            (b"\x1c\x04\x00\x01\xf4\x3b", "🐻"),
            (b"\x0c\x00", ""),
        ] {
            assert_eq!(read(der).as_deref(), Some(text), "{der:x?}");
        }
    }

    #[test]
    fn what_is_no_text_keeps_its_bytes() {
        for der in [
            &b"\x0c\x01\xff"[..],
            b"\x1e\x03\x00A\x00",
            b"\x1e\x02\xd8\x00",
            b"\x1c\x04\x00\x11\x00\x00",
            b"\x1c\x02\x00\x41",
            b"\x02\x01\x05",
            b"\x8c\x01A",
            b"\x0c\x05A",
            b"",
        ] {
            let value = AttributeValue::from_der(der);
            assert_eq!((value.text, value.der.as_slice()), (None, der));
        }
    }

    #[test]
    fn a_name_is_read_to_its_last_byte() {
        let name = b"\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03abc";
        assert_eq!(Dn::from_der(name).unwrap().common_name(), Some("abc"));
        assert!(Dn::from_der(&name[..name.len() - 1]).is_none());
        assert!(Dn::from_der(b"\x30\x02\x31\x00").is_none(), "an empty RDN");
        assert!(Dn::from_der(b"\x30\x00").unwrap().is_empty());
    }
}
