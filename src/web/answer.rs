//! A status and a text to a response; knows no route.

use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, VARY,
};
use hyper::{Response, StatusCode};

use super::content::Content;
use super::negotiation;
use crate::plain::plain;
use crate::render::{Encoding, encoded};

pub(super) type HttpResponse = Response<Content>;

pub(super) const TEXT: &str = "text/plain; charset=utf-8";
pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const JSON: &str = "application/json";

/// Texts below this fit a packet anyway.
const WORTH_COMPRESSING: usize = 1400;

/// A line of text, of whomever.
pub(super) fn line(status: StatusCode, text: &str) -> HttpResponse {
    bytes(
        status,
        TEXT,
        format!("{}\n", plain(text, 2000)).into_bytes(),
    )
}

/// A text, compressed for who accepts that.
pub(super) fn document(
    content_type: &'static str,
    text: String,
    asked: &HeaderMap,
) -> HttpResponse {
    let encoding = if text.len() < WORTH_COMPRESSING {
        Encoding::Identity
    } else {
        negotiation::encoding(asked)
    };
    encoded_bytes(content_type, encoded(text, encoding), encoding)
}

/// Bytes that are encoded already.
pub(super) fn encoded_bytes(
    content_type: &'static str,
    body: impl Into<Bytes>,
    encoding: Encoding,
) -> HttpResponse {
    let mut answer = bytes(StatusCode::OK, content_type, body);
    let headers = answer.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if encoding == Encoding::Gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

/// What is held compressed, for whoever accepts that and whoever does not.
pub(super) fn packed(content_type: &'static str, gzip: Bytes, asked: &HeaderMap) -> HttpResponse {
    let encoding = negotiation::encoding(asked);
    let mut answer = encoded_bytes(content_type, gzip.clone(), encoding);
    if encoding == Encoding::Identity {
        *answer.body_mut() = Content::unpacked(gzip);
    }
    answer
}

/// 405 with what is possible.
pub(super) fn only(methods: &'static str) -> HttpResponse {
    let mut answer = line(StatusCode::METHOD_NOT_ALLOWED, &format!("only {methods}"));
    let methods = HeaderValue::from_static(methods);
    answer.headers_mut().insert(ALLOW, methods);
    answer
}

/// 302 to where it is, relative to what was asked for.
pub(super) fn moved(to: &str) -> HttpResponse {
    let Ok(there) = HeaderValue::from_str(to) else {
        return broken();
    };
    let mut answer = line(StatusCode::FOUND, to);
    answer.headers_mut().insert(LOCATION, there);
    answer
}

/// What is said instead of an answer that could not be written.
pub(super) fn broken() -> HttpResponse {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    line(status, "the answer broke while it was written; a defect")
}

fn bytes(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> HttpResponse {
    let mut answer = Response::new(Content::new(body.into()));
    *answer.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}
