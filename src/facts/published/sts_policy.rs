//! The text of an MTA-STS policy to what it asks of senders, or to the first mistake in it (RFC 8461 §3.2).

use std::net::IpAddr;
use std::time::Duration;

use super::mistake::{TextMistake, cut};
use super::sts_record::is_extension_name;

/// Most bytes of a policy (RFC 8461 §3.3).
pub const MAX_POLICY: usize = 64 * 1024;

/// The longest that a policy may be kept: a year; more counts as that (RFC 8461 §3.2).
pub const MAX_AGE: Duration = Duration::from_secs(31_557_600);

/// Most remarks that are kept of one text.
const MAX_REMARKS: usize = 16;

/// What senders do where a server does not fit the policy; [`as_str`](Self::as_str) is a public label value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StsMode {
    /// They do not deliver.
    Enforce,
    /// They report and deliver.
    Testing,
    /// They behave as if there were no policy.
    None,
}

impl StsMode {
    /// As policies write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Testing => "testing",
            Self::None => "none",
        }
    }

    fn read(value: &str) -> Option<Self> {
        let all = [Self::Enforce, Self::Testing, Self::None];
        all.into_iter().find(|mode| mode.as_str() == value)
    }
}

/// A valid policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StsPolicy {
    /// What it asks for.
    pub mode: StsMode,
    /// How long senders keep it, at most [`MAX_AGE`].
    pub max_age: Duration,
    /// The MX hosts, lower-case; `*.example.com` stands for all with exactly one more label.
    pub patterns: Box<[Box<str>]>,
    /// What is odd in it and stops no sender, at most 16.
    pub remarks: Box<[TextMistake]>,
}

impl StsPolicy {
    /// Reads a policy.
    ///
    /// # Errors
    /// The first line that senders refuse, or what is missing.
    pub fn read(text: &[u8]) -> Result<Self, TextMistake> {
        if text.len() > MAX_POLICY {
            return Err(TextMistake::whole("longer than 64 KiB"));
        }
        let mut fields = Fields::default();
        for (nth, line) in lines(text).enumerate() {
            fields.add(nth + 1, line?)?;
        }
        fields.whole()
    }

    /// Whether senders do the same with both, however they are written.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        (self.mode, self.max_age, &self.patterns) == (other.mode, other.max_age, &other.patterns)
    }

    /// Whether it names an MX host (RFC 8461 §4.1).
    pub fn covers(&self, host: &str) -> bool {
        self.patterns.iter().any(|pattern| matches(pattern, host))
    }
}

/// Whether a pattern of a policy stands for an MX host: itself, or with exactly one more label (RFC 8461 §4.1).
pub fn matches(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let Some(behind) = pattern.strip_prefix("*.") else {
        return pattern.eq_ignore_ascii_case(host);
    };
    let whole = host.split_once('.').filter(|(label, _)| !label.is_empty());
    whole.is_some_and(|(_, parent)| parent.eq_ignore_ascii_case(behind))
}

/// The lines, which end in LF or CRLF; the last one need not.
fn lines(text: &[u8]) -> impl Iterator<Item = Result<&str, TextMistake>> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let lines = text.split(|byte| *byte == b'\n').enumerate();
    lines.map(|(nth, line)| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        readable(line).map_err(|what| TextMistake::line(nth + 1, what))
    })
}

fn readable(line: &[u8]) -> Result<&str, String> {
    let text = str::from_utf8(line).map_err(|_| format!("'{}' is not UTF-8", cut(line)))?;
    if text.starts_with('\u{feff}') {
        return Err("a byte order mark: expected 'version: STSv1'".into());
    }
    let control = text.chars().find(|c| c.is_control() && *c != '\t');
    match control {
        Some('\r') => Err("a CR within a line: lines end in CRLF or LF".into()),
        Some(c) => Err(format!("a control character ({})", c.escape_unicode())),
        None => Ok(text),
    }
}

/// What was read so far.
#[derive(Debug, Default)]
struct Fields {
    version: Option<()>,
    mode: Option<StsMode>,
    max_age: Option<Duration>,
    patterns: Vec<Box<str>>,
    remarks: Vec<TextMistake>,
}

impl Fields {
    fn add(&mut self, line: usize, text: &str) -> Result<(), TextMistake> {
        let (key, value) = pair(text).map_err(|what| TextMistake::line(line, what))?;
        let doubled = match key {
            "version" => self.version.is_some(),
            "mode" => self.mode.is_some(),
            "max_age" => self.max_age.is_some(),
            "mx" => return self.add_pattern(line, value),
            _ => return self.add_unknown(line, key, value),
        };
        if doubled {
            self.remark(line, format!("a second {key}: only the first counts"));
            return Ok(());
        }
        self.add_first(line, key, value)
            .map_err(|what| TextMistake::line(line, what))
    }

    fn add_first(&mut self, line: usize, key: &str, value: &str) -> Result<(), String> {
        let shown = || cut(value.as_bytes());
        match key {
            "version" if value == "STSv1" => self.version = Some(()),
            "version" => return Err(format!("version '{}' is not STSv1", shown())),
            "mode" => {
                let mode = StsMode::read(value);
                let none = || format!("mode '{}' is none of enforce, testing, none", shown());
                self.mode = Some(mode.ok_or_else(none)?);
            }
            _ => {
                let none = || format!("max_age '{}' is not 1 to 10 digits", shown());
                let age = max_age(value).ok_or_else(none)?;
                if age > MAX_AGE {
                    let what = format!("max_age {} counts as {}", age.as_secs(), MAX_AGE.as_secs());
                    self.remark(line, what);
                }
                self.max_age = Some(age.min(MAX_AGE));
            }
        }
        Ok(())
    }

    fn add_pattern(&mut self, line: usize, value: &str) -> Result<(), TextMistake> {
        let name = match value.strip_suffix('.') {
            Some(name) => {
                let what = format!(
                    "mx '{}' ends in a dot: some senders match no host to it",
                    cut(value.as_bytes())
                );
                self.remark(line, what);
                name
            }
            None => value,
        };
        pattern(name).map_err(|what| {
            TextMistake::line(line, format!("mx '{}' {what}", cut(value.as_bytes())))
        })?;
        self.patterns.push(name.to_ascii_lowercase().into());
        Ok(())
    }

    fn add_unknown(&mut self, line: usize, key: &str, value: &str) -> Result<(), TextMistake> {
        if value.is_empty() {
            return Err(TextMistake::line(line, format!("{key} has no value")));
        }
        let known = ["version", "mode", "max_age", "mx"];
        if let Some(meant) = known.iter().find(|known| known.eq_ignore_ascii_case(key)) {
            self.remark(line, format!("senders ignore '{key}': expected '{meant}'"));
        }
        Ok(())
    }

    fn remark(&mut self, line: usize, what: String) {
        if self.remarks.len() < MAX_REMARKS {
            self.remarks.push(TextMistake::line(line, what));
        }
    }

    fn whole(self) -> Result<StsPolicy, TextMistake> {
        let missing = |key| TextMistake::whole(format!("no {key}{}", self.misspelt(key)));
        self.version.ok_or_else(|| missing("version"))?;
        let mode = self.mode.ok_or_else(|| missing("mode"))?;
        let max_age = self.max_age.ok_or_else(|| missing("max_age"))?;
        if self.patterns.is_empty() && mode != StsMode::None {
            return Err(missing("mx"));
        }
        Ok(StsPolicy {
            mode,
            max_age,
            patterns: self.patterns.into(),
            remarks: self.remarks.into(),
        })
    }

    /// The remark about a key that was meant, if there is one.
    fn misspelt(&self, key: &str) -> String {
        let meant = format!("expected '{key}'");
        let remark = self.remarks.iter().find(|r| r.what.ends_with(&meant));
        remark.map_or_else(String::new, |remark| format!(" ({remark})"))
    }
}

/// `key: value`.
fn pair(line: &str) -> Result<(&str, &str), String> {
    if line.trim_ascii().is_empty() {
        return Err("an empty line: expected 'key: value'".into());
    }
    let not_a_pair = || format!("'{}' is not 'key: value'", cut(line.as_bytes()));
    let (key, value) = line.split_once(':').ok_or_else(not_a_pair)?;
    if !is_extension_name(key.as_bytes()) {
        return Err(not_a_pair());
    }
    Ok((key, value.trim_matches([' ', '\t'])))
}

fn max_age(value: &str) -> Option<Duration> {
    let is_number = (1..=10).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
    let seconds = is_number.then(|| value.parse().ok()).flatten();
    seconds.map(Duration::from_secs)
}

/// What is wrong with a pattern without the dot at its end.
fn pattern(text: &str) -> Result<(), &'static str> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() {
        return Err("is an address: expected the name of an MX host");
    }
    if !text.is_ascii() {
        return Err("has other than ASCII inside: expected A-labels (xn--…)");
    }
    let name = text.strip_prefix("*.").unwrap_or(text);
    if name.contains('*') {
        return Err("has a wildcard that is not its whole first label");
    }
    let is_label = |label: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(fits)
    };
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err("is no host name");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "version: STSv1\r\nmode: enforce\r\nmx: mx1.bears.test\r\nmx: *.Den.bears.test\r\nmax_age: 604800\r\n";

    fn read(text: &str) -> Result<StsPolicy, String> {
        StsPolicy::read(text.as_bytes()).map_err(|mistake| mistake.to_string())
    }

    fn with(line: &str) -> Result<StsPolicy, String> {
        read(&format!("{GOOD}{line}"))
    }

    #[test]
    fn a_policy_is_read() {
        let policy = read(GOOD).unwrap();
        assert_eq!(policy.mode, StsMode::Enforce);
        assert_eq!(policy.max_age.as_secs(), 604_800);
        let patterns = ["mx1.bears.test", "*.den.bears.test"];
        assert_eq!(*policy.patterns, patterns.map(Into::into));
        assert!(policy.remarks.is_empty());
        assert_eq!(read(&GOOD.replace("\r\n", "\n")), Ok(policy.clone()));
        assert_eq!(read(GOOD.trim_end()), Ok(policy.clone()));
        assert_eq!(read(&GOOD.replace(": ", ":\t  ")), Ok(policy.clone()));
        assert_eq!(read(&GOOD.replace("\r\n", " \t\r\n")), Ok(policy));
    }

    #[test]
    fn a_pattern_stands_for_one_label() {
        let policy = read(GOOD).unwrap();
        for (host, covered) in [
            ("mx1.bears.test", true),
            ("MX1.Bears.Test.", true),
            ("a.mx1.bears.test", false),
            ("a.den.bears.test", true),
            ("a.b.den.bears.test", false),
            ("den.bears.test", false),
            (".den.bears.test", false),
            ("bears.test", false),
            ("test", false),
            ("", false),
        ] {
            assert_eq!(policy.covers(host), covered, "{host}");
        }
    }

    #[test]
    fn a_policy_that_asks_for_nothing_names_nobody() {
        let policy = read("version: STSv1\nmode: none\nmax_age: 86400").unwrap();
        assert_eq!((policy.mode, policy.patterns.len()), (StsMode::None, 0));
    }

    #[test]
    fn what_is_odd_is_remarked_and_read() {
        let remarks = |text: &str| {
            let policy = read(text).unwrap();
            let remarks = policy.remarks.iter().map(ToString::to_string);
            (policy.clone(), remarks.collect::<Vec<_>>())
        };
        let (policy, told) = remarks(&format!(
            "{GOOD}mode: none\nmode: nonsense\nmax_age: 1\nversion: STSv2"
        ));
        assert_eq!(
            (policy.mode, policy.max_age.as_secs()),
            (StsMode::Enforce, 604_800)
        );
        assert_eq!(told.len(), 4);
        assert_eq!(told[0], "line 6: a second mode: only the first counts");
        let (policy, told) = remarks(&GOOD.replace("604800", "9999999999"));
        assert_eq!(policy.max_age, MAX_AGE);
        assert_eq!(told, ["line 5: max_age 9999999999 counts as 31557600"]);
        let (policy, told) = remarks(&GOOD.replace("mx1.bears.test", "mx1.bears.test."));
        assert!(policy.covers("mx1.bears.test"));
        assert_eq!(
            told,
            ["line 3: mx 'mx1.bears.test.' ends in a dot: some senders match no host to it"]
        );
        let (_, told) = remarks(&format!(
            "{GOOD}x-new: whatever: it ü says\nMX: mx2.bears.test"
        ));
        assert_eq!(told, ["line 7: senders ignore 'MX': expected 'mx'"]);
        let (policy, told) = remarks(&format!("{GOOD}{}", "mode: none\n".repeat(3000)));
        assert_eq!((policy.mode, told.len()), (StsMode::Enforce, MAX_REMARKS));
    }

    #[test]
    fn a_mistake_says_its_line_and_what_was_expected() {
        for (line, told) in [
            ("\nx: y", "line 6: an empty line: expected 'key: value'"),
            (
                "mx mx2.bears.test",
                "line 6: 'mx mx2.bears.test' is not 'key: value'",
            ),
            (
                "mx : mx2.bears.test",
                "line 6: 'mx : mx2.bears.test' is not 'key: value'",
            ),
            (
                " mx: mx2.bears.test",
                "line 6: ' mx: mx2.bears.test' is not 'key: value'",
            ),
            (
                "mx: 192.0.2.1",
                "line 6: mx '192.0.2.1' is an address: expected the name of an MX host",
            ),
            (
                "mx: [2001:db8::1]",
                "line 6: mx '[2001:db8::1]' is an address: expected the name of an MX host",
            ),
            (
                "mx: bücher.test",
                "line 6: mx 'bücher.test' has other than ASCII inside: expected A-labels (xn--…)",
            ),
            (
                "mx: *.*.test",
                "line 6: mx '*.*.test' has a wildcard that is not its whole first label",
            ),
            (
                "mx: *",
                "line 6: mx '*' has a wildcard that is not its whole first label",
            ),
            ("mx: a..test", "line 6: mx 'a..test' is no host name"),
            ("mx:", "line 6: mx '' is no host name"),
            ("mx: .", "line 6: mx '.' is no host name"),
            (
                "mx: a.test, b.test",
                "line 6: mx 'a.test, b.test' is no host name",
            ),
            ("x-new:", "line 6: x-new has no value"),
            ("a\0: b", "line 6: a control character (\\u{0})"),
        ] {
            assert_eq!(with(line), Err(told.into()), "{line}");
        }
    }

    #[test]
    fn a_whole_text_may_be_wrong() {
        for (text, told) in [
            (
                String::new(),
                "line 1: an empty line: expected 'key: value'",
            ),
            (
                format!("\u{feff}{GOOD}"),
                "line 1: a byte order mark: expected 'version: STSv1'",
            ),
            (
                GOOD.replace("\r\n", "\r"),
                "line 1: a CR within a line: lines end in CRLF or LF",
            ),
            (
                format!("{GOOD}\r\n"),
                "line 6: an empty line: expected 'key: value'",
            ),
            (
                GOOD.replace("STSv1", "stsv1"),
                "line 1: version 'stsv1' is not STSv1",
            ),
            (
                GOOD.replace("enforce", "Enforce"),
                "line 2: mode 'Enforce' is none of enforce, testing, none",
            ),
            (
                GOOD.replace("604800", "12345678901"),
                "line 5: max_age '12345678901' is not 1 to 10 digits",
            ),
            (
                GOOD.replace("604800", "1w"),
                "line 5: max_age '1w' is not 1 to 10 digits",
            ),
            (
                GOOD.replace("604800", ""),
                "line 5: max_age '' is not 1 to 10 digits",
            ),
            (
                GOOD.replace("version", "Version"),
                "no version (line 1: senders ignore 'Version': expected 'version')",
            ),
            (GOOD.replace("mode", "x-mode"), "no mode"),
            (GOOD.replace("max_age", "max-age"), "no max_age"),
            (GOOD.replace("mx", "host"), "no mx"),
            (
                format!("{GOOD}{}", "x".repeat(MAX_POLICY)),
                "longer than 64 KiB",
            ),
            (
                "<!DOCTYPE html>\n<title>404</title>".into(),
                "line 1: '<!DOCTYPE html>' is not 'key: value'",
            ),
        ] {
            assert_eq!(read(&text), Err(told.into()), "{text:.200}");
        }
        let latin = StsPolicy::read(b"version: STSv1\nx-owner: b\xe4r");
        let told = latin.unwrap_err().to_string();
        assert_eq!(told, "line 2: 'x-owner: b\u{fffd}r' is not UTF-8");
    }

    #[test]
    fn sixty_four_kib_are_read() {
        let filler = "x-filler: 0123456789\n";
        let mut text = GOOD.to_owned();
        while text.len() + filler.len() <= MAX_POLICY {
            text.push_str(filler);
        }
        text.push_str(&"a".repeat(MAX_POLICY - text.len()));
        let last = text.rfind('\n').map(|end| end + 1).unwrap();
        if text.len() - last > 2 {
            text.replace_range(last + 1..last + 2, ":");
        } else {
            text.truncate(last);
        }
        assert_eq!(read(&text).map(|policy| policy.patterns.len()), Ok(2));
    }
}
