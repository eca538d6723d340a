//! `/-/healthy` and `/-/ready`: whether the exporter works, and whether it still takes requests.

use hyper::StatusCode;

use super::super::answer::{HttpResponse, line};
use super::super::site::Site;

pub(in crate::web) fn healthy(site: &Site) -> HttpResponse {
    if site.is_well() {
        line(StatusCode::OK, "Healthy")
    } else {
        line(StatusCode::SERVICE_UNAVAILABLE, "a scrape is never done")
    }
}

pub(in crate::web) fn ready(site: &Site) -> HttpResponse {
    if site.app.is_ending() {
        line(StatusCode::SERVICE_UNAVAILABLE, "Ending")
    } else {
        line(StatusCode::OK, "Ready")
    }
}
