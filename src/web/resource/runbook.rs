//! `/runbooks/`: what to do about each alert; `/runbooks/NAME`: one of them.

use hyper::StatusCode;

use super::super::answer::{HTML, HttpResponse, document, line};
use super::super::asked::Asked;
use crate::render;

pub(in crate::web) fn answer(asked: &Asked<'_>, name: &str) -> HttpResponse {
    // Runbooks name each other as the files that they are in the project.
    let name = match name {
        "" => "README",
        name => name.strip_suffix(".md").unwrap_or(name),
    };
    match render::runbook(name, asked.site.build.version) {
        Some(page) => document(HTML, page, asked.headers),
        None => line(StatusCode::NOT_FOUND, "no such runbook"),
    }
}
