//! `/api/v1/report`: everything that is known, as JSON.

use super::super::answer::{HttpResponse, JSON, broken};
use super::super::asked::Asked;
use crate::render;

pub(in crate::web) async fn answer(asked: &Asked<'_>) -> HttpResponse {
    let deadline = asked.deadline();
    let Some(published) = asked.round(deadline).await else {
        return broken();
    };
    let write = move || render::json(&published.snapshot);
    asked.offload(write, JSON).await
}
