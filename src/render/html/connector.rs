//! A connector of a mail server to its section: what it wants, and why each certificate can or cannot be used.

use super::element::{badge, causes, field};
use super::markup::Html;
use super::span::left;
use crate::facts::inventory::{Select, StoredCertificate, Use};
use crate::report::{Candidate, ConnectorReport, ServerReport};
use crate::timestamp::Timestamp;

/// More candidates are not shown.
const ROWS: usize = 500;

pub(super) fn section(
    page: &mut Html,
    server: &ServerReport,
    report: &ConnectorReport,
    connector: &Use,
    now: Timestamp,
) {
    page.raw("<section><h2>").text(&connector.name).raw(" ");
    badge(page, report.state);
    page.raw("</h2>");
    causes(page, &report.causes);
    page.raw("<dl>");
    field(page, "Presents a certificate as", connector.role.as_str());
    field(page, "Wants", &wanted(&connector.select));
    if !connector.servers.is_empty() {
        field(page, "May be used by", &connector.servers.join(", "));
    }
    let texts = [
        ("TLS domain", connector.tls_domain.as_deref()),
        ("Authentication", connector.auth_level.as_deref()),
        ("Own name", connector.fqdn.as_deref()),
        (
            "TLS required",
            connector
                .require_tls
                .map(|on| if on { "yes" } else { "no" }),
        ),
    ];
    for (term, text) in texts {
        if let Some(text) = text {
            field(page, term, text);
        }
    }
    for (term, list) in [
        ("Mail for", &connector.address_spaces),
        ("Listens at", &connector.bindings),
    ] {
        if !list.is_empty() {
            field(page, term, &list.join(", "));
        }
    }
    page.raw("</dl>");
    candidates(page, server, report, now);
    page.raw("</section>\n");
}

fn wanted(select: &Select) -> String {
    match select {
        Select::TlsCertificateName { text, .. } => text.clone(),
        Select::Fqdn(name) => format!("a certificate for {name}"),
        Select::Place(places) => places.join(", "),
        Select::Nothing => "none, on purpose".to_owned(),
        Select::Unresolved(why) => format!("unknown: {why}"),
    }
}

fn candidates(page: &mut Html, server: &ServerReport, report: &ConnectorReport, now: Timestamp) {
    if report.candidates.is_empty() {
        page.raw("<p>No certificate on this server is the one that it names.</p>");
        return;
    }
    page.raw("<table class=\"list\"><thead><tr>");
    for head in ["Thumbprint", "Usable", "Why not", "Not after"] {
        page.raw("<th scope=\"col\">").text(head).raw("</th>");
    }
    page.raw("</tr></thead>\n<tbody>");
    for candidate in report.candidates.iter().take(ROWS) {
        if let Some(stored) = server.certificate_of(candidate) {
            of_candidate(page, candidate, stored, now);
        }
    }
    page.raw("</tbody></table>");
}

fn of_candidate(
    page: &mut Html,
    candidate: &Candidate,
    stored: &StoredCertificate,
    now: Timestamp,
) {
    let (class, word) = match candidate.is_usable {
        Some(true) => ("good", "yes"),
        Some(false) => ("bad", "no"),
        None => ("warn", "unknown"),
    };
    page.raw("<tr><td class=\"mono long\" data-label=\"Thumbprint\"><span>")
        .text(&stored.certificate.fingerprints().sha1_hex())
        .raw("</span></td><td class=\"fixed\" data-label=\"Usable\"><span class=\"")
        .raw(class)
        .raw("\">")
        .text(word)
        .raw("</span></td>");
    match candidate.fault {
        None => page.raw("<td class=\"empty\"></td>"),
        Some(reason) => page
            .raw("<td data-label=\"Why not\"><span class=\"reason\">")
            .text(reason.as_str())
            .raw("</span></td>"),
    };
    page.raw("<td class=\"fixed\" data-label=\"Not after\"><span>")
        .text(&until(stored, now))
        .raw("</span></td></tr>\n");
}

/// When a certificate ends.
pub(super) fn until(stored: &StoredCertificate, now: Timestamp) -> String {
    match stored.facts() {
        Ok(facts) => format!(
            "{} ({})",
            facts.not_after.date(),
            left(facts.not_after.seconds_since(now))
        ),
        Err(why) => why.to_string(),
    }
}
