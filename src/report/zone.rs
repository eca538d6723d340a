//! What the endpoints of hosts serve, what is to come and what DNS has to the lines of a zone file that are right, missing
//! or needless; judges no endpoint.

use std::fmt;
use std::time::Duration;

use super::judged::HostReport;
use super::snapshot::{Entry, Snapshot};
use crate::certificate::{Certificate, association};
use crate::endpoint::Offer;
use crate::facts::published::{Bits, DaneStanding, TlsaRecord, TlsaSet};
use crate::reason::Reason;
use crate::verdict::{DaneReport, NextKey, Places, RecordResult};

/// What a line of a zone file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Published, and served or to come.
    Right,
    /// Served or to come, and not published.
    Missing,
    /// Published, and neither served nor to come.
    Needless,
    /// Served or to come, and nobody can tell whether it is published.
    Untold,
}

/// `=`, `+`, `-` or `?`.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Right => "=",
            Self::Missing => "+",
            Self::Needless => "-",
            Self::Untold => "?",
        })
    }
}

/// A record with what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneLine {
    /// What to do with it.
    pub mark: Mark,
    /// The record.
    pub record: TlsaRecord,
    /// Where it is served, the file of the key to come, or why nobody needs it.
    pub why: String,
}

/// The lines of one host and port.
#[derive(Debug, Clone)]
pub struct HostZone {
    /// The name at which the records stand, such as `_25._tcp.mx1.example.com`.
    pub owner: String,
    /// What DNS says, in words.
    pub told: String,
    /// Whether that is enough to compare with.
    pub is_told: bool,
    /// How long others may keep the published records.
    pub ttl: Option<Duration>,
    /// The records, those that are right first.
    pub lines: Vec<ZoneLine>,
    /// The endpoints of which a certificate may have been missed, and why.
    pub unseen: Vec<String>,
    /// Whether a key that is served has no record.
    pub lacks_served: bool,
    /// Whether a key to come, or the issuer that was asked for, has none.
    pub lacks_next: bool,
}

/// The lines of every host of a snapshot; with the records of issuers too, if asked for.
pub fn zones(snapshot: &Snapshot, next: &[NextKey], with_issuers: bool) -> Vec<HostZone> {
    let zone = |host: &HostReport| {
        let entries = snapshot.entries().map(|(_, entry)| entry);
        let own = entries.filter(|entry| is_of(entry, host)).collect();
        Zone::new(host, own).lines(next, with_issuers)
    };
    snapshot.hosts.iter().map(zone).collect()
}

fn is_of(entry: &Entry, host: &HostReport) -> bool {
    let (endpoint, key) = (&entry.endpoint, &host.key);
    (&endpoint.host, endpoint.port, &endpoint.view) == (&key.host, key.port, &key.view)
}

/// A host in the making.
struct Zone<'a> {
    entries: Vec<&'a Entry>,
    set: Option<&'a TlsaSet>,
    survey: DaneReport,
    made: HostZone,
}

impl<'a> Zone<'a> {
    fn new(host: &'a HostReport, entries: Vec<&'a Entry>) -> Self {
        let facts = host.facts.dane.as_deref();
        let set = match facts.map(|facts| &facts.standing) {
            Some(DaneStanding::Records(set)) => Some(set),
            _ => None,
        };
        let (is_told, told) = told(facts.map(|facts| &facts.standing));
        let base = facts.map_or(&*host.key.host, |facts| &facts.base);
        let made = HostZone {
            owner: format!("_{}._tcp.{base}", host.key.port),
            told,
            is_told,
            ttl: set.map(|set| set.ttl),
            lines: Vec::new(),
            unseen: unseen(&entries),
            lacks_served: false,
            lacks_next: false,
        };
        Self {
            entries,
            set,
            survey: host.dane.clone().unwrap_or_default(),
            made,
        }
    }

    fn lines(mut self, next: &[NextKey], with_issuers: bool) -> HostZone {
        self.published(next);
        let leaves = self.different(0);
        for (chain, at) in &leaves {
            let served = format!("served at {at}");
            let lacks = !self.is_covered(chain);
            if let (true, Some(leaf)) = (lacks, chain.first()) {
                self.made.lacks_served |= self.add(3, leaf, served);
            }
        }
        for (chain, at) in self.different(1).iter().filter(|_| with_issuers) {
            let has_record = self
                .counted()
                .any(|one| one.usage == 2 && is_above(one, chain));
            if let (false, Some(issuer)) = (has_record, chain.get(1)) {
                self.made.lacks_next |=
                    self.add(2, issuer, format!("issuer of what is served at {at}"));
            }
        }
        for key in next {
            if self.has_next(key) {
                continue;
            }
            let data = association(&key.public_key, self.strongest(3)).map(Into::into);
            self.made.lacks_next |= self.put(3, data, format!("next {}", key.file));
        }
        self.made.lines.sort_by_key(|line| line.mark);
        self.made
    }

    /// What DNS has.
    fn published(&mut self, next: &[NextKey]) {
        let records = self.set.map_or(&[][..], |set| &set.records);
        for (record, report) in records.iter().zip(&self.survey.records) {
            let file = next.iter().find(|key| DaneReport::publishes(key, record));
            let (mark, why) = match (report.result, file, record.unusable()) {
                (_, _, Some(why)) => (Mark::Needless, why.to_string()),
                (RecordResult::Matched, ..) => (Mark::Right, format!("served at {}", report.at)),
                (_, Some(key), _) => (Mark::Right, format!("next {}", key.file)),
                _ => (Mark::Needless, "neither served nor next".to_owned()),
            };
            let why = match report.is_weaker {
                true => format!("{why}, but a stronger digest makes senders skip it"),
                false => why,
            };
            let record = record.clone();
            self.made.lines.push(ZoneLine { mark, record, why });
        }
    }

    /// The records that senders look at.
    fn counted(&self) -> impl Iterator<Item = &'a TlsaRecord> {
        let records = self.set.map_or(&[][..], |set| &set.records);
        let with = records.iter().zip(&self.survey.records);
        let counted =
            with.filter(|(_, report)| report.result != RecordResult::Unusable && !report.is_weaker);
        counted.map(|(record, _)| record)
    }

    fn is_covered(&self, chain: &[Certificate]) -> bool {
        let is_of_leaf = |one: &TlsaRecord| chain.first().is_some_and(|leaf| one.is_of(leaf));
        self.counted().any(|one| match one.usage {
            3 => is_of_leaf(one),
            _ => is_above(one, chain),
        })
    }

    fn has_next(&self, key: &NextKey) -> bool {
        self.counted().any(|one| DaneReport::publishes(key, one))
    }

    /// The digest that a new record needs to count beside those that are there.
    fn strongest(&self, usage: u8) -> u8 {
        let same = self.counted().map(TlsaRecord::bits);
        let same = same.filter(|(of, selector, _)| (*of, *selector) == (usage, 1));
        same.map(|(.., matching_type)| matching_type)
            .max()
            .unwrap_or(1)
            .max(1)
    }

    fn add(&mut self, usage: u8, certificate: &Certificate, why: String) -> bool {
        let data = certificate
            .association(1, self.strongest(usage))
            .map(Into::into);
        self.put(usage, data, why)
    }

    /// Adds a line that DNS lacks: whether it is sure that it does.
    fn put(&mut self, usage: u8, data: Option<Vec<u8>>, why: String) -> bool {
        let Some(data) = data else { return false };
        let bits: Bits = (usage, 1, self.strongest(usage));
        let record = TlsaRecord {
            usage: bits.0,
            selector: bits.1,
            matching_type: bits.2,
            data: data.into(),
        };
        let mark = match self.made.is_told {
            true => Mark::Missing,
            false => Mark::Untold,
        };
        let mut lines = self.made.lines.iter_mut();
        match lines.find(|line| line.record == record && line.mark == mark) {
            Some(line) => line.why = format!("{}, {why}", line.why),
            None => self.made.lines.push(ZoneLine { mark, record, why }),
        }
        mark == Mark::Missing
    }

    /// The chains that differ at this depth, and where they are served.
    fn different(&self, depth: usize) -> Vec<(&'a [Certificate], Places)> {
        let mut different: Vec<(&[Certificate], Places)> = Vec::new();
        for entry in &self.entries {
            let chain = &*entry.observation.chain;
            let Some(own) = chain.get(depth) else {
                continue;
            };
            let known = different
                .iter()
                .position(|(other, _)| other.get(depth) == Some(own));
            let known = known.unwrap_or_else(|| {
                different.push((chain, Places::default()));
                different.len() - 1
            });
            if let Some((_, places)) = different.get_mut(known) {
                places.add_once(entry.endpoint.at());
            }
        }
        different
    }
}

fn is_above(record: &TlsaRecord, chain: &[Certificate]) -> bool {
    chain.iter().skip(1).any(|one| record.is_of(one))
}

/// What DNS says of a host, and whether records can be compared with it.
fn told(standing: Option<&DaneStanding>) -> (bool, String) {
    match standing {
        Some(DaneStanding::Records(set)) => {
            let seconds = set.ttl.as_secs();
            (true, format!("{} TLSA records, signed, TTL {seconds} s", set.published))
        }
        Some(DaneStanding::None) => (true, "no TLSA records".to_owned()),
        Some(DaneStanding::HostInsecure) => (
            true,
            "the host's addresses are not signed (DNSSEC): until they are, no sender asks for records".to_owned(),
        ),
        Some(DaneStanding::Insecure) => (
            false,
            "there are TLSA records that are not signed (DNSSEC), which nobody believes".to_owned(),
        ),
        Some(DaneStanding::Unavailable) | None => (
            false,
            "cannot be told: the resolver does not validate DNSSEC (expected one that does, by --view)".to_owned(),
        ),
        Some(DaneStanding::Pending(why)) => (false, format!("cannot be told: {why}")),
        Some(DaneStanding::Error(fault)) => (false, format!("cannot be told: {fault}")),
    }
}

/// Where a certificate may have been missed. A server that has no key of a kind has shown all that there is.
fn unseen(entries: &[&Entry]) -> Vec<String> {
    let shows = |at: &str| {
        let mut others = entries.iter().filter(|entry| entry.endpoint.at() == at);
        others.any(|entry| entry.observation.leaf().is_some())
    };
    let unseen = entries.iter().filter_map(|entry| {
        let (seen, at) = (&entry.observation, entry.endpoint.at());
        let fault = seen.fault.as_ref().filter(|_| seen.leaf().is_none())?;
        let lacks_the_kind = entry.endpoint.offer != Offer::Any
            && fault.reason == Reason::TlsNoCommonParameters
            && shows(&at);
        (!lacks_the_kind).then(|| format!("{at}: {}: {}", fault.reason.as_str(), fault.detail))
    });
    let mut unseen: Vec<_> = unseen.collect();
    unseen.dedup();
    unseen
}

impl HostZone {
    /// 0 nothing to do, 1 a key to come has no record, 2 a served key has none, 3 nobody can tell.
    pub fn exit_code(zones: &[Self]) -> u8 {
        let any = |is: fn(&Self) -> bool| zones.iter().any(is);
        match () {
            () if any(|zone| zone.lacks_served) => 2,
            () if zones.is_empty() || any(|zone| !zone.is_told || !zone.unseen.is_empty()) => 3,
            () if any(|zone| zone.lacks_next) => 1,
            () => 0,
        }
    }
}
