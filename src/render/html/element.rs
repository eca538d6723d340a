//! The elements that pages share: a state's badge, a term with its text, a bar.

use super::markup::Html;
use crate::report::{Cause, Severity, State};

/// The word for a state, coloured by its severity and never by colour alone.
pub(super) fn badge(page: &mut Html, state: State) {
    page.raw("<span class=\"badge ")
        .raw(severity(state))
        .raw("\">")
        .text(state.as_str())
        .raw("</span>");
}

/// The class that colours it.
pub(super) fn severity(state: State) -> &'static str {
    match state.severity() {
        Severity::Ok => "good",
        Severity::Warning => "warn",
        Severity::Unknown => "lost",
        Severity::Critical => "bad",
    }
}

/// A term and what it is.
pub(super) fn field(page: &mut Html, term: &str, text: &str) {
    page.raw("<dt>")
        .text(term)
        .raw("</dt><dd>")
        .text(text)
        .raw("</dd>");
}

/// A bar that says how much of something is used, drawn without style attributes, which the policy forbids.
pub(super) fn bar(page: &mut Html, percent: i64, class: &'static str, label: &str) {
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

/// What is wrong, the worst first.
pub(super) fn causes(page: &mut Html, causes: &[Cause]) {
    if causes.is_empty() {
        return;
    }
    page.raw("<ul>");
    for cause in causes {
        page.raw("<li><span class=\"reason\">")
            .text(cause.reason.as_str())
            .raw("</span> ")
            .text(&cause.detail)
            .raw("</li>");
    }
    page.raw("</ul>");
}

/// A cell; an empty one is not shown where rows are cards.
pub(super) fn cell(page: &mut Html, begin: &'static str, text: &str) {
    if text.is_empty() {
        page.raw("<td class=\"empty\"></td>");
    } else {
        page.raw(begin).raw("<span>").text(text).raw("</span></td>");
    }
}
