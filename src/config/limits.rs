//! `limits:` to the moments at which too little of a lifetime is left.

use super::keys;
use crate::verdict::{Threshold, Thresholds};
use crate::yaml::{Problem, Value, duration};

/// Overrides what the section says; each of the two is replaced as a whole.
pub(super) fn take_from(section: &Value<'_>, thresholds: &mut Thresholds) -> Result<(), Problem> {
    let mut fields = section.fields()?;
    if let Some(value) = fields.take("warning") {
        thresholds.warning = threshold(&value)?;
    }
    if let Some(value) = fields.take("critical") {
        thresholds.critical = threshold(&value)?;
    }
    fields.finish(&keys::LIMITS.names())?;
    ordered(thresholds).map_err(|why| section.problem(why))
}

/// Critical may not begin before warning, which nobody would ever see then.
fn ordered(thresholds: &Thresholds) -> Result<(), String> {
    let Thresholds { warning, critical } = thresholds;
    let order = "expected warning to begin first";
    if let (Some(first), Some(last)) = (warning.seconds, critical.seconds)
        && first < last
    {
        let (first, last) = (shown(first), shown(last));
        return Err(format!(
            "critical begins when {last} are left, warning at {first}, {order}"
        ));
    }
    if let (Some(first), Some(last)) = (warning.fraction, critical.fraction)
        && first < last
    {
        let (first, last) = (first * 100.0, last * 100.0);
        return Err(format!(
            "critical begins at {last}% of the lifetime, warning at {first}%, {order}"
        ));
    }
    Ok(())
}

fn shown(seconds: i64) -> String {
    duration::shown(std::time::Duration::from_secs(seconds.unsigned_abs()))
}

fn threshold(value: &Value<'_>) -> Result<Threshold, Problem> {
    let mut fields = value.fields()?;
    let lifetime = fields.take("lifetime").map(|value| lifetime(&value));
    let left = fields.take("left").map(|value| left(&value));
    let threshold = Threshold {
        fraction: lifetime.transpose()?,
        seconds: left.transpose()?,
    };
    if threshold.fraction.is_none() && threshold.seconds.is_none() {
        let nothing = value.problem("not a limit, expected lifetime, left or both");
        return Err(fields.mistyped(&["lifetime", "left"]).unwrap_or(nothing));
    }
    fields.finish(&keys::LIMIT.names())?;
    Ok(threshold)
}

fn left(value: &Value<'_>) -> Result<i64, Problem> {
    let seconds = value.duration()?.as_secs();
    Ok(i64::try_from(seconds).unwrap_or(i64::MAX))
}

fn lifetime(value: &Value<'_>) -> Result<f64, Problem> {
    value.parsed_by(share, "a share of the lifetime such as 25%")
}

/// `25%` as 0.25.
pub(crate) fn share(text: &str) -> Result<f64, &'static str> {
    let percent = text.strip_suffix('%').and_then(|p| p.parse::<f64>().ok());
    let valid = percent.filter(|p| (0.0..=100.0).contains(p));
    valid.map(|p| p / 100.0).ok_or("not a share")
}
