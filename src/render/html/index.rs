//! A snapshot to the table of all endpoints, the worst first.

use super::element::{badge, bar, cell, severity};
use super::frame::{HERE, begin, end};
use super::inside;
use super::markup::Html;
use super::span::{ago, left};
use crate::render::metrics::Reload;
use crate::render::table::{place, sought};
use crate::report::{Entry, Resolution, Snapshot, State, TargetReport};
use crate::timestamp::Timestamp;

/// Rows of one page.
const ROWS: usize = 500;

/// Which rows are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only endpoints in this state.
    pub state: Option<State>,
    /// Only rows with this text in them, whatever its case.
    pub text: Option<String>,
    /// The page, from 0.
    pub page: usize,
}

/// An endpoint, or a target's view in which none was found.
struct Row<'a> {
    target: &'a TargetReport,
    state: State,
    what: What<'a>,
}

enum What<'a> {
    Endpoint(&'a Entry),
    Nowhere(&'a Resolution),
}

/// The status page.
pub fn index(snapshot: &Snapshot, filter: &Filter, reload: &Reload, version: &str) -> String {
    let all = rows(snapshot);
    let mut page = begin("SMTP TLS certificates", HERE, true);
    page.raw("<header><h1>SMTP TLS certificates</h1>");
    refused(&mut page, reload, snapshot.at);
    states(&mut page, &all, filter);
    form(&mut page, filter);
    page.raw("</header>\n<main>");
    let mut shown: Vec<_> = all.iter().filter(|row| is_shown(row, filter)).collect();
    shown.sort_by_key(|row| (row.state, expiry(row)));
    let last = shown.len().saturating_sub(1) / ROWS;
    let nth = filter.page.min(last);
    table(&mut page, &shown, nth, snapshot.at);
    pages(&mut page, (nth, last), filter);
    inside::servers(&mut page, &snapshot.inside, snapshot.at);
    end(page, version)
}

fn rows(snapshot: &Snapshot) -> Vec<Row<'_>> {
    snapshot
        .targets
        .iter()
        .flat_map(|target| rows_of(target))
        .collect()
}

fn rows_of(target: &TargetReport) -> impl Iterator<Item = Row<'_>> {
    let failed = target.resolutions.iter();
    let nowhere = failed.filter_map(move |resolution| {
        let what = What::Nowhere(resolution);
        resolution.state().map(|state| Row {
            target,
            state,
            what,
        })
    });
    nowhere.chain(target.entries.iter().map(move |entry| Row {
        target,
        state: entry.state,
        what: What::Endpoint(entry),
    }))
}

fn expiry(row: &Row<'_>) -> Option<Timestamp> {
    match row.what {
        What::Endpoint(entry) => entry.not_after(),
        What::Nowhere(_) => None,
    }
}

/// That what is shown follows an older configuration than the file's.
fn refused(page: &mut Html, reload: &Reload, now: Timestamp) {
    let Some(refused) = &reload.refused else {
        return;
    };
    page.raw(
        "<p class=\"refused\"><strong class=\"bad\">Configuration not reloaded</strong> since ",
    )
    .text(&refused.since.to_string())
    .raw(" (")
    .text(&ago(refused.since, now))
    .raw("): <span class=\"reason\">")
    .text(&refused.mistake)
    .raw("</span>. The one loaded at ")
    .text(&reload.loaded_at.to_string())
    .raw(" stays in force.</p>");
}

/// Every state that there is, with its count and a link that shows only it.
fn states(page: &mut Html, rows: &[Row<'_>], filter: &Filter) {
    page.raw("<nav class=\"states\" aria-label=\"States\">");
    let current = |is: bool| if is { " aria-current=\"true\"" } else { "" };
    page.raw("<a href=\"")
        .home()
        .raw("\"")
        .raw(current(filter.state.is_none()));
    page.raw("><span class=\"badge\">All ")
        .text(&rows.len().to_string())
        .raw("</span></a>");
    for state in State::ALL {
        let count = rows.iter().filter(|row| row.state == state).count();
        if count == 0 {
            continue;
        }
        page.raw("<a href=\"")
            .home()
            .raw("?state=")
            .text(state.as_str())
            .raw("&amp;q=")
            .segment(filter.text.as_deref().unwrap_or_default())
            .raw("\"")
            .raw(current(filter.state == Some(state)))
            .raw("><span class=\"badge ")
            .raw(severity(state))
            .raw("\">")
            .text(&format!("{} {count}", state.as_str()))
            .raw("</span></a>");
    }
    page.raw("</nav>");
}

fn form(page: &mut Html, filter: &Filter) {
    page.raw("<form method=\"get\" action=\"")
        .home()
        .raw("\"><input type=\"search\" name=\"q\" aria-label=\"Filter\" ")
        .raw("placeholder=\"Name, address, issuer or reason\" value=\"")
        .text(filter.text.as_deref().unwrap_or_default())
        .raw("\">");
    if let Some(state) = filter.state {
        page.raw("<input type=\"hidden\" name=\"state\" value=\"")
            .text(state.as_str())
            .raw("\">");
    }
    page.raw("<button>Filter</button></form>");
}

fn is_shown(row: &Row<'_>, filter: &Filter) -> bool {
    if filter.state.is_some_and(|state| state != row.state) {
        return false;
    }
    let Some(text) = &filter.text else {
        return true;
    };
    let sought = text.to_lowercase();
    let mut texts = vec![row.target.source.name.clone(), address(row), issuer(row)];
    texts.extend(row.target.source.host.as_ref().map(ToString::to_string));
    texts.extend(row.target.source.labels.values().cloned());
    let (reason, detail) = why(row);
    texts.extend([reason.to_owned(), detail.to_owned()]);
    texts
        .iter()
        .any(|text| text.to_lowercase().contains(&sought))
}

fn address(row: &Row<'_>) -> String {
    match row.what {
        What::Endpoint(entry) => place(row.target, &entry.endpoint),
        What::Nowhere(resolution) => sought(row.target, resolution),
    }
}

fn issuer(row: &Row<'_>) -> String {
    let What::Endpoint(entry) = row.what else {
        return String::new();
    };
    let facts = entry.observation.leaf().and_then(|leaf| leaf.facts().ok());
    facts.map_or_else(String::new, |facts| facts.issuer.to_exchange())
}

/// The worst cause: its reason and the evidence.
fn why<'a>(row: &Row<'a>) -> (&'static str, &'a str) {
    match row.what {
        What::Nowhere(resolution) => resolution
            .fault
            .as_ref()
            .map_or(("", ""), |fault| (fault.reason.as_str(), &fault.detail)),
        What::Endpoint(entry) => entry
            .causes
            .first()
            .map_or(("", ""), |cause| (cause.reason.as_str(), &cause.detail)),
    }
}

fn table(page: &mut Html, rows: &[&Row<'_>], nth: usize, now: Timestamp) {
    if rows.is_empty() {
        page.raw("<p>Nothing to show here.</p>");
        return;
    }
    page.raw("<table class=\"list\"><thead><tr><th scope=\"col\">State</th><th scope=\"col\">Target</th><th scope=\"col\">Address</th><th scope=\"col\">Left</th>")
        .raw("<th scope=\"col\">Lifetime used</th><th scope=\"col\">Issuer</th><th scope=\"col\">Why</th><th scope=\"col\">Seen</th></tr></thead>\n<tbody>");
    for row in rows.iter().skip(nth * ROWS).take(ROWS) {
        line(page, row, now);
    }
    page.raw("</tbody></table>");
}

fn line(page: &mut Html, row: &Row<'_>, now: Timestamp) {
    page.raw("<tr><td class=\"fixed\" data-label=\"State\"><span>");
    badge(page, row.state);
    page.raw("</span></td><td class=\"name\" data-label=\"Target\"><a href=\"")
        .home()
        .raw("targets/")
        .segment(&row.target.source.name)
        .raw("\">")
        .text(&row.target.source.name)
        .raw("</a></td>");
    cell(
        page,
        "<td class=\"mono fixed\" data-label=\"Address\">",
        &address(row),
    );
    let entry = match row.what {
        What::Endpoint(entry) => Some(entry),
        What::Nowhere(_) => None,
    };
    let expires = entry.and_then(|entry| entry.expires_in(now)).map(left);
    cell(
        page,
        "<td data-label=\"Left\">",
        &expires.unwrap_or_default(),
    );
    used(page, entry, now);
    cell(
        page,
        "<td class=\"wide\" data-label=\"Issuer\">",
        &issuer(row),
    );
    let (reason, detail) = why(row);
    if reason.is_empty() {
        cell(page, "", "");
    } else {
        page.raw("<td class=\"wide\" data-label=\"Why\"><span><span class=\"reason\">")
            .text(reason)
            .raw("</span> ")
            .text(detail)
            .raw("</span></td>");
    }
    let seen = entry.map_or_else(String::new, |entry| {
        let at = entry.obtained_at.map(|at| ago(at, now));
        let at = at.unwrap_or_else(|| "not yet".to_owned());
        match row.target.last_known.contains(&entry.endpoint) {
            true => format!("{at}, at its last known address"),
            false => at,
        }
    });
    cell(page, "<td class=\"soft fixed\" data-label=\"Seen\">", &seen);
    page.raw("</tr>\n");
}

/// The share of the leaf's lifetime that is over.
fn used(page: &mut Html, entry: Option<&Entry>, now: Timestamp) {
    let facts = entry.and_then(|entry| entry.observation.leaf()?.facts().ok());
    let Some(facts) = facts else {
        return cell(page, "", "");
    };
    let lifetime = facts.not_after.seconds_since(facts.not_before).max(1);
    let past = now.seconds_since(facts.not_before).clamp(0, lifetime);
    let percent = (i128::from(past) * 100 / i128::from(lifetime)).try_into();
    let percent: i64 = percent.unwrap_or(100);
    let left = facts.not_after.seconds_since(now);
    let is_below = |limit: Option<i64>| limit.is_some_and(|limit| left < limit);
    let class = match entry {
        Some(entry) if is_below(entry.critical_seconds()) => "bad",
        Some(entry) if is_below(entry.warning_seconds()) => "warn",
        Some(_) | None => "good",
    };
    page.raw("<td data-label=\"Lifetime used\"><span>")
        .text(&format!("{percent} %"));
    bar(
        page,
        percent,
        class,
        &format!("{percent} % of the lifetime is over"),
    );
    page.raw("</span></td>");
}

/// Links to the other pages of a long list.
fn pages(page: &mut Html, (nth, last): (usize, usize), filter: &Filter) {
    if last == 0 {
        return;
    }
    page.raw("<p>Page ")
        .text(&format!("{} of {}", nth + 1, last + 1));
    let (before, after) = (nth.checked_sub(1), nth.checked_add(1));
    for (number, word) in [
        (before, " · Previous"),
        (after.filter(|n| *n <= last), " · Next"),
    ] {
        let Some(number) = number else {
            continue;
        };
        page.raw("<a href=\"")
            .home()
            .raw("?page=")
            .text(&number.to_string())
            .raw("&amp;state=")
            .text(filter.state.map_or("", State::as_str))
            .raw("&amp;q=")
            .segment(filter.text.as_deref().unwrap_or_default())
            .raw("\">")
            .text(word)
            .raw("</a>");
    }
    page.raw("</p>");
}
