//! `/-/reload`: reads the configuration again.

use hyper::{Method, Request, StatusCode};

use super::super::answer::{HttpResponse, line, only};
use super::super::origin;
use super::super::site::Site;

/// Most broken files that the answer names.
const MAX_KEPT: usize = 10;

pub(in crate::web) async fn answer<B>(site: &Site, request: &Request<B>) -> HttpResponse {
    if !matches!(*request.method(), Method::POST | Method::PUT) {
        return only("POST, PUT");
    }
    if let Some(refusal) = origin::foreign(request.headers(), site.mount.outside()) {
        return refusal;
    }
    match site.app.read_again().await {
        Ok(kept) => line(StatusCode::OK, &reloaded(&kept)),
        Err(mistake) => line(StatusCode::INTERNAL_SERVER_ERROR, &mistake),
    }
}

/// What is told of a reload; the log has all of it.
fn reloaded(kept: &[String]) -> String {
    let named: Vec<&str> = kept.iter().take(MAX_KEPT).map(String::as_str).collect();
    match (named.as_slice(), kept.len().saturating_sub(MAX_KEPT)) {
        ([], _) => "reloaded".to_owned(),
        (_, 0) => format!("reloaded, but {}", named.join("; ")),
        (_, more) => format!("reloaded, but {}; and {more} more", named.join("; ")),
    }
}
