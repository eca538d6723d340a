//! The names of a certificate against the name constraints of an issuer (RFC 5280 §4.2.1.10); knows no paths.

use std::net::IpAddr;

use super::budget::{Budget, Spent};
use super::der::{self, DerElement, DerReader};
use super::member::{Member, cut};
use crate::certificate::{Dn, SubjectName};

/// Why names do not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Objection {
    /// A name is not allowed.
    Forbidden(String),
    /// It cannot be told here.
    Unclear(String),
    /// There are more names to compare than a stranger gets.
    Spent,
}

impl From<Spent> for Objection {
    fn from(_: Spent) -> Self {
        Self::Spent
    }
}

/// A constraint: names of one form within a subtree.
enum Subtree<'a> {
    Dns(String),
    Address(&'a [u8]),
    /// In canonical form.
    Directory(Vec<u8>),
    /// A form that is not compared here; how [`SubjectName::Other`] begins with it.
    Other(&'static str),
}

/// One name of a certificate.
enum Name<'a> {
    Dns(String),
    Address(IpAddr),
    Directory(&'a Member<'a>),
    Other(&'a str),
}

/// Holds all names of a certificate against the content of a NameConstraints.
pub(super) fn check(
    constraints: &[u8],
    member: &Member<'_>,
    budget: &mut Budget,
) -> Result<(), Objection> {
    let mut lists = DerReader(constraints);
    let permitted = subtrees(lists.content(der::context(0)), budget)?;
    let excluded = subtrees(lists.content(der::context(1)), budget)?;
    if permitted.is_empty() && excluded.is_empty() {
        return Ok(());
    }
    for name in names(member) {
        budget.name(name.bytes())?;
        let mut is_of_form = false;
        let mut is_permitted = false;
        for subtree in &permitted {
            budget.name(0)?;
            if let Some(is_within) = compare(&name, subtree, member)? {
                is_of_form = true;
                is_permitted |= is_within;
            }
        }
        let mut is_excluded = false;
        for subtree in &excluded {
            budget.name(0)?;
            let is_within = compare(&name, subtree, member)? == Some(true);
            is_excluded |= is_within || may_expand_into(&name, subtree);
        }
        if is_excluded || (is_of_form && !is_permitted) {
            return Err(Objection::Forbidden(format!(
                "'{}' bears a name that an issuer above it is not allowed to certify: {}",
                member.name,
                name.shown()
            )));
        }
    }
    Ok(())
}

/// The subject, if there is one, and all alternative names.
fn names<'a>(member: &'a Member<'_>) -> impl Iterator<Item = Name<'a>> {
    let subject = Some(member).filter(|member| !member.facts.subject.is_empty());
    let alternative = member.facts.names.iter().map(|name| match name {
        SubjectName::Dns(name) => Name::Dns(name.to_ascii_lowercase()),
        SubjectName::Ip(address) => Name::Address(*address),
        SubjectName::Other(text) => Name::Other(text),
    });
    subject.map(Name::Directory).into_iter().chain(alternative)
}

impl Name<'_> {
    fn bytes(&self) -> usize {
        match self {
            Self::Dns(name) => name.len(),
            Self::Other(text) => text.len(),
            Self::Directory(_) | Self::Address(_) => 0,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Dns(name) => cut(name),
            Self::Address(address) => address.to_string(),
            Self::Directory(member) => member.name.clone(),
            Self::Other(text) => cut(text),
        }
    }
}

fn subtrees<'a>(
    list: Option<&'a [u8]>,
    budget: &mut Budget,
) -> Result<Vec<Subtree<'a>>, Objection> {
    let unclear = || Objection::Unclear("name constraints that cannot be read".to_owned());
    let mut subtrees = Vec::new();
    let mut reader = DerReader(list.unwrap_or_default());
    while !reader.is_empty() {
        let content = reader.content(der::SEQUENCE).ok_or_else(unclear)?;
        // A directory name has to be read, which costs more than text.
        budget.name(8 * content.len())?;
        let mut parts = DerReader(content);
        let base = parts.next().ok_or_else(unclear)?;
        // Minimum and maximum are not used with any form of name.
        if !parts.is_empty() {
            return Err(unclear());
        }
        subtrees.push(subtree(&base).ok_or_else(unclear)?);
    }
    Ok(subtrees)
}

fn subtree<'a>(base: &DerElement<'a>) -> Option<Subtree<'a>> {
    Some(match base.tag {
        0xa0 => Subtree::Other("otherName:"),
        0x81 => Subtree::Other("email:"),
        0x82 => Subtree::Dns(str::from_utf8(base.content).ok()?.to_ascii_lowercase()),
        0xa3 => Subtree::Other("X400:"),
        0xa4 => Subtree::Directory(Dn::from_der(base.content)?.canonical()),
        0xa5 => Subtree::Other("EDI:"),
        0x86 => Subtree::Other("URI:"),
        0x87 => Subtree::Address(base.content),
        0x88 => Subtree::Other("RID:"),
        _ => return None,
    })
}

/// Whether a name is within a subtree; `None` where they are of different forms.
fn compare(
    name: &Name<'_>,
    subtree: &Subtree<'_>,
    member: &Member<'_>,
) -> Result<Option<bool>, Objection> {
    let unclear = || {
        let (whose, name) = (&member.name, name.shown());
        Objection::Unclear(format!(
            "an issuer above '{whose}' constrains names of a form that is not compared here: {name}"
        ))
    };
    Ok(Some(match (name, subtree) {
        (Name::Dns(name), Subtree::Dns(base)) => dns_within(name, base),
        (Name::Address(address), Subtree::Address(base)) => address_within(*address, base),
        (Name::Directory(own), Subtree::Directory(base)) => Dn::is_within(&own.subject, base),
        (Name::Other(text), Subtree::Other(form)) if text.starts_with(form) => {
            return Err(unclear());
        }
        (Name::Other(text), Subtree::Directory(_)) if text.starts_with("dirName:") => {
            return Err(unclear());
        }
        (Name::Dns(_) | Name::Address(_) | Name::Directory(_) | Name::Other(_), _) => {
            return Ok(None);
        }
    }))
}

/// "Any DNS name that can be constructed by simply adding zero or more labels to the left-hand side"; a base that
/// begins with a dot wants one at least, as many implementations read it.
fn dns_within(name: &str, base: &str) -> bool {
    let is_whole = |rest: &str| rest.is_empty() || rest.ends_with('.');
    let rest = name.strip_suffix(base);
    rest.is_some_and(|rest| is_whole(rest) || base.is_empty() || base.starts_with('.'))
}

/// Whether a wildcard stands also for a name within the subtree.
fn may_expand_into(name: &Name<'_>, subtree: &Subtree<'_>) -> bool {
    let (Name::Dns(name), Subtree::Dns(base)) = (name, subtree) else {
        return false;
    };
    let parent = name.strip_prefix("*.");
    let label = parent.and_then(|parent| base.strip_suffix(parent)?.strip_suffix('.'));
    label.is_some_and(|label| !label.is_empty() && !label.contains('.'))
}

/// Address and mask, each of four or sixteen bytes.
fn address_within(address: IpAddr, base: &[u8]) -> bool {
    let within = |octets: &[u8]| {
        let (net, mask) = base.split_at(base.len() / 2);
        base.len() == 2 * octets.len()
            && octets
                .iter()
                .zip(net.iter().zip(mask))
                .all(|(own, (net, mask))| own & mask == net & mask)
    };
    match address {
        IpAddr::V4(v4) => within(&v4.octets()),
        IpAddr::V6(v6) => within(&v6.octets()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_names_lie_within_their_domain() {
        for (name, base, within) in [
            ("mx.bears.test", "bears.test", true),
            ("bears.test", "bears.test", true),
            ("*.bears.test", "bears.test", true),
            ("mx.bears.test", ".bears.test", true),
            ("bears.test", ".bears.test", false),
            ("polarbears.test", "bears.test", false),
            ("bears.test", "mx.bears.test", false),
            ("anything", "", true),
        ] {
            assert_eq!(dns_within(name, base), within, "{name} in {base}");
        }
    }

    #[test]
    fn a_wildcard_reaches_into_what_is_excluded() {
        let reaches = |name: &str, base: &str| {
            may_expand_into(&Name::Dns(name.into()), &Subtree::Dns(base.into()))
        };
        assert!(reaches("*.bears.test", "mx.bears.test"));
        assert!(!reaches("*.bears.test", "a.mx.bears.test"));
        assert!(!reaches("mx.bears.test", "a.mx.bears.test"));
    }

    #[test]
    fn addresses_are_compared_under_the_mask() {
        let within = |address: &str, base: &[u8]| address_within(address.parse().unwrap(), base);
        let net = [192, 0, 2, 0, 255, 255, 255, 0];
        assert!(within("192.0.2.9", &net));
        assert!(!within("192.0.3.9", &net) && !within("2001:db8::1", &net));
        assert!(!within("192.0.2.9", &net[..4]) && !within("192.0.2.9", b""));
    }
}
