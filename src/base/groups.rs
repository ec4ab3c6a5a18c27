//! Who shares a key.

use std::collections::{BTreeMap, BTreeSet};

/// The sets of those that have a key, by key; a key that nobody has is not there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Groups<K, V>(BTreeMap<K, BTreeSet<V>>);

impl<K: Ord, V: Ord> Groups<K, V> {
    /// Adds one to a key's group.
    pub fn insert(&mut self, key: K, value: V) {
        self.0.entry(key).or_default().insert(value);
    }

    /// Takes one out of a key's group.
    pub fn remove(&mut self, key: &K, value: &V) {
        if let Some(group) = self.0.get_mut(key) {
            group.remove(value);
            if group.is_empty() {
                self.0.remove(key);
            }
        }
    }

    /// Those that have the key, in order.
    pub fn of<'a>(&'a self, key: &K) -> impl Iterator<Item = &'a V> + use<'a, K, V> {
        self.0.get(key).into_iter().flatten()
    }
}

impl<K, V> Default for Groups<K, V> {
    fn default() -> Self {
        Groups(BTreeMap::new())
    }
}
