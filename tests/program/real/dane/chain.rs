//! What a server presents, and TLSA records about it or about something else; must not know who believes them.

use std::fmt;

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use data_encoding::{BASE64, HEXLOWER};
use rcgen::ExtendedKeyUsagePurpose;
use testkit::peer::{Authority, Credentials, Leaf};

/// How the certificates are wrong, if they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    Expired,
    OtherName,
    /// For clients only.
    Purpose,
    IssuerExpired,
    SelfSigned,
    /// No fault, but another kind of key.
    Rsa,
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    Leaf,
    WithIssuer,
    WithRoot,
}

/// What a TLSA record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Leaf,
    Issuer,
    Root,
    /// A certificate that is nowhere presented, as that before a renewal.
    Former,
    /// A pipeline in which the first program failed: the digest of nothing.
    Nothing,
}

/// A TLSA record by its numbers and what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) usage: u8,
    pub(super) selector: u8,
    pub(super) matching: u8,
    pub(super) of: Of,
    /// So many octets are missing at its end.
    pub(super) cut: usize,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            usage,
            selector,
            matching,
            of,
            cut,
        } = self;
        write!(f, "{usage} {selector} {matching} {of:?}")?;
        if *cut > 0 {
            write!(f, " less {cut} octets")?;
        }
        Ok(())
    }
}

/// A record by its three numbers.
pub(super) const fn record(numbers: [u8; 3], of: Of) -> Record {
    let [usage, selector, matching] = numbers;
    Record {
        usage,
        selector,
        matching,
        of,
        cut: 0,
    }
}

/// Those who issue: one in order, and one whose intermediate has expired.
pub(super) struct Issuers {
    sound: Authority,
    expired: Authority,
    former: Credentials,
}

/// What a server has, sent or not.
#[derive(Clone)]
pub(super) struct Chain {
    pub(super) credentials: Credentials,
    issuer: Vec<u8>,
    root: Vec<u8>,
    former: Vec<u8>,
}

impl Issuers {
    /// `now` is Unix time.
    pub(super) fn new(now: i64) -> Self {
        let sound = Authority::new("Bear", now);
        let former = sound.issue(&Leaf::server("former.test", -90, 10));
        Self {
            former,
            expired: Authority::with_intermediate("Old Bear", now, -1),
            sound,
        }
    }

    /// Certificates for these names, wrong as told.
    pub(super) fn issue(&self, names: &[&str], fault: Fault, sent: Sent) -> Chain {
        let authority = match fault {
            Fault::IssuerExpired => &self.expired,
            _ => &self.sound,
        };
        let names = if fault == Fault::OtherName {
            &["elsewhere.test"]
        } else {
            names
        };
        let leaf = Leaf {
            common_name: names[0],
            names,
            from_day: -30,
            until_day: if fault == Fault::Expired { -1 } else { 60 },
            purposes: match fault {
                Fault::Purpose => &[ExtendedKeyUsagePurpose::ClientAuth],
                _ => &[ExtendedKeyUsagePurpose::ServerAuth],
            },
        };
        let mut credentials = match fault {
            Fault::SelfSigned => authority.self_signed(&leaf),
            Fault::Rsa => authority.issue_rsa(&leaf),
            _ => authority.issue(&leaf),
        };
        let root = authority.root.der().clone();
        match sent {
            Sent::Leaf => credentials.chain.truncate(1),
            Sent::WithIssuer => {}
            Sent::WithRoot => credentials.chain.push(root.clone()),
        }
        Chain {
            credentials,
            issuer: authority.intermediate.der().to_vec(),
            root: root.to_vec(),
            former: self.former.chain[0].to_vec(),
        }
    }
}

impl Chain {
    /// The leaf as a PEM file's content.
    pub(super) fn leaf_pem(&self) -> String {
        pem(&self.credentials.chain[0])
    }

    /// The record as it stands in a zone file, without its owner.
    pub(super) fn tlsa(&self, record: &Record) -> String {
        let certificate = match record.of {
            Of::Leaf => &self.credentials.chain[0][..],
            Of::Issuer => &self.issuer,
            Of::Root => &self.root,
            Of::Former => &self.former,
            Of::Nothing => &[],
        };
        let selected = match record.selector {
            _ if certificate.is_empty() => Vec::new(),
            1 => public_key(certificate),
            _ => certificate.to_vec(),
        };
        let data = match record.matching {
            0 => selected,
            2 => digest(&SHA512, &selected).as_ref().to_vec(),
            _ => digest(&SHA256, &selected).as_ref().to_vec(),
        };
        let data = HEXLOWER.encode(&data[..data.len() - record.cut]);
        let Record {
            usage,
            selector,
            matching,
            ..
        } = record;
        format!("TLSA {usage} {selector} {matching} {data}")
    }
}

/// DER as a PEM file's content.
fn pem(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines = lines.collect::<Vec<_>>().join("\n");
    format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
}

/// The SubjectPublicKeyInfo of a certificate.
fn public_key(certificate: &[u8]) -> Vec<u8> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).expect("one of ours");
    certificate.public_key().raw.to_vec()
}
