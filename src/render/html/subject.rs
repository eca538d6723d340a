//! Hosts and mail domains of one target to their table.

use std::net::IpAddr;

use super::element::badge;
use super::markup::Html;
use crate::facts::lookup::{LookupFault, Security};
use crate::report::{DomainReport, HostReport, Snapshot, State};

/// What DNS says of one target; nothing where nobody was asked.
pub(super) fn names(page: &mut Html, snapshot: &Snapshot, target: &str) {
    let domains = snapshot.domains.iter();
    let domains = domains.filter(|domain| &*domain.key.target == target);
    let hosts = snapshot.hosts.iter();
    let hosts = hosts.filter(|host| &*host.key.target == target);
    let rows: Vec<_> = domains.map(of_domain).chain(hosts.map(of_host)).collect();
    if rows.is_empty() {
        return;
    }
    let heads = ["Name", "View", "In DNS", "State", "DNSSEC"];
    begin(page, "Names", heads);
    for row in rows {
        page.raw("<tr><td class=\"long\">")
            .text(&row.name)
            .raw("</td><td>")
            .text(row.view)
            .raw("</td><td class=\"wide\">")
            .text(&row.found)
            .raw("</td><td>");
        // A name that was found says nothing about the endpoints, so it has no badge.
        if row.state != State::Healthy {
            badge(page, row.state);
        }
        page.raw("</td><td>")
            .text(row.security.as_str())
            .raw("</td></tr>\n");
    }
    page.raw("</tbody></table></section>\n");
}

fn begin<const COLUMNS: usize>(page: &mut Html, title: &str, heads: [&str; COLUMNS]) {
    page.raw("<section><h2>")
        .text(title)
        .raw("</h2><table><thead><tr>");
    for head in heads {
        page.raw("<th scope=\"col\">").text(head).raw("</th>");
    }
    page.raw("</tr></thead>\n<tbody>");
}

struct Row<'a> {
    state: State,
    name: String,
    view: &'a str,
    found: String,
    security: Security,
}

fn of_domain(domain: &DomainReport) -> Row<'_> {
    let (key, known) = (&domain.key, &domain.facts);
    let mx = known.exchangers.iter();
    let mx = mx.map(|mx| format!("{} {}", mx.preference, mx.host));
    Row {
        state: domain.state,
        name: format!("{} MX", key.domain),
        view: &key.view,
        found: told(mx.collect(), known.fault.as_ref()),
        security: known.security,
    }
}

fn of_host(host: &HostReport) -> Row<'_> {
    let (key, known) = (&host.key, &host.facts);
    let last_known = |address: &IpAddr| format!("{address} (last known)");
    let addresses = known.addresses.iter().map(ToString::to_string);
    let addresses = addresses.chain(known.last_known.iter().map(last_known));
    Row {
        state: host.state,
        name: format!("{}:{}", key.host, key.port),
        view: &key.view,
        found: told(addresses.collect(), known.fault.as_ref()),
        security: known.security,
    }
}

/// What was found, and why not more.
fn told(mut found: Vec<String>, fault: Option<&LookupFault>) -> String {
    found.extend(fault.map(ToString::to_string));
    found.join(", ")
}
