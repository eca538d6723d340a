//! The inside of mail servers to its JSON.

use serde::Serialize;

use super::certificate::{CertificateJson, certificate};
use super::finding::{Cause, Check, causes, checks};
use super::queue::{QueueJson, queue};
use crate::advice::on_server;
use crate::facts::inventory::{SectionError, Select, StoredCertificate};
use crate::report::{Candidate, ConnectorFleet, ConnectorReport, Inside, ServerReport};

#[derive(Serialize)]
pub(super) struct InsideJson<'a> {
    servers: Vec<ServerJson<'a>>,
    connectors: Vec<FleetJson<'a>>,
    unknown_files: Vec<FileJson<'a>>,
}

#[derive(Serialize)]
struct ServerJson<'a> {
    server: &'a str,
    state: &'static str,
    reason: &'static str,
    causes: Vec<Cause<'a>>,
    advice: Vec<String>,
    file: Option<&'a str>,
    failure: Option<FailureJson<'a>>,
    young: bool,
    collected_at: Option<String>,
    collector: Option<String>,
    kind: Option<&'a str>,
    version: Option<&'a str>,
    fqdn: Option<&'a str>,
    addresses: Vec<String>,
    running: Option<bool>,
    errors: Vec<ErrorJson<'a>>,
    queues: Vec<QueueJson<'a>>,
    connectors: Vec<ConnectorJson<'a>>,
    certificates: Vec<StoredJson<'a>>,
}

#[derive(Serialize)]
struct FailureJson<'a> {
    reason: &'static str,
    detail: &'a str,
}

#[derive(Serialize)]
struct FileJson<'a> {
    file: &'a str,
    failure: FailureJson<'a>,
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    section: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct ConnectorJson<'a> {
    connector: &'a str,
    id: &'a str,
    role: &'static str,
    enabled: bool,
    state: &'static str,
    reason: &'static str,
    causes: Vec<Cause<'a>>,
    checks: Vec<Check<'a>>,
    tls_certificate_name: Option<&'a str>,
    fqdn: Option<&'a str>,
    places: &'a [String],
    require_tls: Option<bool>,
    auth_level: Option<&'a str>,
    tls_domain: Option<&'a str>,
    servers: &'a [String],
    fingerprint_sha1: Option<String>,
    not_before: Option<String>,
    not_after: Option<String>,
    candidates: Vec<CandidateJson>,
}

#[derive(Serialize)]
struct CandidateJson {
    fingerprint_sha1: String,
    usable: Option<bool>,
    reason: Option<&'static str>,
}

#[derive(Serialize)]
struct StoredJson<'a> {
    #[serde(flatten)]
    certificate: CertificateJson,
    services: Option<&'a [String]>,
    status: Option<&'a str>,
    private_key: Option<bool>,
    listed: bool,
    places: &'a [String],
}

#[derive(Serialize)]
struct FleetJson<'a> {
    connector: &'a str,
    role: &'static str,
    pass: Vec<&'a str>,
    fail: Vec<FailingJson<'a>>,
    unknown: Vec<&'a str>,
}

#[derive(Serialize)]
struct FailingJson<'a> {
    server: &'a str,
    reason: &'static str,
}

pub(super) fn inside(inside: &Inside) -> InsideJson<'_> {
    InsideJson {
        servers: inside.servers.iter().map(|one| server(one)).collect(),
        connectors: inside.connectors.iter().map(fleet).collect(),
        unknown_files: inside
            .strays
            .iter()
            .map(|stray| FileJson {
                file: &stray.file,
                failure: FailureJson {
                    reason: stray.fault.trouble.as_str(),
                    detail: &stray.fault.detail,
                },
            })
            .collect(),
    }
}

fn server(report: &ServerReport) -> ServerJson<'_> {
    let inventory = report.inventory();
    let about = inventory.map(|inventory| &inventory.server);
    let young = inventory.filter(|_| report.is_young);
    ServerJson {
        server: &report.facts.key.0,
        state: report.state.as_str(),
        reason: report
            .causes
            .first()
            .map_or("", |cause| cause.reason.as_str()),
        causes: causes(&report.causes),
        advice: on_server(report),
        file: Some(report.facts.file.as_str()).filter(|file| !file.is_empty()),
        failure: report.fault.as_ref().map(|fault| FailureJson {
            reason: fault.reason.as_str(),
            detail: &fault.detail,
        }),
        young: report.is_young,
        collected_at: inventory.map(|inventory| inventory.collected_at.to_string()),
        collector: inventory.map(|inventory| {
            let collector = &inventory.collector;
            format!("{} {}", collector.name, collector.version)
                .trim()
                .to_owned()
        }),
        kind: about.map(|about| about.kind.as_str()),
        version: about.map(|about| about.version.as_str()),
        fqdn: about.and_then(|about| about.fqdn.as_deref()),
        addresses: report
            .facts
            .addresses()
            .iter()
            .map(ToString::to_string)
            .collect(),
        running: about.and_then(|about| about.running),
        errors: inventory.map_or_else(Vec::new, |inventory| {
            inventory.errors.iter().map(error).collect()
        }),
        queues: report.queues.iter().map(queue).collect(),
        connectors: report
            .connectors
            .iter()
            .filter_map(|connector| self::connector(report, connector))
            .collect(),
        certificates: young.map_or_else(Vec::new, |inventory| {
            inventory.certificates().iter().map(stored).collect()
        }),
    }
}

fn error(error: &SectionError) -> ErrorJson<'_> {
    ErrorJson {
        section: &error.section,
        text: &error.text,
    }
}

fn connector<'a>(
    server: &'a ServerReport,
    report: &'a ConnectorReport,
) -> Option<ConnectorJson<'a>> {
    let connector = server.use_of(report)?;
    let shown = server.shown(report);
    let facts = shown.and_then(|shown| shown.facts().ok());
    let candidates = report.candidates.iter();
    Some(ConnectorJson {
        connector: &connector.name,
        id: &connector.id,
        role: connector.role.as_str(),
        enabled: connector.enabled,
        state: report.state.as_str(),
        reason: report
            .causes
            .first()
            .map_or("", |cause| cause.reason.as_str()),
        causes: causes(&report.causes),
        checks: checks(&report.verdict),
        tls_certificate_name: connector.tls_certificate_name(),
        fqdn: connector.shown_fqdn(),
        places: match &connector.select {
            Select::Place(places) => places,
            Select::TlsCertificateName { .. }
            | Select::Fqdn(_)
            | Select::Nothing
            | Select::Unresolved(_) => &[],
        },
        require_tls: connector.require_tls,
        auth_level: connector.auth_level.as_deref(),
        tls_domain: connector.tls_domain.as_deref(),
        servers: &connector.servers,
        fingerprint_sha1: shown.map(|shown| shown.certificate.fingerprints().sha1_hex()),
        not_before: facts.map(|facts| facts.not_before.to_string()),
        not_after: facts.map(|facts| facts.not_after.to_string()),
        candidates: candidates
            .filter_map(|one| candidate(server, one))
            .collect(),
    })
}

fn candidate(server: &ServerReport, candidate: &Candidate) -> Option<CandidateJson> {
    let stored = server.certificate_of(candidate)?;
    Some(CandidateJson {
        fingerprint_sha1: stored.certificate.fingerprints().sha1_hex(),
        usable: candidate.is_usable,
        reason: candidate.fault.map(|reason| reason.as_str()),
    })
}

fn stored(stored: &StoredCertificate) -> StoredJson<'_> {
    StoredJson {
        certificate: certificate(&stored.certificate),
        services: stored.services.as_deref(),
        status: stored.status.as_deref(),
        private_key: stored.private_key,
        listed: stored.listed,
        places: &stored.places,
    }
}

fn fleet(fleet: &ConnectorFleet) -> FleetJson<'_> {
    FleetJson {
        connector: &fleet.connector,
        role: fleet.role.as_str(),
        pass: fleet.pass.iter().map(|server| &*server.0).collect(),
        fail: fleet
            .fail
            .iter()
            .map(|(server, reason)| FailingJson {
                server: &server.0,
                reason: reason.as_str(),
            })
            .collect(),
        unknown: fleet.unknown.iter().map(|server| &*server.0).collect(),
    }
}
