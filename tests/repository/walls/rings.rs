//! Files to those of them that import each other in a ring, room by room; sees neither what only tests import nor what
//! macros name.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// An import that closes a ring: who imports whom, and by which path.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) path: String,
}

/// The imports between files of one room that close rings. What `mod.rs` hands on counts as its own: it is the face for
/// other rooms, and whoever lives in the room goes to the neighbour's file.
pub(crate) fn links(sources: &[&Source]) -> Vec<Link> {
    let imports = imports(sources);
    let direct = imports.iter().flat_map(|(from, others)| {
        let others = others.iter();
        others.map(move |(to, path)| (*from, *to, path))
    });
    direct
        .filter(|(from, to, _)| reached(to, &imports).contains(from))
        .map(|(from, to, path)| Link {
            from: from.to_owned(),
            to: to.to_owned(),
            path: path.clone(),
        })
        .collect()
}

/// Of each file the other files of its room that it imports, and by which path.
type Imports<'a> = BTreeMap<&'a str, BTreeMap<&'a str, String>>;

fn imports<'a>(sources: &[&'a Source]) -> Imports<'a> {
    let modules: Vec<_> = sources
        .iter()
        .map(|source| (source.module().join("::"), *source))
        .collect();
    let home = |room: &str, path: &str| {
        let around = modules.iter().filter(|(module, source)| {
            let rest = path.strip_prefix(module.as_str());
            let is_below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
            is_below && source.room() == room
        });
        let nearest = around.max_by_key(|(module, _)| module.len());
        nearest.map(|(_, source)| source.path.as_str())
    };
    let of = |source: &&'a Source| {
        let named = source.paths().into_iter();
        let files = named.filter_map(|path| Some((home(source.room(), &path)?, path)));
        let others = files.filter(|(file, _)| *file != source.path).collect();
        (source.path.as_str(), others)
    };
    sources.iter().map(of).collect()
}

/// The files that this one imports, and those that they import in turn, and so on.
fn reached<'a>(file: &'a str, imports: &Imports<'a>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next = vec![file];
    while let Some(file) = next.pop() {
        for other in imports.get(file).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(*other) {
                next.push(other);
            }
        }
    }
    reached
}
