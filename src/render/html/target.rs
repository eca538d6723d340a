//! One target to a page with everything that is known of it.

use super::element::{badge, field};
use super::frame::{ABOVE, begin, end};
use super::markup::Html;
use super::{endpoint, published, subject};
use crate::advice::Siblings;
use crate::endpoint::Place;
use crate::render::table::place;
use crate::report::{Entry, Snapshot, TargetReport};
use crate::verdict::Finding;

/// The page of one target.
pub fn target(report: &TargetReport, snapshot: &Snapshot, version: &str) -> String {
    let name = &report.source.name;
    let mut page = begin(&format!("{name} – SMTP TLS certificates"), ABOVE, false);
    page.raw("<header><p><a href=\"")
        .home()
        .raw("\">All targets</a></p><h1>")
        .text(name)
        .raw(" ");
    badge(&mut page, report.state());
    page.raw("</h1></header>\n<main>");
    let mut entries: Vec<_> = report.entries.iter().collect();
    entries.sort_by_key(|entry| entry.state);
    about(&mut page, report, &entries);
    subject::names(&mut page, snapshot, name);
    published::section(&mut page, snapshot, name);
    let siblings = Siblings::of(report);
    for entry in entries {
        endpoint::section(&mut page, report, &siblings, entry, snapshot.at);
    }
    end(page, version)
}

fn about(page: &mut Html, report: &TargetReport, entries: &[&Entry]) {
    let source = &report.source;
    page.raw("<section><dl>");
    match &source.place {
        Place::Host(host) => field(page, "Host", &host.to_string()),
        Place::Mx(domain) => field(page, "Mail domain", domain),
        Place::Addresses(addresses) => {
            if let Some(host) = &source.host {
                field(page, "Host", &host.to_string());
            }
            let texts: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            field(page, "Addresses", &texts.join(", "));
        }
    }
    if let Some(name) = &source.server_name {
        field(page, "Server name", &name.to_string());
    }
    for (name, value) in &source.labels {
        field(page, name, value);
    }
    for resolution in &report.resolutions {
        let mut found = match resolution.endpoints {
            1 => "1 endpoint".to_owned(),
            count => format!("{count} endpoints"),
        };
        if let count @ 1.. = resolution.last_known {
            found.push_str(&format!(", {count} at last known addresses"));
        }
        if let Some(fault) = &resolution.fault {
            found.push_str(&format!("; {fault}"));
        }
        field(page, &format!("View {}", resolution.view), &found);
    }
    for (check, finding) in report.verdict.findings() {
        if let Finding::Fail(failure) = finding {
            field(page, &format!("Check {check}"), &failure.evidence);
        }
    }
    page.raw("</dl><ul class=\"endpoints\">");
    for entry in entries {
        page.raw("<li><a href=\"#")
            .text(&endpoint::anchor(entry))
            .raw("\">")
            .text(&place(report, &entry.endpoint))
            .raw("</a> ");
        badge(page, entry.state);
        page.raw("</li>");
    }
    page.raw("</ul></section>\n");
}
