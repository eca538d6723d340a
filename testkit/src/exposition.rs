//! Text of the exposition format 0.0.4 to samples, refusing what Prometheus would refuse; knows no metric.

use std::collections::{BTreeMap, BTreeSet, HashSet};

/// One sample line.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub name: String,
    /// In the order of the line.
    pub labels: Vec<(String, String)>,
    pub value: f64,
}

impl Sample {
    pub fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn has(&self, wanted: &[(&str, &str)]) -> bool {
        wanted.iter().all(|(n, v)| self.label(n) == Some(*v))
    }
}

/// A whole scrape.
#[derive(Debug, Default)]
pub struct Exposition {
    /// Name and type of each family, in order.
    pub families: Vec<(String, String)>,
    pub samples: Vec<Sample>,
    series: HashSet<(String, Vec<(String, String)>)>,
}

impl Exposition {
    /// Reads a scrape. Panics at the first line that the format forbids.
    pub fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line has no end");
        let mut read = Self::default();
        let mut helped = String::new();
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("HELP has a text");
                assert!(!help.is_empty(), "{line}");
                name.clone_into(&mut helped);
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                read.open_family(&helped, rest);
            } else {
                read.add(line);
            }
        }
        read
    }

    fn open_family(&mut self, helped: &str, line: &str) {
        let (name, kind) = line.split_once(' ').expect("TYPE has a type");
        assert_eq!(helped, name, "HELP and TYPE name different families");
        assert!(matches!(kind, "gauge" | "counter"), "{line}");
        let known = self.families.iter().any(|(known, _)| known == name);
        assert!(!known, "a second TYPE for {name}");
        self.families.push((name.to_owned(), kind.to_owned()));
    }

    fn add(&mut self, line: &str) {
        let sample = sample(line);
        let family = self.families.last().map(|(name, _)| name);
        assert_eq!(family, Some(&sample.name), "outside its family: {line}");
        let series = (sample.name.clone(), sample.labels.clone());
        let is_new = self.series.insert(series);
        assert!(is_new, "a second sample for one series: {line}");
        self.samples.push(sample);
    }

    /// The samples of a family that bear these labels.
    pub fn all(&self, name: &str, labels: &[(&str, &str)]) -> Vec<&Sample> {
        let of_name = self.samples.iter().filter(|s| s.name == name);
        of_name.filter(|s| s.has(labels)).collect()
    }

    /// The one sample with these labels, if there is any. Panics when there are several.
    pub fn one(&self, name: &str, labels: &[(&str, &str)]) -> Option<&Sample> {
        let found = self.all(name, labels);
        assert!(found.len() < 2, "several {name} with {labels:?}");
        found.first().copied()
    }

    /// Its value.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.one(name, labels).map(|sample| sample.value)
    }

    /// The one sample with these labels; the error says what is there instead.
    pub fn only(&self, name: &str, labels: &[(&str, &str)]) -> Result<&Sample, String> {
        match self.all(name, labels)[..] {
            [sample] => Ok(sample),
            _ => Err(format!(
                "not one {name} with {labels:?}: {:#?}",
                self.all(name, &[])
            )),
        }
    }

    /// Its value.
    pub fn only_value(&self, name: &str, labels: &[(&str, &str)]) -> Result<f64, String> {
        self.only(name, labels).map(|sample| sample.value)
    }

    /// Phase and reason of what a target's only endpoint failed for.
    pub fn failure(&self, labels: &[(&str, &str)]) -> Option<(String, String)> {
        let sample = self.one("smtp_tls_probe_failure_info", labels)?;
        let text = |name| sample.label(name).unwrap_or_default().to_owned();
        Some((text("phase"), text("reason")))
    }

    /// The names of all families that have samples with these labels.
    pub fn names(&self, labels: &[(&str, &str)]) -> BTreeSet<String> {
        let bearing = self.samples.iter().filter(|s| s.has(labels));
        bearing.map(|s| s.name.clone()).collect()
    }
}

/// The value of the first sample that a line beginning so would be: `name{label="value"`, cut wherever it is plain.
pub fn value(metrics: &str, begin: &str) -> Option<f64> {
    let (name, inside) = begin
        .split_once('{')
        .unwrap_or_else(|| (begin.trim_end(), ""));
    let inside = inside.trim_end_matches([',', '}']);
    let wanted = match inside {
        "" => Vec::new(),
        inside => labels(&format!("{inside}}}"), begin).0,
    };
    let wanted: Vec<_> = wanted
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let metrics = Exposition::parse(metrics);
    metrics.all(name, &wanted).first().map(|s| s.value)
}

/// `name{label="value",…} number`
fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).expect("a sample has a value");
    let (name, rest) = line.split_at(end);
    assert!(is_name(name, ":"), "no metric name: {line}");
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside, line),
        None => (Vec::new(), rest),
    };
    let number = rest.strip_prefix(' ').expect("a blank before the value");
    let value: f64 = number.parse().unwrap_or_else(|_| panic!("value: {line}"));
    assert!(value.is_finite(), "neither NaN nor infinity: {line}");
    let names: BTreeMap<_, _> = labels.iter().cloned().collect();
    assert_eq!(names.len(), labels.len(), "a label twice: {line}");
    Sample {
        name: name.to_owned(),
        labels,
        value,
    }
}

/// The labels behind `{`, and what follows `}`.
fn labels<'a>(mut rest: &'a str, line: &str) -> (Vec<(String, String)>, &'a str) {
    let mut labels = Vec::new();
    loop {
        let (name, quoted) = rest.split_once("=\"").expect("a label has a value");
        assert!(is_name(name, ""), "no label name: {line}");
        let (value, behind) = unquoted(quoted, line);
        labels.push((name.to_owned(), value));
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None => {
                let end = behind.strip_prefix('}');
                return (labels, end.unwrap_or_else(|| panic!("no end: {line}")));
            }
        }
    }
}

/// The value up to its closing quote, and what follows that.
fn unquoted<'a>(text: &'a str, line: &str) -> (String, &'a str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, c @ ('\\' | '"'))) => value.push(c),
                other => panic!("no escape {other:?}: {line}"),
            },
            c => value.push(c),
        }
    }
    panic!("a value without end: {line}")
}

fn is_name(name: &str, more: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || more.contains(c);
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(fits)
}
