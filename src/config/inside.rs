//! `inside:` to how the inside of mail servers is judged, and to the files that tell of it; opens none of them.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::host::addresses;
use super::inventory_files::InventoryFiles;
use super::keys;
use super::last_good::Base;
use super::pattern::Pattern;
use crate::facts::inventory::NamedServer;
use crate::report::InsideSettings;
use crate::yaml::{Fields, Problem, Value, secret};

/// How old an inventory may be allowed to become.
const AGES: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(7 * 86_400);

/// Reads the section into the settings. Relative paths are relative to `base`.
pub(super) fn read(
    section: &Value<'_>,
    base: &Base,
    settings: &mut InsideSettings,
) -> Result<InventoryFiles, Problem> {
    let mut fields = section.fields()?;
    let mut files = InventoryFiles::default();
    let listed = fields.require("files", "a file or DIRECTORY/*.json")?;
    let pattern = |value: &Value<'_>| Pattern::of_inventories(value, base);
    files.patterns = listed
        .list_or_one()?
        .iter()
        .map(pattern)
        .collect::<Result<_, _>>()?;
    if files.patterns.is_empty() {
        return Err(listed.problem("empty, expected a file or DIRECTORY/*.json"));
    }
    if let Some(age) = max_age(&mut fields)? {
        files.census.max_age = age;
    }
    if let Some(value) = fields.take("next_hops") {
        settings.next_hops = value
            .integer_in(keys::NEXT_HOPS, "number of next hops")?
            .into();
    }
    if let Some(servers) = fields.take("servers") {
        for (name, value) in servers.entries()? {
            let server = server(name, &value)?;
            let is_same = |other: &NamedServer| other.name.eq_ignore_ascii_case(&server.name);
            if files.census.named.iter().any(is_same) {
                return Err(value.problem("named twice, expected it once"));
            }
            files.census.named.push(server);
        }
    }
    fields.finish(&keys::INSIDE.names())?;
    Ok(files)
}

fn server(name: &str, value: &Value<'_>) -> Result<NamedServer, Problem> {
    let length = name.chars().count();
    let is_plain = !name.chars().any(char::is_control) && !secret::is_in(name);
    if !(1..=255).contains(&length) || !is_plain {
        return Err(value.problem("not a server name, expected 1 to 255 characters"));
    }
    let mut server = NamedServer {
        name: name.to_owned(),
        addresses: None,
        max_age: None,
    };
    if !value.is_null() {
        let mut fields = value.fields()?;
        let listed = fields.take("addresses").map(|v| addresses(&v));
        server.addresses = listed.transpose()?;
        server.max_age = max_age(&mut fields)?;
        fields.finish(&keys::INSIDE_SERVER.names())?;
    }
    Ok(server)
}

fn max_age(fields: &mut Fields<'_>) -> Result<Option<i64>, Problem> {
    let Some(value) = fields.take("max_age") else {
        return Ok(None);
    };
    let age = value.duration_in(AGES, "age")?;
    Ok(i64::try_from(age.as_secs()).ok())
}
