//! The rows about TLSA records and the certificates that are held against them.

use super::{EE, Row, TA, WRONG, fault, hop, host, one, owner, plain, row, split};
use crate::real::dane::case::{Case, Hop, Host, Owner};
use crate::real::dane::chain::Of::{Former, Issuer, Leaf, Nothing, Root};
use crate::real::dane::chain::{Fault, Record, Sent, record};
use crate::real::dane::oracle::Outcome::{Authenticated, Deferred, Unauthenticated};

pub(super) fn matching() -> Vec<Row> {
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

pub(super) fn mismatching() -> Vec<Row> {
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

pub(super) fn anchors() -> Vec<Row> {
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

pub(super) fn unfit() -> Vec<Row> {
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

pub(super) fn unusable() -> Vec<Row> {
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
