//! A snapshot to the JSON of `check --json`: its own types, so that a renamed field elsewhere changes no key.

mod certificate;
mod finding;
mod inside;
mod published;
mod queue;
mod staple;
mod subject;
mod view;
mod zone;

use std::borrow::Cow;

use serde::Serialize;

use crate::advice;
use crate::facts::observation::{HandshakeSignature, Observation, Outcome, Speaker};
use crate::plain::quoted;
use crate::reason::Reason;
use crate::report::{Entry, Examples, PublishedFailures, Snapshot, TargetReport};
use certificate::{CertificateJson, TrustJson, certificate, trust};
use finding::{Cause, Check, causes, checks};
use inside::InsideJson;
use published::{PublishedJson, published};
use staple::StapleJson;
use subject::{DomainJson, HostJson, SubjectJson};
use view::{ResolutionJson, ViewJson, resolution, view};

pub use zone::zone_json;

/// The whole snapshot as indented JSON with a line end.
pub fn json(snapshot: &Snapshot) -> String {
    let failures = PublishedFailures::new(snapshot);
    let report = Report {
        generated_at: snapshot.at.to_string(),
        exit_code: snapshot.severity().exit_code(),
        targets: snapshot
            .targets
            .iter()
            .map(|t| target(t, snapshot, &failures))
            .collect(),
        hosts: snapshot.hosts.iter().map(subject::host).collect(),
        domains: snapshot.domains.iter().map(subject::domain).collect(),
        inside: inside::inside(&snapshot.inside),
    };
    pretty(&report)
}

/// Indented, with a line end, and what is hidden escaped: people read it too.
pub(super) fn pretty(value: &impl Serialize) -> String {
    // Only maps with keys that are no strings can fail, and there are none.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    match quoted(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => shown,
    }
}

#[derive(Serialize)]
struct Report<'a> {
    generated_at: String,
    exit_code: u8,
    targets: Vec<Target<'a>>,
    hosts: Vec<SubjectJson<'a, HostJson<'a>>>,
    domains: Vec<SubjectJson<'a, DomainJson<'a>>>,
    inside: InsideJson<'a>,
}

#[derive(Serialize)]
struct Target<'a> {
    target: &'a str,
    state: &'static str,
    labels: &'a std::collections::BTreeMap<String, String>,
    resolutions: Vec<ResolutionJson<'a>>,
    distinct_certificates: std::collections::BTreeMap<&'static str, usize>,
    views_agree: Option<bool>,
    views: Vec<ViewJson<'a>>,
    checks: Vec<Check<'a>>,
    published: PublishedJson<'a>,
    endpoints: Vec<Endpoint<'a>>,
}

#[derive(Serialize)]
struct Endpoint<'a> {
    target: &'a str,
    host: &'a str,
    port: u16,
    view: &'a str,
    address: String,
    offer: &'static str,
    tls: &'static str,
    proxy_protocol: &'static str,
    server_name: Option<String>,
    mx_preference: Option<u16>,
    last_known: bool,
    state: &'static str,
    reason: &'static str,
    expires_in_seconds: Option<i64>,
    causes: Vec<Cause<'a>>,
    advice: Option<String>,
    probe: Probe<'a>,
    certificate: Option<CertificateJson>,
    chain: Vec<CertificateJson>,
    chain_omitted: usize,
    staple: Option<StapleJson>,
    trust: Option<TrustJson>,
    checks: Vec<Check<'a>>,
    transcript: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Probe<'a> {
    success: bool,
    obtained_at: Option<String>,
    duration_seconds: f64,
    phase_seconds: Vec<Phase>,
    failure: Option<Failure<'a>>,
    banner: Option<&'a str>,
    starttls_offered: Option<bool>,
    handshake_success: bool,
    handshake_signature: Option<&'static str>,
    client_certificate_requested: bool,
    client_certificate_presented: bool,
    attempts: Vec<Attempt<'a>>,
    fallback: Option<&'static str>,
    tls_version: Option<&'static str>,
    cipher_suite: Option<&'a str>,
    key_exchange: Option<&'a str>,
}

#[derive(Serialize)]
struct Attempt<'a> {
    fallback: &'static str,
    outcome: &'static str,
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct Phase {
    phase: &'static str,
    seconds: f64,
}

#[derive(Serialize)]
struct Failure<'a> {
    phase: &'static str,
    reason: &'static str,
    detail: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    from: &'static str,
    text: &'a str,
}

fn target<'a>(
    report: &'a TargetReport,
    snapshot: &'a Snapshot,
    failures: &PublishedFailures<'_>,
) -> Target<'a> {
    let examples = Examples::new(report);
    Target {
        target: &report.source.name,
        state: report.state().as_str(),
        labels: &report.source.labels,
        resolutions: report
            .resolutions
            .iter()
            .map(|found| resolution(report, found))
            .collect(),
        distinct_certificates: report.distinct_certificates(),
        views_agree: report.views.agree(),
        views: report.views.iter().map(view).collect(),
        checks: checks(&report.verdict),
        published: published(snapshot, failures, &report.source.name),
        endpoints: report
            .entries
            .iter()
            .map(|e| endpoint(e, report, &examples, snapshot))
            .collect(),
    }
}

fn endpoint<'a>(
    entry: &'a Entry,
    target: &TargetReport,
    examples: &Examples<'_>,
    snapshot: &Snapshot,
) -> Endpoint<'a> {
    let (endpoint, observation) = (&entry.endpoint, &*entry.observation);
    Endpoint {
        target: &endpoint.target,
        host: &endpoint.host,
        port: endpoint.port,
        view: &endpoint.view,
        address: endpoint.address.to_string(),
        offer: endpoint.offer.as_str(),
        tls: endpoint.mode.as_str(),
        proxy_protocol: endpoint.proxy_protocol.as_str(),
        server_name: endpoint.server_name.as_ref().map(ToString::to_string),
        mx_preference: target.preference(endpoint),
        last_known: target.last_known.contains(endpoint),
        state: entry.state.as_str(),
        reason: entry.reason().map_or("", Reason::as_str),
        expires_in_seconds: entry.expires_in(snapshot.at),
        causes: causes(&entry.causes),
        advice: advice::of(target, entry, examples),
        probe: probe(entry),
        certificate: observation.leaf().map(certificate),
        chain: observation.chain.iter().map(certificate).collect(),
        chain_omitted: observation.chain_omitted,
        staple: observation.staple.as_ref().map(StapleJson::new),
        trust: entry.trust.as_deref().map(|found| trust(found, entry)),
        checks: checks(&entry.verdict),
        transcript: transcript(observation),
    }
}

fn probe(entry: &Entry) -> Probe<'_> {
    let seen = &*entry.observation;
    let connection = seen.connection.as_ref();
    Probe {
        success: entry.is_success(),
        obtained_at: entry.obtained_at.map(|at| at.to_string()),
        duration_seconds: seen.duration.as_secs_f64(),
        phase_seconds: seen
            .timings
            .iter()
            .map(|(phase, spent)| Phase {
                phase: phase.as_str(),
                seconds: spent.as_secs_f64(),
            })
            .collect(),
        failure: seen.fault.as_ref().map(|fault| Failure {
            phase: fault.phase.as_str(),
            reason: fault.reason.as_str(),
            detail: &fault.detail,
        }),
        banner: seen.banner.as_deref(),
        starttls_offered: seen.starttls_offered,
        handshake_success: seen.handshake_completed(),
        handshake_signature: seen.signature.as_ref().map(HandshakeSignature::as_str),
        client_certificate_requested: seen.client_certificate_requested,
        client_certificate_presented: seen.client_certificate_presented,
        attempts: attempts(seen),
        fallback: connection.map(|c| c.fallback.as_str()),
        tls_version: connection.map(|c| c.version.as_str()),
        cipher_suite: connection.map(|c| c.cipher_suite.as_str()),
        key_exchange: connection.map(|c| c.key_exchange.as_str()),
    }
}

fn attempts(observation: &Observation) -> Vec<Attempt<'_>> {
    observation
        .attempts
        .iter()
        .map(|attempt| Attempt {
            fallback: attempt.fallback.as_str(),
            outcome: attempt.outcome.as_str(),
            detail: match &attempt.outcome {
                Outcome::Failed(fault) => Some(&fault.detail),
                Outcome::Completed | Outcome::CertificateRead => None,
            },
        })
        .collect()
}

fn transcript(observation: &Observation) -> Vec<Line<'_>> {
    observation
        .transcript
        .iter()
        .map(|line| Line {
            from: match line.speaker {
                Speaker::Client => "client",
                Speaker::Server => "server",
                Speaker::Note => "note",
            },
            text: &line.text,
        })
        .collect()
}
