//! Mail servers seen from inside to the second table of the first page: what is wrong, and a line for each that is not.

use super::element::{badge, cell};
use super::markup::Html;
use super::span::ago;
use crate::render::columns::plural;
use crate::render::inside::{InsideLine, lines, of_strays};
use crate::report::{Inside, ServerReport, State};
use crate::timestamp::Timestamp;

/// More lines are not shown; each server has a page with all of its own.
const LINES: usize = 500;

/// All servers; nothing where there is no inventory.
pub(super) fn servers(page: &mut Html, inside: &Inside, now: Timestamp) {
    if inside.is_empty() {
        return;
    }
    page.raw("<section><h2>Inside mail servers</h2><table class=\"list\"><thead><tr>");
    for head in [
        "State",
        "Server",
        "What",
        "Messages",
        "Trend",
        "Not after",
        "Days",
        "Why",
        "Collected",
    ] {
        page.raw("<th scope=\"col\">").text(head).raw("</th>");
    }
    page.raw("</tr></thead>\n<tbody>");
    let of_servers = inside.servers.iter().flat_map(|server| {
        let told = told(server, now).into_iter();
        told.map(move |line| (Some(&**server), line))
    });
    let strays = of_strays(inside).into_iter().map(|line| (None, line));
    let mut all: Vec<_> = of_servers.chain(strays).collect();
    all.sort_by_key(|(_, line)| line.state);
    for (server, line) in all.iter().take(LINES) {
        row(page, *server, line, now);
    }
    page.raw("</tbody></table>");
    if let more @ 1.. = all.len().saturating_sub(LINES) {
        page.raw("<p>")
            .text(&format!("and {more} more lines"))
            .raw("</p>");
    }
    page.raw("</section>\n");
}

/// What is wrong with a server; one line for one with which nothing is.
fn told(server: &ServerReport, now: Timestamp) -> Vec<InsideLine> {
    let mut wrong = lines(server, now);
    wrong.retain(|line| line.state != State::Healthy);
    if wrong.is_empty() {
        wrong.push(InsideLine {
            state: State::Healthy,
            what: healthy(server),
            ..InsideLine::default()
        });
    }
    wrong
}

/// What there is on a server with which nothing is wrong: `2 connectors, 443 messages in 1 queue`
fn healthy(server: &ServerReport) -> String {
    let (connectors, queues) = (server.connectors.len(), server.queues.len());
    let messages: u64 = server.queues.iter().map(|queue| queue.total()).sum();
    format!(
        "{connectors} connector{}, {messages} message{} in {queues} queue{}",
        plural(connectors),
        if messages == 1 { "" } else { "s" },
        plural(queues)
    )
}

fn row(page: &mut Html, server: Option<&ServerReport>, line: &InsideLine, now: Timestamp) {
    page.raw("<tr><td class=\"fixed\" data-label=\"State\"><span>");
    badge(page, line.state);
    page.raw("</span></td><td class=\"name\" data-label=\"Server\">");
    if let Some(server) = server {
        let name = &server.facts.key.0;
        page.raw("<a href=\"")
            .home()
            .raw("inside/")
            .segment(name)
            .raw("\">")
            .text(name)
            .raw("</a>");
    }
    page.raw("</td>");
    cell(page, "<td class=\"what\" data-label=\"What\">", &line.what);
    cell(page, "<td data-label=\"Messages\">", &line.messages);
    cell(page, "<td data-label=\"Trend\">", &line.trend);
    cell(
        page,
        "<td class=\"fixed\" data-label=\"Not after\">",
        &line.not_after,
    );
    cell(page, "<td data-label=\"Days\">", &line.days);
    why(page, &line.why);
    let collected = server.and_then(|server| server.inventory());
    let collected = collected.map_or_else(String::new, |last| ago(last.collected_at, now));
    cell(
        page,
        "<td class=\"soft fixed\" data-label=\"Collected\">",
        &collected,
    );
    page.raw("</tr>\n");
}

/// The reason, which is all up to the first colon, and what there is to say about it.
fn why(page: &mut Html, text: &str) {
    if text.is_empty() {
        page.raw("<td class=\"empty\"></td>");
        return;
    }
    let (reason, detail) = text.split_once(": ").unwrap_or((text, ""));
    page.raw("<td class=\"wide\" data-label=\"Why\"><span><span class=\"reason\">")
        .text(reason)
        .raw("</span> ")
        .text(detail)
        .raw("</span></td>");
}
