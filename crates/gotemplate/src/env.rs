//! What functions may use beside their arguments: the time, randomness, and the budget.

use std::time::SystemTime;

use crate::fault::{Fault, Outcome};
use crate::functions::Patterns;
use crate::value::{Map, Value};

/// Where random bytes come from. For anything but tests that is the system's source for keys.
///
/// RSA keys and the noise in ECDSA signatures do not come from here: the library that makes them asks the system itself.
///
/// ```
/// use lockstep_gotemplate::Random;
///
/// /// Not at all random.
/// struct Zeros;
///
/// impl Random for Zeros {
///     fn fill(&mut self, buffer: &mut [u8]) {
///         buffer.fill(0);
///     }
/// }
/// ```
pub trait Random {
    /// Fills the whole buffer.
    fn fill(&mut self, buffer: &mut [u8]);
}

/// One execution.
pub(crate) struct Env<'w> {
    pub(crate) now: SystemTime,
    pub(crate) random: &'w mut dyn Random,
    pub(crate) patterns: Patterns,
    /// What is left to spend, in bytes made or items touched.
    budget: u64,
    /// Maps that were changed after they were made. Only these can contain themselves, and so would never be freed.
    changed: Vec<Map>,
}

impl<'w> Env<'w> {
    pub(crate) fn new(now: SystemTime, random: &'w mut dyn Random, budget: u64) -> Self {
        Self {
            now,
            random,
            patterns: Patterns::default(),
            budget,
            changed: Vec::new(),
        }
    }

    /// Call this before making `amount` bytes or items, and for work in loops.
    pub(crate) fn spend(&mut self, amount: usize) -> Outcome<()> {
        let amount = u64::try_from(amount).unwrap_or(u64::MAX);
        match self.budget.checked_sub(amount) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(Fault::new("the template does too much: its budget is used up")),
        }
    }

    /// Call this before making a list of `count` values.
    pub(crate) fn spend_items(&mut self, count: usize) -> Outcome<()> {
        self.spend(count.saturating_mul(size_of::<Value>()))
    }

    /// Call this whenever a map that may be known elsewhere gets a new entry.
    pub(crate) fn changed(&mut self, map: &Map) {
        self.changed.push(map.clone());
    }
}

impl Drop for Env<'_> {
    fn drop(&mut self) {
        for map in self.changed.drain(..) {
            map.clear();
        }
    }
}
