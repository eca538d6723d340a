//! Things to what was last known of them, as many bytes as are allowed: whoever brings new ones again and again pushes
//! out old ones, and what is used stays. Knows nothing of what it keeps.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::mem;

/// A memory of two generations: when the young one is full it becomes the old one, and the old one is forgotten. What
/// is asked for in the old one is young again.
#[derive(Debug)]
pub struct Recent<K, V> {
    young: HashMap<K, Kept<V>>,
    old: HashMap<K, Kept<V>>,
    /// Of the young ones.
    bytes: usize,
    /// Of one generation.
    most: usize,
}

#[derive(Debug)]
struct Kept<V> {
    value: V,
    bytes: usize,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// At most so many bytes in all.
    pub fn new(bytes: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            bytes: 0,
            most: bytes / 2,
        }
    }

    /// What is known of `key`.
    pub fn get<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if let Some(kept) = self.young.get(key) {
            return Some(kept.value.clone());
        }
        let (key, kept) = self.old.remove_entry(key)?;
        let value = kept.value.clone();
        self.put(key, kept);
        Some(value)
    }

    /// Keeps what is known of `key`; both together hold so many bytes elsewhere in memory. What is larger than a
    /// generation is not kept.
    pub fn insert(&mut self, key: K, value: V, bytes: usize) {
        // A table has room for up to twice what it holds.
        let bytes = bytes + 2 * size_of::<(K, Kept<V>)>();
        if bytes <= self.most {
            self.put(key, Kept { value, bytes });
        }
    }

    fn put(&mut self, key: K, kept: Kept<V>) {
        if self.bytes + kept.bytes > self.most {
            self.old = mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += kept.bytes;
        if let Some(before) = self.young.insert(key, kept) {
            self.bytes -= before.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(recent: &Recent<usize, &'static str>) -> usize {
        let both = recent.young.values().chain(recent.old.values());
        both.map(|kept| kept.bytes).sum()
    }

    #[test]
    fn strangers_push_out_strangers_and_fill_no_memory() {
        let mut recent = Recent::new(100_000);
        recent.insert(0, "ours", 100);
        for nth in 1..100_000 {
            recent.insert(nth, "a stranger's", 1000);
            assert!(nth % 20 != 0 || recent.get(&0) == Some("ours"), "{nth}");
        }
        assert!(
            (40_000..=100_000).contains(&held(&recent)),
            "{}",
            held(&recent)
        );
        assert_eq!(recent.get(&1), None);
        assert_eq!(recent.get(&99_999), Some("a stranger's"));
    }

    #[test]
    fn what_is_replaced_counts_once_and_what_is_too_large_is_not_kept() {
        let mut recent = Recent::new(100_000);
        for _ in 0..1000 {
            recent.insert(1, "x", 1000);
        }
        assert!(held(&recent) < 2000 && recent.old.is_empty());
        recent.insert(2, "large", 50_001);
        assert_eq!((recent.get(&2), recent.get(&1)), (None, Some("x")));
    }
}
