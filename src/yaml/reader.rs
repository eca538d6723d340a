//! Nodes of a document to the values that settings are made of, each mistake with its place; knows no key by name.

use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::duration;
use super::position::KeyPath;
use super::secret;
use super::tree::{Node, NodeKind};
use super::words::{SHOWN, near, one_of, shown};
use crate::plain::plain;

/// What is wrong with a value; `Document::error` finds its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where it stands; a path to what is missing is fine.
    pub(crate) path: KeyPath,
    /// What is wrong, and what was expected; one line.
    pub(crate) message: String,
}

/// A value of the document that knows where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Value<'a> {
    node: &'a Node,
    path: KeyPath,
}

impl<'a> Value<'a> {
    /// The outermost value.
    pub(crate) fn root(node: &'a Node) -> Self {
        let path = KeyPath::default();
        Self { node, path }
    }

    /// Where it stands.
    pub(crate) fn path(&self) -> &KeyPath {
        &self.path
    }

    /// A problem with this value; `message` must not repeat a secret, nor more of the value than [`shown`] does.
    pub(crate) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem {
            path: self.path.clone(),
            message: message.into(),
        }
    }

    /// Whether nothing was given: `~`, `null` or only the key.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.node, Node::Scalar(NodeKind::Null, _))
    }

    /// Whether it is a list.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.node, Node::List(_))
    }

    /// Whether it is a map.
    pub(crate) fn is_map(&self) -> bool {
        matches!(self.node, Node::Map(_))
    }

    /// The value as a map whose keys are known; nothing is an empty one.
    pub(crate) fn fields(&self) -> Result<Fields<'a>, Problem> {
        Ok(Fields {
            path: self.path.clone(),
            entries: self.entries()?,
            #[cfg(debug_assertions)]
            asked: std::collections::BTreeSet::new(),
        })
    }

    /// The value as a map whose keys are the operator's own; nothing is an empty one.
    pub(crate) fn entries(&self) -> Result<Vec<(&'a str, Self)>, Problem> {
        let value = |(key, node): &'a (String, Node)| (key.as_str(), self.at(key, node));
        Ok(self.map()?.iter().map(value).collect())
    }

    fn map(&self) -> Result<&'a [(String, Node)], Problem> {
        match self.node {
            Node::Map(entries) => Ok(entries),
            Node::Scalar(NodeKind::Null, _) => Ok(&[]),
            _ => Err(self.mismatch("a map of keys and values")),
        }
    }

    fn at(&self, key: &str, node: &'a Node) -> Self {
        let path = self.path.key(key);
        Self { node, path }
    }

    /// The items of a list; nothing is an empty one.
    pub(crate) fn list(&self) -> Result<Vec<Self>, Problem> {
        let item = |(nth, node)| Self {
            node,
            path: self.path.index(nth),
        };
        match self.node {
            Node::List(items) => Ok(items.iter().enumerate().map(item).collect()),
            Node::Scalar(NodeKind::Null, _) => Ok(Vec::new()),
            _ => Err(self.mismatch("a list")),
        }
    }

    /// The items of a list, or the one value that stands in its place.
    pub(crate) fn list_or_one(&self) -> Result<Vec<Self>, Problem> {
        if self.is_list() || self.is_null() {
            self.list()
        } else {
            Ok(vec![self.clone()])
        }
    }

    /// The items of a list, or the one value in its place: not empty, and nothing twice.
    pub(crate) fn distinct<T: Clone + Eq + Hash>(
        &self,
        read: impl Fn(&Self) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let (mut items, mut seen) = (Vec::new(), HashSet::new());
        for one in self.list_or_one()? {
            let item = read(&one)?;
            if !seen.insert(item.clone()) {
                return Err(one.problem("listed twice, expected it once"));
            }
            items.push(item);
        }
        if items.is_empty() {
            return Err(self.problem("empty, expected at least one"));
        }
        Ok(items)
    }

    /// The text as written; numbers and booleans are text too (`1.10` stays `1.10`).
    pub(crate) fn text(&self) -> Result<&'a str, Problem> {
        self.written("text")
    }

    fn written(&self, expected: &str) -> Result<&'a str, Problem> {
        match self.node {
            Node::Scalar(kind, written) if *kind != NodeKind::Null => Ok(written),
            _ => Err(self.mismatch(expected)),
        }
    }

    /// `true`, `false`, and the words `yes`, `no`, `on`, `off` that YAML 1.2 takes for text.
    pub(crate) fn flag(&self) -> Result<bool, Problem> {
        self.flag_as("true or false")
    }

    /// The same where other words of these are expected.
    pub(crate) fn flag_as(&self, expected: &str) -> Result<bool, Problem> {
        let written = self.written(expected)?;
        match written.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Ok(true),
            "false" | "no" | "off" => Ok(false),
            _ => Err(self.problem(format!("{}, expected {expected}", self.seen()))),
        }
    }

    /// A whole number; `what` names it, as in "70000 is not a valid port, expected 1 to 65535".
    pub(crate) fn integer_in<T>(&self, range: RangeInclusive<T>, what: &str) -> Result<T, Problem>
    where
        T: TryFrom<i128> + PartialOrd + Display,
    {
        let (from, to) = (range.start(), range.end());
        let expected = format!("{from} to {to}");
        let written = self.written(&format!("a {what}, {expected}"))?;
        let number = match self.node {
            Node::Scalar(NodeKind::Integer(number), _) => Some(*number),
            _ => written.parse().ok(),
        };
        number
            .and_then(|number| T::try_from(number).ok())
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                self.problem(format!(
                    "{} is not a valid {what}, expected {expected}",
                    self.seen()
                ))
            })
    }

    /// A span of time as Prometheus writes it: `10s`, `1m30s`, `500ms`, `1d`, `1w`, `0s`.
    pub(crate) fn duration(&self) -> Result<Duration, Problem> {
        let expected = "a duration such as 10s or 1m30s";
        let written = self.written(expected)?;
        if !written.is_empty() && written.bytes().all(|b| b.is_ascii_digit()) {
            let written = plain(written, 20);
            return Err(self.problem(format!(
                "{written} has no unit, expected {written}s or the like"
            )));
        }
        duration::parse(written)
            .map_err(|why| self.problem(format!("{} {why}, expected {expected}", self.seen())))
    }

    /// A span of time within limits; `what` names it, as in "0s is not a valid timeout, expected 1s to 10m".
    pub(crate) fn duration_in(
        &self,
        range: RangeInclusive<Duration>,
        what: &str,
    ) -> Result<Duration, Problem> {
        let duration = self.duration()?;
        if range.contains(&duration) {
            return Ok(duration);
        }
        let (from, to) = (
            duration::shown(*range.start()),
            duration::shown(*range.end()),
        );
        Err(self.problem(format!(
            "{} is not a valid {what}, expected {from} to {to}",
            self.seen()
        )))
    }

    /// One of the words given.
    pub(crate) fn choice<T: Copy>(&self, options: &[(&str, T)]) -> Result<T, Problem> {
        let words: Vec<_> = options.iter().map(|(word, _)| *word).collect();
        let expected = one_of(&words);
        let written = self.written(&expected)?;
        let chosen = options.iter().find(|(word, _)| *word == written);
        chosen.map(|(_, value)| *value).ok_or_else(|| {
            let near = near(written, &words);
            self.problem(format!(
                "{} is unknown{near}, expected {expected}",
                self.seen()
            ))
        })
    }

    /// The text as something else that has its own parser.
    pub(crate) fn parsed_by<T, E: Display>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, E>,
        expected: &str,
    ) -> Result<T, Problem> {
        let written = self.written(expected)?;
        parse(written).map_err(|error| {
            if secret::is_in(written) {
                // The parser's own words may repeat it.
                let why = format!("{} looks like a secret, expected {expected}", self.seen());
                return self.problem(why);
            }
            let error = plain(&error.to_string(), 200);
            let seen = self.seen();
            let seen = if error.contains(&seen) {
                String::new()
            } else {
                seen + ": "
            };
            // Some errors know better than we what was expected.
            if error.contains("expected ") {
                return self.problem(seen + &error);
            }
            self.problem(format!("{seen}{error}, expected {expected}"))
        })
    }

    /// The value in a message.
    fn seen(&self) -> String {
        match self.node {
            Node::Scalar(NodeKind::Text, written) => shown(written),
            Node::Scalar(_, written) => plain(written, SHOWN),
            _ => self.kind().into(),
        }
    }

    fn kind(&self) -> &'static str {
        match self.node {
            Node::Scalar(NodeKind::Null, _) => "nothing",
            Node::Scalar(NodeKind::Text, _) => "text",
            Node::Scalar(NodeKind::Bool(_), _) => "true or false",
            Node::Scalar(NodeKind::Integer(_) | NodeKind::Float, _) => "a number",
            Node::List(_) => "a list",
            Node::Map(_) => "a map",
        }
    }

    /// A value of the wrong kind is not repeated: it may be a secret in the wrong place.
    fn mismatch(&self, expected: &str) -> Problem {
        self.problem(format!("{}, expected {expected}", self.kind()))
    }
}

/// A map being used up, key by key; [`finish`](Self::finish) complains about the rest.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    path: KeyPath,
    entries: Vec<(&'a str, Value<'a>)>,
    /// What was asked for, to hold the reader to the keys that are described.
    #[cfg(debug_assertions)]
    asked: std::collections::BTreeSet<String>,
}

impl<'a> Fields<'a> {
    /// The value of `key`, if the map has it, and there is something: a key with nothing behind it counts as left out.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value<'a>> {
        #[cfg(debug_assertions)]
        self.asked.insert(key.to_owned());
        let at = self.entries.iter().position(|(name, _)| *name == key)?;
        Some(self.entries.remove(at).1).filter(|value| !value.is_null())
    }

    /// The value of `key`, which has to be there.
    pub(crate) fn require(&mut self, key: &str, expected: &str) -> Result<Value<'a>, Problem> {
        self.take(key).ok_or_else(|| {
            self.mistyped(&[key]).unwrap_or_else(|| Problem {
                path: self.path.key(key),
                message: format!("missing, expected {expected}"),
            })
        })
    }

    /// A key that is left and almost one of `keys`, of which none is there.
    pub(crate) fn mistyped(&self, keys: &[&str]) -> Option<Problem> {
        self.entries.iter().find_map(|(key, value)| {
            let near = Some(near(key, keys)).filter(|near| !near.is_empty())?;
            let expected = one_of(keys);
            Some(value.problem(format!("unknown key{near}, expected {expected}")))
        })
    }

    /// Complains about a key that is understood but not supported, saying `why` or what to do instead.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "every key of the contract is supported now")
    )]
    pub(crate) fn refuse(&mut self, key: &str, why: &str) -> Result<(), Problem> {
        let value = self.take(key);
        value.map_or(Ok(()), |value| Err(value.problem(why)))
    }

    /// A problem with the map as a whole.
    pub(crate) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem {
            path: self.path.clone(),
            message: message.into(),
        }
    }

    /// Complains about the first key that is still there. The known ones are all that were asked for.
    pub(crate) fn finish(self, known: &[&str]) -> Result<(), Problem> {
        #[cfg(debug_assertions)]
        self.hold_to(known);
        let Some((key, value)) = self.entries.first() else {
            return Ok(());
        };
        let (near, expected) = (near(key, known), plain(&known.join(", "), 1000));
        Err(value.problem(format!("unknown key{near}, expected one of {expected}")))
    }

    /// A key that is read is described, and the other way round; a defect of this program otherwise.
    #[cfg(debug_assertions)]
    fn hold_to(&self, known: &[&str]) {
        let asked: Vec<_> = self.asked.iter().map(String::as_str).collect();
        let mut known = known.to_vec();
        known.sort_unstable();
        assert_eq!(
            asked, known,
            "keys that are read (left), keys that are known (right): describe what is read (in src/config/keys/, for the \
             configuration), and read what is described"
        );
    }
}
