//! What every page begins and ends with.

use super::markup::Html;

/// Begins a page; `<main>` is open afterwards.
pub(super) fn begin(title: &str, refresh: bool) -> Html {
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

/// Closes `<main>` and ends the page.
pub(super) fn end(mut page: Html, version: &str) -> String {
    page.raw("</main>\n<footer><p>smtp-tls-exporter ")
        .text(version)
        .raw(
            " · <a href=\"/metrics\">Metrics</a> · <a href=\"/api/v1/report\">Report (JSON)</a> · ",
        )
        .raw("<a href=\"/sd\">Service discovery</a> · <a href=\"/config\">Configuration</a> · ")
        .raw("<a href=\"/-/healthy\">Health</a></p></footer></body></html>\n");
    page.into_text()
}
