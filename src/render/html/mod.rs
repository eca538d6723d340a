//! A snapshot to the pages that people keep open: no script, nothing from elsewhere, every foreign word escaped.

mod advice;
mod endpoint;
mod index;
mod markup;
mod subject;
mod target;

pub use index::{Filter, index};
pub use target::target;

use crate::report::{Severity, State};
use crate::timestamp::Timestamp;
use markup::Html;

/// The style sheet of all pages.
pub const STYLE: &str = include_str!("style.css");

/// Begins a page; `<main>` is open afterwards.
fn begin(title: &str, refresh: bool) -> Html {
    let mut page = Html::default();
    page.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
        .raw("<meta name=\"color-scheme\" content=\"light dark\">");
    if refresh {
        page.raw("<meta http-equiv=\"refresh\" content=\"60\">");
    }
    page.raw("<title>")
        .text(title)
        .raw("</title><link rel=\"stylesheet\" href=\"/style.css\"></head>\n<body>");
    page
}

fn end(mut page: Html, version: &str) -> String {
    page.raw("</main>\n<footer><p>smtp-tls-exporter ")
        .text(version)
        .raw(
            " · <a href=\"/metrics\">Metrics</a> · <a href=\"/api/v1/report\">Report (JSON)</a> · ",
        )
        .raw("<a href=\"/sd\">Service discovery</a> · <a href=\"/config\">Configuration</a> · ")
        .raw("<a href=\"/-/healthy\">Health</a></p></footer></body></html>\n");
    page.into_text()
}

/// The word for a state, coloured by its severity and never by colour alone.
fn badge(page: &mut Html, state: State) {
    page.raw("<span class=\"badge ")
        .raw(severity(state))
        .raw("\">")
        .text(state.as_str())
        .raw("</span>");
}

fn severity(state: State) -> &'static str {
    match state.severity() {
        Severity::Ok => "good",
        Severity::Warning => "warn",
        Severity::Unknown => "lost",
        Severity::Critical => "bad",
    }
}

/// How long ago, in the largest unit that says enough.
fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.seconds_since(then).max(0);
    let (count, unit) = match seconds {
        0..120 => (seconds, "s"),
        120..7200 => (seconds / 60, "min"),
        7200..172_800 => (seconds / 3600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

/// `88 days`, `5 hours`, `expired 6 days ago`.
fn left(seconds: i64) -> String {
    let span = |seconds: i64| match seconds {
        ..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    };
    if seconds < 0 {
        format!("expired {} ago", span(seconds.saturating_neg()))
    } else {
        span(seconds)
    }
}

/// A bar that says how much of something is used, drawn without style attributes, which the policy forbids.
fn bar(page: &mut Html, percent: i64, class: &'static str, label: &str) {
    page.raw("<svg class=\"bar\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"")
        .text(label)
        .raw("\"><title>")
        .text(label)
        .raw("</title><rect class=\"rail\" width=\"100\" height=\"6\"/><rect class=\"")
        .raw(class)
        .raw("\" width=\"")
        .text(&percent.clamp(0, 100).to_string())
        .raw("\" height=\"6\"/></svg>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_do() {
        let now = Timestamp(1_000_000);
        for (seconds, text) in [
            (0, "0 s ago"),
            (119, "119 s ago"),
            (180, "3 min ago"),
            (7200, "2 h ago"),
            (-5, "0 s ago"),
            (200_000, "2 days ago"),
        ] {
            assert_eq!(ago(now.plus_seconds(-seconds), now), text);
        }
        assert_eq!(left(88 * 86_400), "88 days");
        assert_eq!(left(5 * 3600), "5 hours");
        assert_eq!(left(-6 * 86_400), "expired 6 days ago");
        assert!(left(i64::MIN).starts_with("expired"));
    }
}
