//! The metric families about hosts, mail domains and views: what each is called and says, and its samples.

use super::family::{Family, Samples, Sink, domain, gauge, host};
use crate::facts::lookup::Security;
use crate::render::value::flag;

/// Every one, in the order of the output.
pub(super) const FAMILIES: &[Family] = &[
    host(
        gauge(
            "smtp_tls_host_secure",
            "1: DNSSEC proves the addresses of this host.",
        )
        .when("validated view"),
        |host, _, out| secure(host.facts.security, out),
    ),
    domain(
        gauge(
            "smtp_tls_domain_secure",
            "1: DNSSEC proves the MX records of this mail domain.",
        )
        .when("validated view"),
        |domain, _, out| secure(domain.facts.security, out),
    ),
    Family {
        metric: gauge(
            "smtp_tls_dnssec_available",
            "1: this view's resolver validates, as `dnssec: trust` expects. It says that the root is signed.",
        )
        .labels(&["view"])
        .when("`dnssec: trust`"),
        samples: Samples::View(|snapshot, out| {
            for (view, validates) in &snapshot.dnssec {
                out(&[view], flag(*validates));
            }
        }),
    },
];

fn secure(security: Security, out: Sink<'_>) {
    match security {
        Security::Secure => out(&[], flag(true)),
        Security::Insecure => out(&[], flag(false)),
        Security::Unknown => {}
    }
}
