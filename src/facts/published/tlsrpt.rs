//! The TXT records of `_smtp._tls.DOMAIN` to where senders report, or to why they do not (RFC 8460 §3).

use super::mistake::{TextMistake, cut};
use super::sts_record::{RecordError, begins, fields};
use crate::facts::lookup::LookupFault;
use crate::name::Host;

/// Most destinations that are kept of one record.
const MAX_DESTINATIONS: usize = 64;

/// What senders learn of where a domain wants their reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsRptFacts {
    /// Nobody has answered yet; says why.
    Pending(Box<str>),
    /// No record.
    None,
    /// Nobody could tell.
    Error(LookupFault),
    /// So many records, where there may be one.
    Several(usize),
    /// The record cannot be read.
    Malformed(TextMistake),
    /// Where senders report.
    Record(ReportTo),
}

/// A record that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTo {
    /// Destinations that senders can use, at most 64, in order.
    pub destinations: Box<[Destination]>,
    /// What is wrong with others.
    pub mistakes: Box<[TextMistake]>,
}

impl ReportTo {
    /// How many destinations have a scheme.
    pub fn count(&self, scheme: ReportScheme) -> usize {
        let with = |to: &&Destination| to.scheme == scheme;
        self.destinations.iter().filter(with).count()
    }
}

/// How a report is sent; [`as_str`](Self::as_str) is a public label value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportScheme {
    /// By mail.
    Mailto,
    /// By POST.
    Https,
}

impl ReportScheme {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Mailto, Self::Https];

    /// As URIs write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mailto => "mailto",
            Self::Https => "https",
        }
    }
}

/// One URI of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// How it is reached.
    pub scheme: ReportScheme,
    /// As published, only printable ASCII.
    pub uri: Box<str>,
}

impl TlsRptFacts {
    /// Reads the records of the name, each with its strings joined.
    pub fn read<'a>(records: impl IntoIterator<Item = &'a [u8]>) -> Self {
        match read_record(records) {
            Ok(None) => Self::None,
            Ok(Some(to)) => Self::Record(to),
            Err(RecordError::Several(count)) => Self::Several(count),
            Err(RecordError::Malformed(mistake)) => Self::Malformed(mistake),
        }
    }
}

fn read_record<'a>(
    records: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<ReportTo>, RecordError> {
    let mut ours = records.into_iter().filter(|text| begins(text, VERSION));
    let Some(only) = ours.next() else {
        return Ok(None);
    };
    match ours.count() {
        0 => report_to(only).map(Some).map_err(RecordError::Malformed),
        others => Err(RecordError::Several(1 + others)),
    }
}

const VERSION: &str = "v=TLSRPTv1";

fn report_to(record: &[u8]) -> Result<ReportTo, TextMistake> {
    let mut found = None;
    for (nth, field) in fields(record, VERSION)? {
        if field.is_empty() {
            return Err(TextMistake::field(nth, "empty: expected name=value"));
        }
        let at = field.iter().position(|byte| *byte == b'=');
        let not_a_pair = || TextMistake::field(nth, format!("'{}' is not name=value", cut(field)));
        let at = at.ok_or_else(not_a_pair)?;
        let (name, value) = (field[..at].trim_ascii(), &field[at + 1..]);
        if name == b"rua" && found.is_none() {
            found = Some(destinations(nth, value));
        }
    }
    found.ok_or_else(|| TextMistake::whole("no rua: expected 'rua=mailto:' or 'rua=https:'"))
}

fn destinations(nth: usize, list: &[u8]) -> ReportTo {
    let (mut destinations, mut mistakes) = (Vec::new(), Vec::new());
    let uris = list.split(|byte| *byte == b',');
    for uri in uris.take(MAX_DESTINATIONS) {
        let uri = uri.trim_ascii();
        match destination(uri) {
            Ok(destination) => destinations.push(destination),
            Err(what) => {
                let what = format!("rua '{}' {what}", cut(uri));
                mistakes.push(TextMistake::field(nth, what));
            }
        }
    }
    ReportTo {
        destinations: destinations.into(),
        mistakes: mistakes.into(),
    }
}

fn destination(uri: &[u8]) -> Result<Destination, &'static str> {
    let printable = |byte: &u8| matches!(byte, 0x21..=0x7e);
    let text = str::from_utf8(uri)
        .ok()
        .filter(|_| uri.iter().all(printable));
    let uri = text.ok_or("has blanks or other than ASCII inside")?;
    if uri.is_empty() {
        return Err("is empty");
    }
    let (scheme, rest) = uri
        .split_once(':')
        .ok_or("has no scheme: expected mailto: or https:")?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "mailto" => ReportScheme::Mailto,
        "https" => ReportScheme::Https,
        "http" => return Err("is not encrypted: expected https:"),
        _ => return Err("has another scheme than mailto: or https:"),
    };
    if rest.contains(['!', ';']) {
        return Err("has a '!' or ';' that is not percent-encoded");
    }
    if !percents_are_whole(rest) {
        return Err("has a '%' without two hexadecimal digits");
    }
    match scheme {
        ReportScheme::Mailto => mailbox(rest)?,
        ReportScheme::Https => authority(rest)?,
    }
    let uri = uri.into();
    Ok(Destination { scheme, uri })
}

fn percents_are_whole(text: &str) -> bool {
    let digits = |part: &str| {
        part.as_bytes()
            .get(..2)
            .is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit))
    };
    text.split('%').skip(1).all(digits)
}

/// `reports@example.com`, and headers behind a question mark (RFC 6068 §2).
fn mailbox(rest: &str) -> Result<(), &'static str> {
    let address = rest.split('?').next().unwrap_or_default();
    match address.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && Host::parse(domain).is_ok() => Ok(()),
        _ => Err("names no mailbox"),
    }
}

/// `//reports.example.com:8443/path`.
fn authority(rest: &str) -> Result<(), &'static str> {
    let rest = rest.strip_prefix("//").ok_or("names no host")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let server = authority
        .rsplit_once('@')
        .map_or(authority, |(_, server)| server);
    let is_named = Host::parse_with_port(server).is_ok();
    is_named.then_some(()).ok_or("names no host")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(records: &[&str]) -> TlsRptFacts {
        TlsRptFacts::read(records.iter().map(|text| text.as_bytes()))
    }

    fn record(rua: &str) -> ReportTo {
        match read(&[&format!("v=TLSRPTv1; rua={rua}")]) {
            TlsRptFacts::Record(to) => to,
            other => panic!("{rua}: {other:?}"),
        }
    }

    #[test]
    fn destinations_are_counted_by_scheme() {
        let to = record(
            "mailto:tls@bears.test, https://r.bears.test/v1 ,MAILTO:a%2Cb@bears.test?subject=x;",
        );
        assert_eq!(to.mistakes.len(), 0);
        let counts = ReportScheme::ALL.map(|scheme| to.count(scheme));
        assert_eq!(counts, [2, 1]);
        assert_eq!(&*to.destinations[1].uri, "https://r.bears.test/v1");
        for good in [
            "https://r.bears.test",
            "https://r.bears.test:8443/a?b=c",
            "https://[2001:db8::1]/",
            "mailto:tls@[192.0.2.1]",
        ] {
            assert_eq!(record(good).destinations.len(), 1, "{good}");
        }
    }

    #[test]
    fn the_only_record_of_this_version_counts() {
        let good = "v=TLSRPTv1;rua=mailto:tls@bears.test";
        let others = ["v=spf1 -all", good, "v=TLSRPTv2;rua=mailto:a@bears.test"];
        assert!(matches!(read(&others), TlsRptFacts::Record(_)));
        let with_more =
            ["v=TLSRPTv1; x=1; rua=mailto:tls@bears.test; rua=mailto:b@bears.test; y=a=b;"];
        assert!(matches!(read(&with_more), TlsRptFacts::Record(to) if to.destinations.len() == 1));
        assert_eq!(read(&["v=spf1 -all"]), TlsRptFacts::None);
        assert_eq!(read(&["rua=mailto:tls@bears.test"]), TlsRptFacts::None);
        assert_eq!(read(&[good, good]), TlsRptFacts::Several(2));
    }

    #[test]
    fn a_record_may_be_malformed() {
        for (record, told) in [
            (
                "v=TLSRPTv1;",
                "no rua: expected 'rua=mailto:' or 'rua=https:'",
            ),
            (
                "v=TLSRPTv1; x=1",
                "no rua: expected 'rua=mailto:' or 'rua=https:'",
            ),
            ("v=TLSRPTv1; rua", "field 2: 'rua' is not name=value"),
            (
                "v=TLSRPTv1;; rua=mailto:a@b.test",
                "field 2: empty: expected name=value",
            ),
            (
                "v=TLSRPTv1 ; rua=mailto:a@b.test",
                "field 1: a blank before the semicolon: expected 'v=TLSRPTv1;'",
            ),
        ] {
            let TlsRptFacts::Malformed(mistake) = read(&[record]) else {
                panic!("{record}");
            };
            assert_eq!(mistake.to_string(), told, "{record}");
        }
    }

    #[test]
    fn a_destination_may_be_of_no_use() {
        for (uri, told) in [
            ("", "is empty"),
            (
                "tls@bears.test",
                "has no scheme: expected mailto: or https:",
            ),
            ("http://r.bears.test/", "is not encrypted: expected https:"),
            (
                "ftp://r.bears.test/",
                "has another scheme than mailto: or https:",
            ),
            ("mailto:", "names no mailbox"),
            ("mailto:@bears.test", "names no mailbox"),
            ("mailto:tls@", "names no mailbox"),
            ("https:r.bears.test", "names no host"),
            ("https:///v1", "names no host"),
            ("https://r.bears.test:0/", "names no host"),
            (
                "mailto:tls!10m@bears.test",
                "has a '!' or ';' that is not percent-encoded",
            ),
            (
                "mailto:tls%2@bears.test",
                "has a '%' without two hexadecimal digits",
            ),
            (
                "mailto:bär@bears.test",
                "has blanks or other than ASCII inside",
            ),
        ] {
            let to = record(&format!("https://r.bears.test/,{uri}"));
            assert_eq!(to.destinations.len(), 1, "{uri}");
            let told = format!("field 2: rua '{uri}' {told}");
            assert_eq!(to.mistakes[0].to_string(), told);
        }
        let flood = record(&"mailto:a@b.test,".repeat(1000));
        assert_eq!(flood.destinations.len(), MAX_DESTINATIONS);
    }
}
