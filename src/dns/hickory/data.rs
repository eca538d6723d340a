//! hickory's records to what they say, and back to the types that are asked for; asks nobody.

use std::sync::Arc;

use hickory_resolver::proto::dnssec::rdata::DNSSECRData;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::super::published::{MAX_TEXT, MAX_TEXTS, MAX_TLSA_RECORDS};
use super::super::record_set::{Data, RecordKind};
use crate::facts::lookup::Exchanger;
use crate::facts::published::TlsaRecord;

/// Without the dot at the end, as people write it.
pub(super) fn shown(name: &Name) -> String {
    let text = name.to_ascii().to_ascii_lowercase();
    match text.strip_suffix('.') {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => text,
    }
}

/// The type that is asked for.
pub(super) fn record_type(kind: RecordKind) -> RecordType {
    match kind {
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
        RecordKind::Mx => RecordType::MX,
        RecordKind::Tlsa => RecordType::TLSA,
        RecordKind::Txt => RecordType::TXT,
        RecordKind::Cname => RecordType::CNAME,
    }
}

pub(super) fn is_of(record: &Record, kind: RecordKind) -> bool {
    record.record_type() == record_type(kind)
}

/// What the records of an answer say, and how many there were.
#[derive(Default)]
pub(super) struct KeptRecords {
    pub(super) records: Arc<[Data]>,
    pub(super) count: usize,
}

/// What records of one kind say: as they came, or each once, in order and no more than we keep.
pub(super) fn bounded(records: &[&Record], kind: RecordKind) -> KeptRecords {
    let mut all: Vec<_> = records.iter().filter_map(|record| data(record)).collect();
    let most = match kind {
        RecordKind::A | RecordKind::Aaaa | RecordKind::Mx => usize::MAX,
        RecordKind::Tlsa => MAX_TLSA_RECORDS,
        RecordKind::Txt => MAX_TEXTS,
        RecordKind::Cname => 1,
    };
    if most < usize::MAX {
        all.sort_unstable();
        all.dedup();
    }
    let count = all.len();
    all.truncate(most);
    KeptRecords {
        records: all.into(),
        count,
    }
}

/// How long others may keep the records of a kind, as their signature tells it (RFC 4034 §3.1.4): what an answer says
/// is only what is left of it in a resolver's memory.
pub(super) fn published_ttl<'a>(
    records: impl Iterator<Item = &'a Record>,
    kind: RecordKind,
) -> Option<u32> {
    let mut inputs = records.filter_map(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(signature)) => Some(signature.input()),
        _ => None,
    });
    let ours = inputs.find(|input| input.type_covered == record_type(kind));
    ours.map(|input| input.original_ttl)
}

fn data(record: &Record) -> Option<Data> {
    Some(match &record.data {
        RData::MX(mx) => Data::Exchanger(Exchanger {
            preference: mx.preference,
            host: bare(&mx.exchange),
        }),
        RData::TLSA(tlsa) => Data::Tlsa(TlsaRecord {
            usage: tlsa.cert_usage.into(),
            selector: tlsa.selector.into(),
            matching_type: tlsa.matching.into(),
            data: tlsa.cert_data.as_slice().into(),
        }),
        RData::TXT(text) => {
            let mut joined = text.txt_data.concat();
            joined.truncate(MAX_TEXT);
            Data::Text(joined.into())
        }
        RData::CNAME(name) => Data::Alias(bare(&name.0).into()),
        data => Data::Address(data.ip_addr()?),
    })
}

/// Without the dot at the end; empty for the root.
fn bare(name: &Name) -> String {
    let text = name.to_ascii().to_ascii_lowercase();
    text.trim_end_matches('.').to_owned()
}
