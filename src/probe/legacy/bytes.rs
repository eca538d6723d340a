//! Bytes from the front, big-endian, as TLS writes numbers; never past the end.

/// What is left of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next `length` bytes, if there are so many.
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.number(1).and_then(|n| u8::try_from(n).ok())
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.number(2).and_then(|n| u16::try_from(n).ok())
    }

    /// What follows a length of three bytes.
    pub(super) fn vector24(&mut self) -> Option<&'a [u8]> {
        let length = self.number(3)?;
        self.take(length)
    }

    fn number(&mut self, length: usize) -> Option<usize> {
        let bytes = self.take(length)?;
        Some(bytes.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_big_endian_and_nothing_is_read_past_the_end() {
        let mut bytes = Bytes(&[1, 2, 3, 0, 0, 2, 8, 9]);
        assert_eq!(bytes.u8(), Some(1));
        assert_eq!(bytes.u16(), Some(0x0203));
        assert_eq!(bytes.vector24(), Some(&[8, 9][..]));
        assert_eq!(
            (bytes.u8(), bytes.u16(), bytes.vector24()),
            (None, None, None)
        );
        assert_eq!(Bytes(&[0, 0, 2, 8]).vector24(), None);
    }
}
