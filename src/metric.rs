//! What a metric family is called and what it says: the one definition that the exposition and the documents follow.

/// What a family's samples are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A value that goes up and down.
    Gauge,
    /// A number that only grows.
    Counter,
}

impl Kind {
    /// As the exposition formats write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
        }
    }
}

/// One metric family.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Public name.
    pub name: &'static str,
    /// What its samples are.
    pub kind: Kind,
    /// What it says, one sentence; with its unit, and without Markdown.
    pub help: &'static str,
    /// Label names beyond those that every endpoint or target has.
    pub labels: &'static [&'static str],
    /// When it has a sample.
    pub when: &'static str,
    /// What else is good to know, as Markdown for docs/metrics.md; or empty.
    pub note: &'static str,
}

impl Metric {
    pub(crate) const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Gauge,
            help,
            labels: &[],
            when: "always",
            note: "",
        }
    }

    pub(crate) const fn counter(name: &'static str, help: &'static str) -> Self {
        Self {
            kind: Kind::Counter,
            ..Self::gauge(name, help)
        }
    }

    pub(crate) const fn labels(self, labels: &'static [&'static str]) -> Self {
        Self { labels, ..self }
    }

    pub(crate) const fn when(self, when: &'static str) -> Self {
        Self { when, ..self }
    }

    pub(crate) const fn note(self, note: &'static str) -> Self {
        Self { note, ..self }
    }
}
