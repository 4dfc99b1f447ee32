//! Parsed templates, kept while they are used.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Error;
use crate::template::{Options, Template};

/// Parsed templates, kept while they are used: the same text under the same name with the same options is parsed
/// once. Threads share it. What fails to parse is not kept.
///
/// It is bounded by the length of the texts it holds. Where that is not enough, the template goes that was asked for
/// longest ago.
///
/// ```
/// use lockstep_gotemplate::{Cache, Options};
///
/// let cache = Cache::new(1 << 20);
/// let first = cache.parse("greeting", "Hello {{ .name }}", &Options::default())?;
/// let again = cache.parse("greeting", "Hello {{ .name }}", &Options::default())?;
/// assert!(std::sync::Arc::ptr_eq(&first, &again));
/// # Ok::<(), lockstep_gotemplate::Error>(())
/// ```
#[derive(Debug)]
pub struct Cache {
    /// Bytes of text.
    capacity: usize,
    hasher: RandomState,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// By the hash of what they were parsed from. Of two with the same hash, the later one stays.
    templates: HashMap<u64, Entry>,
    /// Bytes of text in all of them.
    size: usize,
    /// How often anything was asked for: the clock by which entries age.
    asked: u64,
}

#[derive(Debug)]
struct Entry {
    template: Arc<Template>,
    used: u64,
}

impl Cache {
    /// A cache for so many bytes of text. Parsed, they take a few times as much.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            hasher: RandomState::new(),
            kept: Mutex::default(),
        }
    }

    /// As [`Template::parse`].
    pub fn parse(
        &self,
        name: &str,
        text: impl AsRef<[u8]>,
        options: &Options,
    ) -> Result<Arc<Template>, Error> {
        let text = text.as_ref();
        let hash = self.hasher.hash_one((name, text, options));
        let is_same = |it: &Template| *it.name == *name && *it.text == *text && it.options == *options;
        if let Some(found) = self.with(|kept| kept.get(hash)).filter(|it| is_same(it)) {
            return Ok(found);
        }
        let template = Arc::new(Template::parse(name, text, options)?);
        if text.len() <= self.capacity {
            self.with(|kept| kept.insert(hash, &template, self.capacity));
        }
        Ok(template)
    }

    fn with<T>(&self, run: impl FnOnce(&mut Kept) -> T) -> T {
        // Nothing in there can be left half done: a panic elsewhere does no harm.
        run(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kept {
    fn get(&mut self, hash: u64) -> Option<Arc<Template>> {
        self.asked += 1;
        let entry = self.templates.get_mut(&hash)?;
        entry.used = self.asked;
        Some(Arc::clone(&entry.template))
    }

    fn insert(&mut self, hash: u64, template: &Arc<Template>, capacity: usize) {
        self.remove(hash);
        let size = template.text.len();
        while self.size + size > capacity {
            let oldest = self.templates.iter().min_by_key(|(_, entry)| entry.used);
            match oldest.map(|(hash, _)| *hash) {
                Some(oldest) => self.remove(oldest),
                None => break,
            }
        }
        self.size += size;
        let entry = Entry {
            template: Arc::clone(template),
            used: self.asked,
        };
        self.templates.insert(hash, entry);
    }

    fn remove(&mut self, hash: u64) {
        if let Some(gone) = self.templates.remove(&hash) {
            self.size -= gone.template.text.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_kept(cache: &Cache, text: &str) -> bool {
        let hash = cache.hasher.hash_one(("t", text.as_bytes(), &Options::default()));
        cache.with(|kept| kept.templates.contains_key(&hash))
    }

    #[test]
    fn what_was_asked_for_longest_ago_goes() {
        let cache = Cache::new(12);
        let parse = |text: &str| cache.parse("t", text, &Options::default()).map(drop);
        for text in ["aaaa", "bbbb", "cccc", "aaaa", "dddd"] {
            parse(text).expect("a template");
        }
        let kept: Vec<_> = ["aaaa", "bbbb", "cccc", "dddd"]
            .map(|text| is_kept(&cache, text))
            .into();
        assert_eq!(kept, [true, false, true, true]);
        assert_eq!(cache.with(|kept| kept.size), 12);
    }

    #[test]
    fn what_is_too_long_or_wrong_is_not_kept() {
        let cache = Cache::new(4);
        assert!(cache.parse("t", "aaaaa", &Options::default()).is_ok());
        assert!(cache.parse("t", "{{", &Options::default()).is_err());
        assert_eq!(cache.with(|kept| kept.templates.len()), 0);
    }

    #[test]
    fn name_and_options_tell_templates_apart() {
        let cache = Cache::new(100);
        let custom = Options {
            left: "[[".to_owned(),
            ..Options::default()
        };
        let first = cache.parse("a", "x", &Options::default()).expect("a template");
        let named = cache.parse("b", "x", &Options::default()).expect("a template");
        let custom = cache.parse("a", "x", &custom).expect("a template");
        assert!(!Arc::ptr_eq(&first, &named) && !Arc::ptr_eq(&first, &custom));
        assert_eq!(cache.with(|kept| (kept.templates.len(), kept.size)), (3, 3));
    }
}
