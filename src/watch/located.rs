//! Where each target was last found, and since which change it is so.

use std::collections::HashMap;
use std::sync::Arc;

use crate::collect::Expansion;
use crate::endpoint::Source;

/// Where a target was found in a view.
#[derive(Debug, Clone)]
pub(super) struct Located {
    pub(super) found: Arc<Expansion>,
    /// The number of the change since which the same was found at every look.
    pub(super) since: u64,
}

/// Where the targets of a view were, by their names.
type View = HashMap<Box<str>, Located>;

/// Where all of them were. A copy costs nothing until one of the two changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Locations {
    /// By view.
    views: Arc<HashMap<Arc<str>, View>>,
    changes: u64,
}

impl Locations {
    pub(super) fn get(&self, target: &str, view: &str) -> Option<&Located> {
        self.views.get(view)?.get(target)
    }

    /// How many times something else was found than before.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// Everything that is known.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Expansion>> {
        let located = self.views.values().flat_map(HashMap::values);
        located.map(|located| &located.found)
    }

    /// Keeps what was found just now: whether it is another than before.
    pub(super) fn keep(&mut self, source: &Source, mut found: Expansion) -> bool {
        let before = self.get(&source.name, &found.view);
        let since = before.filter(|before| is_same(&before.found, &found));
        let since = since.map(|before| {
            // Equal, and held already.
            found.endpoints.clone_from(&before.found.endpoints);
            found.last_known.clone_from(&before.found.last_known);
            before.since
        });
        self.changes += u64::from(since.is_none());
        let views = Arc::make_mut(&mut self.views);
        let view = views.entry(Arc::clone(&found.view)).or_default();
        let located = Located {
            found: Arc::new(found),
            since: since.unwrap_or(self.changes),
        };
        view.insert(source.name.as_str().into(), located);
        since.is_none()
    }

    /// Forgets the targets that are not kept.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&str) -> bool) {
        for view in Arc::make_mut(&mut self.views).values_mut() {
            view.retain(|name, _| is_kept(name));
        }
    }
}

/// Whether both say the same of a target; how long it took to find does not count.
fn is_same(one: &Expansion, other: &Expansion) -> bool {
    one.endpoints == other.endpoints
        && one.last_known == other.last_known
        && one.domain == other.domain
        && one.extent == other.extent
        && one.fault == other.fault
        && one.unusable == other.unusable
        && one.has_the_hosts_of(other)
}
