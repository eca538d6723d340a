//! What `serde_yaml` reads to a tree that keeps order and spelling and has every key once; knows no settings.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::position::KeyPath;

/// Nodes and bytes of text after aliases are expanded. Without aliases a file stays below twice its size; `serde_yaml`
/// limits only the number of jumps, not what each of them copies.
const MIN_WEIGHT: usize = 2 << 20;

/// A value of the document. Numbers, booleans and nulls keep the text as written, so that a label `1.10` stays `1.10`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// Anything that is neither list nor map.
    Scalar(NodeKind, String),
    /// `- a` or `[a, b]`.
    List(Vec<Self>),
    /// `k: v` or `{k: v}`, in the order of the file, every key once.
    Map(Vec<(String, Self)>),
}

/// What YAML 1.2 takes a scalar for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    /// `~`, `null`, or nothing at all.
    Null,
    /// `true` or `false`; `yes`, `no`, `on`, `off` are text.
    Bool(bool),
    /// A whole number, saturated where it does not fit.
    Integer(i128),
    /// Any other number.
    Float,
    /// Text, quoted or not.
    Text,
}

/// Said where more weight is passed than there may be.
pub(crate) const TOO_HEAVY: &str = "aliases (*name) expand to too much";

/// Why there is no tree: the error, which bears the position, and our own reason for it, if it was ours.
pub(crate) struct Rejection {
    pub(crate) error: serde_yaml::Error,
    pub(crate) reason: Option<(KeyPath, String)>,
}

/// Reads one document in two goes: what `serde_yaml` takes each value for, then how it is written.
pub(crate) fn grow(text: &str) -> Result<Node, Rejection> {
    let state = State {
        left: Cell::new(MIN_WEIGHT.max(2 * text.len())),
        ..State::default()
    };
    let growth = Growth {
        path: KeyPath::default(),
        state: &state,
    };
    let document = || serde_yaml::Deserializer::from_str(text);
    let grown = growth.clone().deserialize(document());
    let spelled = grown.and_then(|mut root| {
        let node = &mut root;
        Written { node, growth }.deserialize(document())?;
        Ok(root)
    });
    spelled.map_err(|error| Rejection {
        error,
        reason: state.fault.take(),
    })
}

/// What one reading of a document shares: how much it may still grow, and what it was refused for.
#[derive(Default)]
struct State {
    left: Cell<usize>,
    fault: RefCell<Option<(KeyPath, String)>>,
}

impl State {
    fn refuse<T, E: de::Error>(&self, path: KeyPath, message: impl Into<String>) -> Result<T, E> {
        self.fault.replace(Some((path, message.into())));
        Err(E::custom("refused"))
    }
}

/// A node about to be read.
#[derive(Clone)]
struct Growth<'s> {
    path: KeyPath,
    state: &'s State,
}

impl Growth<'_> {
    fn scalar<E: de::Error>(self, kind: NodeKind, text: &str) -> Result<Node, E> {
        self.weigh(text.len())?;
        Ok(Node::Scalar(kind, text.to_owned()))
    }

    fn weigh<E: de::Error>(&self, bytes: usize) -> Result<(), E> {
        match self.state.left.get().checked_sub(bytes + 1) {
            Some(left) => self.state.left.set(left),
            None => return self.state.refuse(self.path.clone(), TOO_HEAVY),
        }
        Ok(())
    }

    fn below(&self, path: KeyPath) -> Self {
        Self {
            path,
            state: self.state,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Growth<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Growth<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        self.scalar(NodeKind::Null, "")
    }

    fn visit_none<E: de::Error>(self) -> Result<Node, E> {
        self.visit_unit()
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        self.scalar(NodeKind::Bool(value), "")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
        self.visit_i128(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
        self.visit_i128(value.into())
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Node, E> {
        self.scalar(NodeKind::Integer(value), "")
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Node, E> {
        self.visit_i128(i128::try_from(value).unwrap_or(i128::MAX))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Node, E> {
        self.scalar(NodeKind::Float, "")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Node, E> {
        self.scalar(NodeKind::Text, value)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Node, A::Error> {
        let (_, _) = tagged.variant::<String>()?;
        // It is not repeated: a password that begins with ! looks the same.
        let message = "a YAML tag (!name), expected none (quote text that begins with !)";
        self.state.refuse(self.path, message)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        self.weigh(0)?;
        let mut list = Vec::new();
        while let Some(node) = items.next_element_seed(self.below(self.path.index(list.len())))? {
            list.push(node);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        self.weigh(0)?;
        let (mut map, mut seen) = (Vec::new(), HashSet::new());
        while let Some(key) = entries.next_key_seed(Key {
            map: &self,
            seen: &mut seen,
        })? {
            let node = entries.next_value_seed(self.below(self.path.key(&key)))?;
            map.push((key, node));
        }
        Ok(Node::Map(map))
    }
}

/// The key of a map about to be read: the one place where `serde_yaml` tells the position of a wrong key.
struct Key<'s> {
    map: &'s Growth<'s>,
    seen: &'s mut HashSet<String>,
}

/// Said of a key that its map has already.
pub(crate) const DUPLICATE: &str = "duplicate key";

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let map = self.map;
        deserializer.deserialize_any(self).inspect_err(|_| {
            let message = "a key that is not text, expected text (in quotes if need be)".into();
            let mut fault = map.state.fault.borrow_mut();
            fault.get_or_insert_with(|| (map.path.clone(), message));
        })
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<String, E> {
        let (state, path) = (self.map.state, &self.map.path);
        if key == "<<" {
            let message = "merge keys (<<) are not supported, expected the keys themselves";
            return state.refuse(path.clone(), message);
        }
        self.map.weigh(key.len())?;
        if self.seen.insert(key.to_owned()) {
            Ok(key.to_owned())
        } else {
            state.refuse(path.key(key), DUPLICATE)
        }
    }
}

/// The second reading: fills in how the scalars were written that the first one was told the meaning of.
struct Written<'n, 's> {
    node: &'n mut Node,
    growth: Growth<'s>,
}

impl<'de> DeserializeSeed<'de> for Written<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.node {
            Node::Scalar(NodeKind::Text | NodeKind::Null, _) => {
                deserializer.deserialize_ignored_any(IgnoredAny).map(drop)
            }
            Node::Scalar(..) => deserializer.deserialize_str(self),
            Node::List(_) => deserializer.deserialize_seq(self),
            Node::Map(_) => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for Written<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the same value again")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.growth.weigh(value.len())?;
        if let Node::Scalar(_, written) = self.node {
            value.clone_into(written);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Node::List(list) = self.node else {
            return Ok(());
        };
        for node in list {
            let growth = self.growth.clone();
            items.next_element_seed(Written { node, growth })?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Node::Map(map) = self.node else {
            return Ok(());
        };
        for (_, node) in map {
            let growth = self.growth.clone();
            entries.next_key::<IgnoredAny>()?;
            entries.next_value_seed(Written { node, growth })?;
        }
        Ok(())
    }
}
