//! What every page begins and ends with.

use super::markup::Html;

/// The start page's way to itself.
pub(super) const HERE: &str = "./";
/// The way to it from a page one folder further in.
pub(super) const ABOVE: &str = "../";

/// Begins a page from which `home` leads to the start page; `<body>` is open afterwards.
pub(super) fn begin(title: &str, home: &'static str, refresh: bool) -> Html {
    let mut page = Html::new(home);
    page.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
        .raw("<meta name=\"color-scheme\" content=\"light dark\">");
    if refresh {
        page.raw("<meta http-equiv=\"refresh\" content=\"60\">");
    }
    page.raw("<title>")
        .text(title)
        .raw("</title><link rel=\"stylesheet\" href=\"")
        .home()
        .raw("style.css\"></head>\n<body>");
    page
}

/// What every page leads to.
const LINKS: [(&str, &str); 6] = [
    ("metrics", "Metrics"),
    ("api/v1/report", "Report (JSON)"),
    ("sd", "Service discovery"),
    ("config", "Configuration"),
    ("runbooks/", "Runbooks"),
    ("-/healthy", "Health"),
];

/// Closes `<main>` and ends the page.
pub(super) fn end(mut page: Html, version: &str) -> String {
    page.raw("</main>\n<footer><p>smtp-tls-exporter ")
        .text(version);
    for (path, word) in LINKS {
        page.raw(" · <a href=\"")
            .home()
            .raw(path)
            .raw("\">")
            .raw(word)
            .raw("</a>");
    }
    page.raw("</p></footer></body></html>\n");
    page.into_text()
}
