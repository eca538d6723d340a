//! A case of mail to a domain: how its zones lie, what they say, what its server presents. It turns into zone records and a
//! server; must not know what becomes of the mail.

use std::fmt;
use std::net::Ipv4Addr;

use testkit::peer::{Server, Speech};

use super::chain::{Chain, Fault, Issuers, Of, Record, Sent, record};
use super::zones::{BOGUS, DNAME, EXPIRED, PLAIN, Records, SILENT, UNSIGNED, WILD};

/// How the MX records of the domain stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hop {
    Secure,
    Insecure,
    /// There are none: mail goes to the domain's own addresses.
    Implicit,
    Bogus,
    Expired,
}

/// How the name of the MX host lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    In(&'static str),
    /// It and its TLSA records come from a wildcard.
    Wildcard,
    /// It lies below a DNAME.
    Dname,
    /// It is a CNAME to a name in this zone.
    Alias(&'static str, AliasRecords),
}

/// Where an alias has its TLSA records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AliasRecords {
    End,
    Alias,
    /// Those of the case at the end, one that does not match at the alias.
    Both,
}

/// How the name of the TLSA records lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Plain,
    /// A CNAME in the same zone.
    Alias,
    Wildcard,
    /// A CNAME to a zone that is not signed.
    AliasOut,
    /// Below a name that is delegated to a server which never answers.
    Silent,
}

/// What the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Open,
    NoStarttls,
    /// Nobody listens.
    Closed,
}

/// Everything about one domain.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) hop: Hop,
    pub(super) host: Host,
    pub(super) owner: Owner,
    pub(super) records: Vec<Record>,
    pub(super) fault: Fault,
    pub(super) sent: Sent,
    pub(super) door: Door,
}

impl Case {
    /// All is signed and in order, and these are the records.
    pub(super) fn sound(records: &[Record]) -> Self {
        Self {
            hop: Hop::Secure,
            host: Host::In(PLAIN),
            owner: Owner::Plain,
            records: records.to_vec(),
            fault: Fault::None,
            sent: Sent::WithIssuer,
            door: Door::Open,
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records: Vec<_> = self.records.iter().map(Record::to_string).collect();
        let Self {
            hop,
            host,
            owner,
            fault,
            sent,
            door,
            ..
        } = self;
        write!(
            f,
            "MX {hop:?}, host {host:?}, TLSA {owner:?} [{}], fault {fault:?}, sent {sent:?}, door {door:?}",
            records.join(", ")
        )
    }
}

/// A case with a number, and so with names, an address and certificates.
pub(super) struct Staged {
    pub(super) case: Case,
    pub(super) domain: String,
    pub(super) address: Ipv4Addr,
    pub(super) chain: Chain,
}

impl Staged {
    /// Makes up what the case needs and writes its records.
    pub(super) fn new(number: u16, case: Case, issuers: &Issuers, zones: &mut Records) -> Self {
        let [high, low] = number.to_be_bytes();
        let names = Names::of(number, &case);
        let chain = issuers.issue(&[&names.base], case.fault, case.sent);
        let staged = Self {
            address: Ipv4Addr::new(127, 1, high, low),
            domain: names.domain.clone(),
            chain,
            case,
        };
        staged.write(number, &names, zones);
        staged
    }

    fn write(&self, n: u16, names: &Names, zones: &mut Records) {
        let address = format!("A {}", self.address);
        let host = &names.host;
        let mx = format!("d{n} MX 10 {host}.");
        match self.case.hop {
            Hop::Secure => zones.add(PLAIN, &mx),
            Hop::Insecure => zones.add(UNSIGNED, &mx),
            Hop::Bogus => zones.add(BOGUS, &mx),
            Hop::Expired => zones.add(EXPIRED, &mx),
            Hop::Implicit => {}
        }
        match self.case.host {
            Host::In(zone) => zones.add(zone, &format!("{host}. {address}")),
            Host::Wildcard => zones.add(WILD, &format!("*.w{n} {address}")),
            Host::Dname => {
                zones.add(DNAME, &format!("t{n} DNAME o{n}"));
                zones.add(DNAME, &format!("m.o{n} {address}"));
            }
            Host::Alias(zone, _) => {
                zones.add(PLAIN, &format!("{host}. CNAME e{n}.{zone}."));
                zones.add(zone, &format!("e{n} {address}"));
            }
        }
        self.write_tlsa(n, names, zones);
    }

    fn write_tlsa(&self, n: u16, names: &Names, zones: &mut Records) {
        if self.case.records.is_empty() {
            return;
        }
        let (base, zone) = (&names.base, names.zone);
        let own = format!("_25._tcp.{base}.");
        if self.case.owner == Owner::Silent {
            zones.add(zone, &format!("_tcp.{base}. NS silent.{PLAIN}."));
            zones.add(PLAIN, &format!("silent A {SILENT}"));
            return;
        }
        let (owner, zone) = match (self.case.host, self.case.owner) {
            (Host::Wildcard, _) => (format!("*.w{n}"), WILD),
            (_, Owner::Plain | Owner::Silent) => (own, zone),
            (_, Owner::Wildcard) => (format!("*._tcp.{base}."), zone),
            (_, Owner::Alias) => {
                zones.add(zone, &format!("{own} CNAME _dane.{base}."));
                (format!("_dane.{base}."), zone)
            }
            (_, Owner::AliasOut) => {
                zones.add(zone, &format!("{own} CNAME _dane.e{n}.{UNSIGNED}."));
                (format!("_dane.e{n}"), UNSIGNED)
            }
        };
        for record in &self.case.records {
            zones.add(zone, &format!("{owner} {}", self.chain.tlsa(record)));
        }
        if let Host::Alias(_, AliasRecords::Both) = self.case.host {
            let other = self.chain.tlsa(&record([3, 1, 1], Of::Former));
            zones.add(PLAIN, &format!("_25._tcp.{}. {other}", names.host));
        }
    }

    /// Starts the server, if there is one.
    pub(super) async fn serve(&self) -> Option<Server> {
        let speech = Speech {
            offers_starttls: self.case.door == Door::Open,
            ..Speech::default()
        };
        if self.case.door == Door::Closed {
            return None;
        }
        let at = (self.address, 25).into();
        let server = Server::start(at, &self.chain.credentials, speech).await;
        Some(server.expect("a port of our own"))
    }
}

/// What a case's domain and host are called.
struct Names {
    domain: String,
    host: String,
    /// The TLSA base domain (RFC 7672 §2.2.3), and its zone.
    base: String,
    zone: &'static str,
}

impl Names {
    fn of(n: u16, case: &Case) -> Self {
        let (host, base, zone) = match case.host {
            Host::In(zone) => (format!("h{n}.{zone}"), format!("h{n}.{zone}"), zone),
            Host::Wildcard => (format!("m.w{n}.{WILD}"), format!("m.w{n}.{WILD}"), WILD),
            Host::Dname => (format!("m.t{n}.{DNAME}"), format!("m.o{n}.{DNAME}"), DNAME),
            Host::Alias(_, AliasRecords::Alias) => {
                (format!("a{n}.{PLAIN}"), format!("a{n}.{PLAIN}"), PLAIN)
            }
            Host::Alias(zone, _) => (format!("a{n}.{PLAIN}"), format!("e{n}.{zone}"), zone),
        };
        let domain = match case.hop {
            Hop::Secure => format!("d{n}.{PLAIN}"),
            Hop::Insecure => format!("d{n}.{UNSIGNED}"),
            Hop::Bogus => format!("d{n}.{BOGUS}"),
            Hop::Expired => format!("d{n}.{EXPIRED}"),
            Hop::Implicit => host.clone(),
        };
        Self {
            domain,
            host,
            base,
            zone,
        }
    }
}
