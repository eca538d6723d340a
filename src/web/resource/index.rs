//! `/`: the table of all endpoints for people, or the rows of it that were asked for.

use hyper::StatusCode;

use super::super::answer::{HTML, HttpResponse, broken, line};
use super::super::asked::Asked;
use super::super::query::Query;
use crate::render::{self, Filter};
use crate::report::State;

pub(in crate::web) async fn answer(asked: &Asked<'_>) -> HttpResponse {
    let Some(filter) = filter(&asked.query) else {
        let words: Vec<_> = State::ALL.iter().map(|state| state.as_str()).collect();
        let why = format!("no such state, expected one of {}", words.join(", "));
        return line(StatusCode::BAD_REQUEST, &why);
    };
    let Some(snapshot) = asked.glance().await else {
        return broken();
    };
    let version = asked.site.build.version;
    let reload = asked.site.app.last_reload();
    let write = move || render::index(&snapshot, &filter, &reload, version);
    asked.offload(write, HTML).await
}

/// Which rows are asked for; `None` for a state that there is not.
fn filter(query: &Query) -> Option<Filter> {
    let named = |word: &str| {
        let mut all = State::ALL.into_iter();
        all.find(|state| state.as_str().eq_ignore_ascii_case(word))
    };
    let state = match query.first("state") {
        None | Some("") => None,
        Some(word) => Some(named(word)?),
    };
    Some(Filter {
        state,
        text: query
            .first("q")
            .map(|text| text.chars().take(200).collect()),
        page: query
            .first("page")
            .and_then(|page| page.parse().ok())
            .unwrap_or(0),
    })
}
