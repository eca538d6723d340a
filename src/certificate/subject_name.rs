//! The entries of a SubjectAltName to names, and which hosts they cover; knows no common names.

use std::fmt;
use std::net::IpAddr;

use x509_parser::extensions::GeneralName;

use super::dn::Dn;
use super::{der, hex, memory};
use crate::name::Host;

/// One entry of the SubjectAltName extension (RFC 5280 §4.2.1.6), odd ones included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectName {
    /// A dNSName as it stands in the certificate, perhaps with a wildcard, perhaps with nonsense.
    Dns(String),
    /// An iPAddress of 4 or 16 bytes.
    Ip(IpAddr),
    /// Anything else with its type in front: `email:a@b`, `IP:#0102030405`.
    Other(String),
}

impl SubjectName {
    /// The memory that it takes beside itself.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Dns(text) | Self::Other(text) => memory::text(text),
            Self::Ip(_) => 0,
        }
    }

    pub(super) fn new(name: &GeneralName<'_>) -> Self {
        let other = match name {
            GeneralName::DNSName(text) => return Self::Dns((*text).to_owned()),
            GeneralName::IPAddress(bytes) => return address(bytes),
            GeneralName::RFC822Name(text) => format!("email:{text}"),
            GeneralName::URI(text) => format!("URI:{text}"),
            GeneralName::DirectoryName(name) => Dn::from_der(name.as_raw()).map_or_else(
                || format!("dirName:#{}", hex::encode(name.as_raw())),
                |dn| format!("dirName:{}", dn.to_rfc4514()),
            ),
            GeneralName::OtherName(oid, value) => {
                format!("otherName:{};#{}", der::oid_text(oid), hex::encode(value))
            }
            GeneralName::RegisteredID(oid) => format!("RID:{}", der::oid_text(oid)),
            GeneralName::X400Address(any) => format!("X400:#{}", hex::encode(any.data)),
            GeneralName::EDIPartyName(any) => format!("EDI:#{}", hex::encode(any.data)),
            GeneralName::Invalid(tag, bytes) => format!("[{}]:#{}", tag.0, hex::encode(bytes)),
        };
        Self::Other(other)
    }

    /// Whether the entry names `host`.
    ///
    /// DNS names as in RFC 9525 §6.3: case-blind, `*` only as the whole left-most label and for exactly one label,
    /// and only with two labels behind it, so that nobody owns a whole top-level domain. Addresses by their bytes
    /// (§6.4).
    pub fn covers(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Dns(pattern), Host::Name(name)) => dns_covers(pattern, name),
            (Self::Ip(own), Host::Address(address)) => own == address,
            _ => false,
        }
    }
}

fn address(bytes: &[u8]) -> SubjectName {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        SubjectName::Ip(v4.into())
    } else if let Ok(v6) = <[u8; 16]>::try_from(bytes) {
        SubjectName::Ip(v6.into())
    } else {
        SubjectName::Other(format!("IP:#{}", hex::encode(bytes)))
    }
}

/// `name` is lower-case and without a trailing dot, as [`Host`] promises.
fn dns_covers(pattern: &str, name: &str) -> bool {
    let Some(parent) = pattern.strip_prefix("*.") else {
        return !pattern.is_empty() && pattern.eq_ignore_ascii_case(name);
    };
    let own_parent = name.split_once('.').map(|(_, parent)| parent);
    parent.contains('.') && own_parent.is_some_and(|own| own.eq_ignore_ascii_case(parent))
}

/// DNS names and addresses plainly, others with their type.
impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) | Self::Other(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(pattern: &str, host: &str) -> bool {
        SubjectName::Dns(pattern.into()).covers(&Host::parse(host).unwrap())
    }

    #[test]
    fn names_cover_themselves_in_any_case() {
        assert!(covers("mail.example.com", "mail.example.com"));
        assert!(covers("MAIL.Example.COM", "mail.example.com."));
        assert!(covers("xn--bcher-kva.example", "Bücher.example"));
        assert!(!covers("mail.example.com", "example.com"));
        assert!(!covers("example.com", "mail.example.com"));
        assert!(!covers("mail.example.com\0.evil.com", "mail.example.com"));
        assert!(!covers(" mail.example.com", "mail.example.com"));
        assert!(!covers("", "mail.example.com"));
        // RFC 5280 §4.2.1.6 wants the preferred name syntax, which has no dot at the end: no client takes one.
        assert!(!covers("mail.example.com.", "mail.example.com"));
        assert!(!covers("*.example.com.", "mail.example.com"));
        assert!(!covers("*.example.com.", "mail.example.com."));
        assert!(!covers(".example.com", "mail.example.com"));
        assert!(!covers("mail..example.com", "mail.example.com"));
        assert!(
            !covers("bücher.example", "bücher.example"),
            "only A-labels (RFC 9525 §2)"
        );
    }

    #[test]
    fn a_wildcard_is_one_whole_label() {
        assert!(covers("*.example.com", "mail.example.com"));
        assert!(covers("*.EXAMPLE.com", "xn--bcher-kva.example.com"));
        for (pattern, host) in [
            ("*.example.com", "example.com"),
            ("*.example.com", "a.b.example.com"),
            ("m*.example.com", "mail.example.com"),
            ("*l.example.com", "mail.example.com"),
            ("mail.*.com", "mail.example.com"),
            ("*.*.com", "mail.example.com"),
            ("*.com", "example.com"),
            ("*", "localhost"),
            ("*.", "localhost"),
            ("f*.example.com", "foo.example.com"),
            ("*.*.example.com", "a.b.example.com"),
            ("xn--*.example.com", "xn--bcher-kva.example.com"),
            ("**.example.com", "mail.example.com"),
            ("*.example.com.", "mail.example.com"),
            ("*. example.com", "mail.example.com"),
            ("*..com", "mail.example.com"),
        ] {
            assert!(!covers(pattern, host), "{pattern} {host}");
        }
    }

    #[test]
    fn addresses_are_covered_by_addresses_only() {
        let host = Host::parse("192.0.2.1").unwrap();
        assert!(address(&[192, 0, 2, 1]).covers(&host));
        assert!(!address(&[192, 0, 2, 2]).covers(&host));
        assert!(!SubjectName::Dns("192.0.2.1".into()).covers(&host));
        assert!(!SubjectName::Dns("*.0.2.1".into()).covers(&host));
        assert_eq!(
            address(&[1, 2, 3, 4, 5]),
            SubjectName::Other("IP:#0102030405".into())
        );
    }
}
