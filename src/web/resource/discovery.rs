//! `/sd`: the configured targets for Prometheus' http_sd.

use super::super::answer::{HttpResponse, JSON, document};
use super::super::asked::Asked;
use crate::render;

pub(in crate::web) fn answer(asked: &Asked<'_>) -> HttpResponse {
    let targets = asked.in_force.rounds.targets();
    let sources = targets.iter().map(|watched| &*watched.source);
    let listed = render::discovery(sources);
    document(JSON, listed, asked.headers)
}
