//! The metric families about connectors and the certificates that they use.

use crate::render::families::family::{Family, Sink, gauge, inside, server};
use crate::render::value::{messages, seconds, time};
use crate::report::{ConnectorReport, ServerReport};
use crate::timestamp::Timestamp;
use crate::verdict::{Finding, Threshold};

/// Every one, in the order of the output.
pub(super) const FAMILIES: &[Family] = &[
    server(
        gauge(
            "smtp_tls_inside_connector_certificate_success",
            "1: this server holds a certificate that this connector may use now.",
        )
        .labels(&CONNECTOR)
        .when("decidable"),
        |server, _, out| {
            each_young(server, |report, names| match report.finding {
                Finding::Pass | Finding::Remark(_) => out(names, 1.0),
                Finding::Fail(_) => out(names, 0.0),
                Finding::Unknown(_) | Finding::NotApplicable(_) => {}
            });
        },
    ),
    server(
        gauge(
            "smtp_tls_inside_connector_certificate_failure_info",
            "1: why it holds none.",
        )
        .labels(&["connector", "role", "reason"])
        .when("it holds none")
        .note("The reasons are listed in [reasons.md](reasons.md)."),
        |server, _, out| {
            each_young(server, |report, [name, role]| {
                if let Finding::Fail(failure) = &report.finding {
                    out(&[*name, *role, failure.reason.as_str()], 1.0);
                }
            });
        },
    ),
    server(
        gauge(
            "smtp_tls_inside_connector_certificate_not_before_timestamp_seconds",
            "From when the connector's certificate is valid, as Unix time.",
        )
        .labels(&CONNECTOR)
        .when("a candidate")
        .note(CANDIDATE),
        |server, now, out| {
            each_shown(server, now, |_, shown, names| {
                out(names, time(shown.0));
            })
        },
    ),
    server(
        gauge(
            "smtp_tls_inside_connector_certificate_not_after_timestamp_seconds",
            "When the connector's certificate expires, as Unix time.",
        )
        .labels(&CONNECTOR)
        .when("a candidate")
        .note(CANDIDATE),
        |server, now, out| {
            each_shown(server, now, |_, shown, names| {
                out(names, time(shown.1));
            })
        },
    ),
    server(
        gauge(
            "smtp_tls_inside_connector_certificate_warning_seconds",
            "Seconds before its end at which the connector is called Warning.",
        )
        .labels(&CONNECTOR)
        .when("a candidate"),
        |server, now, out| each_limit(server, now, out, |report| report.thresholds.warning),
    ),
    server(
        gauge(
            "smtp_tls_inside_connector_certificate_critical_seconds",
            "Seconds before its end at which the connector is called Critical.",
        )
        .labels(&CONNECTOR)
        .when("a candidate"),
        |server, now, out| each_limit(server, now, out, |report| report.thresholds.critical),
    ),
    server(
        gauge(
            "smtp_tls_inside_connector_renewal_pending",
            "1: a newer certificate is on the server, and cannot be used yet.",
        )
        .labels(&CONNECTOR)
        .when("decidable"),
        |server, _, out| {
            each_young(server, |report, names| {
                match report.verdict.of_check("connector_renewal") {
                    Some(Finding::Pass | Finding::Remark(_)) => out(names, 0.0),
                    Some(Finding::Fail(_)) => out(names, 1.0),
                    Some(Finding::Unknown(_) | Finding::NotApplicable(_)) | None => {}
                }
            });
        },
    ),
    server(
        gauge(
            "smtp_tls_inside_connector_info",
            "1: what the connector is configured to, and the thumbprint of its certificate.",
        )
        .labels(&[
            "connector",
            "role",
            "fingerprint_sha1",
            "tls_certificate_name",
            "fqdn",
            "require_tls",
            "auth_level",
            "tls_domain",
        ])
        .when("young inventory"),
        connector_info,
    ),
    inside(
        gauge(
            "smtp_tls_inside_connector_servers",
            "How many of the servers that may use this connector hold a usable certificate.",
        )
        .labels(&["connector", "role", "result"])
        .when("any inventory")
        .note("`result`: `pass`, `fail`, `unknown`, always all three."),
        |inside, out| {
            for fleet in &inside.connectors {
                let results = [
                    ("pass", fleet.pass.len()),
                    ("fail", fleet.fail.len()),
                    ("unknown", fleet.unknown.len()),
                ];
                for (result, servers) in results {
                    let labels = [&*fleet.connector, fleet.role.as_str(), result];
                    out(&labels, messages(servers as u64));
                }
            }
        },
    ),
];

const CONNECTOR: [&str; 2] = ["connector", "role"];
const CANDIDATE: &str = "Of the certificate that is chosen; where none is usable, of the one that comes nearest to it. Kept \
                         for 24 hours after the inventory.";

/// Every connector that is judged now.
fn each_young(server: &ServerReport, mut tell: impl FnMut(&ConnectorReport, &[&str; 2])) {
    for report in server.connectors.iter().filter(|_| server.is_young) {
        if let Some(connector) = server.use_of(report) {
            tell(report, &[&connector.name, connector.role.as_str()]);
        }
    }
}

/// Every connector with a certificate: its beginning and end.
fn each_shown(
    server: &ServerReport,
    now: Timestamp,
    mut tell: impl FnMut(&ConnectorReport, (Timestamp, Timestamp), &[&str; 2]),
) {
    for report in server
        .connectors
        .iter()
        .filter(|_| server.is_remembered(now))
    {
        let shown = server.shown(report).and_then(|shown| shown.facts().ok());
        if let (Some(connector), Some(facts)) = (server.use_of(report), shown) {
            let names = [connector.name.as_str(), connector.role.as_str()];
            tell(report, (facts.not_before, facts.not_after), &names);
        }
    }
}

fn each_limit(
    server: &ServerReport,
    now: Timestamp,
    out: Sink<'_>,
    limit: fn(&ConnectorReport) -> Threshold,
) {
    each_shown(server, now, |report, (from, until), names| {
        if let Some(before) = limit(report).seconds_before_end(from, until) {
            out(names, seconds(before));
        }
    });
}

fn connector_info(server: &ServerReport, _: Timestamp, out: Sink<'_>) {
    each_young(server, |report, [name, role]| {
        let Some(connector) = server.use_of(report) else {
            return;
        };
        let shown = server.shown(report);
        let thumbprint = shown.map_or_else(String::new, |shown| {
            shown.certificate.fingerprints().sha1_hex()
        });
        let wanted = connector.tls_certificate_name().unwrap_or_default();
        let fqdn = connector.shown_fqdn().unwrap_or_default();
        let require_tls = connector
            .require_tls
            .map_or("", |on| if on { "true" } else { "false" });
        let auth_level = connector.auth_level.as_deref().unwrap_or_default();
        let tls_domain = connector.tls_domain.as_deref().unwrap_or_default();
        out(
            &[
                *name,
                *role,
                &thumbprint,
                wanted,
                fqdn,
                require_tls,
                auth_level,
                tls_domain,
            ],
            1.0,
        );
    });
}
