//! What to do about an endpoint to its part of the page; the words and commands come from `advice`.

use super::markup::Html;
use crate::advice::{Siblings, alerts, by_hand, of, on_exchange};
use crate::report::{Entry, TargetReport};

/// What mends it.
pub(super) fn mend(page: &mut Html, target: &TargetReport, siblings: &Siblings<'_>, entry: &Entry) {
    if let Some(advice) = of(target, entry, &siblings.examples) {
        page.raw("<p><strong>Next:</strong> ")
            .text(&advice)
            .raw("</p>");
    }
    let cause = entry.causes.first();
    if let Some(alert) = cause.and_then(|cause| alerts(cause.reason).first()) {
        page.raw("<p><a href=\"")
            .home()
            .raw("runbooks/")
            .raw(alert)
            .raw("\">Runbook ")
            .raw(alert)
            .raw("</a></p>");
    }
    let commands = on_exchange(siblings, entry);
    if !commands.is_empty() {
        page.raw("<h3>In the Exchange Management Shell of this server</h3><pre>")
            .lines(&commands.join("\n"))
            .raw("</pre>");
    }
}

/// How to see the same.
pub(super) fn look(page: &mut Html, entry: &Entry) {
    page.raw("<h3>See it by hand</h3><pre>");
    for line in by_hand(entry) {
        page.lines(&line);
    }
    page.raw("</pre>");
}
