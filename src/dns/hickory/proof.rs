//! A validated reply to what is proven by it. hickory verifies the signatures; which records have to be proven missing
//! is judged here where hickory takes sound zones for forged ones.

use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::dnssec::rdata::{DNSSECRData, NSEC, RRSIG};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::proto::serialize::binary::BinDecodable;

use super::chain::Statement;
use super::server::DnsReply;
use crate::facts::lookup::Security;

/// What is said of a signature that does not hold, or that is missing.
const BOGUS: &str = "the answer failed DNSSEC validation";
/// What is said of signed records that do not show what they have to.
const UNPROVEN: &str =
    "the answer failed DNSSEC validation: nothing in it proves that there is no such record";

/// What a reply says, as far as it is proven or its zone is not signed.
pub(super) fn statement(reply: DnsReply, kind: RecordType) -> Result<Statement, String> {
    let (response, doubt) = match reply {
        Ok(response) => (response, None),
        Err(NetError::Dns(DnsError::Nsec {
            response, proof, ..
        })) => (*response, Some(proof)),
        Err(NetError::Dns(DnsError::DnssecBogus)) => return Err(BOGUS.to_owned()),
        other => return Statement::new(other).map_err(|e| e.to_string()),
    };
    let answers = &response.answers;
    if !answers.iter().all(|record| is_believed(record, answers)) {
        return Err(BOGUS.to_owned());
    }
    let is_negative = !answers.iter().any(|r| r.record_type() == kind);
    let has_alias = answers.iter().any(|r| r.record_type() == RecordType::CNAME);
    let is_near = |(name, by)| is_closest(&response.authorities, name, by);
    let are_closest = wildcards(answers).all(is_near);
    match doubt {
        None => {}
        // Without a proof; that is as good as it gets only in zones that are not signed.
        Some(proof) if proof.is_insecure() => {}
        Some(_) if is_negative && !has_alias => return Err(UNPROVEN.to_owned()),
        Some(_) if are_closest => {}
        Some(_) => return Err(UNPROVEN.to_owned()),
    }
    let security = match doubt {
        Some(proof) if proof.is_insecure() => Security::Insecure,
        _ if answers.is_empty() => Security::Unknown,
        _ => of_records(answers),
    };
    let mut statement = Statement::new(Ok(response)).map_err(|e| e.to_string())?;
    statement.security = security;
    if is_negative && has_alias {
        // That the alias leads nowhere was said of another name than the one asked for: ask for that one.
        (statement.exists, statement.negative_ttl) = (true, None);
    }
    Ok(statement)
}

/// Whether a record is signed as it should be, or of a zone without signatures. The alias that a DNAME comes to has no
/// signature of its own (RFC 6672 §5.3.1).
fn is_believed(record: &Record, answers: &[Record]) -> bool {
    match record.proof {
        _ if record.record_type() == RecordType::RRSIG => true,
        Proof::Secure | Proof::Insecure => true,
        Proof::Bogus | Proof::Indeterminate => answers.iter().any(|other| derives(other, record)),
    }
}

/// Of records that are all believed.
fn of_records(answers: &[Record]) -> Security {
    let is_insecure = |record: &Record| {
        record.record_type() != RecordType::RRSIG && record.proof == Proof::Insecure
    };
    match answers.iter().any(is_insecure) {
        true => Security::Insecure,
        false => Security::Secure,
    }
}

/// Whether a signed DNAME comes to this alias.
fn derives(dname: &Record, alias: &Record) -> bool {
    let (Some(target), RData::CNAME(end)) = (dname_target(dname), &alias.data) else {
        return false;
    };
    let below = usize::from(alias.name.num_labels()).checked_sub(dname.name.num_labels().into());
    let Some(below) = below.filter(|below| *below > 0) else {
        return false;
    };
    let labels = alias.name.iter().take(below).chain(target.iter());
    let is_target = Name::from_labels(labels).is_ok_and(|name| name == end.0);
    dname.proof == Proof::Secure && dname.name.zone_of(&alias.name) && is_target
}

/// hickory knows no DNAME; within is a name (RFC 6672 §2.1).
fn dname_target(record: &Record) -> Option<Name> {
    match &record.data {
        RData::Unknown {
            code: RecordType::DNAME,
            rdata,
        } => Name::from_bytes(&rdata.anything).ok(),
        _ => None,
    }
}

/// Names that a wildcard was expanded to, and the signatures that say so (RFC 4035 §5.3.4).
fn wildcards(answers: &[Record]) -> impl Iterator<Item = (&Name, &RRSIG)> {
    answers.iter().filter_map(|record| {
        let signature = signature(record)?;
        let is_expanded = signature.input().num_labels < record.name.num_labels();
        is_expanded.then_some((&record.name, signature))
    })
}

fn signature(record: &Record) -> Option<&RRSIG> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(signature)) => Some(signature),
        _ => None,
    }
}

/// Whether a signed NSEC of the same zone shows that nothing is nearer to a name than its wildcard: neither the name
/// itself nor another wildcard.
fn is_closest(authorities: &[Record], name: &Name, expanded: &RRSIG) -> bool {
    let signer = &expanded.input().signer_name;
    let of_zone = |owner: &Name| {
        let signatures = authorities.iter().filter(|record| record.name == *owner);
        let inputs = signatures
            .filter_map(signature)
            .map(|signature| signature.input());
        let mut nsecs = inputs.filter(|input| input.type_covered == RecordType::NSEC);
        nsecs.any(|input| input.signer_name == *signer)
    };
    authorities.iter().any(|record| {
        let RData::DNSSEC(DNSSECRData::NSEC(nsec)) = &record.data else {
            return false;
        };
        let (owner, next) = (&record.name, nsec.next_domain_name());
        let encloser = common_labels(name, owner).max(common_labels(name, next));
        let is_nearest = encloser == usize::from(expanded.input().num_labels);
        let is_proven = record.proof == Proof::Secure && of_zone(owner);
        is_proven && is_nearest && covers(owner, nsec, name)
    })
}

/// Whether a name lies between two that exist, in canonical order (RFC 4034 §6.1). The last one leads back to the zone.
fn covers(owner: &Name, nsec: &NSEC, name: &Name) -> bool {
    let next = nsec.next_domain_name();
    let is_last = next <= owner;
    owner < name && (name < next || (is_last && next.zone_of(name)))
}

fn common_labels(one: &Name, other: &Name) -> usize {
    let pairs = one.iter().rev().zip(other.iter().rev());
    pairs.take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
}
