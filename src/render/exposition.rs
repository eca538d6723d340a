//! Families and samples to the Prometheus text format 0.0.4; knows no metric by name.

use std::fmt::Write;

/// Longest label value, in characters. Prometheus can be set to fail a whole scrape for longer ones, and a
/// certificate may carry names of any length.
const MAX_LABEL: usize = 512;

/// The text of one scrape while it is written.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
}

impl Exposition {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
        }
    }

    /// Opens a family; its samples follow.
    pub(super) fn family(&mut self, name: &str, help: &str, kind: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// Writes a sample. `labels` are already written by [`Labels`].
    pub(super) fn sample(&mut self, name: &str, labels: &Labels, extra: &Labels, value: f64) {
        self.text.push_str(name);
        if !(labels.text.is_empty() && extra.text.is_empty()) {
            self.text.push('{');
            self.text.push_str(&labels.text);
            if !labels.text.is_empty() && !extra.text.is_empty() {
                self.text.push(',');
            }
            self.text.push_str(&extra.text);
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// Label pairs as they stand between the braces. Written once an endpoint, used in all its samples.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Labels {
    text: String,
}

impl Labels {
    pub(super) fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut labels = Self::default();
        for (name, value) in pairs {
            labels.add(name, value);
        }
        labels
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push(',');
        }
        self.text.push_str(name);
        self.text.push_str("=\"");
        escape_into(&mut self.text, value);
        self.text.push('"');
    }
}

/// Backslash, quote and line feed are escaped as the format says; other control characters, which it would allow,
/// are made visible because certificates and banners are written by strangers.
fn escape_into(text: &mut String, value: &str) {
    for (i, c) in value.chars().enumerate() {
        match c {
            _ if i == MAX_LABEL => return text.push('…'),
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(text, "\\\\u{{{:x}}}", u32::from(c));
            }
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_written_as_prometheus_reads_them() {
        let mut out = Exposition::default();
        out.family("a_seconds", "How long.", "gauge");
        let labels = Labels::new([("target", "mx")]);
        out.sample("a_seconds", &labels, &Labels::new([("phase", "ehlo")]), 1.5);
        out.sample("a_seconds", &Labels::default(), &Labels::default(), -3.0);
        assert_eq!(
            out.into_text(),
            "# HELP a_seconds How long.\n# TYPE a_seconds gauge\n\
             a_seconds{target=\"mx\",phase=\"ehlo\"} 1.5\na_seconds -3\n"
        );
    }

    #[test]
    fn strangers_cannot_break_out_of_a_label() {
        let labels = Labels::new([("s", "a\"} 1\n\\b\u{1b}")]);
        assert_eq!(labels.text, "s=\"a\\\"} 1\\n\\\\b\\\\u{1b}\"");
        let long = Labels::new([("s", "x".repeat(10_000).as_str())]);
        assert_eq!(long.text.chars().count(), MAX_LABEL + 5);
    }

    #[test]
    fn timestamps_keep_every_digit() {
        let mut out = Exposition::default();
        let none = Labels::default();
        out.sample("t", &none, &none, 253_402_300_799.0);
        assert_eq!(out.into_text(), "t 253402300799\n");
    }
}
