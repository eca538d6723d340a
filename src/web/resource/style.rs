//! `/style.css`: the style sheet of all pages.

use hyper::header::{CACHE_CONTROL, HeaderValue};

use super::super::answer::{HttpResponse, document};
use super::super::asked::Asked;
use crate::render;

const CSS: &str = "text/css; charset=utf-8";

pub(in crate::web) fn answer(asked: &Asked<'_>) -> HttpResponse {
    let mut sheet = document(CSS, render::STYLE.to_owned(), asked.headers);
    let hour = HeaderValue::from_static("max-age=3600");
    sheet.headers_mut().insert(CACHE_CONTROL, hour);
    sheet
}
