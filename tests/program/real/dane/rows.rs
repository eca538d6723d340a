//! The table of what senders make of what is published, as cases: what becomes of the mail with Postfix and with Exim.

use super::case::AliasRecords::{Alias, Both, End};
use super::case::{Case, Door, Hop, Host, Owner};
use super::chain::Of::{Former, Issuer, Leaf, Nothing, Root};
use super::chain::{Fault, Record, Sent, record};
use super::oracle::Outcome::{self, Authenticated, Deferred, Silent, Unauthenticated};
use super::zones::{BOGUS, ED448, EXPIRED, ISLAND, NSEC3, OPT_OUT, OPT_OUT_CHILD, UNSIGNED};

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
        without(),
        matching(),
        layouts(),
        aliases(),
        mismatching(),
        anchors(),
        unfit(),
        unusable(),
        unreachable(),
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

fn without() -> Vec<Row> {
    let d = Unauthenticated;
    vec![
        row("1", "no TLSA records", d, plain(&[])),
        row(
            "2",
            "host in an unsigned zone",
            d,
            host(Host::In(UNSIGNED), &WRONG),
        ),
        row(
            "2",
            "host in an unsigned child of an opt-out zone",
            d,
            host(Host::In(OPT_OUT_CHILD), &WRONG),
        ),
        row(
            "2",
            "host in an island of security",
            d,
            host(Host::In(ISLAND), &WRONG),
        ),
        row(
            "16",
            "TLSA alias into an unsigned zone",
            d,
            owner(Owner::AliasOut, &WRONG),
        ),
    ]
}

fn matching() -> Vec<Row> {
    let a = Authenticated;
    vec![
        split(
            "3",
            "MX records not signed, match",
            [a, Unauthenticated],
            hop(Hop::Insecure, &EE),
        ),
        split(
            "4",
            "MX records not signed, no match",
            [Deferred, Unauthenticated],
            hop(Hop::Insecure, &WRONG),
        ),
        row("5", "3 1 1", a, plain(&EE)),
        row("5", "3 1 2", a, one([3, 1, 2], Leaf)),
        row("5", "3 1 0", a, one([3, 1, 0], Leaf)),
        row("5", "3 0 1", a, one([3, 0, 1], Leaf)),
        row("5", "3 0 2", a, one([3, 0, 2], Leaf)),
        row("5", "3 0 0", a, one([3, 0, 0], Leaf)),
        row(
            "5",
            "3 1 1 and the former key's",
            a,
            plain(&[EE[0], WRONG[0]]),
        ),
        row("5", "2 1 1", a, plain(&TA)),
        row("5", "2 0 1", a, one([2, 0, 1], Issuer)),
        row(
            "5",
            "2 0 1 of a root that is sent",
            a,
            Case {
                sent: Sent::WithRoot,
                ..one([2, 0, 1], Root)
            },
        ),
        row("5", "3 1 1, expired", a, fault(Fault::Expired, &EE)),
        row("5", "3 1 1, another name", a, fault(Fault::OtherName, &EE)),
        row("5", "3 1 1, self-signed", a, fault(Fault::SelfSigned, &EE)),
        row(
            "5",
            "3 1 1, for clients only",
            a,
            fault(Fault::Purpose, &EE),
        ),
        row("5", "no MX records", a, hop(Hop::Implicit, &EE)),
    ]
}

fn layouts() -> Vec<Row> {
    let a = Authenticated;
    vec![
        row("5", "NSEC3 zone", a, host(Host::In(NSEC3), &EE)),
        row("5", "opt-out zone", a, host(Host::In(OPT_OUT), &EE)),
        row("5", "ED448 zone", a, host(Host::In(ED448), &EE)),
        row("5", "wildcard host", a, host(Host::Wildcard, &EE)),
        row("5", "host below a DNAME", a, host(Host::Dname, &EE)),
        row("5", "TLSA alias", a, owner(Owner::Alias, &EE)),
        row("5", "TLSA wildcard", a, owner(Owner::Wildcard, &EE)),
    ]
}

fn aliases() -> Vec<Row> {
    let a = Authenticated;
    vec![
        row(
            "5",
            "host alias, TLSA at its end",
            a,
            host(Host::Alias(NSEC3, End), &EE),
        ),
        row(
            "5",
            "host alias, 2 1 1 at its end",
            a,
            host(Host::Alias(NSEC3, End), &TA),
        ),
        split(
            "6a",
            "host alias, TLSA at its end not signed, no match at the alias",
            [Deferred, Unauthenticated],
            Case {
                owner: Owner::AliasOut,
                ..host(Host::Alias(NSEC3, Both), &EE)
            },
        ),
        split(
            "5a",
            "host alias, match at the alias only",
            [a, Unauthenticated],
            host(Host::Alias(NSEC3, Alias), &EE),
        ),
        split(
            "6a",
            "host alias, no match at the alias, nothing at its end",
            [Deferred, Unauthenticated],
            host(Host::Alias(NSEC3, Alias), &WRONG),
        ),
        row(
            "5",
            "host alias, wrong TLSA at the alias only",
            a,
            host(Host::Alias(NSEC3, Both), &EE),
        ),
        row(
            "6",
            "host alias, wrong TLSA at its end",
            Deferred,
            host(Host::Alias(NSEC3, End), &WRONG),
        ),
        split(
            "5a",
            "host alias into an unsigned zone, match at the alias",
            [a, Unauthenticated],
            host(Host::Alias(UNSIGNED, Alias), &EE),
        ),
        split(
            "6a",
            "host alias into an unsigned zone, no match at the alias",
            [Deferred, Unauthenticated],
            host(Host::Alias(UNSIGNED, Alias), &WRONG),
        ),
    ]
}

fn mismatching() -> Vec<Row> {
    let d = Deferred;
    vec![
        row("6", "3 1 1 of the former key", d, plain(&WRONG)),
        row(
            "6",
            "3 0 1 of the former certificate",
            d,
            one([3, 0, 1], Former),
        ),
        row("6", "digest of nothing", d, one([3, 1, 1], Nothing)),
        row("6", "TLSA alias", d, owner(Owner::Alias, &WRONG)),
        row("6", "wildcard host", d, host(Host::Wildcard, &WRONG)),
        row("6", "no MX records", d, hop(Hop::Implicit, &WRONG)),
        split(
            "7",
            "3 1 2 wrong, 3 1 1 right",
            [d, Authenticated],
            plain(&[record([3, 1, 2], Former), EE[0]]),
        ),
        row(
            "5",
            "3 1 2 right, 3 1 1 wrong",
            Authenticated,
            plain(&[record([3, 1, 2], Leaf), WRONG[0]]),
        ),
        row(
            "5",
            "3 1 2 wrong, 3 0 1 right",
            Authenticated,
            plain(&[record([3, 1, 2], Former), record([3, 0, 1], Leaf)]),
        ),
        row(
            "5",
            "3 1 2 wrong, 3 1 0 right",
            Authenticated,
            plain(&[record([3, 1, 2], Former), record([3, 1, 0], Leaf)]),
        ),
    ]
}

fn anchors() -> Vec<Row> {
    let d = Deferred;
    vec![
        row(
            "8",
            "2 1 1 of a root that is not sent",
            d,
            one([2, 1, 1], Root),
        ),
        row(
            "8",
            "2 0 1 of a root that is not sent",
            d,
            one([2, 0, 1], Root),
        ),
        row(
            "8",
            "2 1 1 of an issuer that is not sent",
            d,
            Case {
                sent: Sent::Leaf,
                ..plain(&TA)
            },
        ),
        row("8", "2 0 1 of the leaf", d, one([2, 0, 1], Leaf)),
        row(
            "8",
            "2 0 1 of the leaf, self-signed",
            d,
            fault(Fault::SelfSigned, &[record([2, 0, 1], Leaf)]),
        ),
        split(
            "8a",
            "2 0 0 of a root that is not sent",
            [Authenticated, d],
            one([2, 0, 0], Root),
        ),
        split(
            "8a",
            "2 1 0 of a root that is not sent",
            [Authenticated, d],
            one([2, 1, 0], Root),
        ),
    ]
}

fn unfit() -> Vec<Row> {
    let d = Deferred;
    vec![
        row("9", "2 1 1, another name", d, fault(Fault::OtherName, &TA)),
        row("10", "2 1 1, leaf expired", d, fault(Fault::Expired, &TA)),
        row(
            "10",
            "2 0 1 of the root, issuer expired",
            d,
            Case {
                sent: Sent::WithRoot,
                ..fault(Fault::IssuerExpired, &[record([2, 0, 1], Root)])
            },
        ),
        split(
            "10b",
            "2 1 1 of an issuer that has expired",
            [Authenticated, d],
            fault(Fault::IssuerExpired, &TA),
        ),
        split(
            "10a",
            "2 1 1, leaf for clients only",
            [d, Authenticated],
            fault(Fault::Purpose, &TA),
        ),
    ]
}

fn unusable() -> Vec<Row> {
    let u = Unauthenticated;
    let cut = Record { cut: 12, ..EE[0] };
    vec![
        row("11", "1 1 1", u, one([1, 1, 1], Leaf)),
        row("11", "0 0 1", u, one([0, 0, 1], Issuer)),
        row("11", "4 1 1", u, one([4, 1, 1], Leaf)),
        row("11", "3 2 1", u, one([3, 2, 1], Leaf)),
        row("11", "3 1 9", u, one([3, 1, 9], Leaf)),
        row("11", "3 1 1 of 20 octets", u, plain(&[cut])),
        split(
            "11a",
            "3 1 0 that is no key",
            [u, Deferred],
            plain(&[Record {
                cut: 12,
                ..record([3, 1, 0], Leaf)
            }]),
        ),
        row(
            "13",
            "1 1 1 and 3 1 1",
            Authenticated,
            plain(&[record([1, 1, 1], Leaf), EE[0]]),
        ),
        row(
            "6",
            "1 1 1 and 3 1 1 of the former key",
            Deferred,
            plain(&[record([1, 1, 1], Leaf), WRONG[0]]),
        ),
    ]
}

fn unreachable() -> Vec<Row> {
    let d = Deferred;
    vec![
        split(
            "12",
            "no STARTTLS, usable record",
            [Silent, d],
            door(Door::NoStarttls, &EE),
        ),
        split(
            "12",
            "no STARTTLS, unusable record",
            [Silent, d],
            door(Door::NoStarttls, &[record([1, 1, 1], Leaf)]),
        ),
        row("14", "TLSA records bogus", d, host(Host::In(BOGUS), &EE)),
        row(
            "15",
            "host in an expired zone",
            d,
            host(Host::In(EXPIRED), &EE),
        ),
        row("15", "MX records bogus", d, hop(Hop::Bogus, &EE)),
        row(
            "15",
            "MX records in an expired zone",
            d,
            hop(Hop::Expired, &EE),
        ),
        split("18", "nobody listens", [Silent, d], door(Door::Closed, &EE)),
    ]
}
