//! Families and samples to the text that Prometheus reads, in its own format or OpenMetrics; knows no metric by name.

use std::fmt::Write;

use super::body::{Body, Encoding};
use crate::metric::Kind;
use crate::plain::is_hidden;

/// Longest label value, in characters. Prometheus can be set to fail a whole scrape for longer ones, and a
/// certificate may carry names of any length.
const MAX_LABEL: usize = 512;

/// The language of an answer with metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus text format 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// What to send as Content-Type. Prometheus 3 refuses a scrape without it.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The text of one scrape while it is written.
pub(super) struct Exposition {
    format: Format,
    body: Body,
}

impl Exposition {
    pub(super) fn new(format: Format, encoding: Encoding) -> Self {
        Self {
            format,
            body: Body::new(encoding),
        }
    }

    /// Opens a family; its samples follow.
    pub(super) fn family(&mut self, name: &str, help: &str, kind: Kind) {
        let (name, kind) = match (self.format, kind) {
            (Format::Text, kind) => (name, kind.as_str()),
            // OpenMetrics names a family without the suffix that its samples carry (§ Counter, § Info).
            (Format::OpenMetrics, Kind::Counter) => {
                (name.strip_suffix("_total").unwrap_or(name), "counter")
            }
            (Format::OpenMetrics, Kind::Gauge) => match name.strip_suffix("_info") {
                Some(bare) => (bare, "info"),
                None => (name, "gauge"),
            },
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.body.text(),
            "# HELP {name} {help}\n# TYPE {name} {kind}"
        );
    }

    /// Writes a sample. `labels` are already written by [`Labels`], and `extra` ones come after them.
    pub(super) fn sample<'a>(
        &mut self,
        name: &str,
        labels: &Labels,
        extra: impl IntoIterator<Item = (&'a str, &'a str)>,
        value: f64,
    ) {
        let text = self.body.text();
        text.push_str(name);
        let mut before = if labels.text.is_empty() { '{' } else { ',' };
        if !labels.text.is_empty() {
            text.push('{');
            text.push_str(&labels.text);
        }
        for (name, value) in extra {
            text.push(before);
            label(text, name, value);
            before = ',';
        }
        if before == ',' {
            text.push('}');
        }
        number(text, value);
    }

    /// The whole answer.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.format == Format::OpenMetrics {
            self.body.text().push_str("# EOF\n");
        }
        self.body.finish()
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
        label(&mut self.text, name, value);
    }
}

/// Most values are 0, 1 or another whole number, and these are written ten times as fast as such.
fn number(text: &mut String, value: f64) {
    #[expect(clippy::cast_possible_truncation, reason = "compared with what it was")]
    let whole = value as i64;
    #[expect(clippy::cast_precision_loss, reason = "compared with what it was")]
    let is_whole = whole as f64 == value && whole.unsigned_abs() < 1 << 52;
    let _ = match whole {
        0 if is_whole => text.write_str(" 0\n"),
        1 if is_whole => text.write_str(" 1\n"),
        _ if is_whole => writeln!(text, " {whole}"),
        _ => writeln!(text, " {value}"),
    };
}

fn label(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str("=\"");
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if value.len() <= MAX_LABEL && value.bytes().all(is_plain) {
        text.push_str(value);
    } else {
        escape_into(text, value);
    }
    text.push('"');
}

/// Backslash, quote and line feed are escaped as both formats say; what else is hidden, which they would allow, is made
/// visible because certificates and banners are written by strangers.
fn escape_into(text: &mut String, value: &str) {
    for (i, c) in value.chars().enumerate() {
        match c {
            _ if i == MAX_LABEL => return text.push('…'),
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c if is_hidden(c) => {
                let _ = write!(text, "\\\\u{{{:x}}}", u32::from(c));
            }
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(format: Format, write: impl FnOnce(&mut Exposition)) -> String {
        let mut out = Exposition::new(format, Encoding::Identity);
        write(&mut out);
        String::from_utf8(out.finish()).unwrap()
    }

    #[test]
    fn samples_are_written_as_prometheus_reads_them() {
        let written = text(Format::Text, |out| {
            out.family("a_seconds", "How long.", Kind::Gauge);
            let labels = Labels::new([("target", "mx")]);
            out.sample("a_seconds", &labels, [("phase", "ehlo")], 1.5);
            out.sample("a_seconds", &Labels::default(), [], -3.0);
        });
        assert_eq!(
            written,
            "# HELP a_seconds How long.\n# TYPE a_seconds gauge\n\
             a_seconds{target=\"mx\",phase=\"ehlo\"} 1.5\na_seconds -3\n"
        );
    }

    #[test]
    fn openmetrics_names_families_without_suffix_and_says_where_it_ends() {
        let none = Labels::default();
        let written = text(Format::OpenMetrics, |out| {
            out.family("a_total", "How many.", Kind::Counter);
            out.sample("a_total", &none, [], 2.0);
            out.family("b_info", "What.", Kind::Gauge);
            out.sample("b_info", &Labels::new([("v", "1")]), [], 1.0);
            out.family("c", "Now.", Kind::Gauge);
        });
        assert_eq!(
            written,
            "# HELP a How many.\n# TYPE a counter\na_total 2\n\
             # HELP b What.\n# TYPE b info\nb_info{v=\"1\"} 1\n\
             # HELP c Now.\n# TYPE c gauge\n# EOF\n"
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
        let none = Labels::default();
        let written = text(Format::Text, |out| {
            out.sample("t", &none, [], 253_402_300_799.0);
        });
        assert_eq!(written, "t 253402300799\n");
    }
}
