//! The metric families about what mail domains publish, and what is wrong with it or with a host's TLSA records: what each is
//! called and says, and its samples.

use super::family::{Family, NameSamples, Samples, Sink, domain, gauge};
use crate::certificate::Facts;
use crate::facts::published::{PolicyFetch, ReportScheme, StsFacts, StsRecord, TlsRptFacts};
use crate::render::value::{count, duration, flag, seconds, time};
use crate::report::{DomainReport, Mechanism, PublishedReasons};

/// Every one, in the order of the output.
pub(super) const FAMILIES: &[Family] = &[
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
