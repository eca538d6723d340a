//! Targets that somebody is looking at, and whether a look that is over brought something new.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::locked::lock;

/// The targets that are being looked at.
#[derive(Debug)]
pub(super) struct UnderWay {
    targets: Mutex<HashMap<String, Looks>>,
    /// Told when nobody looks at a target any more of which there is something new.
    news: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Looks {
    /// How many rounds look at it.
    count: usize,
    is_new: bool,
}

impl Default for UnderWay {
    fn default() -> Self {
        Self {
            targets: Mutex::default(),
            news: watch::Sender::new(()),
        }
    }
}

impl UnderWay {
    /// Begins a look at a target, which lasts until all who hold it have dropped it.
    pub(super) fn look(self: &Arc<Self>, target: &str) -> Look {
        lock(&self.targets)
            .entry(target.to_owned())
            .or_default()
            .count += 1;
        Look {
            under_way: Arc::clone(self),
            target: target.to_owned(),
        }
    }

    /// Whether somebody looks at this target.
    pub(super) fn has(&self, target: &str) -> bool {
        lock(&self.targets).contains_key(target)
    }

    /// Wakes whenever a look that brought something new is over.
    pub(super) fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }
}

/// A look at a target.
pub(super) struct Look {
    under_way: Arc<UnderWay>,
    target: String,
}

impl Look {
    /// Something new was found out.
    pub(super) fn is_new(&self) {
        if let Some(looks) = lock(&self.under_way.targets).get_mut(&self.target) {
            looks.is_new = true;
        }
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        let mut targets = lock(&self.under_way.targets);
        let Some(looks) = targets.get_mut(&self.target) else {
            return;
        };
        looks.count -= 1;
        if looks.count == 0 {
            let is_new = looks.is_new;
            targets.remove(&self.target);
            drop(targets);
            if is_new {
                self.under_way.news.send_replace(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_news_when_nobody_looks_any_more() {
        let under_way = Arc::new(UnderWay::default());
        let mut news = under_way.news();
        let (first, second) = (under_way.look("mx"), under_way.look("mx"));
        first.is_new();
        drop(first);
        assert!(under_way.has("mx") && !news.has_changed().unwrap());
        drop(second);
        assert!(!under_way.has("mx") && news.has_changed().unwrap());
        news.mark_unchanged();
        drop(under_way.look("mx"));
        assert!(!news.has_changed().unwrap(), "nothing was found out");
    }
}
