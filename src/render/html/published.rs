//! What is published for one target to a section of its page: a line a mechanism, each TLSA record, the policy as it is served.

use super::element::badge;
use super::markup::Html;
use crate::facts::published::{DaneStanding, StsFacts};
use crate::render::published::lines_of;
use crate::report::{HostReport, Snapshot, State};

/// The section; nothing where nobody was asked.
pub(super) fn section(page: &mut Html, snapshot: &Snapshot, target: &str) {
    let lines = lines_of(snapshot, target);
    if lines.is_empty() {
        return;
    }
    page.raw("<section><h2>Published policy</h2><table><thead><tr>");
    for head in ["Mechanism", "Name", "View", "State", "What senders see"] {
        page.raw("<th scope=\"col\">").text(head).raw("</th>");
    }
    page.raw("</tr></thead>\n<tbody>");
    for line in &lines {
        page.raw("<tr><td>")
            .text(line.mechanism)
            .raw("</td><td>")
            .text(&line.name)
            .raw("</td><td>")
            .text(line.view)
            .raw("</td><td>");
        if line.state != State::Healthy {
            badge(page, line.state);
        }
        page.raw("</td><td class=\"wide\">")
            .text(&line.text)
            .raw("</td></tr>\n");
    }
    page.raw("</tbody></table>");
    for host in snapshot
        .hosts
        .iter()
        .filter(|host| &*host.key.target == target)
    {
        records(page, host);
    }
    let domains = snapshot.domains.iter();
    for domain in domains.filter(|domain| &*domain.key.target == target) {
        if let Some(sts) = domain.facts.sts.as_deref() {
            policy(page, &domain.key.view, sts);
        }
    }
    page.raw("</section>\n");
}

/// Every TLSA record as published, with where it matches.
fn records(page: &mut Html, host: &HostReport) {
    let Some(DaneStanding::Records(set)) = host.facts.dane.as_deref().map(|dane| &dane.standing)
    else {
        return;
    };
    let Some(report) = &host.dane else {
        return;
    };
    page.raw("<details><summary>TLSA records of ")
        .text(&set.owner)
        .raw(" (view ")
        .text(&host.key.view)
        .raw(")</summary><ul>");
    for (record, judged) in set.records.iter().zip(&report.records) {
        page.raw("<li><code>")
            .text(&record.to_string())
            .raw("</code> ");
        page.text(judged.result.as_str());
        let at = judged.at.to_string();
        if !at.is_empty() {
            page.raw(" at ").text(&at);
        }
        if judged.is_weaker {
            page.raw("; senders skip it beside a stronger digest");
        }
        page.raw("</li>");
    }
    page.raw("</ul></details>");
}

/// The policy as it was read last.
fn policy(page: &mut Html, view: &str, sts: &StsFacts) {
    let Some(known) = &sts.current else {
        return;
    };
    page.raw("<details><summary>Policy of ")
        .text(&sts.host)
        .raw(" (view ")
        .text(view)
        .raw("), last read ")
        .text(&known.last_seen.to_string())
        .raw("</summary><pre>")
        .text(&known.text)
        .raw("</pre></details>");
}
