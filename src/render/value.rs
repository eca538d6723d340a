//! Facts to the numbers of samples; knows no metric.

use std::time::Duration;

use crate::timestamp::Timestamp;

pub(super) fn flag(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and dates are far below 2^52"
)]
pub(super) fn count(n: usize) -> f64 {
    n as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and dates are far below 2^52"
)]
pub(super) fn seconds(n: i64) -> f64 {
    n as f64
}

pub(super) fn duration(lasting: Duration) -> f64 {
    lasting.as_secs_f64()
}

pub(super) fn time(at: Timestamp) -> f64 {
    seconds(at.0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "more than 2^52 messages are none"
)]
pub(super) fn messages(n: u64) -> f64 {
    n as f64
}
