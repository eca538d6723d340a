//! One endpoint to the section of its target's page: causes, checks, chain, timings, dialogue, what to do.

use super::advice;
use super::element::{badge, bar, causes, field};
use super::markup::Html;
use super::span::{ago, left};
use crate::advice::Siblings;
use crate::certificate::{Certificate, Facts, TlsCertificateName};
use crate::facts::observation::{HandshakeSignature, Phase, Speaker};
use crate::render::table::place;
use crate::report::{Entry, TargetReport};
use crate::timestamp::Timestamp;
use crate::verdict::Finding;

pub(super) fn section(
    page: &mut Html,
    target: &TargetReport,
    siblings: &Siblings<'_>,
    entry: &Entry,
    now: Timestamp,
) {
    let endpoint = &entry.endpoint;
    page.raw("<section id=\"")
        .text(&anchor(entry))
        .raw("\"><h2>")
        .text(&place(target, endpoint))
        .raw(" ");
    badge(page, entry.state);
    page.raw("</h2><p class=\"soft\">")
        .text(&format!(
            "{}, view {}, offer {}; ",
            endpoint.mode.as_str(),
            endpoint.view,
            endpoint.offer.as_str()
        ))
        .text(&entry.obtained_at.map_or_else(
            || "not probed yet".to_owned(),
            |at| format!("seen {} ({at})", ago(at, now)),
        ))
        .raw("</p>");
    causes(page, &entry.causes);
    advice::mend(page, target, siblings, entry);
    checks(page, entry);
    advice::look(page, entry);
    chain(page, entry, now);
    session(page, entry);
    timings(page, entry);
    transcript(page, entry);
    page.raw("</section>\n");
}

/// The name of its section, for links.
pub(super) fn anchor(entry: &Entry) -> String {
    let endpoint = &entry.endpoint;
    let (host, view, offer) = (&endpoint.host, &endpoint.view, endpoint.offer.as_str());
    format!("{}-{host}-{view}-{offer}", endpoint.at())
}

/// What was decided, and folded away what does not apply here.
fn checks(page: &mut Html, entry: &Entry) {
    let (moot, decided): (Vec<_>, Vec<_>) = entry
        .verdict
        .findings()
        .partition(|(_, finding)| matches!(finding, Finding::NotApplicable(_)));
    if decided.is_empty() {
        return;
    }
    page.raw("<h3>Checks</h3>");
    findings(page, decided);
    if !moot.is_empty() {
        page.raw("<details><summary>")
            .text(&format!("{} more do not apply", moot.len()))
            .raw("</summary>");
        findings(page, moot);
        page.raw("</details>");
    }
}

fn findings(page: &mut Html, findings: Vec<(&'static str, &Finding)>) {
    page.raw("<table><tbody>");
    for (check, finding) in findings {
        let (class, word, evidence) = match finding {
            Finding::Pass => ("good", "pass", ""),
            Finding::Remark(what) => ("good", "pass", what.as_str()),
            Finding::Fail(failure) => ("bad", "fail", failure.evidence.as_str()),
            Finding::Unknown(why) => ("warn", "unknown", why.as_str()),
            Finding::NotApplicable(why) => ("soft", "not applicable", *why),
        };
        page.raw("<tr><th scope=\"row\" class=\"mono\">")
            .text(check)
            .raw("</th><td class=\"fixed ")
            .raw(class)
            .raw("\">")
            .raw(word)
            .raw("</td><td class=\"long\">")
            .text(evidence)
            .raw("</td></tr>");
    }
    page.raw("</tbody></table>");
}

fn chain(page: &mut Html, entry: &Entry, now: Timestamp) {
    if entry.observation.chain.is_empty() {
        return;
    }
    page.raw("<h3>Certificates as presented</h3>");
    for (nth, certificate) in entry.observation.chain.iter().enumerate() {
        page.raw("<dl>");
        let subject = match certificate.facts() {
            Ok(facts) => facts.subject.to_exchange(),
            Err(why) => why.to_string(),
        };
        field(page, &format!("Certificate {nth}"), &subject);
        if let Ok(facts) = certificate.facts() {
            describe(page, facts, nth == 0, now);
        }
        fingerprints(page, certificate);
        page.raw("</dl><details><summary>PEM</summary><pre>")
            .lines(&certificate.to_pem())
            .raw("</pre></details>");
    }
}

fn describe(page: &mut Html, facts: &Facts, is_leaf: bool, now: Timestamp) {
    field(page, "Issuer", &facts.issuer.to_exchange());
    let expires = left(facts.not_after.seconds_since(now));
    let validity = format!("{} to {} ({expires})", facts.not_before, facts.not_after);
    field(page, "Valid", &validity);
    if is_leaf {
        let names: Vec<_> = facts.names.iter().map(ToString::to_string).collect();
        field(page, "Names", &names.join(", "));
        let name = TlsCertificateName::of(facts).to_string();
        field(page, "TlsCertificateName", &name);
    }
    let bits = facts.key.bits.map_or_else(String::new, |b| format!(" {b}"));
    let key = format!(
        "{}{bits}, signed with {}",
        facts.key.kind, facts.signature_algorithm
    );
    field(page, "Key", &key);
    field(page, "Serial number", &facts.serial_number);
}

fn fingerprints(page: &mut Html, certificate: &Certificate) {
    let fingerprints = certificate.fingerprints();
    field(page, "Thumbprint (SHA-1)", &fingerprints.sha1_hex());
    field(page, "SHA-256", &fingerprints.sha256_hex());
}

fn session(page: &mut Html, entry: &Entry) {
    let seen = &*entry.observation;
    let Some(connection) = &seen.connection else {
        return;
    };
    page.raw("<h3>TLS</h3><dl>");
    field(page, "Version", connection.version.as_str());
    field(page, "Cipher suite", &connection.cipher_suite);
    field(page, "Key exchange", &connection.key_exchange);
    let proof = match &seen.signature {
        Some(HandshakeSignature::Verified) => "proven by its signature",
        Some(HandshakeSignature::Unsupported(_)) => "not verifiable by this program",
        Some(HandshakeSignature::Invalid(_)) => "not proven: its signature does not hold",
        Some(HandshakeSignature::Unproven) | None => "not seen",
    };
    field(page, "Holds its key", proof);
    page.raw("</dl>");
}

fn timings(page: &mut Html, entry: &Entry) {
    let seen = &*entry.observation;
    let whole = seen.duration.as_secs_f64();
    if whole <= 0.0 {
        return;
    }
    page.raw("<h3>Timings</h3><table><tbody>");
    let mut phases: Vec<_> = seen.timings.iter().collect();
    // A name is looked up before it is probed, and that is noted afterwards.
    phases.sort_by_key(|(phase, _)| *phase != Phase::Resolve);
    for (phase, spent) in phases {
        let seconds = spent.as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a percentage, clamped where it is drawn"
        )]
        let percent = (100.0 * seconds / whole) as i64;
        let text = format!("{seconds:.3} s");
        page.raw("<tr><th scope=\"row\">")
            .text(phase.as_str())
            .raw("</th><td class=\"fixed\">");
        page.text(&text).raw("</td><td>");
        bar(page, percent, "plain", &format!("{percent} % of the probe"));
        page.raw("</td></tr>");
    }
    page.raw("<tr><th scope=\"row\">whole probe</th><td class=\"fixed\">")
        .text(&format!("{whole:.3} s"))
        .raw("</td><td></td></tr></tbody></table>");
}

fn transcript(page: &mut Html, entry: &Entry) {
    let lines = &entry.observation.transcript;
    if lines.is_empty() {
        return;
    }
    page.raw("<h3>Dialogue</h3><pre>");
    for line in lines {
        let (class, mark) = match line.speaker {
            Speaker::Client => ("from-client", "C: "),
            Speaker::Server => ("from-server", "S: "),
            Speaker::Note => ("from-note", "-- "),
        };
        page.raw("<span class=\"")
            .raw(class)
            .raw("\">")
            .raw(mark)
            .text(&line.text)
            .raw("</span>\n");
    }
    page.raw("</pre>");
}
