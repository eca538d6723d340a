//! Labels that operators give to series: their names, and no secrets in them.

use std::collections::BTreeMap;

use crate::render::reserved_labels;
use crate::yaml::{Problem, Value, secret};

/// Reads them.
pub(super) fn labels<'a>(
    entries: impl IntoIterator<Item = (&'a str, Value<'a>)>,
) -> Result<BTreeMap<String, String>, Problem> {
    let (reserved, mut labels) = (reserved_labels(), BTreeMap::new());
    for (name, value) in entries {
        if !is_label_name(name) {
            let expected = "letters, digits and _, not beginning with a digit or __";
            return Err(value.problem(format!("not a label name, expected {expected}")));
        }
        if reserved.contains(&name) {
            let why = "a label of the exporter's own series, expected another name";
            return Err(value.problem(why));
        }
        let text = value.text()?;
        if secret::is_in(text) {
            let why = "looks like a secret, which every series would show, expected other text";
            return Err(value.problem(why));
        }
        labels.insert(name.to_owned(), text.to_owned());
    }
    Ok(labels)
}

/// As Prometheus' data model has them; names with two underscores are its own.
fn is_label_name(name: &str) -> bool {
    !name.starts_with("__")
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
