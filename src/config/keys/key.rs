//! What a configuration key is: its name, the shape of its value, its default, its meaning; knows no key.

use std::ops::RangeInclusive;

/// One key, as the reader, the reference and the schema know it.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What may stand behind it.
    pub shape: Shape,
    /// What counts without it.
    pub unset: Unset,
    /// What is expected and what it does, as Markdown.
    pub expected: &'static str,
}

/// What counts where a key is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unset {
    /// Nothing, or the section's text says it.
    Nothing,
    /// This value, as YAML.
    Value(&'static str),
    /// What these words say.
    Words(&'static str),
}

/// What may stand behind a key. Numbers and truth values are text, too; nothing is as good as no key.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// `true`, `false`, `yes`, `no`, `on` or `off`.
    Flag,
    /// A whole number within limits.
    Integer(u16, u16),
    /// A span of time such as `1m30s`.
    Duration,
    /// A share such as `25%`.
    Share,
    /// Text that this regular expression matches; any if it is empty.
    Text(&'static str),
    /// Text that this regular expression matches, or a map of known keys.
    TextOr(&'static str, &'static Section),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of these, or one in its place.
    List {
        /// Each of its items.
        item: &'static Self,
        /// Whether it may be empty.
        is_empty: bool,
        /// Whether an item may stand there twice.
        is_distinct: bool,
    },
    /// A map of known keys.
    Section(&'static Section),
    /// A map of names that the operator gives.
    Named(&'static Self),
    /// A map of label names and values.
    Labels {
        /// Whether names with two underscores are left out rather than refused, as those of discovered targets.
        is_discovered: bool,
    },
    /// A map of checks, each on or off.
    Checks,
    /// A list of targets, or of groups of them.
    Targets,
}

/// A map of known keys.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// What it is called in the schema.
    pub name: &'static str,
    /// Its keys, in parts that other sections may share.
    pub parts: &'static [&'static [Key]],
    /// Which keys have to be there.
    pub needs: Needs,
}

/// Which keys of a section have to be there.
#[derive(Debug, Clone, Copy)]
pub enum Needs {
    /// None.
    Nothing,
    /// At least one of these.
    OneOf(&'static [&'static str]),
    /// All of these.
    All(&'static [&'static str]),
}

impl Section {
    pub(super) const fn new(name: &'static str, parts: &'static [&'static [Key]]) -> Self {
        Self {
            name,
            parts,
            needs: Needs::Nothing,
        }
    }

    pub(super) const fn needs(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }

    /// Its keys, in the order of the reference.
    pub fn keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.parts.iter().copied().flatten()
    }

    /// What they are called.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.keys().map(|key| key.name).collect()
    }
}

pub(super) const fn key(name: &'static str, shape: Shape, expected: &'static str) -> Key {
    Key {
        name,
        shape,
        unset: Unset::Nothing,
        expected,
    }
}

impl Key {
    /// This value counts without it, as YAML.
    pub(super) const fn default(self, value: &'static str) -> Self {
        Self {
            unset: Unset::Value(value),
            ..self
        }
    }

    /// What counts without it is no value that could be written.
    pub(super) const fn unset(self, words: &'static str) -> Self {
        Self {
            unset: Unset::Words(words),
            ..self
        }
    }
}

/// Any text.
pub(super) const TEXT: Shape = Shape::Text("");

/// At least one, each once.
pub(super) const fn some(item: &'static Shape) -> Shape {
    Shape::List {
        item,
        is_empty: false,
        is_distinct: true,
    }
}

/// At least one, and some may stand there twice.
pub(super) const fn several(item: &'static Shape) -> Shape {
    Shape::List {
        item,
        is_empty: false,
        is_distinct: false,
    }
}

/// None, one or more.
pub(super) const fn any(item: &'static Shape) -> Shape {
    Shape::List {
        item,
        is_empty: true,
        is_distinct: false,
    }
}

pub(super) const fn within(range: &RangeInclusive<u16>) -> Shape {
    Shape::Integer(*range.start(), *range.end())
}

/// The words of a table of choices.
pub(super) const fn words<T: Copy, const N: usize>(
    choices: &[(&'static str, T); N],
) -> [&'static str; N] {
    let mut words = [""; N];
    let mut nth = 0;
    while nth < N {
        words[nth] = choices[nth].0;
        nth += 1;
    }
    words
}
