//! The texts that tools print for distinguished names to names; knows no certificate.

use super::super::hex;
use super::name::{Attribute, AttributeValue, Dn};
use super::{attribute, decode};

/// Why a text is no distinguished name; offsets are in bytes from the start of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnError {
    /// A part without `KEY=`, most often the rest of a value with an unescaped separator.
    #[error(
        "expected KEY=value at byte {at}, found '{found}' (a value with , + ; is put in double quotes, or they are written \\, \\+ \\;)"
    )]
    NoKey {
        /// Where the part begins.
        at: usize,
        /// Its beginning.
        found: String,
    },
    /// A key that is neither known nor an object identifier.
    #[error(
        "unknown attribute '{key}' at byte {at} (expected CN, O, OU, L, ST or S, C, E, DC … or an object identifier such as 2.5.4.97)"
    )]
    UnknownKey {
        /// Where the key stands.
        at: usize,
        /// The key.
        key: String,
    },
    /// A value in quotes without its end.
    #[error("the quote that opens at byte {at} is not closed")]
    OpenQuote {
        /// Where the quote opens.
        at: usize,
    },
    /// Something other than a separator behind a closing quote.
    #[error(
        "expected , ; or + behind the closing quote at byte {at}, found '{found}' (a quote inside a value is doubled)"
    )]
    AfterQuote {
        /// Where it stands.
        at: usize,
        /// Its beginning.
        found: String,
    },
    /// `#` without hex digits behind.
    #[error(
        "expected an even number of hex digits behind # at byte {at} (a value that begins with # is put in double quotes)"
    )]
    Hex {
        /// Where the value begins.
        at: usize,
    },
    /// Escaped bytes that are not UTF-8.
    #[error("the value at byte {at} is not UTF-8 when its escapes are resolved")]
    NotUtf8 {
        /// Where the value begins.
        at: usize,
    },
}

/// What a backslash is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Backslash {
    /// RFC 4514 and OpenSSL.
    Escapes,
    /// .NET, which has no escapes.
    IsItself,
}

impl Dn {
    /// Reads a name as RFC 4514, OpenSSL (`C = US, CN = x` and `/C=US/CN=x`), .NET or Exchange prints it.
    ///
    /// The empty text is the empty name. `subject=` and `issuer=` in front, as OpenSSL prints them, are skipped.
    ///
    /// # Errors
    /// [`DnError`] says what was expected and where.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        let start = start_of_name(text);
        if text[start..].starts_with('/') {
            return slash_form(text, start);
        }
        let escaped = Reader::new(text, start, Backslash::Escapes).name();
        if !text.contains('\\') {
            return escaped;
        }
        let literal = Reader::new(text, start, Backslash::IsItself).name();
        match (escaped, literal) {
            (Ok(escaped), Ok(literal)) if escaped != literal => Ok(Self {
                alternative: Some(Box::new(literal)),
                ..escaped
            }),
            (Err(_), Ok(literal)) => Ok(literal),
            (escaped, _) => escaped,
        }
    }

    /// A name from relative names in the order of a text.
    ///
    /// The stored order is that of the DER, most general first. A text that begins with the country or a domain
    /// component and does not end with one is in that order already.
    fn from_text_order(mut rdns: Vec<Vec<Attribute>>) -> Self {
        let general = |rdn: Option<&Vec<Attribute>>| {
            rdn.is_some_and(|rdn| {
                rdn.iter()
                    .any(|a| [attribute::COUNTRY, attribute::DOMAIN_COMPONENT].contains(&&*a.oid))
            })
        };
        if !general(rdns.first()) || general(rdns.last()) {
            rdns.reverse();
        }
        Self::from_rdns(rdns)
    }
}

/// Past blanks and OpenSSL's `subject=`.
fn start_of_name(text: &str) -> usize {
    let blanks = |text: &str| text.len() - text.trim_start().len();
    let start = blanks(text);
    for label in ["subject=", "issuer="] {
        let prefix = text.get(start..start + label.len());
        if prefix.is_some_and(|p| p.eq_ignore_ascii_case(label)) {
            let behind = start + label.len();
            return behind + blanks(&text[behind..]);
        }
    }
    start
}

/// The beginning of what was found, for a message.
fn excerpt(text: &str) -> String {
    text.chars().take(20).collect()
}

/// A cursor over the comma form.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    backslash: Backslash,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, at: usize, backslash: Backslash) -> Self {
        Self {
            text,
            at,
            backslash,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn name(mut self) -> Result<Dn, DnError> {
        let mut rdns: Vec<Vec<Attribute>> = Vec::new();
        self.skip_blanks();
        if self.rest().is_empty() {
            return Ok(Dn::default());
        }
        let mut set = Vec::new();
        loop {
            set.push(self.attribute()?);
            let separator = self.peek();
            if separator != Some('+') {
                rdns.push(std::mem::take(&mut set));
            }
            if separator.is_none() {
                return Ok(Dn::from_text_order(rdns));
            }
            self.at += 1;
        }
    }

    /// `KEY = value`, up to the separator or the end.
    fn attribute(&mut self) -> Result<Attribute, DnError> {
        self.skip_blanks();
        let oid = self.key()?;
        self.skip_blanks();
        let value = match self.peek() {
            Some('"') => self.quoted()?,
            Some('#') => self.hex()?,
            _ => self.plain()?,
        };
        Ok(Attribute { oid, value })
    }

    fn key(&mut self) -> Result<String, DnError> {
        let part = self.rest();
        let end = part.find(['=', ',', ';', '+', '"']).unwrap_or(part.len());
        let key = part[..end].trim_end();
        if !part[end..].starts_with('=') || key.is_empty() {
            return Err(DnError::NoKey {
                at: self.at,
                found: excerpt(part),
            });
        }
        let oid = attribute::oid_of(key).ok_or_else(|| DnError::UnknownKey {
            at: self.at,
            key: excerpt(key),
        })?;
        self.at += end + 1;
        Ok(oid)
    }

    fn quoted(&mut self) -> Result<AttributeValue, DnError> {
        let open = self.at;
        let mut bytes = Vec::new();
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err(DnError::OpenQuote { at: open }),
                Some('"') if self.rest().starts_with("\"\"") => {
                    bytes.push(b'"');
                    self.at += 2;
                }
                Some('"') => break,
                Some(c) => self.take(c, &mut bytes),
            }
        }
        self.at += 1;
        self.skip_blanks();
        if !matches!(self.peek(), None | Some(',' | ';' | '+')) {
            return Err(DnError::AfterQuote {
                at: self.at,
                found: excerpt(self.rest()),
            });
        }
        text_value(bytes, open)
    }

    fn plain(&mut self) -> Result<AttributeValue, DnError> {
        let start = self.at;
        let mut bytes = Vec::new();
        // Blanks at the end are dropped, unless they were escaped.
        let mut kept = 0;
        while let Some(c) = self.peek().filter(|c| !matches!(c, ',' | ';' | '+')) {
            let before = self.at;
            self.take(c, &mut bytes);
            let escaped = self.at - before > c.len_utf8();
            if escaped || !c.is_whitespace() {
                kept = bytes.len();
            }
        }
        bytes.truncate(kept);
        text_value(bytes, start)
    }

    /// Moves one character, escaped or not, to `bytes`.
    fn take(&mut self, c: char, bytes: &mut Vec<u8>) {
        self.at += c.len_utf8();
        if c != '\\' || self.backslash == Backslash::IsItself {
            bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
            return;
        }
        let next = self.rest().as_bytes();
        if let [high, low, ..] = next
            && let Some(byte) = hex::byte(*high, *low)
        {
            bytes.push(byte);
            self.at += 2;
        } else if let Some(next) = self.peek() {
            bytes.extend(next.encode_utf8(&mut [0; 4]).as_bytes());
            self.at += next.len_utf8();
        } else {
            bytes.push(b'\\');
        }
    }

    fn hex(&mut self) -> Result<AttributeValue, DnError> {
        let at = self.at;
        let digits = &self.rest()[1..];
        let end = digits.find([',', ';', '+']).unwrap_or(digits.len());
        let compact: String = digits[..end].split_whitespace().collect();
        self.at += 1 + end;
        hex::decode(&compact)
            .filter(|der| !der.is_empty())
            .map(|der| AttributeValue::from_der(&der))
            .ok_or(DnError::Hex { at })
    }
}

fn text_value(bytes: Vec<u8>, at: usize) -> Result<AttributeValue, DnError> {
    String::from_utf8(bytes)
        .map(AttributeValue::from_text)
        .map_err(|_| DnError::NotUtf8 { at })
}

/// OpenSSL's old form: a slash or plus begins an attribute only when a known key and `=` follow. A backslash before
/// it takes that meaning away in newer versions, but is not itself escaped.
fn slash_form(text: &str, start: usize) -> Result<Dn, DnError> {
    let begins =
        |at: usize| at > start && !text[..at].ends_with('\\') && begins_attribute(&text[at + 1..]);
    let separators = text.match_indices(['/', '+']).map(|(at, _)| at);
    let mut starts: Vec<usize> = separators
        .filter(|at| *at == start || begins(*at))
        .collect();
    starts.push(text.len());
    let mut rdns: Vec<Vec<Attribute>> = Vec::new();
    for pair in starts.windows(2) {
        let attribute = slash_attribute(&text[..pair[1]], pair[0] + 1)?;
        match rdns.last_mut() {
            Some(set) if text[pair[0]..].starts_with('+') => set.push(attribute),
            _ => rdns.push(vec![attribute]),
        }
    }
    Ok(Dn::from_rdns(rdns))
}

fn begins_attribute(text: &str) -> bool {
    // Keys are short; a bound keeps a text of slashes from being searched again and again.
    let end = text.bytes().take(128).position(|b| b == b'=');
    end.is_some_and(|end| attribute::oid_of(text[..end].trim()).is_some())
}

fn slash_attribute(text: &str, at: usize) -> Result<Attribute, DnError> {
    let part = &text[at..];
    let (key, value) = part.split_once('=').ok_or_else(|| DnError::NoKey {
        at,
        found: excerpt(part),
    })?;
    let oid = attribute::oid_of(key.trim()).ok_or_else(|| DnError::UnknownKey {
        at,
        key: excerpt(key),
    })?;
    let value = AttributeValue::from_text(decode::utf8_or_latin1(&unescaped(value)));
    Ok(Attribute { oid, value })
}

/// Resolves `\xC3`, `\/` and `\+`, as `X509_NAME_oneline` writes them.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if let [b'\\', b'x', high, low, behind @ ..] = rest
            && let Some(byte) = hex::byte(*high, *low)
        {
            bytes.push(byte);
            rest = behind;
        } else if let [b'\\', separator @ (b'/' | b'+'), behind @ ..] = rest {
            bytes.push(*separator);
            rest = behind;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> DnError {
        Dn::parse(text).unwrap_err()
    }

    #[test]
    fn errors_say_what_and_where() {
        assert!(matches!(
            error("O=Bear, Inc., CN=x"),
            DnError::NoKey { at: 8, .. }
        ));
        assert!(matches!(error("CN=x,"), DnError::NoKey { at: 5, .. }));
        assert!(matches!(error("=x"), DnError::NoKey { at: 0, .. }));
        assert!(matches!(error("nonsense"), DnError::NoKey { at: 0, .. }));
        assert!(matches!(
            error(" CN=x, FOO=y"),
            DnError::UnknownKey { at: 7, .. }
        ));
        assert!(matches!(error("O=\"a, CN=x"), DnError::OpenQuote { at: 2 }));
        assert!(matches!(
            error("O=\"a\" b"),
            DnError::AfterQuote { at: 6, .. }
        ));
        assert!(matches!(error("O=#0C1"), DnError::Hex { at: 2 }));
        assert!(matches!(error("O=#, C=US"), DnError::Hex { at: 2 }));
        assert!(matches!(
            error(r"O=B\E4r\, Inc."),
            DnError::NotUtf8 { at: 2 }
        ));
        assert!(matches!(error("/x"), DnError::NoKey { at: 1, .. }));
        assert!(matches!(error("/FOO=x"), DnError::UnknownKey { at: 1, .. }));
        assert_eq!(
            error("O=Bear, Inc.").to_string(),
            "expected KEY=value at byte 8, found 'Inc.' (a value with , + ; is put in double quotes, or they are written \\, \\+ \\;)"
        );
    }

    #[test]
    fn escapes_are_resolved() {
        for (text, value) in [
            (r"CN=a\,b\+c", "a,b+c"),
            (r"CN=B\C3\A4r", "Bär"),
            (r"CN=\ a\ ", " a "),
            (r"CN= a ", "a"),
            (r"CN=\23a", "#a"),
            (r#"CN="a\"b, \\""#, r#"a"b, \"#),
            (r#"CN="a""b""#, r#"a"b"#),
            (r"/CN=B\xC3\xA4r", "Bär"),
            (r"/CN=B\xE4r", "Bär"),
            (r"/CN=a\+b=c\/C=d;e\f", r"a+b=c/C=d;e\f"),
            ("/CN=a/b, c=d", "a/b, c=d"),
            ("CN=#0C0142", "B"),
            ("CN=# 0c 01 42 ", "B"),
            ("subject=CN = x", "x"),
            (" issuer= /CN=x", "x"),
        ] {
            let name = Dn::parse(text).unwrap();
            assert_eq!(name.common_name(), Some(value), "{text}");
        }
    }

    #[test]
    fn slashes_divide_only_before_keys() {
        let name = Dn::parse("/C=US/O=Bear/World+OU=a/b=c/CN=x").unwrap();
        assert_eq!(name.organization(), Some("Bear/World"));
        assert!(name.matches(&Dn::parse("CN=x, O=Bear/World + OU=a/b=c, C=US").unwrap()));
    }

    #[test]
    fn both_directions_are_stored_alike() {
        let general_first = Dn::parse("C = US, O = Bear, CN = x").unwrap();
        assert_eq!(general_first, Dn::parse("CN=x, O=Bear, C=US").unwrap());
        assert_eq!(
            Dn::parse("DC=example,DC=com").unwrap().to_rfc4514(),
            "DC=example,DC=com"
        );
    }

    #[test]
    fn no_text_panics() {
        let alphabet = [
            "CN", "=", "\\", "\"", ",", "+", "/", "#", "é", "4", " ", "<",
        ];
        let mut seed = 7_usize;
        let mut names = 0;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.push_str(alphabet[(seed >> 33) % alphabet.len()]);
            }
            if let Ok(name) = Dn::parse(&format!("CN={text}")) {
                names += 1;
                assert!(
                    name.matches(&Dn::parse(&name.to_exchange()).unwrap()),
                    "{text}"
                );
                assert!(
                    name.matches(&Dn::parse(&name.to_rfc4514()).unwrap()),
                    "{text}"
                );
            }
        }
        assert!(names > 1000, "{names}");
    }
}
