//! Bytes to upper-case hex digits and back; knows nothing of what they mean.

use std::fmt::Write as _;

/// Upper-case hex without separators, as Exchange prints thumbprints and serial numbers.
pub(super) fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// The bytes of an even number of hex digits; none when a character or the count is wrong.
pub(super) fn decode(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .as_bytes()
        .chunks_exact(2)
        .map(|pair| byte(pair[0], pair[1]))
        .collect()
}

/// The byte that two hex digits write.
pub(super) fn byte(high: u8, low: u8) -> Option<u8> {
    let digit = |d: u8| {
        char::from(d)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_bytes_are_inverse() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&all)).unwrap(), all);
        assert_eq!(decode("fF").unwrap(), [255]);
        assert_eq!(encode(&[]), "");
    }

    #[test]
    fn what_is_no_hex_is_refused() {
        for bad in ["1", "0g", "é", "+1", "0x"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
