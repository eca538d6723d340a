//! Bytes to the DER elements that they consist of (X.690 §8.1); knows no schema.

/// One element.
#[derive(Clone, Copy)]
pub(super) struct DerElement<'a> {
    /// The first byte: class, form and number.
    pub(super) tag: u8,
    /// What is inside.
    pub(super) content: &'a [u8],
    /// Tag, length and content.
    pub(super) whole: &'a [u8],
}

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// The context-specific tag of a constructed element.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// Elements one after the other; ends where there is none.
#[derive(Clone, Copy)]
pub(super) struct DerReader<'a>(pub(super) &'a [u8]);

impl<'a> DerReader<'a> {
    /// The content of the next element if it has this tag, else nothing is taken.
    pub(super) fn content(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.element(tag).map(|element| element.content)
    }

    /// The next element if it has this tag, else nothing is taken.
    pub(super) fn element(&mut self, tag: u8) -> Option<DerElement<'a>> {
        let mut ahead = *self;
        let element = ahead.next().filter(|element| element.tag == tag)?;
        *self = ahead;
        Some(element)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Iterator for DerReader<'a> {
    type Item = DerElement<'a>;

    fn next(&mut self) -> Option<DerElement<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (content, rest) = body(rest)?;
        let whole = &self.0[..self.0.len() - rest.len()];
        self.0 = rest;
        Some(DerElement {
            tag,
            content,
            whole,
        })
    }
}

/// The content whose length comes first, and what follows.
fn body(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let add = |sum, byte: &u8| sum << 8 | usize::from(*byte);
            (length.iter().fold(0, add), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// What the one SEQUENCE holds that `der` is.
pub(super) fn sequence(der: &[u8]) -> Option<&[u8]> {
    let mut reader = DerReader(der);
    let content = reader.content(SEQUENCE)?;
    reader.is_empty().then_some(content)
}

/// The content of an INTEGER that is not negative; none when it does not fit.
pub(super) fn number(integer: &[u8]) -> Option<usize> {
    let add = |sum: usize, byte: &u8| Some(sum.checked_mul(256)? + usize::from(*byte));
    integer.iter().try_fold(0, add)
}

/// The SEQUENCE that has this content.
pub(super) fn wrap(content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let length = &length[zeros.min(length.len() - 1)..];
    let mut der = vec![SEQUENCE];
    if content.len() > 127 {
        der.extend(u8::try_from(length.len()).map(|n| 0x80 | n));
    }
    der.extend_from_slice(length);
    der.extend_from_slice(content);
    der
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_form_are_read_and_written() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            assert_eq!(sequence(&wrap(&content)), Some(&content[..]), "{length}");
        }
        for bad in [
            &b""[..],
            b"\x30",
            b"\x30\x80",
            b"\x30\x85",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x01\x00\x00",
        ] {
            assert_eq!(sequence(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn what_is_not_asked_for_stays() {
        let mut reader = DerReader(b"\x02\x01\x05\x01\x01\xff");
        assert_eq!(reader.content(BOOLEAN), None);
        assert_eq!(reader.content(INTEGER), Some(&[5][..]));
        let last = reader.element(BOOLEAN).unwrap();
        assert_eq!((last.content, last.whole.len()), (&[0xff][..], 3));
        assert!(reader.is_empty() && reader.next().is_none());
    }
}
