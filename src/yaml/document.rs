//! The bytes of a YAML file to its outermost value, and a problem in it to one line with its place; opens no file.

use std::path::{Path, PathBuf};

use super::error::DocumentError;
use super::parse::{self, YamlFault};
use super::position::{KeyPath, locate};
use super::reader::{Problem, Value};
use super::shown::{self, KnownKeys};
use super::tree::Node;

/// A file that was parsed.
#[derive(Debug)]
pub(crate) struct Document {
    file: PathBuf,
    text: String,
    root: Node,
}

impl Document {
    /// Reads what was in the file, or would be.
    pub(crate) fn parse(file: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let read = parse::decode(bytes).and_then(|text| Ok((text, parse::parse(text)?)));
        match read {
            Ok((text, root)) => Ok(Self {
                file: file.to_owned(),
                text: text.to_owned(),
                root,
            }),
            Err(fault) => Err(error(file, fault)),
        }
    }

    /// The outermost value.
    pub(crate) fn root(&self) -> Value<'_> {
        Value::root(&self.root)
    }

    /// The whole for people, secrets hidden.
    pub(crate) fn shown(&self, known: &'static KnownKeys) -> String {
        shown::shown(&self.root, known)
    }

    /// The line that `path` stands in, for messages about two places.
    pub(crate) fn line(&self, path: &KeyPath) -> Option<usize> {
        locate(&self.text, path).map(|position| position.line)
    }

    /// Finds the place of a problem.
    pub(crate) fn error(&self, problem: Problem) -> DocumentError {
        let fault = YamlFault {
            position: locate(&self.text, &problem.path),
            path: problem.path,
            message: problem.message,
        };
        error(&self.file, fault)
    }
}

fn error(file: &Path, fault: YamlFault) -> DocumentError {
    DocumentError {
        file: file.to_owned(),
        line: fault.position.map(|at| at.line),
        column: fault.position.map(|at| at.column),
        path: fault.path.to_string(),
        message: fault.message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Host;
    use std::time::Duration;

    const KNOWN: [&str; 5] = ["probe", "targets", "views", "proxy", "old"];
    const PROBE: [&str; 5] = [
        "timeout",
        "min_interval",
        "concurrency",
        "per_address",
        "helo",
    ];

    /// Settings in small, which use every way to read a value.
    fn read(root: &Value<'_>) -> Result<(), Problem> {
        let mut fields = root.fields()?;
        fields.refuse("old", "not supported, expected targets")?;
        if let Some(probe) = fields.take("probe") {
            read_probe(&probe)?;
        }
        if let Some(proxy) = fields.take("proxy") {
            proxy.parsed_by(|_| Err::<(), _>("no proxy"), "socks5://HOST:PORT")?;
        }
        if let Some(views) = fields.take("views") {
            for (_, view) in views.entries()? {
                view.choice(&[("any", 0), ("ipv4", 4), ("ipv6", 6)])?;
            }
        }
        let targets = fields.take("targets");
        for target in targets.map_or_else(|| Ok(Vec::new()), |t| t.list())? {
            read_target(&target)?;
        }
        fields.finish(&KNOWN)
    }

    fn read_probe(probe: &Value<'_>) -> Result<(), Problem> {
        let mut fields = probe.fields()?;
        if let Some(timeout) = fields.take("timeout") {
            let limits = Duration::from_secs(1)..=Duration::from_secs(600);
            timeout.duration_in(limits, "timeout")?;
        }
        if let Some(interval) = fields.take("min_interval") {
            interval.duration()?;
        }
        for number in &PROBE[2..] {
            fields.take(number);
        }
        fields.finish(&PROBE)
    }

    fn read_target(target: &Value<'_>) -> Result<(), Problem> {
        let mut fields = target.fields()?;
        let host = fields.require("host", "a host name or IP address")?;
        host.parsed_by(Host::parse, "a host name or IP address")?;
        if let Some(ports) = fields.take("ports") {
            for port in ports.list_or_one()? {
                port.integer_in(1..=u16::MAX, "port")?;
            }
        }
        if let Some(labels) = fields.take("labels") {
            for (_, label) in labels.entries()? {
                label.text()?;
            }
        }
        if let Some(same) = fields.take("same") {
            same.flag()?;
        }
        fields.finish(&["host", "ports", "labels", "same"])
    }

    fn outcome(bytes: &[u8]) -> Result<(), DocumentError> {
        let document = Document::parse(Path::new("x.yml"), bytes)?;
        read(&document.root()).map_err(|problem| document.error(problem))
    }

    #[track_caller]
    fn fails(text: &str, line: &str) {
        assert_eq!(
            outcome(text.as_bytes()).unwrap_err().to_string(),
            line,
            "{text}"
        );
    }

    const VALID: &str = "# comment
probe: {timeout: 10s, min_interval: 1m30s}
views:
  internal: any
  'odd key': ipv6
targets:
  - host: &a mail.example.com
    ports: [25, 0x1BB, \"587\"]
    labels: {rack: 12, version: 1.10, up: true, \"quo\\u0074ed\": 'x'}
    same: on
  - host: *a
    ports: 25
";

    #[test]
    fn good_documents_are_read() {
        for good in [
            VALID,
            "",
            "# nothing\n",
            "---\n",
            "~",
            "\u{feff}probe:\n",
            "probe: ~\ntargets: []",
            "{}",
        ] {
            assert_eq!(outcome(good.as_bytes()), Ok(()), "{good}");
        }
        let windows = VALID.replace('\n', "\r\n");
        assert_eq!(outcome(windows.as_bytes()), Ok(()));
    }

    const MISTAKES: &[(&str, &str)] = &[
        (
            "probe:\n  timeout: 10s\n  tiemout: 10s\n",
            "x.yml:3: probe.tiemout: unknown key (did you mean timeout?), expected one of timeout, min_interval, concurrency, per_address, helo",
        ),
        (
            "prob: 1\n",
            "x.yml:1: prob: unknown key (did you mean probe?), expected one of probe, targets, views, proxy, old",
        ),
        (
            "- a\n",
            "x.yml:1: a list, expected a map of keys and values",
        ),
        (
            "probe: {}\n\nviews: [\n a]\n",
            "x.yml:3: views: a list, expected a map of keys and values",
        ),
        (
            "targets:\n  host: a\n",
            "x.yml:1: targets: a map, expected a list",
        ),
        (
            "\nold: 1\n",
            "x.yml:2: old: not supported, expected targets",
        ),
        (
            "targets:\n- host: a\n- host: b\n- host: c\n  ports:\n  - 25\n  - 70000\n",
            "x.yml:7: targets[2].ports[1]: 70000 is not a valid port, expected 1 to 65535",
        ),
        (
            "targets: [{host: a}, {host: b,\n ports: [25, http]}]\n",
            "x.yml:2: targets[1].ports[1]: 'http' is not a valid port, expected 1 to 65535",
        ),
        (
            "targets:\n- host: a\n  ports: [-1]",
            "x.yml:3: targets[0].ports[0]: -1 is not a valid port, expected 1 to 65535",
        ),
        (
            "targets:\n- host: a\n  ports: [25.0]",
            "x.yml:3: targets[0].ports[0]: 25.0 is not a valid port, expected 1 to 65535",
        ),
        (
            "targets:\n- host: a\n  ports: [[]]",
            "x.yml:3: targets[0].ports[0]: a list, expected a port, 1 to 65535",
        ),
        (
            "targets:\n- host: a\n\n- ports: 25\n",
            "x.yml:4: targets[1].host: missing, expected a host name or IP address",
        ),
        (
            "targets:\n-\n",
            "x.yml:2: targets[0].host: missing, expected a host name or IP address",
        ),
        (
            "targets:\n- host: 300.1.1.1\n",
            "x.yml:2: targets[0].host: not a host name or IP address: '300.1.1.1', expected a host name or IP address",
        ),
        (
            "targets:\n- host: ''\n",
            "x.yml:2: targets[0].host: '': an empty name, expected a host name or IP address",
        ),
        (
            "targets:\n- host: a\n  labels: {a: b, c: [d]}\n",
            "x.yml:3: targets[0].labels.c: a list, expected text",
        ),
        (
            "targets:\n- host: a\n  labels: {a: b, c: }\n",
            "x.yml:3: targets[0].labels.c: nothing, expected text",
        ),
        (
            "targets:\n- host: a\n  same: maybe\n",
            "x.yml:3: targets[0].same: 'maybe', expected true or false",
        ),
        (
            "probe: {timeout: 10}\n",
            "x.yml:1: probe.timeout: 10 has no unit, expected 10s or the like",
        ),
        (
            "probe: {timeout: 1y}\n",
            "x.yml:1: probe.timeout: '1y' is not a duration (units are w, d, h, m, s, ms), expected a duration such as 10s or 1m30s",
        ),
        (
            "probe: {timeout: 0s}\n",
            "x.yml:1: probe.timeout: '0s' is not a valid timeout, expected 1s to 10m",
        ),
        (
            "views:\n  'odd key': ipv5\n",
            "x.yml:2: views.'odd key': 'ipv5' is unknown (did you mean ipv4?), expected any, ipv4 or ipv6",
        ),
        (
            "proxy: socks5\n",
            "x.yml:1: proxy: 'socks5': no proxy, expected socks5://HOST:PORT",
        ),
        (
            "views: {a: \"\\e[1m\\u202e\"}\n",
            "x.yml:1: views.a: '\\u{1b}[1m\\u{202e}' is unknown, expected any, ipv4 or ipv6",
        ),
        (
            "a: &x\n  host: 1.2.3\ntargets:\n- *x\n",
            "x.yml:2: targets[0].host: not a host name or IP address: '1.2.3', expected a host name or IP address",
        ),
    ];

    #[test]
    fn a_mistake_is_one_line_with_its_place() {
        for (text, line) in MISTAKES {
            fails(text, line);
        }
    }

    const SYNTAX: &[(&str, &str)] = &[
        (
            "targets:\n- host: a\n- host: b\n  ports: 1\n  host: c\n",
            "x.yml:5: targets[1].host: duplicate key (also in line 3)",
        ),
        (
            "probe: {}\n\nprobe: {}\n",
            "x.yml:3: probe: duplicate key (also in line 1)",
        ),
        (
            "a: {x: 1, x: 2}\n",
            "x.yml:1: a.x: duplicate key (also in line 1)",
        ),
        (
            "a:\n  25: x\n",
            "x.yml:2: a: a key that is not text, expected text (in quotes if need be)",
        ),
        (
            "a: 1\n[b]: x\n",
            "x.yml:2: a key that is not text, expected text (in quotes if need be)",
        ),
        (
            "a: 1\nb:\n  <<: {}\n",
            "x.yml:3: b: merge keys (<<) are not supported, expected the keys themselves",
        ),
        (
            "a:\n- !secret x\n",
            "x.yml:2: a[0]: a YAML tag (!name), expected none (quote text that begins with !)",
        ),
        (
            "a: 1\n---\nb: 1\n",
            "x.yml:3: a second document starts here, expected only one",
        ),
        (
            "a: 1\nb: *c\n",
            "x.yml:2: no YAML: unknown anchor (no &name before this *name)",
        ),
        (
            "a:\n\tb: 1\n",
            "x.yml:2: no YAML: found character that cannot start any token, while scanning for the next token (indent by spaces, not tabs, and quote values that start with @, ` or %)",
        ),
        (
            "a: 1\n b: 2\n",
            "x.yml:2: no YAML: mapping values are not allowed in this context (check the indentation, and quote values that contain ': ')",
        ),
        (
            "a: \"x\nb: 1\n",
            "x.yml:3: no YAML: found unexpected end of stream, while scanning a quoted scalar at line 1 column 4",
        ),
        (
            "a: 1\nb: \0\n",
            "x.yml:2: the control character \\u{0}, expected text",
        ),
    ];

    #[test]
    fn what_yaml_itself_forbids_has_a_line_too() {
        for (text, line) in SYNTAX {
            fails(text, line);
        }
    }

    #[test]
    fn numbers_stay_as_written() {
        let text = b"[1.10, 0x1F, True, on, 007, +1, '~', .inf]";
        let document = Document::parse(Path::new("x.yml"), text).unwrap();
        let list = document.root().list().unwrap();
        let texts: Vec<_> = list.iter().map(|value| value.text().unwrap()).collect();
        assert_eq!(
            texts,
            ["1.10", "0x1F", "True", "on", "007", "+1", "~", ".inf"]
        );
        assert_eq!(list[1].integer_in(0..=99_u8, "number"), Ok(31));
        assert_eq!(list[2].flag(), Ok(true));
    }

    #[test]
    fn every_value_is_found_again() {
        let document = Document::parse(Path::new("x.yml"), VALID.as_bytes()).unwrap();
        let mut lines = Vec::new();
        let mut queue = vec![document.root()];
        while let Some(value) = queue.pop() {
            lines.push(document.line(value.path()).unwrap());
            if value.is_list() {
                queue.extend(value.list().unwrap());
            } else if let Ok(entries) = value.entries() {
                queue.extend(entries.into_iter().map(|(_, v)| v));
            }
        }
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                2, 2, 2, 2, 3, 4, 5, 6, 7, 7, 8, 8, 8, 8, 9, 9, 9, 9, 9, 10, 11, 11, 12
            ]
        );
    }

    #[test]
    fn bytes_that_are_no_text_have_a_line() {
        assert_eq!(
            outcome(b"a: 1\nb: \xff\n").unwrap_err().to_string(),
            "x.yml:2: not UTF-8, expected text"
        );
    }

    #[test]
    fn long_values_are_cut() {
        let text = format!(
            "views: {{a: {}}}\n{}: 1\n",
            "v".repeat(1000),
            "k".repeat(1000)
        );
        assert!(outcome(text.as_bytes()).unwrap_err().to_string().len() < 200);
        let text = format!("{}: 1\n", "k".repeat(1000));
        assert!(outcome(text.as_bytes()).unwrap_err().to_string().len() < 200);
    }

    #[test]
    fn bombs_are_refused() {
        let copies = format!(
            "a: &a [{}]\nb: [{}]\n",
            "x,".repeat(20_000),
            "*a,".repeat(20_000)
        );
        let long = format!(
            "a: &a {}\nb: [{}]\n",
            "1".repeat(500_000),
            "*a,".repeat(100_000)
        );
        for bomb in [copies, long] {
            let e = outcome(bomb.as_bytes()).unwrap_err().to_string();
            assert!(e.contains("expand to too much"), "{e}");
        }
        for deep in ["[", "{a: ", "- ", "- [{a: "].map(|open| open.repeat(50_000)) {
            let e = outcome(deep.as_bytes()).unwrap_err().to_string();
            assert_eq!(e, "x.yml:1: lists and maps nested too deeply");
        }
    }

    #[test]
    fn no_damage_makes_it_panic() {
        let mut seed = 0x2545_F491_4F6C_DD1D_u64;
        let mut random = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % below as u64).unwrap()
        };
        for _ in 0..6000 {
            let mut bytes = VALID.as_bytes().to_vec();
            for _ in 0..=random(3) {
                if bytes.len() < 8 {
                    break;
                }
                let at = random(bytes.len());
                match random(4) {
                    0 => bytes[at] ^= 1 << random(8),
                    1 => drop(bytes.remove(at)),
                    2 => bytes.insert(at, b"&*!|>[]{}#?:-,'\"%@` \t\n<~"[random(24)]),
                    _ => bytes.truncate(at),
                }
            }
            if let Err(error) = outcome(&bytes) {
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
}
