//! A runbook in Markdown to a page: its links lead to other runbooks, or say which document of the project they mean.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

use super::frame::{ABOVE, begin, end};
use crate::advice;

/// The page of the runbook of that name; the list of all is called `README`.
pub fn runbook(name: &str, version: &str) -> Option<String> {
    let text = advice::runbook(name)?;
    let first = text.split_once('\n');
    let (title, text) = first.unwrap_or((text, ""));
    let title = title.trim_start_matches("# ");
    let mut page = begin(title, ABOVE, false);
    page.raw("<header><p><a href=\"")
        .home()
        .raw("\">All targets</a>");
    if name != "README" {
        page.raw(" · <a href=\"./\">All runbooks</a>");
    }
    page.raw("</p><h1>")
        .text(title)
        .raw("</h1></header>\n<main><section class=\"prose\">\n")
        .written(|out| html::push_html(out, events(text).into_iter()))
        .raw("</section>\n");
    Some(end(page, version))
}

/// What the page consists of.
fn events(text: &str) -> Vec<Event<'_>> {
    let all: Vec<_> = Parser::new_ext(text, Options::ENABLE_TABLES).collect();
    let mut out = Vec::with_capacity(all.len());
    // What to say behind a link that leads nowhere.
    let mut document = None;
    for (nth, event) in all.iter().enumerate() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => out.push(Event::Start(Tag::Heading {
                level: *level,
                id: Some(anchor(&text_within(all.iter().skip(nth))).into()),
                classes: Vec::new(),
                attrs: Vec::new(),
            })),
            Event::Start(Tag::Link { dest_url, .. }) => match way(dest_url) {
                Ok(way) => out.push(link(way)),
                Err(meant) => {
                    let is_said = text_within(all.iter().skip(nth)) == meant;
                    let behind = if is_said {
                        String::new()
                    } else {
                        format!(" [{meant}]")
                    };
                    document = Some(behind);
                }
            },
            Event::End(TagEnd::Link) => {
                let behind = document.take().map(|behind| Event::Text(behind.into()));
                out.push(behind.unwrap_or(Event::End(TagEnd::Link)));
            }
            // A table that is wider than the screen moves alone.
            Event::Start(Tag::Table(_)) => {
                out.extend([
                    Event::InlineHtml("<div class=\"scroll\">".into()),
                    event.clone(),
                ]);
            }
            Event::End(TagEnd::Table) => {
                out.extend([event.clone(), Event::InlineHtml("</div>".into())]);
            }
            // Comments mark what is generated.
            Event::Html(_) => {}
            Event::InlineHtml(markup) => out.push(Event::Text(markup.clone())),
            other => out.push(other.clone()),
        }
    }
    out
}

/// The text of the element that begins here.
fn text_within<'a>(events: impl Iterator<Item = &'a Event<'a>>) -> String {
    let mut text = String::new();
    let mut depth = 0;
    for event in events {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            Event::Text(part) | Event::Code(part) => text.push_str(part),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    text
}

/// Where a link leads from the folder of all runbooks; or the document that it means, which is not served.
fn way(link: &str) -> Result<String, String> {
    let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
    let name = path.strip_suffix(".md");
    let page = match name {
        _ if path.is_empty() => "",
        Some("README") => "./",
        Some(name) if advice::runbook(name).is_some() => name,
        _ => return Err(document(path)),
    };
    let fragment = Some(fragment).filter(|fragment| !fragment.is_empty());
    let fragment = fragment.map_or_else(String::new, |fragment| format!("#{fragment}"));
    Ok(format!("{page}{fragment}"))
}

/// `docs/reasons.md`, where a runbook has `../reasons.md`.
fn document(path: &str) -> String {
    match (path.strip_prefix("../../"), path.strip_prefix("../")) {
        (Some(of_project), _) => of_project.to_owned(),
        (None, Some(of_docs)) => format!("docs/{of_docs}"),
        (None, None) => path.to_owned(),
    }
}

fn link(way: String) -> Event<'static> {
    Event::Start(Tag::Link {
        link_type: pulldown_cmark::LinkType::Inline,
        dest_url: way.into(),
        title: "".into(),
        id: "".into(),
    })
}

/// The name that links have for a heading: `## 9. Let the mail go` is `9-let-the-mail-go`.
fn anchor(heading: &str) -> String {
    let lower = heading.to_lowercase();
    let kept = lower
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(markdown: &str) -> String {
        let mut out = String::new();
        html::push_html(&mut out, events(markdown).into_iter());
        out
    }

    #[test]
    fn links_lead_to_pages_or_name_the_document() {
        for (markdown, markup) in [
            ("[x](exchange.md)", "<a href=\"exchange\">x</a>"),
            ("[x](exchange.md#9-let)", "<a href=\"exchange#9-let\">x</a>"),
            ("[x](README.md)", "<a href=\"./\">x</a>"),
            ("[x](#diagnosis)", "<a href=\"#diagnosis\">x</a>"),
            ("[x](nobody.md)", "x [nobody.md]"),
            (
                "[x](../configuration.md#targets)",
                "x [docs/configuration.md]",
            ),
            (
                "[`alerts/a.yml`](../../alerts/a.yml)",
                "<code>alerts/a.yml</code>",
            ),
            ("[x](https://bears.test/)", "x [https://bears.test/]"),
        ] {
            assert_eq!(rendered(markdown), format!("<p>{markup}</p>\n"));
        }
    }

    #[test]
    fn headings_have_the_names_that_links_use() {
        assert_eq!(
            rendered("## 7. Enable it for `SMTP` on **every** server"),
            "<h2 id=\"7-enable-it-for-smtp-on-every-server\">7. Enable it for <code>SMTP</code> on <strong>every</strong> \
             server</h2>\n"
        );
    }

    #[test]
    fn no_markup_but_markdown() {
        assert_eq!(
            rendered("<!-- first -->\n\na <T> b\n"),
            "<p>a &lt;T&gt; b</p>\n"
        );
        assert!(rendered("|a|\n|-|\n|b|\n").starts_with("<div class=\"scroll\"><table>"));
    }
}
