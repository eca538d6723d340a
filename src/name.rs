//! Text to host names and addresses, parsed once and compared case-blind; knows no DNS.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// A server as an operator or a certificate names it: a DNS name in A-label form, or an IP address.
///
/// Names are lower-case, without the trailing dot, IDNs converted to A-labels (RFC 5891), so that `==` is the
/// comparison DNS means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A DNS name.
    Name(String),
    /// An IPv4 or IPv6 address.
    Address(IpAddr),
}

/// Why a text is not a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Nothing there.
    #[error("an empty name")]
    Empty,
    /// Not convertible to A-labels, or with characters that no host name has.
    #[error("not a host name or IP address: '{0}'")]
    Malformed(String),
    /// A port that is not 1 to 65535.
    #[error("'{0}' is not a port from 1 to 65535")]
    Port(String),
    /// With a character that a word processor or a page put there.
    #[error("'{0}' has {1} inside, which no host name has (of a word processor?)")]
    Typographic(String, char),
    /// Longer than DNS allows (RFC 1035 §2.3.4).
    #[error("a name of {0} characters (a label has at most 63, a name 253)")]
    TooLong(usize),
}

impl Host {
    /// Reads a host: `mail.example.com`, `bücher.example`, `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`.
    ///
    /// # Errors
    /// [`HostError`] when the text is empty, too long, or neither a name nor an address.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        let text = text.trim();
        let bare = text
            .strip_prefix('[')
            .and_then(|t| t.strip_suffix(']'))
            .unwrap_or(text);
        if let Ok(address) = bare.parse() {
            return Ok(Self::Address(address));
        }
        let name = bare.strip_suffix('.').unwrap_or(bare);
        if name.is_empty() {
            return Err(HostError::Empty);
        }
        if let Some(c) = name.chars().find(|c| is_typographic(*c)) {
            return Err(HostError::Typographic(text.into(), c));
        }
        let ascii = idna::domain_to_ascii(name).map_err(|_| HostError::Malformed(text.into()))?;
        if ascii.len() > 253 || ascii.split('.').any(|label| label.len() > 63) {
            return Err(HostError::TooLong(ascii.len()));
        }
        if ascii.split('.').all(is_label) && !looks_like_ipv4(&ascii) {
            Ok(Self::Name(ascii))
        } else {
            Err(HostError::Malformed(text.into()))
        }
    }

    /// Reads a host with or without a port: `mail.example.com:25`, `2001:db8::1`, `[2001:db8::1]:25`.
    ///
    /// # Errors
    /// [`HostError`] as [`parse`](Self::parse), and when the port is none.
    pub fn parse_with_port(text: &str) -> Result<(Self, Option<u16>), HostError> {
        let is_bare = text.ends_with(']') || text.parse::<IpAddr>().is_ok();
        match text.rsplit_once(':') {
            Some((host, port)) if !is_bare => {
                let number = port.parse().ok().filter(|port| *port > 0);
                let number = number.ok_or_else(|| HostError::Port(port.to_owned()))?;
                Ok((Self::parse(host)?, Some(number)))
            }
            _ => Ok((Self::parse(text)?, None)),
        }
    }

    /// The DNS name, unless this is an address.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Address(_) => None,
        }
    }

    /// The IP address, unless this is a name.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::Address(address) => Some(*address),
        }
    }

    /// With a port, as URLs write it: `mail.example.com:25`, `[2001:db8::1]:25`.
    pub fn at(&self, port: u16) -> String {
        match self {
            Self::Name(name) => format!("{name}:{port}"),
            Self::Address(address) => SocketAddr::new(*address, port).to_string(),
        }
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        Self::Address(address)
    }
}

/// Punctuation and symbols outside ASCII, quotes and dashes above all: no letters of any script (RFC 5892 §2), though
/// the mapping for browsers lets them through. Joiners are judged there.
fn is_typographic(c: char) -> bool {
    let is_joiner = matches!(c, '\u{200c}' | '\u{200d}');
    !is_joiner
        && matches!(c, '\u{a0}'..='\u{bf}' | '\u{2000}'..='\u{2bff}' | '\u{3000}' | '\u{3008}'..='\u{3020}')
        && !matches!(c, 'ª' | '·' | 'º')
}

/// Letters, digits, hyphen, and the underscore that real mail servers use.
fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// `1.2.3` or `300.1.1.1`: digits all through are a mistyped address, never a name (RFC 1123 §2.1).
fn looks_like_ipv4(name: &str) -> bool {
    name.rsplit('.')
        .next()
        .is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()))
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_host_are_equal() {
        let plain = Host::parse("mail.example.com").unwrap();
        assert_eq!(Host::parse("MAIL.Example.com.").unwrap(), plain);
        assert_eq!(
            Host::parse("[2001:DB8::1]").unwrap(),
            Host::parse("2001:db8:0::1").unwrap()
        );
    }

    #[test]
    fn idn_becomes_a_labels() {
        assert_eq!(
            Host::parse("bücher.example").unwrap().to_string(),
            "xn--bcher-kva.example"
        );
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in [
            "",
            ".",
            "a b",
            "300.1.1.1",
            "mail..com",
            "host:25",
            "a/b",
            "*.x",
            "\u{201c}mail.bears.test\u{201d}",
            "mail\u{2013}1.bears.test",
            "\u{201e}mail.bears.test\u{201c}",
        ] {
            assert!(Host::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            Host::parse(&"a".repeat(64)),
            Err(HostError::TooLong(64)),
            "a label has at most 63 characters"
        );
    }
}
