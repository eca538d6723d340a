//! Requests of people to pages: which page, which rows, and the headers that let it do nothing but be read.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{StatusCode, Uri};
use tokio::time::Instant;

use super::answer::{Answer, broken, document, line};
use super::query::{Query, decoded};
use super::site::Site;
use crate::app::InForce;
use crate::render::{self, Filter};
use crate::report::{Snapshot, State};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// A person sees what is known after so long; the rest is there when the page is loaded again.
const PATIENCE: Duration = Duration::from_secs(2);

/// Nothing but our own style sheet, and forms that lead to us.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const GUARDS: [(HeaderName, &str); 4] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
];

/// The page at this path, or that there is none.
pub(super) async fn answer(
    site: &Arc<Site>,
    in_force: &InForce,
    uri: &Uri,
    query: &Query,
    headers: &HeaderMap,
) -> Answer {
    let path = uri.path();
    if path == "/" {
        let version = site.build.version;
        let Some(filter) = filter(query) else {
            let words: Vec<_> = State::ALL.iter().map(|state| state.as_str()).collect();
            let why = format!("no such state, expected one of {}", words.join(", "));
            return line(StatusCode::BAD_REQUEST, &why);
        };
        let Some(snapshot) = snapshot(site, in_force).await else {
            return broken();
        };
        let write = move || render::index(&snapshot, &filter, version);
        site.offload(write, HTML, headers).await
    } else if path == "/style.css" {
        let mut sheet = document(CSS, render::STYLE.to_owned(), headers);
        let hour = HeaderValue::from_static("max-age=3600");
        sheet.headers_mut().insert(CACHE_CONTROL, hour);
        sheet
    } else if let Some(name) = path.strip_prefix("/targets/") {
        target(site, in_force, &decoded(name, false), headers).await
    } else {
        line(StatusCode::NOT_FOUND, "not found")
    }
}

/// Lets an answer do nothing but be read: also those for programs, which may hold what strangers wrote.
pub(super) fn guard(headers: &mut HeaderMap) {
    for (name, value) in GUARDS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Whoever keeps an answer would show a state that is long over.
    let unkept = HeaderValue::from_static("no-store");
    headers.entry(CACHE_CONTROL).or_insert(unkept);
}

async fn target(site: &Site, in_force: &InForce, name: &str, headers: &HeaderMap) -> Answer {
    let known = in_force
        .rounds
        .targets()
        .iter()
        .any(|watched| watched.source.name == name);
    if !known {
        return line(StatusCode::NOT_FOUND, "no such target");
    }
    let Some(snapshot) = snapshot(site, in_force).await else {
        return broken();
    };
    let (name, version) = (name.to_owned(), site.build.version);
    let write = move || {
        let mut targets = snapshot.targets.iter();
        let report = targets.find(|report| report.source.name == name);
        report.map_or_else(String::new, |report| {
            render::target(report, &snapshot, version)
        })
    };
    site.offload(write, HTML, headers).await
}

/// What is known after as long as a person waits.
async fn snapshot(site: &Site, in_force: &InForce) -> Option<Arc<Snapshot>> {
    let deadline = Instant::now() + PATIENCE;
    let round = site.app.round(&in_force.rounds, deadline).await?;
    Some(round.published.snapshot)
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
