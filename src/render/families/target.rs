//! The metric families about targets: what each is called and says, and its samples. One row a metric.

use super::family::{Family, gauge, target};
use crate::render::value::{count, flag};

/// Every one, in the order of the output.
pub(super) const FAMILIES: &[Family] = &[
    target(
        gauge(
            "smtp_tls_target_resolved",
            "1: the target's names were found in this view, at least in part.",
        )
        .labels(&["view"])
        .note("Fixed addresses always are. If only part was found, the metric below says why."),
        |t, out| {
            for resolution in &t.resolutions {
                out(&[&*resolution.view], flag(resolution.is_resolved()));
            }
        },
    ),
    target(
        gauge(
            "smtp_tls_target_failure_info",
            "1: why the target's names were not found in this view, or only in part.",
        )
        .labels(&["view", "reason"])
        .when("names not found, or only in part")
        .note(
            "`reason` is one of [those of names](reasons.md#the-name), or `pending` before the first answer. The log, \
             the page and the JSON say which family or host is missing.",
        ),
        |t, out| {
            for resolution in &t.resolutions {
                if let Some(fault) = &resolution.fault {
                    out(&[&*resolution.view, fault.reason.as_str()], 1.0);
                }
            }
        },
    ),
    target(
        gauge("smtp_tls_target_endpoints", "Number of endpoints of the target in this view.")
            .labels(&["view"])
            .note(
                "Last known ones count: those for which DNS failed, and those that newer answers left out, for up to \
                 an hour.",
            ),
        |t, out| {
            for resolution in &t.resolutions {
                out(&[&*resolution.view], count(resolution.endpoints));
            }
        },
    ),
    target(
        gauge(
            "smtp_tls_target_distinct_certificates",
            "Number of different leaves across a target's endpoints: 1 when the fleet agrees.",
        )
        .labels(&["offer"])
        .when("any leaf seen"),
        |t, out| {
            for (offer, distinct) in t.distinct_certificates() {
                out(&[offer], count(distinct));
            }
        },
    ),
    target(
        gauge(
            "smtp_tls_target_views_agree",
            "1: every view of the target leads to the same leaves.",
        )
        .when("more than one view, and every endpoint shows a leaf"),
        |t, out| {
            if let Some(agree) = t.views.agree() {
                out(&[], flag(agree));
            }
        },
    ),
];
