//! `/config`: the configuration in force, for people, secrets hidden.

use super::super::answer::{HttpResponse, TEXT, document};
use super::super::asked::Asked;
use crate::plain::quoted;

pub(in crate::web) fn answer(asked: &Asked<'_>) -> HttpResponse {
    let shown = quoted(&asked.in_force.shown).into_owned();
    document(TEXT, shown, asked.headers)
}
