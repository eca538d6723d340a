//! The table of what senders make of what is published, as cases: what becomes of the mail with Postfix and with Exim.

mod records;
mod ways;

use super::case::{Case, Door, Hop, Host, Owner};
use super::chain::Of::{Former, Issuer, Leaf};
use super::chain::{Fault, Record, record};
use super::oracle::Outcome;

/// One line of the table.
pub(super) struct Row {
    pub(super) number: &'static str,
    pub(super) what: &'static str,
    pub(super) case: Case,
    pub(super) postfix: Outcome,
    pub(super) exim: Outcome,
}

/// All of it.
pub(super) fn rows() -> Vec<Row> {
    [
        ways::without(),
        records::matching(),
        ways::layouts(),
        ways::aliases(),
        records::mismatching(),
        records::anchors(),
        records::unfit(),
        records::unusable(),
        ways::unreachable(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What we say of a row where DANE is opportunistic, and where it is required.
pub(super) fn judged(number: &str) -> [&'static str; 2] {
    let not_done = "not_applicable";
    match number {
        "1" => [not_done, "fail dane_no_records"],
        "2" => [not_done, "fail dane_host_insecure"],
        "3" => ["pass", "fail dane_mx_insecure"],
        "4" | "6" | "6a" => ["fail dane_mismatch"; 2],
        "5" | "5a" | "13" => ["pass"; 2],
        "7" => ["fail dane_digest_agility"; 2],
        "8" | "8a" => ["fail dane_ta_not_sent"; 2],
        "9" => ["fail dane_name_mismatch"; 2],
        "10" | "10a" | "10b" => ["fail dane_chain_invalid"; 2],
        "11" | "11a" => ["fail dane_unusable"; 2],
        "12" => ["fail dane_starttls_missing"; 2],
        "14" => ["fail dane_dns_error"; 2],
        "15" => ["no endpoint, dns_error"; 2],
        "16" => [not_done, "fail dane_tlsa_insecure"],
        "18" => ["unknown"; 2],
        _ => [""; 2],
    }
}

fn row(number: &'static str, what: &'static str, outcome: Outcome, case: Case) -> Row {
    split(number, what, [outcome, outcome], case)
}

/// Postfix and Exim differ.
fn split(
    number: &'static str,
    what: &'static str,
    [postfix, exim]: [Outcome; 2],
    case: Case,
) -> Row {
    Row {
        number,
        what,
        case,
        postfix,
        exim,
    }
}

const EE: [Record; 1] = [record([3, 1, 1], Leaf)];
const WRONG: [Record; 1] = [record([3, 1, 1], Former)];
const TA: [Record; 1] = [record([2, 1, 1], Issuer)];

fn plain(records: &[Record]) -> Case {
    Case::sound(records)
}

fn one(numbers: [u8; 3], of: super::chain::Of) -> Case {
    plain(&[record(numbers, of)])
}

fn hop(hop: Hop, records: &[Record]) -> Case {
    Case {
        hop,
        ..plain(records)
    }
}

fn host(host: Host, records: &[Record]) -> Case {
    Case {
        host,
        ..plain(records)
    }
}

fn owner(owner: Owner, records: &[Record]) -> Case {
    Case {
        owner,
        ..plain(records)
    }
}

fn fault(fault: Fault, records: &[Record]) -> Case {
    Case {
        fault,
        ..plain(records)
    }
}

fn door(door: Door, records: &[Record]) -> Case {
    Case {
        door,
        ..plain(records)
    }
}
