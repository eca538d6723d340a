//! A path in a document back to its line; knows no settings.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::words::{SHOWN, shown};

/// The way from the root of the document to a node; cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeyPath(Option<Arc<Link>>);

#[derive(Debug, PartialEq, Eq)]
struct Link {
    parent: KeyPath,
    step: Step,
}

/// One step of a [`KeyPath`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into the value of this key.
    Key(String),
    /// Into this item, from 0.
    Index(usize),
}

impl KeyPath {
    /// The entry `key` of the map that stands here.
    pub(crate) fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    /// The item `index`, from 0, of the list that stands here.
    pub(crate) fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    fn then(&self, step: Step) -> Self {
        let parent = self.clone();
        Self(Some(Arc::new(Link { parent, step })))
    }

    /// The map or list around it.
    pub(crate) fn parent(&self) -> Option<&Self> {
        self.0.as_ref().map(|link| &link.parent)
    }

    /// From the root down.
    pub(crate) fn steps(&self) -> Vec<&Step> {
        let mut steps: Vec<_> = std::iter::successors(self.0.as_ref(), |l| l.parent.0.as_ref())
            .map(|link| &link.step)
            .collect();
        steps.reverse();
        steps
    }
}

/// `targets[2].ports[0]`; keys that are no plain words are quoted.
impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, step) in self.steps().into_iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    f.write_str(if nth == 0 { "" } else { "." })?;
                    f.write_str(&shown_key(key))?;
                }
            }
        }
        Ok(())
    }
}

fn shown_key(key: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-/".contains(c);
    if !key.is_empty() && key.len() <= SHOWN && key.chars().all(plain) {
        key.to_owned()
    } else {
        shown(key)
    }
}

/// A place in the file; both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// From 1.
    pub(crate) line: usize,
    /// From 1.
    pub(crate) column: usize,
}

impl Position {
    /// Where a text goes on that starts with `text`.
    pub(crate) fn after(text: &str) -> Self {
        let line = text.matches('\n').count() + 1;
        let column = text.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        Self { line, column }
    }
}

/// The line and column of a node, or of its key if it is the value of one; of the nearest parent if it is not there.
///
/// `serde_yaml` tells positions only with errors, so the text is read once more and an error raised at the place.
pub(crate) fn locate(text: &str, path: &KeyPath) -> Option<Position> {
    std::iter::successors(Some(path), |path| path.parent())
        .find_map(|path| find(serde_yaml::Deserializer::from_str(text), &path.steps()))
}

/// The position of a node of one document.
pub(crate) fn find(document: serde_yaml::Deserializer<'_>, steps: &[&Step]) -> Option<Position> {
    let found = Cell::new(false);
    let walk = Walk {
        steps,
        found: &found,
    };
    let error = walk.deserialize(document).err()?;
    let at = error.location().filter(|_| found.get())?;
    Some(Position {
        line: at.line(),
        column: at.column(),
    })
}

/// The search for one place: follows the steps and fails there, to which `serde_yaml` adds the position.
#[derive(Clone, Copy)]
struct Walk<'w> {
    steps: &'w [&'w Step],
    found: &'w Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.found.set(self.steps.is_empty());
        deserializer.deserialize_any(self)
    }
}

/// A scalar fails by the default methods, whether it is the place or a wrong turn.
impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the way to a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if let Some((Step::Index(index), steps)) = self.steps.split_first() {
            for _ in 0..*index {
                items.next_element::<IgnoredAny>()?;
            }
            items.next_element_seed(Self { steps, ..self })?;
        }
        Err(de::Error::custom("the end of the way"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        if let Some((Step::Key(key), steps)) = self.steps.split_first() {
            let signpost = Signpost {
                key,
                stop: steps.is_empty().then_some(self.found),
            };
            while let Some(here) = entries.next_key_seed(signpost)? {
                if here {
                    return entries.next_value_seed(Self { steps, ..self });
                }
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Err(de::Error::custom("the end of the way"))
    }
}

/// Whether a key is the one to follow; if the way ends at the key itself, fails there.
#[derive(Clone, Copy)]
struct Signpost<'w> {
    key: &'w str,
    stop: Option<&'w Cell<bool>>,
}

impl<'de> DeserializeSeed<'de> for Signpost<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Signpost<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<bool, E> {
        match self.stop.filter(|_| key == self.key) {
            Some(found) => {
                found.set(true);
                Err(E::custom("the end of the way"))
            }
            None => Ok(key == self.key),
        }
    }
}
