//! One mail server, seen from inside, to a page with everything that is known of it.

use super::connector::{self, until};
use super::element::{badge, causes, field};
use super::frame::{ABOVE, begin, end};
use super::markup::Html;
use super::span::ago;
use crate::advice::on_server;
use crate::facts::inventory::Inventory;
use crate::report::{QueueReport, ServerReport};
use crate::timestamp::Timestamp;

/// Rows of one table. A server has 20,000 queues at most.
const ROWS: usize = 500;
/// More of what to do next would not be read.
const STEPS: usize = 12;

/// The page of one mail server.
pub fn server(report: &ServerReport, now: Timestamp, version: &str) -> String {
    let name = &report.facts.key.0;
    let mut page = begin(&format!("{name} – inside"), ABOVE, false);
    page.raw("<header><p><a href=\"")
        .home()
        .raw("\">All targets</a></p><h1>")
        .text(name)
        .raw(" ");
    badge(&mut page, report.state);
    page.raw("</h1></header>\n<main>");
    about(&mut page, report, now);
    if let Some(inventory) = report.inventory() {
        queues(&mut page, report, now);
        connectors(&mut page, report, now);
        certificates(&mut page, inventory, now);
    }
    end(page, version)
}

fn about(page: &mut Html, report: &ServerReport, now: Timestamp) {
    page.raw("<section>");
    causes(page, &report.causes);
    for step in on_server(report).iter().take(STEPS) {
        page.raw("<p><strong>Next:</strong> ")
            .text(step)
            .raw("</p>");
    }
    page.raw("<dl>");
    if !report.facts.file.is_empty() {
        field(page, "File", &report.facts.file);
    }
    let addresses: Vec<_> = report
        .facts
        .addresses()
        .iter()
        .map(ToString::to_string)
        .collect();
    field(page, "Addresses", &addresses.join(", "));
    if let Some(inventory) = report.inventory() {
        of_inventory(page, inventory, now);
    }
    page.raw("</dl></section>\n");
}

fn of_inventory(page: &mut Html, inventory: &Inventory, now: Timestamp) {
    let (collector, server) = (&inventory.collector, &inventory.server);
    let at = inventory.collected_at;
    field(page, "Collected", &format!("{} ({at})", ago(at, now)));
    let took = collector
        .seconds
        .map_or_else(String::new, |seconds| format!(", in {seconds:.1} s"));
    field(
        page,
        "Collector",
        &format!("{} {}{took}", collector.name, collector.version),
    );
    field(
        page,
        "Mail server",
        &format!("{} {}", server.kind.as_str(), server.version),
    );
    if let Some(fqdn) = &server.fqdn {
        field(page, "Full name", fqdn);
    }
    if server.running == Some(false) {
        field(page, "Mail service", "was not running");
    }
    for error in &inventory.errors {
        field(
            page,
            &format!("Not collected: {}", error.section),
            &error.text,
        );
    }
}

fn heads<const N: usize>(page: &mut Html, title: &str, heads: [&str; N]) {
    page.raw("<section><h2>")
        .text(title)
        .raw("</h2><table class=\"list\"><thead><tr>");
    for head in heads {
        page.raw("<th scope=\"col\">").text(head).raw("</th>");
    }
    page.raw("</tr></thead>\n<tbody>");
}

fn tail(page: &mut Html, rows: usize) {
    page.raw("</tbody></table>");
    if let more @ 1.. = rows.saturating_sub(ROWS) {
        page.raw("<p>")
            .text(&format!("and {more} more"))
            .raw("</p>");
    }
    page.raw("</section>\n");
}

fn queues(page: &mut Html, report: &ServerReport, now: Timestamp) {
    if report.queues.is_empty() {
        return;
    }
    heads(
        page,
        "Queues",
        [
            "State",
            "Next hop",
            "Messages",
            "Connector",
            "Since",
            "Last error",
        ],
    );
    for queue in report.queues.iter().take(ROWS) {
        of_queue(page, queue, now);
    }
    tail(page, report.queues.len());
}

fn of_queue(page: &mut Html, queue: &QueueReport, now: Timestamp) {
    page.raw("<tr><td class=\"fixed\" data-label=\"State\"><span>");
    badge(page, queue.state);
    page.raw("</span></td><td class=\"what\" data-label=\"Next hop\"><span>")
        .text(&queue.next_hop)
        .raw(" <span class=\"soft\">")
        .text(queue.kind.as_str())
        .raw("</span></span></td><td data-label=\"Messages\"><span>");
    let told = queue.messages.iter();
    let told: Vec<_> = told
        .map(|(status, number)| format!("{number} {}", status.as_str()))
        .collect();
    page.text(&told.join(", "));
    if let Some(before) = queue.before {
        page.text(&format!(", {before} before"));
    }
    page.raw("</span></td><td class=\"long\" data-label=\"Connector\"><span>")
        .text(&queue.connector)
        .raw("</span></td><td class=\"fixed\" data-label=\"Since\"><span>")
        .text(
            &queue
                .since
                .map_or_else(String::new, |since| ago(since, now)),
        )
        .raw("</span></td><td class=\"wide\" data-label=\"Last error\"><span>");
    for failed in &queue.failed {
        page.raw("<span class=\"reason\">")
            .text(failed.reason.as_str())
            .raw("</span> ")
            .text(&format!("({}): {} ", failed.messages, failed.text));
    }
    page.raw("</span></td></tr>\n");
}

fn connectors(page: &mut Html, report: &ServerReport, now: Timestamp) {
    for connector in report.connectors.iter().take(ROWS) {
        if let Some(of) = report.use_of(connector) {
            connector::section(page, report, connector, of, now);
        }
    }
}

fn certificates(page: &mut Html, inventory: &Inventory, now: Timestamp) {
    let all = inventory.certificates();
    if all.is_empty() {
        return;
    }
    heads(
        page,
        "Certificates",
        [
            "Thumbprint",
            "Subject",
            "Not after",
            "Services",
            "Status",
            "Private key",
            "Where",
        ],
    );
    for stored in all.iter().take(ROWS) {
        let subject = stored
            .facts()
            .map_or_else(|why| why.to_string(), |facts| facts.subject.to_exchange());
        let services = stored.services.as_ref().map(|all| match all.is_empty() {
            true => "none".to_owned(),
            false => all.join(", "),
        });
        let key = stored.private_key.map(|has| if has { "yes" } else { "no" });
        page.raw("<tr><td class=\"mono long\" data-label=\"Thumbprint\"><span>")
            .text(&stored.certificate.fingerprints().sha1_hex())
            .raw("</span></td><td class=\"long\" data-label=\"Subject\"><span>")
            .text(&subject)
            .raw("</span></td><td class=\"fixed\" data-label=\"Not after\"><span>")
            .text(&until(stored, now))
            .raw("</span></td><td data-label=\"Services\"><span>")
            .text(services.as_deref().unwrap_or("unknown"))
            .raw("</span></td><td data-label=\"Status\"><span>")
            .text(stored.status.as_deref().unwrap_or_default())
            .raw("</span></td><td data-label=\"Private key\"><span>")
            .text(key.unwrap_or("unknown"))
            .raw("</span></td><td class=\"name long\" data-label=\"Where\"><span>")
            .text(&stored.places.join(", "))
            .raw("</span></td></tr>\n");
    }
    tail(page, all.len());
}
