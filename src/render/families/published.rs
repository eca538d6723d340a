//! The metric families about what is published of hosts and mail domains: what each is called and says, and its samples.

use std::time::Duration;

use super::family::{Family, NameSamples, Samples, Sink, gauge};
use crate::certificate::Facts;
use crate::facts::published::{
    Bits, DaneStanding, PolicyFetch, ReportScheme, StsFacts, StsRecord, TlsRptFacts,
};
use crate::metric::Metric;
use crate::render::value::{count, flag, seconds, time};
use crate::report::{DomainReport, HostReport, Mechanism, PublishedReasons};
use crate::timestamp::Timestamp;

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
    domain(
        gauge(
            "smtp_tls_mta_sts_info",
            "1: the id of this domain's MTA-STS record, and the mode of its last valid policy.",
        )
        .labels(&["id", "mode"])
        .when("record read")
        .note(
            "`mode` is `unknown` before a policy was read. While DNS does not tell the record, what was known stays.",
        ),
        |domain, _, out| {
            let Some(sts) = sts(domain) else {
                return;
            };
            let known = sts.current.as_ref();
            let id = match &sts.record {
                StsRecord::Pending(_) | StsRecord::Error(_) => known.map(|known| &*known.id),
                record => record.id(),
            };
            if let Some(id) = id {
                let mode = known.map_or("unknown", |known| known.policy.mode.as_str());
                out(&[id, mode], 1.0);
            }
        },
    ),
    domain(
        gauge(
            "smtp_tls_mta_sts_max_age_seconds",
            "How long senders may keep the MTA-STS policy of this domain.",
        )
        .when("policy read"),
        |domain, _, out| {
            if let Some(known) = sts(domain).and_then(|sts| sts.current.as_ref()) {
                out(&[], duration(known.policy.max_age));
            }
        },
    ),
    domain(
        gauge(
            "smtp_tls_mta_sts_policy_timestamp_seconds",
            "When the present text of this domain's MTA-STS policy was first seen.",
        )
        .when("policy read"),
        |domain, _, out| {
            if let Some(known) = sts(domain).and_then(|sts| sts.current.as_ref()) {
                out(&[], time(known.first_seen));
            }
        },
    ),
    domain(
        gauge(
            "smtp_tls_mta_sts_fetch_timestamp_seconds",
            "When a valid MTA-STS policy of this domain was last read.",
        )
        .when("ever read"),
        |domain, _, out| {
            if let Some(known) = sts(domain).and_then(|sts| sts.current.as_ref()) {
                out(&[], time(known.last_seen));
            }
        },
    ),
    domain(
        gauge(
            "smtp_tls_mta_sts_fetch_success",
            "1: this address of the policy host served a valid policy.",
        )
        .labels(&["address"])
        .when("asked"),
        |domain, _, out| {
            for fetch in fetches(domain) {
                out(&[&fetch.address.to_string()], flag(fetch.policy().is_some()));
            }
        },
    ),
    domain(
        gauge(
            "smtp_tls_mta_sts_cert_not_after_timestamp_seconds",
            "When the policy host's certificate at this address expires.",
        )
        .labels(&["address"])
        .when("certificate read"),
        |domain, _, out| each_leaf(domain, &mut |address, leaf| out(&[address], time(leaf.not_after))),
    ),
    domain(
        gauge(
            "smtp_tls_mta_sts_cert_not_before_timestamp_seconds",
            "When the policy host's certificate at this address becomes valid.",
        )
        .labels(&["address"])
        .when("certificate read"),
        |domain, _, out| each_leaf(domain, &mut |address, leaf| out(&[address], time(leaf.not_before))),
    ),
    domain(
        gauge(
            "smtp_tls_mta_sts_cert_expiry_seconds",
            "Seconds until the policy host's certificate at this address expires; negative afterwards.",
        )
        .labels(&["address"])
        .when("certificate read"),
        |domain, now, out| {
            each_leaf(domain, &mut |address, leaf| {
                out(&[address], seconds(leaf.not_after.seconds_since(now)));
            });
        },
    ),
    domain(
        gauge(
            "smtp_tls_mta_sts_mx_covered",
            "1: this MX host matches the MTA-STS policy, and the former ones that senders may still keep.",
        )
        .labels(&["host"])
        .when("policy read"),
        |domain, now, out| {
            let Some(sts) = sts(domain).filter(|sts| sts.current.is_some()) else {
                return;
            };
            for exchanger in &domain.facts.exchangers {
                out(&[&exchanger.host], flag(sts.covers(&exchanger.host, now)));
            }
        },
    ),
    domain(
        gauge(
            "smtp_tls_tlsrpt_destinations",
            "Number of destinations for reports in this domain's TLSRPT record.",
        )
        .labels(&["scheme"])
        .when("record valid"),
        |domain, _, out| {
            if let Some(TlsRptFacts::Record(record)) = domain.facts.tlsrpt.as_deref() {
                for scheme in ReportScheme::ALL {
                    out(&[scheme.as_str()], count(record.count(scheme)));
                }
            }
        },
    ),
    Family {
        metric: gauge(
            "smtp_tls_published_failure_info",
            "1: something is wrong with what is published for this host or mail domain.",
        )
        .labels(&["mechanism", "reason"])
        .when("a finding")
        .note(
            "`mechanism` is `dane`, `mta_sts` or `tlsrpt`; the reasons are listed in [reasons.md](reasons.md). What \
             endpoints find is said here, too: of DANE by host, of MTA-STS by domain.",
        ),
        samples: Samples::Name(NameSamples::Failures {
            host: |host, known, out| failures(Mechanism::Dane, &known.of_host(host), out),
            domain: |domain, known, out| {
                for mechanism in [Mechanism::MtaSts, Mechanism::TlsRpt] {
                    failures(mechanism, &known.of_domain(domain, mechanism), out);
                }
            },
        }),
    },
];

/// The public words for how a host stands.
const STANDINGS: [&str; 5] = ["usable", "unusable", "none", "insecure", "error"];

const fn host(metric: Metric, samples: fn(&HostReport, Timestamp, Sink<'_>)) -> Family {
    Family {
        metric,
        samples: Samples::Name(NameSamples::Host(samples)),
    }
}

const fn domain(metric: Metric, samples: fn(&DomainReport, Timestamp, Sink<'_>)) -> Family {
    Family {
        metric,
        samples: Samples::Name(NameSamples::Domain(samples)),
    }
}

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

fn duration(lasting: Duration) -> f64 {
    lasting.as_secs_f64()
}

fn failures(mechanism: Mechanism, reasons: &PublishedReasons, out: Sink<'_>) {
    for reason in reasons.keys() {
        out(&[mechanism.as_str(), reason.as_str()], 1.0);
    }
}

fn sts(domain: &DomainReport) -> Option<&StsFacts> {
    domain.facts.sts.as_deref()
}

fn fetches(domain: &DomainReport) -> &[PolicyFetch] {
    sts(domain).map_or(&[], |sts| &sts.fetches)
}

/// The policy host's certificates that could be read.
fn each_leaf(domain: &DomainReport, told: &mut dyn FnMut(&str, &Facts)) {
    for fetch in fetches(domain) {
        if let Some(Ok(leaf)) = fetch.chain.first().map(|leaf| leaf.facts()) {
            told(&fetch.address.to_string(), leaf);
        }
    }
}
