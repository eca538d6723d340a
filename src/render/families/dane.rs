//! The metric families about the TLSA records of hosts: what each is called and says, and its samples.

use super::family::{Family, gauge, host};
use crate::facts::published::{Bits, DaneFacts, DaneStanding};
use crate::render::value::{count, duration, flag};
use crate::report::HostReport;

/// Every one, in the order of the output.
pub(super) const FAMILIES: &[Family] = &[
    host(
        gauge(
            "smtp_tls_dane_standing",
            "1 for how this host stands with DANE, 0 for the others.",
        )
        .labels(&["standing"])
        .when("asked, and answered")
        .note(
            "`usable`: secure TLSA records that senders can use; `unusable`: none of them; `none`; `insecure`: not \
             signed; `error`: no answer, so that senders defer.",
        ),
        |host, _, out| {
            if let Some(present) = standing(host) {
                for word in STANDINGS {
                    out(&[word], flag(word == present));
                }
            }
        },
    ),
    host(
        gauge(
            "smtp_tls_dane_records",
            "Number of this host's TLSA records of one kind.",
        )
        .labels(&["usage", "selector", "matching_type", "result"])
        .when("secure TLSA records")
        .note(
            "`result`: `matched` by some endpoint, `unmatched`, `unusable`. After 16 combinations the numbers are `other`.",
        ),
        |host, _, out| {
            let Some(DaneStanding::Records(set)) = dane(host) else {
                return;
            };
            for sum in host.dane.iter().flat_map(|dane| dane.sums(&set.records)) {
                let other = || ["other"; 3].map(str::to_owned);
                let bits = |(usage, selector, kind): Bits| [usage, selector, kind].map(|n| n.to_string());
                let [usage, selector, kind] = sum.bits.map_or_else(other, bits);
                out(&[&usage, &selector, &kind, sum.result.as_str()], count(sum.count));
            }
        },
    ),
    host(
        gauge(
            "smtp_tls_dane_rollover_ready",
            "1: the next key of this host, or its issuer, has a TLSA record, too.",
        )
        .when("usable TLSA records"),
        |host, _, out| {
            if let Some(ready) = host.dane.as_ref().and_then(|dane| dane.rollover_ready) {
                out(&[], flag(ready));
            }
        },
    ),
    host(
        gauge(
            "smtp_tls_dane_next_published",
            "1: the key in this file has a TLSA record that senders can use.",
        )
        .labels(&["file"])
        .when("`expect.dane_next`, and secure TLSA records"),
        |host, _, out| {
            for (file, is_published) in host.dane.iter().flat_map(|dane| &dane.next) {
                out(&[&**file], flag(*is_published));
            }
        },
    ),
    host(
        gauge(
            "smtp_tls_dane_ttl_seconds",
            "How long resolvers may keep the TLSA records of this host, as published.",
        )
        .when("secure TLSA records"),
        |host, _, out| {
            if let Some(DaneStanding::Records(set)) = dane(host) {
                out(&[], duration(set.ttl));
            }
        },
    ),
    host(
        gauge(
            "smtp_tls_dane_info",
            "1: the name under which the TLSA records of this host stand.",
        )
        .labels(&["base_domain"])
        .when("secure TLSA records")
        .note(
            "They stand at `_PORT._tcp.` before it. Of an alias it is the end, or the alias itself: whichever has the \
             records (RFC 7672 §2.2.3).",
        ),
        |host, _, out| {
            if let Some(DaneFacts { base, standing: DaneStanding::Records(_), .. }) = host.facts.dane.as_deref() {
                out(&[base], 1.0);
            }
        },
    ),
];

/// The public words for how a host stands.
const STANDINGS: [&str; 5] = ["usable", "unusable", "none", "insecure", "error"];

fn dane(host: &HostReport) -> Option<&DaneStanding> {
    host.facts.dane.as_deref().map(|dane| &dane.standing)
}

fn standing(host: &HostReport) -> Option<&'static str> {
    match dane(host)? {
        DaneStanding::Unavailable | DaneStanding::Pending(_) => None,
        DaneStanding::None => Some("none"),
        DaneStanding::HostInsecure | DaneStanding::Insecure => Some("insecure"),
        DaneStanding::Error(_) => Some("error"),
        DaneStanding::Records(set) => Some(
            match set.records.iter().any(|record| record.unusable().is_none()) {
                true => "usable",
                false => "unusable",
            },
        ),
    }
}
