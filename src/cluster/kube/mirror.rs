//! What a watch has told us, by key.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::engine::target::Digest;

/// A map that a watch fills, and that our own writes may run ahead of.
///
/// Guarantee: a value is only ever replaced by a newer one, so that a watch which lags behind our write does not take
/// us back. Our writes never add an entry: whether an object is there, only the watch says.
#[derive(Debug)]
pub struct Mirror<K, V> {
    entries: RwLock<Entries<K, V>>,
    /// Stands for a property of a value by which entries can be looked up.
    tag: fn(&V) -> Option<Digest>,
}

#[derive(Debug)]
struct Entries<K, V> {
    by_key: HashMap<K, Held<V>>,
    /// Few bear the same tag, most often one.
    by_tag: HashMap<Digest, Vec<K>>,
}

#[derive(Debug)]
struct Held<V> {
    version: Version,
    value: Arc<V>,
    /// Seen in the listing under way, or in the last one.
    listing: u64,
}

/// The API server's resourceVersion. Comparing two of one kind is sound: they are revisions of one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u64);

impl Version {
    pub fn parse(text: &str) -> Self {
        Self(text.parse().unwrap_or_default())
    }

    pub fn number(self) -> u64 {
        self.0
    }
}

/// What a sighting means.
#[derive(Debug, PartialEq)]
pub enum News<V> {
    /// Known already, or overtaken by our own write.
    Nothing,
    Appeared,
    /// It was this before.
    Changed(Arc<V>),
}

impl<V> News<V> {
    /// Is it new, or does it differ from before in what is asked about?
    pub fn differs(&self, from: impl Fn(&V) -> bool) -> bool {
        match self {
            Self::Nothing => false,
            Self::Appeared => true,
            Self::Changed(before) => from(before),
        }
    }
}

impl<K, V> Default for Mirror<K, V> {
    fn default() -> Self {
        Self::tagged(|_| None)
    }
}

impl<K, V> Mirror<K, V> {
    pub fn tagged(tag: fn(&V) -> Option<Digest>) -> Self {
        Self {
            entries: RwLock::new(Entries {
                by_key: HashMap::new(),
                by_tag: HashMap::new(),
            }),
            tag,
        }
    }
}

impl<K: Clone + Eq + Hash, V> Mirror<K, V> {
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
    {
        self.read().by_key.get(key).map(|held| held.value.clone())
    }

    pub fn all(&self) -> Vec<(K, Arc<V>)> {
        let entries = self.read();
        let all = entries.by_key.iter();
        all.map(|(key, held)| (key.clone(), held.value.clone())).collect()
    }

    pub fn with_tag(&self, tag: Digest) -> Vec<(K, Arc<V>)> {
        let entries = self.read();
        let keys = entries.by_tag.get(&tag).into_iter().flatten();
        keys.filter_map(|key| Some((key.clone(), entries.by_key.get(key)?.value.clone())))
            .collect()
    }

    /// Everything whose key is as asked for.
    pub fn matching(&self, is_meant: impl Fn(&K) -> bool) -> Vec<(K, Arc<V>)> {
        let entries = self.read();
        let meant = entries.by_key.iter().filter(|(key, _)| is_meant(key));
        meant
            .map(|(key, held)| (key.clone(), held.value.clone()))
            .collect()
    }

    /// The watch saw an object. Is that news?
    pub fn seen(&self, key: K, version: Version, value: V, listing: u64) -> News<V> {
        let mut entries = self.write();
        if let Some(held) = entries.by_key.get_mut(&key) {
            held.listing = listing;
            if held.version >= version {
                return News::Nothing;
            }
        }
        let before = entries.put(
            key,
            Held {
                version,
                value: Arc::new(value),
                listing,
            },
            self.tag,
        );
        before.map_or(News::Appeared, News::Changed)
    }

    /// The watch saw an object go.
    pub fn gone(&self, key: &K) -> Option<Arc<V>> {
        self.write().remove(key, self.tag)
    }

    /// We wrote an object, and this is what it is now.
    pub fn wrote(&self, key: &K, version: Version, value: V) {
        let mut entries = self.write();
        let Some(held) = entries.by_key.get(key) else {
            return;
        };
        if held.version < version {
            let listing = held.listing;
            entries.put(
                key.clone(),
                Held {
                    version,
                    value: Arc::new(value),
                    listing,
                },
                self.tag,
            );
        }
    }

    /// A listing is complete: what it did not mention is gone.
    pub fn listed(&self, listing: u64) -> Vec<K> {
        let mut entries = self.write();
        let unmentioned = entries.by_key.iter().filter(|(_, held)| held.listing != listing);
        let gone: Vec<K> = unmentioned.map(|(key, _)| key.clone()).collect();
        for key in &gone {
            entries.remove(key, self.tag);
        }
        gone
    }

    fn read(&self) -> RwLockReadGuard<'_, Entries<K, V>> {
        // Nothing panics between two states that belong together, so a poisoned lock is still sound.
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries<K, V>> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash, V> Entries<K, V> {
    /// A key that is known stays as it is: others share it.
    fn put(&mut self, key: K, held: Held<V>, tag: fn(&V) -> Option<Digest>) -> Option<Arc<V>> {
        let before = self.by_key.get(&key).map(|before| before.value.clone());
        if let Some(tag) = before.as_deref().and_then(tag) {
            self.untag(&key, tag);
        }
        if let Some(tag) = tag(&held.value) {
            match self.by_tag.get_mut(&tag) {
                Some(keys) => keys.push(key.clone()),
                None => drop(self.by_tag.insert(tag, vec![key.clone()])),
            }
        }
        self.by_key.insert(key, held);
        before
    }

    fn remove(&mut self, key: &K, tag: fn(&V) -> Option<Digest>) -> Option<Arc<V>> {
        let value = self.by_key.remove(key)?.value;
        if let Some(tag) = tag(&value) {
            self.untag(key, tag);
        }
        Some(value)
    }

    fn untag(&mut self, key: &K, tag: Digest) {
        let Some(keys) = self.by_tag.get_mut(&tag) else {
            return;
        };
        keys.retain(|tagged| tagged != key);
        if keys.is_empty() {
            self.by_tag.remove(&tag);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: u64) -> Version {
        Version(number)
    }

    #[test]
    fn a_lagging_watch_does_not_undo_our_write() {
        let mirror = Mirror::default();
        assert_eq!(mirror.seen("a", version(1), "first", 0), News::Appeared);
        mirror.wrote(&"a", version(3), "ours");
        assert_eq!(mirror.seen("a", version(2), "stale", 0), News::Nothing);
        assert_eq!(
            mirror.seen("a", version(3), "ours", 0),
            News::Nothing,
            "our own write is no news"
        );
        assert_eq!(mirror.get("a").as_deref(), Some(&"ours"));
    }

    #[test]
    fn our_write_does_not_bring_back_what_is_gone() {
        let mirror = Mirror::default();
        mirror.seen("a", version(1), "first", 0);
        mirror.gone(&"a");
        mirror.wrote(&"a", version(2), "ours");
        assert_eq!(mirror.get("a"), None);
    }

    #[test]
    fn a_listing_drops_what_it_does_not_mention() {
        let mirror = Mirror::default();
        mirror.seen("a", version(1), "a", 0);
        mirror.seen("b", version(1), "b", 0);
        mirror.seen("b", version(1), "b", 1);
        assert_eq!(mirror.listed(1), ["a"]);
        assert_eq!(mirror.get("b").as_deref(), Some(&"b"));
    }

    #[test]
    fn entries_are_found_by_their_tag_for_as_long_as_they_have_it() {
        let tag = |value: &&str| value.split_once('/').map(|(tag, _)| Digest::of_text(tag));
        let mirror = Mirror::tagged(tag);
        mirror.seen("a", version(1), "x/1", 0);
        mirror.seen("b", version(1), "x/2", 0);
        mirror.seen("b", version(2), "y/2", 0);
        let keys = |tag| {
            mirror
                .with_tag(Digest::of_text(tag))
                .into_iter()
                .map(|(key, _)| key)
                .collect::<Vec<_>>()
        };
        assert_eq!((keys("x"), keys("y")), (vec!["a"], vec!["b"]));
        mirror.gone(&"a");
        assert_eq!(keys("x"), Vec::<&str>::new());
    }
}
