//! The text of a metrics page into samples that a test can ask for by name and labels.

use std::collections::BTreeMap;

/// One line of the page.
#[derive(Debug)]
pub(crate) struct Sample {
    name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// All lines of the page.
pub(crate) struct Samples(Vec<Sample>);

impl Samples {
    /// Reads a page in the text format 0.0.4.
    pub(crate) fn read(page: &str) -> Self {
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        let samples = lines.filter(|line| !line.trim().is_empty()).map(|line| {
            sample(line).unwrap_or_else(|| panic!("not a line of a metrics page: {line}"))
        });
        Self(samples.collect())
    }

    /// The one sample of that name with these labels, and perhaps others.
    pub(crate) fn one(&self, name: &str, labels: &[(&str, &str)]) -> Result<&Sample, String> {
        let named: Vec<&Sample> = self.0.iter().filter(|s| s.name == name).collect();
        let fits = |sample: &Sample| {
            let has =
                |&(key, value): &(&str, &str)| sample.labels.get(key).is_some_and(|v| v == value);
            labels.iter().all(has)
        };
        match *named.iter().filter(|s| fits(s)).collect::<Vec<_>>() {
            [sample] => Ok(sample),
            _ => Err(format!("not one {name} with {labels:?}: {named:#?}")),
        }
    }

    /// The value of that one sample.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Result<f64, String> {
        self.one(name, labels).map(|sample| sample.value)
    }
}

/// `name{key="value",…} 1` or `name 1`.
fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (key, quoted) = rest.split_once("=\"")?;
            let (value, after) = unquoted(quoted)?;
            labels.insert(key.to_owned(), value);
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = &rest[1..];
    }
    Some(Sample {
        name: name.to_owned(),
        labels,
        value: rest.split_whitespace().next()?.parse().ok()?,
    })
}

/// A label's value up to its closing quote, and what follows that.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match signs.next()?.1 {
                'n' => value.push('\n'),
                escaped => value.push(escaped),
            },
            plain => value.push(plain),
        }
    }
    None
}
