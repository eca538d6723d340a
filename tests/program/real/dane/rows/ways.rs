//! The rows about the way to a host: what DNSSEC says of it, where aliases lead, and who answers there.

use super::{EE, Row, TA, WRONG, door, hop, host, owner, plain, row, split};
use crate::real::dane::case::AliasRecords::{Alias, Both, End};
use crate::real::dane::case::{Case, Door, Hop, Host, Owner};
use crate::real::dane::chain::Of::Leaf;
use crate::real::dane::chain::record;
use crate::real::dane::oracle::Outcome::{Authenticated, Deferred, Silent, Unauthenticated};
use crate::real::dane::zones::{
    BOGUS, ED448, EXPIRED, ISLAND, NSEC3, OPT_OUT, OPT_OUT_CHILD, UNSIGNED,
};

pub(super) fn without() -> Vec<Row> {
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

pub(super) fn layouts() -> Vec<Row> {
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

pub(super) fn aliases() -> Vec<Row> {
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

pub(super) fn unreachable() -> Vec<Row> {
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
            "14",
            "TLSA records at a server that never answers",
            d,
            owner(Owner::Silent, &EE),
        ),
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
