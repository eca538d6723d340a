//! `published:` and `state_directory` to the manners of asking for what is published; opens no directory.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::keys;
use super::trust::TrustStores;
use crate::policy::PolicySettings;
use crate::yaml::{Fields, Problem};

const INTERVALS: RangeInclusive<Duration> = Duration::from_secs(300)..=Duration::from_secs(86_400);
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);

/// Takes both keys of the file.
pub(super) fn read(
    fields: &mut Fields<'_>,
    stores: &mut TrustStores,
) -> Result<PolicySettings, Problem> {
    let mut settings = PolicySettings::new(stores.mozilla());
    if let Some(section) = fields.take("published") {
        let mut fields = section.fields()?;
        if let Some(value) = fields.take("policy_interval") {
            settings.interval = value.duration_in(INTERVALS, "interval")?;
        }
        if let Some(value) = fields.take("policy_timeout") {
            settings.timeout = value.duration_in(TIMEOUTS, "timeout")?;
        }
        if let Some(value) = fields.take("policy_roots") {
            settings.roots = stores.read(&value)?;
        }
        fields.finish(&keys::PUBLISHED.names())?;
    }
    if let Some(value) = fields.take("state_directory") {
        let text = value.text()?;
        if text.is_empty() {
            return Err(value.problem("empty, expected a directory"));
        }
        settings.state_directory = Some(stores.base.path(text));
    }
    Ok(settings)
}
