//! Files to those of them that import each other in a ring, room by room; sees neither what only tests import nor what
//! macros name.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Source;

/// Each room that has a ring, and the files in it. What `mod.rs` hands on counts as its own: it is the face for other
/// rooms, and whoever lives in the room goes to the neighbour's file.
pub(crate) fn rings<'a>(sources: &[&'a Source]) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut rings = BTreeMap::<_, BTreeSet<_>>::new();
    let imports = imports(sources);
    for (file, (room, direct)) in &imports {
        if reached(direct, &imports).contains(file) {
            rings.entry(*room).or_default().insert(*file);
        }
    }
    rings
}

/// Of each file its room, and the other files of that room that it imports.
type Imports<'a> = BTreeMap<&'a str, (&'a str, BTreeSet<&'a str>)>;

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
        let named = source.paths();
        let files = named.iter().filter_map(|path| home(source.room(), path));
        let others = files.filter(|file| *file != source.path).collect();
        (source.path.as_str(), (source.room(), others))
    };
    sources.iter().map(of).collect()
}

/// The files that these import, and those that they import in turn, and so on.
fn reached<'a>(direct: &BTreeSet<&'a str>, imports: &Imports<'a>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<_> = direct.iter().copied().collect();
    while let Some(file) = next.pop() {
        if reached.insert(file) {
            next.extend(imports.get(file).into_iter().flat_map(|(_, files)| files));
        }
    }
    reached
}
